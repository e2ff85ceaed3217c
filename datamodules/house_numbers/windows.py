"""A model's images, cut out of squares: at random corners to train on, from the middle to be judged by.

Squares stay as bytes on the device that trains; cutting and normalising are a few tensor operations on a whole batch.

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
    """Cuts a model's images out of squares: size L, contrast in shares of white. Holds the squares where they were last
    asked for, besides where they came from.
    """

    def __init__(self, numbers: Numbers, size: int, contrast: float) -> None:
        self.numbers, self._size, self._scale = numbers, size, 1 / (WHITE * contrast)
        self._near = numbers
        self.slack = numbers.square.shape[-1] - size

    def bytes(self, chosen_B: Tensor, corner_B2: Tensor) -> Tensor:
        """The windows (B, C, L, L) of the chosen squares at corners (x, y), uint8."""
        near = self._at(chosen_B.device)
        window_NCWWLL = near.square.unfold(2, self._size, 1).unfold(3, self._size, 1)  # a view: nothing is copied yet
        return window_NCWWLL[chosen_B, :, corner_B2[:, 1], corner_B2[:, 0]]

    def batch(self, chosen_B: Tensor, corner_B2: Tensor, index_B: Tensor) -> Batch:
        """Each image minus its own mean (Goodfellow et al. 2013), on the device of `chosen_B`."""
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
    """Endless passes over the chosen squares, each pass in an order of its own, each window at a random corner.

    Drawn on the CPU, two numbers an image, so that every device sees the same images.
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
    """The chosen squares in order, each window in the middle."""

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
        """The sha256 of all windows (uint8), then all targets (int64); made when first asked for."""
        self._fingerprint = self._fingerprint or self._digest()
        return self._fingerprint

    def _digest(self) -> str:
        digest = sha256()
        for number in range(self.batches):
            digest.update(self._cutter.bytes(*self._part(number, torch.device("cpu"))).contiguous().numpy().tobytes())
        digest.update(self._cutter.numbers.target[self._chosen].numpy().astype("<i8").tobytes())
        return digest.hexdigest()
