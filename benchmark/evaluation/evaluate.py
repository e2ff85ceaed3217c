"""Evaluates a trained model on the test split in every evaluation mode: summaries for the record, values per image.

Axes: B images of a batch, N images of the split, P sources of an image, T time steps, M glimpses before each symbol, V
symbols.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from benchmark.common.clustered_variance import clustered_variance
from benchmark.evaluation.masking import OtherMasks, covered, most_attended
from benchmark.metrics.accumulate import INDEX, Accumulator, Outcomes
from benchmark.metrics.base import Measure
from benchmark.metrics.where.localisation import localisation
from benchmark.metrics.where.maps import map_scores
from benchmark.metrics.where.named import NOTHING_NAMED, mass_on_named
from benchmark.metrics.where.order import order
from benchmark.model.attention.distribution import Draw, expectation, mode, sample, uniform
from benchmark.model.decoding.rollout import Rollout, averaged
from benchmark.model.loop import AttentionRNN, SequenceModel
from datamodules.contract import IGNORED, NO_KEY, Batch, ImageKey, overlap_share

MASKED, MASKED_ELSEWHERE = "masked", "masked_elsewhere"
"""The primary metric of the headline mode on images whose most attended pixels are covered, and as many elsewhere."""


class Mode(NamedTuple):
    """An evaluation mode: how glimpses are chosen, and over how many trajectories probabilities are averaged."""

    name: str
    draw: Draw
    samples: int


def modes(samples: int, takes_expectation: bool) -> list[Mode]:
    """The evaluation modes: the policy's mode ("mean"), one sampled trajectory, the average over `samples` of them, and
    uniformly random glimpses with the same weights. For mechanisms that can take the expectation over items also that:
    Show, Attend and Tell's code evaluates hard attention with it.
    """
    return [
        *([Mode("expectation", expectation, 1)] if takes_expectation else []),
        Mode("mean", mode, 1),
        Mode("sample", sample, 1),
        Mode("average", sample, samples),
        Mode("random", uniform, 1),
    ]


class Evaluation(NamedTuple):
    """test: {mode: {metric: value}}. localisation: likewise, without modes for which no metric is defined. predictions:
    (N, ...) arrays by name.
    """

    test: dict[str, Any]
    localisation: dict[str, dict[str, float]]
    predictions: dict[str, np.ndarray]


def own_source(index_N: Tensor) -> Tensor:
    """(N, 1) source ids where every image is its own source."""
    return index_N[:, None]


@torch.inference_mode()
def evaluate(
    rnn: SequenceModel, split: Iterable[Batch], measure: Measure, samples: int, seed: int,
    names_VN: Tensor = NOTHING_NAMED, sources: Callable[[Tensor], Tensor] = own_source, background: float = 0.0,
) -> Evaluation:  # fmt: skip
    """Evaluates every mode on every image of the test split. samples: trajectories of the mode "average". seed: of all
    draws; the state of the global generators does not matter and is restored. names_VN: bool, which symbol names the
    object of which box (`naming`). sources: from indices in the split, (N,), to the images' sources, (N, P).
    background: pixel value that covers what is masked.
    """
    rnn.eval()
    chosen = modes(samples, rnn.attention.takes_expectation)
    headline = next(each for each in chosen if each.draw is mode)
    images, emitted = Outcomes(), {each.name: Outcomes() for each in chosen}
    attended = {each.name: Outcomes() for each in chosen}
    accumulators = {each.name: Accumulator(measure) for each in chosen}
    early, without = (defaultdict[str, Accumulator](partial(Accumulator, measure)) for _ in range(2))
    others = OtherMasks()
    with torch.random.fork_rng():
        for number, batch in enumerate(split):
            images.update(batch.index, {"target": batch.target, "overlap": overlap_share(batch.boxes)})
            for each in chosen:
                rollout = rollout_of(rnn, batch, each, f"{seed}/{number}")
                emitted[each.name].update(batch.index, {f"prediction_{each.name}": rollout.symbol[:, 0]})
                accumulators[each.name].add(rollout.symbol[:, 0], averaged(rollout.logits), batch)
                attended[each.name].update(batch.index, where_scores(rnn, rollout, batch, names_VN))
                for name, masked in masked_batches(rnn, rollout, batch, background, others) if each is headline else ():
                    again = rollout_of(rnn, masked, headline, f"{seed}/{number}", NO_KEY)
                    without[name].add(again.symbol[:, 0], averaged(again.logits), masked)
            for glimpses in exits(rnn, batch):
                with stopped_after(rnn, glimpses):
                    rollout = rollout_of(rnn, batch, headline, f"{seed}/{number}")
                early[str(glimpses)].add(rollout.symbol[:, 0], averaged(rollout.logits), batch)
    predictions = images.compute()
    predictions |= {name: value_N for outcomes in emitted.values() for name, value_N in outcomes.compute().items()}
    predictions["sources"] = sources(torch.from_numpy(predictions["index"])).numpy()
    test: dict[str, Any] = {"images": len(predictions["index"])}
    for each in chosen:
        result = accumulators[each.name].result("test")
        test[each.name] = {**result.summary, "standard_error": standard_error(result.value_N, predictions["sources"])}
        predictions[f"value_{each.name}"] = result.value_N
    if early:
        test[headline.name]["after"] = primary(early)
    summaries = {name: means(outcomes.compute()) for name, outcomes in attended.items()}
    summaries[headline.name] |= primary(without)
    return Evaluation(test, {name: summary for name, summary in summaries.items() if summary}, predictions)


def rollout_of(rnn: SequenceModel, batch: Batch, how: Mode, seed: str, key: ImageKey | None = None) -> Rollout:
    """The rollout of a batch in one mode. Its seed is derived from the mode and the batch, so that the draws of one
    mode do not depend on how many another makes. key: of cached features, None for those of the test split.
    """
    torch.manual_seed(crc32(f"{seed}/{how.name}".encode()))
    rollout: Rollout = rnn(batch.image, batch.boxes, None, how.samples, how.draw, key or ImageKey("test", batch.index))
    return rollout


def masked_batches(
    rnn: SequenceModel, rollout: Rollout, batch: Batch, background: float, others: OtherMasks
) -> Iterator[tuple[str, Batch]]:
    """The batch with its most attended pixels covered, and with as many elsewhere; none where attention is even."""
    mask_BHW = most_attended(rnn.attention, rollout, (batch.image.shape[-2], batch.image.shape[-1]))
    if mask_BHW.any():
        yield MASKED, covered(batch, mask_BHW, background)
        yield MASKED_ELSEWHERE, covered(batch, others(mask_BHW), background)


def where_scores(rnn: SequenceModel, rollout: Rollout, batch: Batch, names_VN: Tensor) -> dict[str, Tensor]:
    """Scores (B,) of the first trajectory's fixations and attention maps against the boxes, by name."""
    symbol_BT = rollout.symbol[:, 0]
    where_BTMx, side = rollout.where[:, 0], (batch.image.shape[-2], batch.image.shape[-1])
    fixation_BTM2 = rnn.attention.fixation(where_BTMx.flatten(0, 2)).unflatten(0, where_BTMx.shape[:3])
    maps = partial(rnn.attention.attention_map, side=side)
    emitted_BT = symbol_BT != IGNORED
    by_symbol = (  # objects that words name have no order; digits have a reading order
        {"named": mass_on_named(maps, where_BTMx, symbol_BT, batch.boxes, names_VN)}
        if names_VN.any()
        else order(fixation_BTM2, batch.boxes, emitted_BT)._asdict()
    )
    return {
        **localisation(fixation_BTM2, batch.boxes, emitted_BT)._asdict(),
        **map_scores(maps, where_BTMx, emitted_BT, batch.boxes)._asdict(),
        **by_symbol,
    }


