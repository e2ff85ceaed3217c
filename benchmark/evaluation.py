"""A trained model on the test split, in every way of looking: what is reported, and what each image got.

Axes: B images of a batch, N images of the split, S trajectories, T symbols.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pytorch_lightning as pl
import torch

from benchmark.attention.distribution import Draw, expectation, mode, sample, uniform
from benchmark.attention_rnn import Reader, averaged
from benchmark.metrics.localisation import localisation
from benchmark.metrics.measure import Measure, Tally
from benchmark.metrics.order import order
from datamodules.contract import Batch, overlap_share


class Mode(NamedTuple):
    """A way of looking: how places are drawn, and over how many trajectories probabilities are averaged."""

    name: str
    draw: Draw
    samples: int


def modes(samples: int, blends: bool) -> list[Mode]:
    """The policy's mode, one trajectory, the average over several, and the same weights looking anywhere. For a
    mechanism that blends also its expectation: what Show, Attend and Tell's code decodes hard attention with.
    """
    return [
        *([Mode("expectation", expectation, 1)] if blends else []),
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


@torch.inference_mode()
def evaluate(rnn: Reader, split: Iterable[Batch], measure: Measure, samples: int, seed: int) -> Evaluation:
    """Every mode on every image of the test split. The draws come from `seed`, whatever was drawn before."""
    rnn.eval()
    ways = modes(samples, rnn.attention.blends)
    kept = Tally()
    looks, parts = {way.name: Tally() for way in ways}, {way.name: Tally() for way in ways}
    with torch.random.fork_rng():
        for number, batch in enumerate(split):
            kept.add({"index": batch.index, "target": batch.target, "overlap": overlap_share(batch.boxes)})
            for way in ways:
                # Of each way and batch alone: how many trajectories one way draws does not change another's.
                torch.manual_seed(crc32(f"{seed}/{number}/{way.name}".encode()))
                rollout = rnn(batch.image, batch.boxes, None, way.samples, way.draw)
                symbol_BT = rollout.symbol[:, 0]
                kept.add({f"prediction_{way.name}": symbol_BT})
                found = measure.parts(symbol_BT, averaged(rollout.logits), batch)
                parts[way.name].add({"index": batch.index, **found})
                where = rollout.where[:, 0]
                fixation_BTM2 = rnn.attention.fixation(where.flatten(0, 2)).unflatten(0, where.shape[:3])
                looks[way.name].add(localisation(fixation_BTM2.flatten(1, 2), batch.boxes)._asdict())
                looks[way.name].add(order(fixation_BTM2, batch.boxes)._asdict())
    predictions = kept.arrays()
    test: dict[str, Any] = {"images": len(predictions["index"])}
    for way in ways:
        judged = measure.judge("test", parts[way.name].arrays())
        test[way.name] = {**judged.summary, "standard_error": standard_error(judged.value_N)}
        predictions[f"value_{way.name}"] = judged.value_N
    return Evaluation(test, {name: summary for name, tally in looks.items() if (summary := means(tally))}, predictions)


def means(tally: Tally) -> dict[str, float]:
    """The mean of each measure over the images where it can be told; empty where it can be told of none."""
    arrays = {name: values[~np.isnan(values)] for name, values in tally.arrays().items()}
    return {name: float(values.mean()) for name, values in arrays.items() if len(values)}


def standard_error(value_N: np.ndarray) -> float:
    """Of the mean over images: how far other images of the same kind would move it."""
    return float(value_N.std() / np.sqrt(len(value_N)))
