"""Splits of canvases: an endless training stream, and fixed canvases for evaluation.

Axes: B canvases, K digits of a canvas, T time steps, N digits of the stock, L side of a canvas.
"""

from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, final

import torch
from torch import Generator, Tensor

from datamodules.base import FixedSplit, Split, derived_seed
from datamodules.contract import Batch
from datamodules.digits.canvas import CanvasGenerator, CanvasPlan, Layout
from datamodules.digits.digit_stock import DigitStock
from datamodules.digits.labels import Labels
from datamodules.digits.overlay import WHITE
from datamodules.digits.placement import deal
from datamodules.digits.sources import Digits

BLOCK = 16
"""Training batches whose layouts are drawn together: some fifty random integers per canvas, for which the overhead of
the calls dominates.
"""
KEPT_BLOCKS = 4
"""Blocks kept in memory: a run reads from one position of the stream, a measurement from a few."""


class CanvasBatchPlan(NamedTuple):
    """A batch before its canvases are rendered. target, boxes, index: as in Batch."""

    plan: CanvasPlan
    target: Tensor
    boxes: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, as a batch's does

    def part(self, of: slice) -> "CanvasBatchPlan":
        return CanvasBatchPlan(self.plan.part(of), self.target[of], self.boxes[of], self.index[of])


@final
class CanvasRenderer:
    """Renders layouts into batches. Keeps the digits on the device of the last batch."""

    def __init__(self, recipe: CanvasGenerator, labels: Labels, digits: Digits, mean: float, std: float) -> None:
        self.recipe, self.labels, self._label_N, self._stock = recipe, labels, digits.label, DigitStock.of(digits.image)
        self._scale, self._background = 1 / (WHITE * std), -mean / std

    @property
    def stock(self) -> int:
        return len(self._label_N)

    def sketch(self, layout: Layout, first: int) -> CanvasBatchPlan:
        """The batch of a layout without its pixels, on the layout's device. first: index of its first canvas."""
        device = layout.digit.device
        self._label_N = self._label_N.to(device)
        target_BT = self.labels.target(self._label_N[layout.digit])
        index_B = torch.arange(first, first + len(target_BT), device=device)
        return CanvasBatchPlan(
            self.recipe.plan(layout, self._stock_on(device)), target_BT, self.recipe.boxes(layout), index_B
        )

    def canvases(self, sketch: CanvasBatchPlan) -> Tensor:
        """(B, L, L) canvases with integers 0..255."""
        return self.recipe.render(sketch.plan, self._stock_on(sketch.target.device))

    def batch(self, sketch: CanvasBatchPlan) -> Batch:
        stock = self._stock_on(sketch.target.device)
        image_BLL = self.recipe.render(sketch.plan, stock, self._scale, self._background)
        return Batch(image_BLL[:, None], sketch.target, sketch.boxes, sketch.index)

    def _stock_on(self, device: torch.device) -> DigitStock:
        self._stock = self._stock.to(device)
        return self._stock


@final
class CanvasStream(Split):
    """An endless stream of new training canvases: blocks of batches are drawn by a generator seeded with (seed, epoch,
    block).
    """

    def __init__(self, renderer: CanvasRenderer, seed: int, images: int, batch_size: int) -> None:
        self._renderer, self._seed, self._size = renderer, seed, batch_size
        self._batches = -(-images // batch_size)
        self._kept = lru_cache(KEPT_BLOCKS)(self._sketch)

    @property
    def batches(self) -> int:
        return self._batches

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        block, place = divmod(number, BLOCK)
        sketch = self._kept(epoch, block, device)
        return self._renderer.batch(sketch.part(slice(place * self._size, (place + 1) * self._size)))

    def _sketch(self, epoch: int, block: int, device: torch.device) -> CanvasBatchPlan:
        generator = Generator(device).manual_seed(derived_seed("train", self._seed, epoch, block))
        layout = self._renderer.recipe.draw(BLOCK * self._size, self._renderer.stock, generator)
        return self._renderer.sketch(layout, (epoch * self._batches + block * BLOCK) * self._size)


@final
class FixedCanvases(FixedSplit):
    """Fixed canvases for evaluation. Only their layouts are stored, some 50 integers each; pixels are rendered on
    demand.

    Digits are sampled without replacement until the stock is used up, then again, so that each is on equally many
    canvases, or on one more. With one digit per canvas and as many canvases as digits, each digit occurs once. Clutter
    is sampled with replacement, as in training.

    digit_BK: (B, K) indices into the stock of each canvas's digits.
    """

    def __init__(self, renderer: CanvasRenderer, seed: int, images: int, batch_size: int) -> None:
        self._renderer, self._size, self._images = renderer, batch_size, images
        generator = Generator().manual_seed(seed)
        drawn = renderer.recipe.draw(images, renderer.stock, generator)
        self.digit_BK = deal(images, renderer.recipe.digits, renderer.stock, generator)
        self._layout = drawn._replace(digit=self.digit_BK)
        self._fingerprint = ""

    @property
    def batches(self) -> int:
        return -(-self._images // self._size)

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        return self._renderer.batch(self._sketch(number, device))

    def _sketch(self, number: int, device: torch.device) -> CanvasBatchPlan:
        part = slice(number * self._size, (number + 1) * self._size)
        layout = Layout(*(field[part].to(device) for field in self._layout))
        return self._renderer.sketch(layout, number * self._size)

    def fingerprint(self) -> str:
        """The sha256 of all canvases (uint8), then all targets (int64); computed on the first call."""
        self._fingerprint = self._fingerprint or self._digest()
        return self._fingerprint

    def _digest(self) -> str:
        digest, targets = sha256(), []
        for number in range(self.batches):
            sketch = self._sketch(number, torch.device("cpu"))
            digest.update(self._renderer.canvases(sketch).to(torch.uint8).numpy().tobytes())
            targets.append(sketch.target)
        digest.update(torch.cat(targets).numpy().astype("<i8").tobytes())
        return digest.hexdigest()
