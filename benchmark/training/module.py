"""The LightningModule of every run, independent of mechanism and task."""

from typing import Any, final

import pytorch_lightning as pl
import torch
from torch import Tensor

from benchmark.common.errors import RunFault
from benchmark.common.schedule import Scheduled
from benchmark.metrics.accumulate import Accumulator
from benchmark.metrics.base import Measure, numbers
from benchmark.model.attention.distribution import mode
from benchmark.model.encoder.tuning.base import rates
from benchmark.model.loop import SequenceModel, averaged
from benchmark.objective.base import Objective, log_likelihood
from benchmark.training.optimizer.base import Optimisation
from benchmark.training.training_step.base import TrainingStep
from datamodules.contract import Batch, ImageKey


@final
class AttentionModule(pl.LightningModule):
    """Training and validation. Glimpses are sampled in training; in validation they are the policy's mode.

    log_every: optimiser steps between two log entries. An entry has the mean of each term of the loss since the one
    before; until then the sums stay on the device. A step may accumulate the gradients of several batches.
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
        self.measure, self.validated = measure, Accumulator(measure)
        self.rnn, self.objective, self.optimisation, self.log_every = rnn, objective, optimisation, log_every
        self.policy = rnn.policy_parameters()
        known = {id(parameter) for parameter in self.policy}
        self.core = [parameter for parameter in self.parameters() if id(parameter) not in known]
        self.own_rates = rates(rnn)
        self.scheduled = [part for part in self.modules() if isinstance(part, Scheduled)]
        self.terms: dict[str, Tensor] = {}
        self.summed, self.batches_a_line = 0, log_every
        self.register_buffer("first_bad", torch.tensor(-1), persistent=False)

    def on_train_start(self) -> None:
        self.batches_a_line = self.log_every * self.trainer.accumulate_grad_batches

    def training_step(self, batch: Batch, number: int) -> Tensor:
        terms = self.train_step(self.rnn, self.objective, batch)
        self._accumulate(terms)
        return terms["loss"]

    def _accumulate(self, terms: dict[str, Tensor]) -> None:
        """Adds the terms up, and notes the first step with a non-finite loss, without device synchronisation."""
        bad = ~terms["loss"].detach().isfinite() & (self.first_bad < 0)
        self.first_bad = torch.where(bad, self.global_step, self.first_bad)
        for name, value in terms.items():
            self.terms[name] = self.terms.get(name, 0) + value.detach()
        self.summed += 1
        if self.summed == self.batches_a_line:
            self._write()

    def _write(self) -> None:
        """Logs the mean of each term since the last entry. Raises RunFault if a loss was not finite."""
        self.stop_if_bad()
        means = {f"train/{name}": (value / self.summed).item() for name, value in self.terms.items()}
        for logger in self.loggers:
            logger.log_metrics({**means, "epoch": self.current_epoch}, self.global_step)
        self.terms, self.summed = {}, 0

    def stop_if_bad(self) -> None:
        """Raises RunFault if a loss was NaN or infinite since the run began."""
        step = int(self.first_bad)
        if step >= 0:
            raise RunFault(
                f"the loss was not a finite number at step {step} (epoch {self.current_epoch}). The last good "
                "checkpoint is kept. Try a lower optimizer.make.lr, a smaller optimizer.clip_core, or another seed."
            )

    def on_train_batch_start(self, batch: Batch, number: int) -> None:
        progress = min(1.0, self.global_step / self.trainer.estimated_stepping_batches)
        for part in self.scheduled:
            part.at(progress)

    def on_train_epoch_end(self) -> None:
        self.stop_if_bad()
        if self.summed:
            self._write()

    def on_validation_start(self) -> None:
        self.stop_if_bad()
        self.validated = Accumulator(self.measure)

    def validation_step(self, batch: Batch, number: int) -> None:
        rollout = self.rnn(batch.image, batch.boxes, None, 1, mode, ImageKey("validation", batch.index))
        nll_B = -log_likelihood(rollout, batch.target).sum((-2, -1))
        self.validated.add(rollout.symbol[:, 0], averaged(rollout.logits), batch, nll=nll_B)

    def on_validation_epoch_end(self) -> None:
        nll_N = self.validated.outcomes()["nll"]
        values = {"nll": float(nll_N.mean()), **numbers(self.validated.result("validation").summary)}
        self.log_dict({f"val/{key}": value for key, value in values.items()})

    def configure_optimizers(self) -> Any:
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer, rate = self.optimisation.optimizer(self.core, self.policy, self.own_rates, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        self.optimisation.clip(self.core, self.policy)
