"""Splits of photographs: cropped by worker threads some batches ahead, augmented on the target device.

Axes: B images of a batch, N photographs, K boxes, T time steps, S side of a crop, C channels, Q random numbers (DRAWN).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Generator, Tensor

from datamodules.base import FixedSplit, RepeatingSplit, derived_seed
from datamodules.contract import Batch, DataFault
from datamodules.passes import Passes
from datamodules.photos.augmentation import Augmentation, Jitter, centred_draws
from datamodules.photos.photo_stock import PhotoSource

AHEAD = 2
"""Batches prefetched; more would take memory without gain, since the decoding threads are busy already."""


class CropRequest(NamedTuple):
    """The photographs of a batch: chosen, (B,) indices in the stock, and uniform, (B, Q) their random numbers."""

    chosen: Tensor
    uniform: Tensor


class Squares(NamedTuple):
    """The crops of a batch: square, (B, S, S, C) uint8, and boxes, (B, K, 4) in their pixels, not clipped."""

    square: Tensor
    boxes: Tensor


@final
class PhotoCropper:
    """Crops squares of side S from the photographs of a stock, with K boxes each, in `workers` threads."""

    def __init__(self, stock: PhotoSource, size: int, boxes: int, workers: int) -> None:
        self._stock, self._size, self._boxes, self._workers = stock, size, boxes, workers
        self._pool = ThreadPoolExecutor(workers)
        self._begun: dict[int, tuple[Squares, list[Future[None]]]] = {}

    def cut(self, places: Sequence[int], request: Callable[[int], CropRequest]) -> Squares:
        """The crops of the batch at the first position; those at the other positions are prefetched.

        request: the crop request of a position. Raises DataFault where a photograph has changed.
        """
        for place in places:
            if place not in self._begun:
                self._begun[place] = self._begin(request(place))
        self._begun = {
            place: self._begun[place] for place in places
        }  # drops prefetched batches that are no longer needed
        squares, parts = self._begun.pop(places[0])
        for part in parts:
            part.result()
        return squares

    def _begin(self, request: CropRequest) -> tuple[Squares, list[Future[None]]]:
        images = len(request.chosen)
        square_BSSC = torch.empty(
            images, self._size, self._size, 3, dtype=torch.uint8, pin_memory=torch.cuda.is_available()
        )
        squares = Squares(square_BSSC, torch.empty(images, self._boxes, 4))
        share = -(-images // self._workers)
        starts = range(0, images, share)
        return squares, [self._pool.submit(self._fill, squares, request, start, start + share) for start in starts]

    def _fill(self, squares: Squares, request: CropRequest, start: int, stop: int) -> None:
        square_BSSC, boxes_BK4 = squares.square.numpy(), squares.boxes.numpy()
        place_B2 = request.uniform[start:stop, :2].numpy()
        for row, number in enumerate(request.chosen[start:stop].tolist(), start):
            found = self._stock.get(number)
            free = np.array(found.pixels_HWC.shape[1::-1]) - self._size
            x, y = np.floor(place_B2[row - start] * (free + 1)).astype(int).clip(max=free).tolist()
            square_BSSC[row] = found.pixels_HWC[y : y + self._size, x : x + self._size]
            boxes_BK4[row] = found.boxes - [x, y, x, y]


class PhotoTargets(ABC):
    """The targets of the photographs of a stock."""

    @abstractmethod
    def for_training(self, chosen_B: Tensor, generator: Generator) -> Tensor:
        """(B, T) training targets, on the CPU; of a photograph with several, one drawn by the generator."""

    @abstractmethod
    def for_evaluation(self, chosen_B: Tensor) -> Tensor:
        """(B, T) evaluation targets, on the CPU, always the same."""


def made_batch(squares: Squares, request: CropRequest, target_BT: Tensor, index_B: Tensor, make: Augmentation,
             device: torch.device) -> Batch:  # fmt: skip
    """The batch of crops, augmented on the device; its index stays on the CPU."""
    square_BSSC, boxes_BK4, uniform_BQ, target_BT = (
        each.to(device, non_blocking=True) for each in (*squares, request.uniform, target_BT)
    )
    return Batch(make.images(square_BSSC, uniform_BQ), target_BT, make.boxes(boxes_BK4, uniform_BQ), index_B)


def without_jitter(make: Augmentation, still: FixedSplit) -> FixedSplit:
    """`still`, where training images are not augmented. Raises DataFault where they are."""
    if not make.plain:
        raise DataFault(
            "data.jitter augments training images at random. For the same images as in evaluation: "
            f"'data.jitter={{{','.join(f'{knob}:0' for knob in Jitter._fields)}}}'"
        )
    return still


@final
class PhotoStream(RepeatingSplit):
    """An endless training stream: passes over the chosen photographs in random order, with random augmentation.

    still: the same photographs without augmentation.
    """

    def __init__(self, cutter: PhotoCropper, make: Augmentation, targets: PhotoTargets, chosen: Tensor, seed: int,
                 images: int, batch_size: int, still: FixedSplit) -> None:  # fmt: skip
        self._cutter, self._make, self._targets, self._seed, self._size = cutter, make, targets, seed, batch_size
        self._passes, self._batches = Passes(torch.arange(len(chosen)), seed), -(-images // batch_size)
        self._chosen, self._still = chosen, still

    @property
    def batches(self) -> int:
        return self._batches

    def _request(self, place: int) -> CropRequest:
        generator = Generator().manual_seed(derived_seed("train", self._seed, place))
        chosen_B = self._chosen[self._index(place)]
        return CropRequest(chosen_B, self._make.uniforms(self._size, generator))

    def each(self) -> FixedSplit:
        return without_jitter(self._make, self._still)

    def _index(self, place: int) -> Tensor:
        return self._passes.take(place * self._size, self._size)

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        place = epoch * self._batches + number
        squares, request = self._cutter.cut(range(place, place + 1 + AHEAD), self._request), self._request(place)
        generator = Generator().manual_seed(derived_seed("answer", self._seed, place))
        target_BT = self._targets.for_training(request.chosen, generator)
        return made_batch(squares, request, target_BT, self._index(place), self._make, device)


@final
class FixedPhotos(FixedSplit):
    """The chosen photographs in order, centre-cropped. content: computes the sha256 of the photographs."""

    def __init__(self, cutter: PhotoCropper, make: Augmentation, targets: PhotoTargets, chosen: Tensor, batch_size: int,
                 content: Callable[[], str]) -> None:  # fmt: skip
        self._cutter, self._make, self._targets, self._chosen = cutter, make, targets, chosen
        self._size, self._content = batch_size, content

    @property
    def batches(self) -> int:
        return -(-len(self._chosen) // self._size)

    def _request(self, number: int) -> CropRequest:
        chosen_B = self._chosen[number * self._size : (number + 1) * self._size]
        return CropRequest(chosen_B, centred_draws(len(chosen_B)))

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        following = range(number, min(number + 1 + AHEAD, self.batches))
        squares, request = self._cutter.cut(following, self._request), self._request(number)
        index_B = torch.arange(len(request.chosen)) + number * self._size
        return made_batch(squares, request, self._targets.for_evaluation(request.chosen), index_B, self._make, device)

    def fingerprint(self) -> str:
        target_NT = self._targets.for_evaluation(self._chosen).numpy().astype("<i8")
        return sha256(self._content().encode() + target_NT.tobytes()).hexdigest()
