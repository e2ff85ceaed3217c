"""A trained model on the test split, in every way of looking: what is reported, and what each image got.

Axes: B images of a batch, N images of the split, S trajectories, T symbols.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from benchmark.common.clustered_variance import clustered_variance
from benchmark.metrics.accumulate import INDEX, Accumulator, Outcomes
from benchmark.metrics.measure import Measure
from benchmark.metrics.where.localisation import localisation
from benchmark.metrics.where.maps import map_scores
from benchmark.metrics.where.named import NOTHING_NAMED, mass_on_named
from benchmark.metrics.where.order import order
from benchmark.model.attention.distribution import Draw, expectation, mode, sample, uniform
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.loop import AttentionRNN, SequenceModel, averaged
from datamodules.contract import IGNORED, Batch, ImageKey, overlap_share


class Mode(NamedTuple):
    """A way of looking: how places are drawn, and over how many trajectories probabilities are averaged."""

    name: str
    draw: Draw
    samples: int


def modes(samples: int, takes_expectation: bool) -> list[Mode]:
    """The policy's mode, one trajectory, the average over several, and the same weights looking anywhere. For a
    mechanism that blends also its expectation: what Show, Attend and Tell's code decodes hard attention with.
    """
    return [
        *([Mode("expectation", expectation, 1)] if takes_expectation else []),
        Mode("mean", mode, 1),
        Mode("sample", sample, 1),
        Mode("average", sample, samples),
        Mode("random", uniform, 1),
    ]


class Evaluation(NamedTuple):
    """test and localisation: {mode: {metric: value}}, empty where nothing is looked at; predictions: arrays by name."""

    test: dict[str, Any]
    localisation: dict[str, dict[str, float]]
    predictions: dict[str, np.ndarray]


def batches(datamodule: pl.LightningDataModule, loader: Iterable[Any], device: torch.device) -> Iterator[Batch]:
    """The loader's batches on the device, made as the trainer would make them."""
    for ticket in loader:
        moved = datamodule.transfer_batch_to_device(ticket, device, 0)
        yield datamodule.on_after_batch_transfer(moved, 0)


def own_source(index_N: Tensor) -> Tensor:
    """(N, 1) each image its own source."""
    return index_N[:, None]


@torch.inference_mode()
def evaluate(
    rnn: SequenceModel, split: Iterable[Batch], measure: Measure, samples: int, seed: int,
    names_VN: Tensor = NOTHING_NAMED, sources: Callable[[Tensor], Tensor] = own_source,
) -> Evaluation:  # fmt: skip
    """Every mode on every image of the test split. The draws come from `seed`, whatever was drawn before. names_VN:
    which symbols name what boxes hold. sources: from places in the split to what these images are composed of.
    """
    rnn.eval()
    ways = modes(samples, rnn.attention.takes_expectation)
    headline = next(way for way in ways if way.draw is mode)
    images, read = Outcomes(), {way.name: Outcomes() for way in ways}
    looked, judging = {way.name: Outcomes() for way in ways}, {way.name: Accumulator(measure) for way in ways}
    early: dict[int, Accumulator] = defaultdict(partial(Accumulator, measure))
    with torch.random.fork_rng():
        for number, batch in enumerate(split):
            images.update(batch.index, {"target": batch.target, "overlap": overlap_share(batch.boxes)})
            for way in ways:
                rollout = rollout_of(rnn, batch, way, f"{seed}/{number}")
                read[way.name].update(batch.index, {f"prediction_{way.name}": rollout.symbol[:, 0]})
                judging[way.name].add(rollout.symbol[:, 0], averaged(rollout.logits), batch)
                looked[way.name].update(batch.index, where_scores(rnn, rollout, batch, names_VN))
            for glimpses in exits(rnn, batch):
                with stopped_after(rnn, glimpses):
                    rollout = rollout_of(rnn, batch, headline, f"{seed}/{number}")
                early[glimpses].add(rollout.symbol[:, 0], averaged(rollout.logits), batch)
    predictions = images.compute()
    predictions |= {name: value_N for each in read.values() for name, value_N in each.compute().items()}
    predictions["sources"] = sources(torch.from_numpy(predictions["index"])).numpy()
    test: dict[str, Any] = {"images": len(predictions["index"])}
    for way in ways:
        judged = judging[way.name].result("test")
        test[way.name] = {**judged.summary, "standard_error": standard_error(judged.value_N, predictions["sources"])}
        predictions[f"value_{way.name}"] = judged.value_N
    if early:
        test[headline.name]["after"] = {
            str(glimpses): float(accumulator.result("test").value_N.mean()) for glimpses, accumulator in early.items()
        }
    summaries = {name: means(outcomes.compute()) for name, outcomes in looked.items()}
    return Evaluation(test, {name: summary for name, summary in summaries.items() if summary}, predictions)


