"""Images cropped from cached squares: at random positions in training, from the centre in evaluation.

Squares are kept as uint8 on the training device; cropping and normalising are a few tensor operations per batch.

Axes: B images of a batch, N squares, C channels, S side of a square, L side of an image, W = S - L + 1 corners a side,
K digits of a number.
"""

from hashlib import sha256
from typing import final

import torch
from torch import Generator, Tensor

from datamodules.base import FixedSplit, Split, derived_seed
from datamodules.contract import Batch
from datamodules.house_numbers.numbers import Numbers
from datamodules.passes import Passes
from datamodules.photos.boxes import clipped

WHITE = 255


@final
class WindowCropper:
    """Crops and normalises images of side `size` from squares. contrast: the divisor of values in [0, 1]. Keeps a copy
    of the squares on the device of the last batch.
    """

    def __init__(self, numbers: Numbers, size: int, contrast: float) -> None:
        self.numbers, self._size, self._scale = numbers, size, 1 / (WHITE * contrast)
        self._near = numbers
        self.slack = numbers.square.shape[-1] - size

    def bytes(self, chosen_B: Tensor, corner_B2: Tensor) -> Tensor:
        """(B, C, L, L) uint8 crops of the chosen squares. corner_B2: their upper left pixels (x, y)."""
        near = self._at(chosen_B.device)
        window_NCWWLL = near.square.unfold(2, self._size, 1).unfold(3, self._size, 1)  # a view: nothing is copied yet
        return window_NCWWLL[chosen_B, :, corner_B2[:, 1], corner_B2[:, 0]]

    def batch(self, chosen_B: Tensor, corner_B2: Tensor, index_B: Tensor) -> Batch:
        """The batch of crops, each minus its own mean (Goodfellow et al. 2013), on the device of `chosen_B`."""
        image_BCLL = self.bytes(chosen_B, corner_B2).float().mul_(self._scale)
        image_BCLL -= image_BCLL.mean((1, 2, 3), keepdim=True)
        near = self._at(chosen_B.device)
        boxes_BK4 = clipped(near.boxes[chosen_B] - corner_B2.repeat(1, 2)[:, None], self._size)
        return Batch(image_BCLL, near.target[chosen_B], boxes_BK4, index_B)

    def _at(self, device: torch.device) -> Numbers:
        if self._near.square.device != device:
            self._near = self.numbers if self.numbers.square.device == device else self.numbers.to(device)
        return self._near


@final
class RandomWindows(Split):
    """An endless training stream: passes over the chosen squares in random order, each cropped at a random position.

    Positions are drawn on the CPU, so that all devices get the same images.
    """

    def __init__(self, cutter: WindowCropper, chosen: Tensor, seed: int, images: int, batch_size: int) -> None:
        self._cutter, self._passes, self._seed, self._size = cutter, Passes(chosen, seed), seed, batch_size
        self._batches = -(-images // batch_size)

    @property
    def batches(self) -> int:
        return self._batches

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        first = (epoch * self._batches + number) * self._size
        chosen_B = self._passes.take(first, self._size)
        generator = Generator().manual_seed(derived_seed("train", self._seed, epoch, number))
        corner_B2 = torch.randint(self._cutter.slack + 1, (self._size, 2), generator=generator)
        index_B = torch.arange(first, first + self._size)
        drawn_B4 = torch.cat([chosen_B[:, None], corner_B2, index_B[:, None]], 1).to(device)  # one transfer
        return self._cutter.batch(drawn_B4[:, 0], drawn_B4[:, 1:3], drawn_B4[:, 3])


@final
class CentreWindows(FixedSplit):
    """The chosen squares in order, centre-cropped."""

    def __init__(self, cutter: WindowCropper, chosen: Tensor, batch_size: int) -> None:
        self._cutter, self._chosen, self._size = cutter, chosen, batch_size
        self._fingerprint = ""

    @property
    def batches(self) -> int:
        return -(-len(self._chosen) // self._size)

    def _part(self, number: int, device: torch.device) -> tuple[Tensor, Tensor]:
        chosen_B = self._chosen[number * self._size : (number + 1) * self._size].to(device)
        return chosen_B, chosen_B.new_full((len(chosen_B), 2), self._cutter.slack // 2)

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        chosen_B, corner_B2 = self._part(number, device)
        index_B = torch.arange(len(chosen_B), device=device) + number * self._size
        return self._cutter.batch(chosen_B, corner_B2, index_B)

    def fingerprint(self) -> str:
        """The sha256 of all crops (uint8), then all targets (int64); computed on the first call."""
        self._fingerprint = self._fingerprint or self._digest()
        return self._fingerprint

    def _digest(self) -> str:
        digest = sha256()
        for number in range(self.batches):
            digest.update(self._cutter.bytes(*self._part(number, torch.device("cpu"))).contiguous().numpy().tobytes())
        digest.update(self._cutter.numbers.target[self._chosen].numpy().astype("<i8").tobytes())
        return digest.hexdigest()
