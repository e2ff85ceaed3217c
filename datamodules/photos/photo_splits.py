"""Splits of photographs: squares cut by worker threads some batches ahead, finished on the device that wants them.

Axes: B images of a batch, N photographs, K boxes, T symbols of an answer, S side of a square, C colours, Q see DRAWN.
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
"""Batches begun before they are asked for; more only take memory, since what decodes is busy already."""


class CropRequest(NamedTuple):
    """Which photographs, and the numbers drawn for each: (B,), (B, Q)."""

    chosen: Tensor
    uniform: Tensor


class Squares(NamedTuple):
    """(B, S, S, C) uint8, and the boxes (B, K, 4) in their pixels, not clipped."""

    square: Tensor
    boxes: Tensor


@final
class PhotoCropper:
    """Cuts squares of side S out of the photographs of a stock, each with K boxes, in threads."""

    def __init__(self, stock: PhotoSource, size: int, boxes: int, workers: int) -> None:
        self._stock, self._size, self._boxes, self._workers = stock, size, boxes, workers
        self._pool = ThreadPoolExecutor(workers)
        self._begun: dict[int, tuple[Squares, list[Future[None]]]] = {}

    def cut(self, places: Sequence[int], request: Callable[[int], CropRequest]) -> Squares:
        """The squares of the first place; what is wished for at the others is begun, and there when its turn comes.

        Raises DataFault where a photograph is no longer as it was.
        """
        for place in places:
            if place not in self._begun:
                self._begun[place] = self._begin(request(place))
        self._begun = {place: self._begun[place] for place in places}  # nobody waits for what was begun and left
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
    """What is asked of each photograph of a stock."""

    @abstractmethod
    def for_training(self, chosen_B: Tensor, generator: Generator) -> Tensor:
        """Targets (B, T) to train on; where a photograph has several, one drawn by the generator. On the CPU."""

    @abstractmethod
    def for_evaluation(self, chosen_B: Tensor) -> Tensor:
        """Targets (B, T) to be judged by, always the same. On the CPU."""


def made_batch(squares: Squares, request: CropRequest, target_BT: Tensor, index_B: Tensor, make: Augmentation,
             device: torch.device) -> Batch:  # fmt: skip
    """A batch of squares that were cut, on the device; the index stays on the CPU."""
    square_BSSC, boxes_BK4, uniform_BQ, target_BT = (
        each.to(device, non_blocking=True) for each in (*squares, request.uniform, target_BT)
    )
    return Batch(make.images(square_BSSC, uniform_BQ), target_BT, make.boxes(boxes_BK4, uniform_BQ), index_B)


def without_jitter(make: Augmentation, still: FixedSplit) -> FixedSplit:
    """The still photographs, where those to train on are no others. Raises DataFault where they are jittered."""
    if not make.plain:
        raise DataFault(
            "data.jitter has training images drawn anew each time. For the same ones as in evaluation: "
            f"'data.jitter={{{','.join(f'{knob}:0' for knob in Jitter._fields)}}}'"
        )
    return still


@final
class PhotoStream(RepeatingSplit):
    """Endless passes over the chosen photographs, each pass in an order of its own, each square drawn anew.

    still: the same photographs as if to be judged by.
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
    """The chosen photographs in order, each square in the middle. content: the sha256 of the photographs."""

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
        told = self._targets.for_evaluation(self._chosen).numpy().astype("<i8")
        return sha256(self._content().encode() + told.tobytes()).hexdigest()
