"""Contracts of a measure: its primary metric is the mean over images, and better for correct predictions.

Axes: B images, T time steps, V symbols of the vocabulary.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.check.contract import Contract
from benchmark.check.given import IMAGES, Given
from benchmark.metrics.accumulate import Accumulator
from benchmark.metrics.base import MeasureResult
from benchmark.metrics.faults import part_faults, result_faults
from benchmark.results.primary_metric import Headline
from datamodules.contract import IGNORED, Batch

SURE = 10.0
"""Logit of the chosen symbol; all others have 0."""


def truth(batch: Batch) -> Tensor:
    """(B, T) the targets, as a prediction."""
    return batch.target


def wrong(batch: Batch, symbols: int) -> Tensor:
    """(B, T) a prediction that is wrong at every step that has a target."""
    return torch.where(batch.target == IGNORED, IGNORED, (batch.target + 1) % symbols)


def measured(given: Given, symbol_BT: Tensor, images: int = IMAGES) -> MeasureResult:
    """The result of a prediction for the first test images."""
    batch, measure = Batch(*(field[:images] for field in given.few("test"))), given.parts.module.measure
    log_BTV = (SURE * one_hot(symbol_BT.clamp(min=0), len(given.spec.symbols)).float()).log_softmax(-1)
    accumulator = Accumulator(measure)
    accumulator.add(symbol_BT[:images], log_BTV[:images], batch)
    return measure.compute("test", accumulator.outcomes())


def is_a_measure(given: Given) -> Iterator[str]:
    measure = given.parts.module.measure
    if not isinstance(getattr(measure, "headline", None), Headline):
        yield "headline is not set: Headline(key, name, higher_is_better=, percent=, binary=)"


def parts_are_of_images(given: Given) -> Iterator[str]:
    batch, measure = given.few("test"), given.parts.module.measure
    log_BTV = one_hot(batch.target.clamp(min=0), len(given.spec.symbols)).float().log_softmax(-1)
    yield from part_faults(measure.parts(truth(batch), log_BTV, batch), len(batch.image))


def the_headline_is_the_mean_over_images(given: Given) -> Iterator[str]:
    measure = given.parts.module.measure
    for symbol_BT in (truth(given.few("test")), wrong(given.few("test"), len(given.spec.symbols))):
        if faults := [*result_faults(measure, measured(given, symbol_BT), len(symbol_BT))]:
            yield from faults
            return


def correct_predictions_are_better(given: Given) -> Iterator[str]:
    headline, batch = given.parts.module.measure.headline, given.few("test")
    right, other = (measured(given, symbol_BT).summary[headline.key]
                    for symbol_BT in (truth(batch), wrong(batch, len(given.spec.symbols))))  # fmt: skip
    if not (right > other if headline.higher_is_better else right < other):
        yield (f"{headline.key} of the targets is {right:.4g} and of wrong predictions {other:.4g}, and "
               f"higher_is_better is {headline.higher_is_better}")  # fmt: skip


def a_value_does_not_depend_on_other_images(given: Given) -> Iterator[str]:
    whole, alone = (measured(given, truth(given.few("test")), images) for images in (IMAGES, 1))
    if not np.allclose(whole.value_N[0], alone.value_N[0]):
        yield (f"value_N of the first image is {whole.value_N[0]:.6g} among others and {alone.value_N[0]:.6g} alone: "
               "paired tests and intervals need a value of the image alone")  # fmt: skip


CONTRACTS = (
    Contract("it is a measure with a primary metric", is_a_measure, first=True),
    Contract("its parts have a row for each image", parts_are_of_images, first=True),
    Contract("the primary metric is the mean over images", the_headline_is_the_mean_over_images, first=True),
    Contract("targets score better than wrong predictions", correct_predictions_are_better),
    Contract("an image's value does not depend on the other images", a_value_does_not_depend_on_other_images),
)
