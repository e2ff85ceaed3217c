"""Checks a mechanism and a measure before training: what would else end a run at its first test."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, final

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from benchmark.common.errors import RunFault, contract_fault
from benchmark.evaluation.cost import multiply_adds
from benchmark.evaluation.evaluate import modes
from benchmark.metrics.accumulate import Outcomes
from benchmark.metrics.base import Measure
from benchmark.metrics.faults import part_faults, result_faults
from benchmark.model.attention.base import Attention
from benchmark.model.attention.distribution import Draw, mode
from benchmark.model.attention.faults import faults_of_calls, glimpse_faults, look_faults, unregistered
from benchmark.model.attention.policy.base import Policy, PolicyOutput
from benchmark.model.cell.base import Cell
from benchmark.model.encoder.base import Encoder
from benchmark.model.loop import SequenceModel
from datamodules.contract import Batch, TaskSpec

IMAGES = 2


@final
class FirstGlimpses(pl.Callback):
    """Looks at IMAGES validation images in each way that the test does, measures them and counts multiply-adds, once,
    before training. Raises RunFault.

    Generators are left as they were. make: the same model once more, for the meta device.
    """

    def __init__(self, make: Callable[[TaskSpec], SequenceModel], name: str):
        self._make, self._name = make, name

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module: Any = pl_module
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        batch = next(iter(data.batches("validation", module.device)))
        with torch.random.fork_rng([module.device] if module.device.type == "cuda" else []):
            faults = [*unregistered(module.rnn)] or [*first_faults(module.rnn, batch)]
            if not faults:
                multiply_adds(self._make(data.spec), data.spec)
                refuse_measure(module.measure, batch, len(data.spec.symbols))
        if faults:
            check = f"python -m benchmark.check attention={self._name} tells more"
            raise RunFault("\n  ".join([f"attention={self._name} breaks its contract ({check}):", *faults]))


def first_faults(rnn: SequenceModel, batch: Batch) -> Iterator[str]:
    """Faults of the first glimpses of a batch, drawn in each way that the test does, without gradient."""
    for draw in dict.fromkeys(each.draw for each in modes(1, rnn.attention.takes_expectation)):
        if faults := [*_drawn_faults(rnn, batch, draw)]:
            yield from faults if draw is mode else (f"{fault} (drawn by {draw.__name__})" for fault in faults)
            return


def _drawn_faults(rnn: SequenceModel, batch: Batch, draw: Draw) -> Iterator[str]:
    parts = [part for part in rnn.modules() if isinstance(part, Attention | Encoder | Cell | Policy)]
    was = rnn.training
    try:
        with faults_of_calls(parts, partial(faults_of_call, draw)) as found, torch.no_grad():
            where = rnn.eval()(batch.image[:IMAGES], batch.boxes[:IMAGES], None, 1, draw).where[:, 0].flatten(0, 2)
    finally:
        rnn.train(was)
    height, width = batch.image.shape[-2:]
    yield from dict.fromkeys(found) or look_faults(rnn.attention, where, (height, width))


def faults_of_call(draw: Draw, part: nn.Module, inputs: Any, output: Any) -> list[str]:
    """What is wrong with what a part of the model gave, by the contract of its base class."""
    if isinstance(part, Attention):
        return glimpse_faults(part, output, len(inputs[1]))
    wanted, rows = "", len(inputs[0])
    if isinstance(part, Encoder):
        if not isinstance(output, Tensor) or tuple(output.shape) != (rows, *part.shape):
            wanted = f"a tensor {(rows, *part.shape)}, its `shape` for each image"
    elif isinstance(part, Cell):
        if not isinstance(output, tuple) or [*map(shape_of, output)] != [*map(shape_of, inputs[1])]:
            wanted = f"a tuple of tensors {', '.join(map(shape_of, inputs[1]))}, as its `start` gives it"
    elif not isinstance(output, PolicyOutput):
        wanted = "a PolicyOutput(where, location, item_probs)"
    elif shape_of(location := output.location(draw(output.where))) != str((rows, 2)):
        output, wanted = location, f"locations {(rows, 2)}"
    kind = type(part)
    return [f"{kind.__module__}.{kind.__qualname__} gives {shape_of(output)}, and has to give {wanted}"] * bool(wanted)


def shape_of(value: Any) -> str:
    """The shape of a tensor, or the class of anything else."""
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__


def refuse_measure(measure: Measure, batch: Batch, symbols: int) -> None:
    """Measures the targets of a batch's first images as if they were predicted. Raises RunFault."""
    few = Batch(*(field[:IMAGES] for field in batch))
    log_BTV = one_hot(few.target.clamp(min=0), symbols).float().log_softmax(-1)
    parts = measure.parts(few.target, log_BTV, few)
    faults = [*part_faults(parts, len(few.image))]
    if not faults:
        outcomes = Outcomes(sync_on_compute=False)  # a run's further processes do not come here
        outcomes.update(few.index, parts)
        faults = [*result_faults(measure, measure.compute("validation", outcomes.compute()), len(few.image))]
    if faults:
        raise contract_fault("metrics", measure, faults)
