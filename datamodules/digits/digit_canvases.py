"""The data set of digits on canvases: pairs, ordered pairs, sums, translated and cluttered digits."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from torch import Tensor

from datamodules.base import BaseData, Splits, content_of, derived_seed
from datamodules.contract import TaskSpec
from datamodules.digits.canvas import CanvasGenerator
from datamodules.digits.canvas_splits import CanvasRenderer, CanvasStream, FixedCanvases
from datamodules.digits.labels import Labels
from datamodules.digits.overlay import Overlay
from datamodules.digits.placement import Placement
from datamodules.digits.sources import DigitSource
from datamodules.photos.pictures import squeezed
from datamodules.ranges import Count, Finite, Natural, Positive


@final
class DigitCanvases(BaseData):
    """Canvases of digits, composed of a source of digits, a placement, an overlay and labels.

    name, origin: see TaskSpec. seed: of the training stream. split_seed: of the evaluation canvases, the same for every
    run. labels: how the digits become the target. canvas, clutter, clutter_size, overlay, placement: see
    CanvasGenerator. images_per_epoch: rounded up to whole batches. mean, std: normalisation of pixels in [0, 1]. Raises
    DataFault for impossible sizes; files are read later.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        seed: Natural,
        split_seed: Natural,
        source: DigitSource,
        labels: Labels,
        overlay: Overlay,
        placement: Placement,
        canvas: Count,
        clutter: Natural,
        clutter_size: Count,
        batch_size: Count,
        images_per_epoch: Count,
        evaluation_batch_size: Count,
        validation_images: Count,
        test_images: Count,
        mean: Finite,
        std: Positive,
    ) -> None:
        super().__init__()
        self._name, self._origin, self._seed, self._split_seed = name, origin, seed, split_seed
        self._source, self._labels, self._mean, self._std = source, labels, mean, std
        self._recipe = CanvasGenerator(canvas, source.size, labels.digits, clutter, clutter_size, overlay, placement)
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

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, 1, S, S) float: any image files, each squeezed into a whole canvas and made grey; digits have to be
        bright on dark. Raises DataFault that lists all unreadable files.
        """
        return (squeezed(paths, self._recipe.canvas, 1) - self._mean) / self._std

    def read(self) -> Splits:
        digits = self._source.read()
        training = replace(self._recipe, placement=self._recipe.placement.in_training)
        train, validation, test = (
            CanvasRenderer(recipe, self._labels, part, self._mean, self._std)
            for recipe, part in zip((training, self._recipe, self._recipe), digits, strict=True)
        )
        validated = FixedCanvases(validation, derived_seed("validation", self._split_seed), *self._validation_size)
        tested = FixedCanvases(test, derived_seed("test", self._split_seed), *self._test_size)
        return Splits(
            train=CanvasStream(train, self._seed, *self._stream_size),
            validation=validated,
            test=tested,
            sources={"validation": validated.digit_BK, "test": tested.digit_BK},
            training=lambda: content_of(*digits.train),
        )