def rollout_of(rnn: SequenceModel, batch: Batch, way: Mode, seed: str) -> Rollout:
    """A batch read in one way. The draws are of each way and batch alone: how many one way draws does not change
    another's.
    """
    torch.manual_seed(crc32(f"{seed}/{way.name}".encode()))
    key = ImageKey("test", batch.index)
    rollout: Rollout = rnn(batch.image, batch.boxes, None, way.samples, way.draw, key)
    return rollout


def where_scores(rnn: SequenceModel, rollout: Rollout, batch: Batch, names_VN: Tensor) -> dict[str, Tensor]:
    """Where the first trajectory looked, by its fixations and by its maps."""
    symbol_BT = rollout.symbol[:, 0]
    where_BTMx, side = rollout.where[:, 0], (batch.image.shape[-2], batch.image.shape[-1])
    fixation_BTM2 = rnn.attention.fixation(where_BTMx.flatten(0, 2)).unflatten(0, where_BTMx.shape[:3])
    maps = partial(rnn.attention.attention_map, side=side)
    in_turn = (  # objects that symbols name come in no order; others are read one after another
        {"named": mass_on_named(maps, where_BTMx, symbol_BT, batch.boxes, names_VN)}
        if names_VN.any()
        else order(fixation_BTM2, batch.boxes)._asdict()
    )
    return {
        **localisation(fixation_BTM2.flatten(1, 2), batch.boxes)._asdict(),
        **map_scores(maps, where_BTMx, symbol_BT != IGNORED, batch.boxes)._asdict(),
        **in_turn,
    }


def exits(rnn: SequenceModel, batch: Batch) -> range:
    """The numbers of glimpses after which an answer of one symbol may be asked for, where there is more than one."""
    glimpses = max((loop.glimpses for loop in loops(rnn)), default=1)
    return range(1, glimpses + 1) if batch.target.shape[1] == 1 and glimpses > 1 else range(0)


def loops(rnn: SequenceModel) -> list[AttentionRNN]:
    return [loop for loop in rnn.modules() if isinstance(loop, AttentionRNN)]


@contextmanager
def stopped_after(rnn: SequenceModel, glimpses: int) -> Iterator[None]:
    """The reader answers after so many glimpses a symbol, as if it had been built with no more."""
    held = {loop: loop.glimpses for loop in loops(rnn)}
    for loop in held:
        loop.glimpses = min(glimpses, loop.glimpses)
    try:
        yield
    finally:
        for loop, before in held.items():
            loop.glimpses = before


def means(outcomes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean of each measure over the images where it can be told; empty where it can be told of none."""
    arrays = {name: values[~np.isnan(values)] for name, values in outcomes.items() if name != INDEX}
    return {name: float(values.mean()) for name, values in arrays.items() if len(values)}


def standard_error(value_N: np.ndarray, sources_NP: np.ndarray) -> float:
    """Of the mean over images: how far other images, of other sources, would move it."""
    return float(np.sqrt(clustered_variance(value_N.astype(float), sources_NP)))
