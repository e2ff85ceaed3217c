"""A trained model on the test split, in every way of looking: what is reported, and what each image got.

Axes: B images of a batch, N images of the split, S trajectories, T symbols.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, final
from zlib import crc32

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from benchmark.attention.distribution import Draw, mode, sample, uniform
from benchmark.attention_rnn import Reader
from benchmark.metrics.localisation import localisation
from benchmark.metrics.order import order
from benchmark.metrics.sequence import errors, reading, sequence_correct
from datamodules.contract import Batch, overlap_share


class Mode(NamedTuple):
    """A way of looking: how places are drawn, and over how many trajectories probabilities are averaged."""

    name: str
    draw: Draw
    samples: int


def modes(samples: int) -> list[Mode]:
    """The policy's mode, one trajectory, the average over several, and the same weights looking anywhere."""
    return [
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


@final
class Tally:
    """Collects what each image of a split got."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Tensor]] = {}

    def add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self.parts.setdefault(name, []).append(value.cpu())

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: torch.cat(parts).numpy() for name, parts in self.parts.items()}


@torch.inference_mode()
def evaluate(rnn: Reader, split: Iterable[Batch], samples: int, seed: int) -> Evaluation:
    """Every mode on every image. The draws come from `seed`, whatever was drawn before."""
    rnn.eval()
    ways = modes(samples)
    kept = Tally()
    looks, read = {way.name: Tally() for way in ways}, {way.name: Tally() for way in ways}
    with torch.random.fork_rng():
        for number, batch in enumerate(split):
            kept.add({"index": batch.index, "target": batch.target, "overlap": overlap_share(batch.boxes)})
            for way in ways:
                # Of each way and batch alone: how many trajectories one way draws does not change another's.
                torch.manual_seed(crc32(f"{seed}/{number}/{way.name}".encode()))
                rollout = rnn(batch.image, batch.boxes, None, way.samples, way.draw)
                symbol_BT = rollout.symbol[:, 0]
                right_B = sequence_correct(symbol_BT, batch.target)
                kept.add({f"prediction_{way.name}": symbol_BT, f"correct_{way.name}": right_B})
                read[way.name].add(reading(symbol_BT, batch.target, rnn.end)._asdict())
                where = rollout.where[:, 0]
                fixation_BTM2 = rnn.attention.fixation(where.flatten(0, 2)).unflatten(0, where.shape[:3])
                looks[way.name].add(localisation(fixation_BTM2.flatten(1, 2), batch.boxes)._asdict())
                looks[way.name].add(order(fixation_BTM2, batch.boxes)._asdict())
    predictions = kept.arrays()
    test: dict[str, Any] = {"images": len(predictions["index"])}
    for way in ways:
        test[way.name] = errors(predictions[f"correct_{way.name}"], read[way.name].arrays())
    return Evaluation(test, {name: summary for name, tally in looks.items() if (summary := means(tally))}, predictions)


def means(tally: Tally) -> dict[str, float]:
    """The mean of each measure over the images where it can be told; empty where it can be told of none."""
    arrays = {name: values[~np.isnan(values)] for name, values in tally.arrays().items()}
    return {name: float(values.mean()) for name, values in arrays.items() if len(values)}