def exits(rnn: SequenceModel, batch: Batch) -> range:
    """The numbers of glimpses after which to evaluate early exit: 1 to M for tasks of one symbol and M > 1, else
    none.
    """
    glimpses = max((loop.glimpses for loop in loops(rnn)), default=1)
    return range(1, glimpses + 1) if batch.target.shape[1] == 1 and glimpses > 1 else range(0)


def loops(rnn: SequenceModel) -> list[AttentionRNN]:
    return [loop for loop in rnn.modules() if isinstance(loop, AttentionRNN)]


@contextmanager
def stopped_after(rnn: SequenceModel, glimpses: int) -> Iterator[None]:
    """Within the context every loop takes at most so many glimpses per symbol."""
    held = {loop: loop.glimpses for loop in loops(rnn)}
    for loop in held:
        loop.glimpses = min(glimpses, loop.glimpses)
    try:
        yield
    finally:
        for loop, before in held.items():
            loop.glimpses = before


def primary(accumulators: Mapping[str, Accumulator]) -> dict[str, float]:
    """The mean of the primary metric in each of several accumulators."""
    return {name: float(each.result("test").value_N.mean()) for name, each in accumulators.items()}


def means(outcomes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images where it is defined (not NaN); without metrics defined for none."""
    arrays = {name: values[~np.isnan(values)] for name, values in outcomes.items() if name != INDEX}
    return {name: float(values.mean()) for name, values in arrays.items() if len(values)}


def standard_error(value_N: np.ndarray, sources_NP: np.ndarray) -> float:
    """Standard error of the mean over images, clustered by the sources that images share."""
    return float(np.sqrt(clustered_variance(value_N.astype(float), sources_NP)))
