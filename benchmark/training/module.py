"""The LightningModule of every run, independent of mechanism and task."""

from typing import Any, final

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from benchmark.common.errors import RunFault, contract_fault
from benchmark.common.schedule import Scheduled
from benchmark.metrics.accumulate import Accumulator
from benchmark.metrics.base import Measure, numbers
from benchmark.metrics.where.entropy import attention_entropy
from benchmark.metrics.where.localisation import localisation
from benchmark.model.attention.distribution import mode
from benchmark.model.attention.policy.learned import LearnedPolicy
from benchmark.model.decoding.rollout import averaged
from benchmark.model.encoder.tuning.base import rates
from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.faults import term_faults
from benchmark.results.vocabulary import (
    ATTENTION_ENTROPY,
    EPOCH,
    GRADIENT_NORM,
    HIT_RATE,
    LEARNING_RATE,
    POLICY_STD,
    TRAIN,
    VAL,
    named,
)
from benchmark.training.compilation.base import StepFunction
from benchmark.training.means import Means
from benchmark.training.optimizer.base import Optimisation
from benchmark.training.processes.alone import Alone
from benchmark.training.processes.base import Processes
from benchmark.training.training_step.base import TrainingStep
from datamodules.contract import IGNORED, Batch, ImageKey


@final
class AttentionModule(pl.LightningModule):
    """Training and validation. Glimpses are sampled in training, where true symbols are fed back (`feeding`). In
    validation they are the policy's mode, and the model is fed its own symbols, as in the test.

    log_every: optimiser steps between two log entries. An entry has the mean of each term of the loss and of the norms
    of the gradients since the one before; until then the sums stay on the device. A step may accumulate the gradients
    of several batches.
    processes: set before training; how a batch is shared.
    """

    first_bad: Tensor

    def __init__(
        self,
        rnn: SequenceModel,
        train_step: TrainingStep,
        objective: Objective,
        optimisation: Optimisation,
        measure: Measure,
        log_every: int,
    ):
        super().__init__()
        self.train_step = train_step
        self.step_function: StepFunction = train_step.forward  # another one where it is compiled
        self.measure, self.validated = measure, Accumulator(measure)
        self.rnn, self.objective, self.optimisation, self.log_every = rnn, objective, optimisation, log_every
        self.policy = rnn.policy_parameters()
        known = {id(parameter) for parameter in self.policy}
        self.core = [parameter for parameter in self.parameters() if id(parameter) not in known]
        self.own_rates = rates(rnn)
        self.scheduled = [part for part in self.modules() if isinstance(part, Scheduled)]
        self.policies = [part for part in self.modules() if isinstance(part, LearnedPolicy)]
        self.groups = {name: group for name, group in (("core", self.core), ("policy", self.policy)) if group}
        self.terms, self.norms = Means(), Means()
        self.processes: Processes = Alone()
        self.rates: dict[str, Any] = {}
        self.batches_a_line, self.line_step = log_every, 0
        self.register_buffer("first_bad", torch.tensor(-1), persistent=False)

    def on_train_start(self) -> None:
        self.batches_a_line = self.log_every * self.trainer.accumulate_grad_batches * self.objective.updates.count

    def training_step(self, batch: Batch, number: int) -> Tensor:
        terms = self.step_function(self.processes.shared(self.rnn), self.objective, batch)
        self._accumulate(terms)
        return terms["loss"]

    def _accumulate(self, terms: dict[str, Tensor]) -> None:
        """Adds the terms up, and notes the first step with a non-finite loss, without device synchronisation.

        Raises RunFault where they are none, as an objective of one's own may give at the first step.
        """
        if not self.terms.count and (faults := [*term_faults(terms)]):
            raise contract_fault("objective", self.objective, faults)
        bad = ~terms["loss"].detach().isfinite() & (self.first_bad < 0)
        self.first_bad = torch.where(bad, self.global_step, self.first_bad)
        self.terms.add({named(TRAIN, name): value for name, value in terms.items()})
        self.line_step = self.global_step

    def on_train_batch_end(self, outputs: Any, batch: Batch, number: int) -> None:
        if self.terms.count == self.batches_a_line:
            self._write()

    def _write(self) -> None:
        """Logs the means since the last entry, and what holds now. Raises RunFault if a loss was not finite."""
        self.stop_if_bad()
        now = {name: float(rate) for name, rate in self.rates.items()}
        if self.policies:  # those of several passes have one schedule
            now[POLICY_STD] = float(self.policies[0].std)
        line = {**self.terms.take(), **self.norms.take(), **now, EPOCH: self.current_epoch}
        for logger in self.loggers:
            logger.log_metrics(line, self.line_step)

    def stop_if_bad(self) -> None:
        """Raises RunFault if a loss was NaN or infinite since the run began."""
        step = int(self.first_bad)
        if step >= 0:
            cure = "The last good checkpoint is kept. Try a lower optimizer.make.lr, a smaller optimizer.clip_core, or "
            raise RunFault(
                f"the loss was not a finite number at step {step} (epoch {self.current_epoch}). "
                + (f"{cure}another seed." if step else "No weight had changed yet: a part of the model gives it.")
                + " attention-check data=NAME looks for images that are not finite."
            )

    def on_train_batch_start(self, batch: Batch, number: int) -> None:
        progress = min(1.0, self.global_step / self.trainer.estimated_stepping_batches)
        for part in self.scheduled:
            part.at(progress)

    def on_train_epoch_end(self) -> None:
        self.stop_if_bad()
        if self.terms.count:
            self._write()

    def on_validation_start(self) -> None:
        self.stop_if_bad()
        self.validated = Accumulator(self.measure)

    def validation_step(self, batch: Batch, number: int) -> None:
        rollout = self.rnn(batch.image, batch.boxes, None, 1, mode, ImageKey("validation", batch.index))
        nll_B = -log_likelihood(rollout, batch.target).sum((-2, -1))
        where_BTMx = rollout.where[:, 0]
        fixation_BTM2 = self.rnn.attention.fixation(where_BTMx.flatten(0, 2)).unflatten(0, where_BTMx.shape[:3])
        hit_B = localisation(fixation_BTM2, batch.boxes, rollout.symbol[:, 0] != IGNORED).hit_rate
        looked = {HIT_RATE: hit_B, ATTENTION_ENTROPY: attention_entropy(rollout.item_probs[:, 0], rollout.symbol[:, 0])}
        self.validated.add(rollout.symbol[:, 0], averaged(rollout.logits), batch, nll=nll_B, **looked)

    def on_validation_epoch_end(self) -> None:
        found = self.validated.outcomes()
        values = {"nll": float(found["nll"].mean()), **numbers(self.validated.result("validation").summary)}
        for name in (HIT_RATE, ATTENTION_ENTROPY):
            known_N = found[name][~np.isnan(found[name])]  # without images that have no annotation, or no items
            if len(known_N):
                values[name] = float(known_N.mean())
        self.log_dict({f"{VAL}/{key}": value for key, value in values.items()})

    def configure_optimizers(self) -> Any:
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer, rate = self.optimisation.optimizer(self.core, self.policy, self.own_rates, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def optimizer_step(self, *arguments: Any, **named_arguments: Any) -> None:
        """As many updates as the objective makes on a batch. They count as one step."""
        with self.objective.updates.on_one_batch():
            for _ in range(self.objective.updates.count):
                super().optimizer_step(*arguments, **named_arguments)

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        norms = dict(zip(("core", "policy"), self.optimisation.clip(self.core, self.policy), strict=True))
        self.norms.add({f"{GRADIENT_NORM}_{name}": norms[name] for name in self.groups})
        self.rates = {f"{LEARNING_RATE}_{name}": rate_of(self._usual(group), optimizer)
                      for name, group in self.groups.items()}  # fmt: skip

    def _usual(self, group: list[Parameter]) -> Parameter:
        """A parameter of a group that has no rate of its own; any where all have."""
        return next((each for each in group if self.own_rates.get(each, 1.0) == 1.0), group[0])


def rate_of(parameter: Parameter, optimizer: Optimizer) -> Any:
    """The learning rate of a parameter's group."""
    return next(group["lr"] for group in optimizer.param_groups if any(each is parameter for each in group["params"]))
