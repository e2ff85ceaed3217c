"""Digits on a canvas, asked for in one of several ways: pairs, sums, translated and cluttered digits.

Axes: B canvases, K digits of each, L side of a canvas.
"""

from hashlib import sha256
from typing import final

import torch
from torch import Generator, Tensor

from datamodules.base import BaseData, FixedSplit, Split, Splits, derived_seed, refuse_unless_positive
from datamodules.canvas import Layout, Recipe, Stock
from datamodules.contract import Batch, TaskSpec
from datamodules.labels import Labels
from datamodules.overlay import WHITE, Overlay
from datamodules.placement import Placement
from datamodules.sources import Digits, DigitSource


@final
class Painter:
    """Makes batches of layouts. Holds the digits on the device that asked last."""

    def __init__(self, recipe: Recipe, labels: Labels, digits: Digits, mean: float, std: float) -> None:
        self.recipe, self.labels, self._label_N, self._stock = recipe, labels, digits.label, Stock.of(digits.image)
        self._scale, self._background = 1 / (WHITE * std), torch.tensor(-mean / std)

    @property
    def stock(self) -> int:
        return len(self._label_N)

    def paint(self, layout: Layout) -> tuple[Tensor, Tensor]:
        """Canvases (B, L, L), whole numbers 0..255, and targets (B, T), on the layout's device."""
        device = layout.digit.device
        self._label_N, self._stock = self._label_N.to(device), self._stock.to(device)
        canvas_BLL = self.recipe.render(layout, self._stock)
        return canvas_BLL, self.labels.target(self._label_N[layout.digit])

    def batch(self, layout: Layout, first: int) -> Batch:
        """The batch of a layout whose first image is number `first` of its split."""
        canvas_BLL, target_BT = self.paint(layout)
        # In [0, 255] up to here; normalised last, in one pass.
        image_BLL = torch.add(self._background, canvas_BLL, alpha=self._scale, out=canvas_BLL)
        index_B = torch.arange(first, first + len(target_BT), device=target_BT.device)
        return Batch(image_BLL[:, None], target_BT, self.recipe.boxes(layout), index_B)


@final
class Stream(Split):
    """Endless training canvases: every batch is drawn anew, by a generator seeded with (seed, epoch, number)."""

    def __init__(self, painter: Painter, seed: int, images: int, batch_size: int) -> None:
        self._painter, self._seed, self._size = painter, seed, batch_size
        self._batches = -(-images // batch_size)

    @property
    def batches(self) -> int:
        return self._batches

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        generator = Generator(device).manual_seed(derived_seed("train", self._seed, epoch, number))
        layout = self._painter.recipe.draw(self._size, self._painter.stock, generator)
        return self._painter.batch(layout, (epoch * self._batches + number) * self._size)


@final
class Frozen(FixedSplit):
    """Canvases drawn once, for evaluation. Only layouts are kept, some 50 numbers each, and painted when asked for."""

    def __init__(self, painter: Painter, seed: int, images: int, batch_size: int) -> None:
        self._painter, self._size, self._images = painter, batch_size, images
        self._layout = painter.recipe.draw(images, painter.stock, Generator().manual_seed(seed))
        self._fingerprint = ""

    @property
    def batches(self) -> int:
        return -(-self._images // self._size)

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        return self._painter.batch(self._part(number, device), number * self._size)

    def _part(self, number: int, device: torch.device) -> Layout:
        part = slice(number * self._size, (number + 1) * self._size)
        return Layout(*(field[part].to(device) for field in self._layout))

    def fingerprint(self) -> str:
        """The sha256 of all canvases (uint8), then all targets (int64); made when first asked for."""
        self._fingerprint = self._fingerprint or self._digest()
        return self._fingerprint

    def _digest(self) -> str:
        digest, targets = sha256(), []
        for number in range(self.batches):
            canvas_BLL, target_BT = self._painter.paint(self._part(number, torch.device("cpu")))
            digest.update(canvas_BLL.to(torch.uint8).numpy().tobytes())
            targets.append(target_BT)
        digest.update(torch.cat(targets).numpy().astype("<i8").tobytes())
        return digest.hexdigest()


@final
class DigitCanvases(BaseData):
    """The data set of a source of digits, a way to lay them out, and a question about them.

    name, origin: see TaskSpec. seed: of the training stream. split_seed: of the canvases evaluated on, the same for
    every run. canvas, clutter, clutter_size: see Recipe. images_per_epoch: rounded up to whole batches. mean, std: what
    is subtracted from pixels in [0, 1], and divided by. Raises DataFault where sizes cannot be; files are read later.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        seed: int,
        split_seed: int,
        source: DigitSource,
        labels: Labels,
        overlay: Overlay,
        placement: Placement,
        canvas: int,
        clutter: int,
        clutter_size: int,
        batch_size: int,
        images_per_epoch: int,
        evaluation_batch_size: int,
        validation_images: int,
        test_images: int,
        mean: float,
        std: float,
    ) -> None:
        super().__init__()
        knobs = {
            "batch_size": batch_size,
            "images_per_epoch": images_per_epoch,
            "evaluation_batch_size": evaluation_batch_size,
            "validation_images": validation_images,
            "test_images": test_images,
            "std": std,
        }
        refuse_unless_positive(knobs)
        self._name, self._origin, self._seed, self._split_seed = name, origin, seed, split_seed
        self._source, self._labels, self._mean, self._std = source, labels, mean, std
        self._recipe = Recipe(canvas, source.size, labels.digits, clutter, clutter_size, overlay, placement)
        self._stream_size = (images_per_epoch, batch_size)
        self._validation_size = (validation_images, evaluation_batch_size)
        self._test_size = (test_images, evaluation_batch_size)

    @property
    def spec(self) -> TaskSpec:
        side = self._recipe.canvas
        return TaskSpec(
            name=self._name,
            origin=self._origin,
            image_shape=(1, side, side),
            symbols=self._labels.symbols,
            max_steps=self._labels.steps,
            end=None,
            background=-self._mean / self._std,
            box_names=tuple(f"digit {place}" for place in range(1, self._labels.digits + 1)),
        )

    def fetch(self) -> None:
        self._source.fetch()

    def read(self) -> Splits:
        digits = self._source.read()
        train, validation, test = (Painter(self._recipe, self._labels, part, self._mean, self._std) for part in digits)
        return Splits(
            train=Stream(train, self._seed, *self._stream_size),
            validation=Frozen(validation, derived_seed("validation", self._split_seed), *self._validation_size),
            test=Frozen(test, derived_seed("test", self._split_seed), *self._test_size),
        )
