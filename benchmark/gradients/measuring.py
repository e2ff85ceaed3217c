"""Measures estimators of a gradient: the same weights, the same batches, independent draws of glimpses.

Axes: P entries of a gradient, those of the policy's own weights first.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from statistics import median
from typing import final

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.evaluation.cost import held_at_once, wait
from benchmark.gradients.moments import GradientMoments
from benchmark.model.attention.distribution import expectation, mode, sample
from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.trajectories.enumerated import EnumeratedTrajectories
from benchmark.training.callbacks.builtin import seed_all
from benchmark.training.training_step.base import TrainingStep
from benchmark.training.training_step.likelihood import LikelihoodStep
from datamodules.contract import Batch, ImageKey

FIT_RATE = 0.1
"""Adam's first step size for an estimator's own parameters, such as a learned baseline, which falls to zero linearly: a
baseline has to come from 0 to a return of some nats, and then to within its noise.
"""
TURNS = 7
"""Steps of each estimator that are timed, in turns, so that whatever else the machine does hits all of them alike."""
SAMPLED = 20
"""Trajectories of an image whose log-likelihoods are compared."""


@final
class Meter:
    """Takes gradients of a model's weights, as its training would, on given batches. Nothing of the model is trained.

    batches: those that are measured on. further: makes the training batches that an estimator's own parameters are
    fitted on. seed: of all draws, which begin alike for each estimator: its numbers do not depend on the others.
    """

    def __init__(
        self,
        rnn: SequenceModel,
        train_step: TrainingStep,
        batches: Sequence[Batch],
        further: Callable[[], Iterator[Batch]],
        seed: int,
    ):
        self.rnn, self.train_step, self.batches, self.further, self.seed = rnn, train_step, batches, further, seed
        self.device = batches[0].image.device
        trained = [parameter for parameter in rnn.parameters() if parameter.requires_grad]
        known = {id(parameter) for parameter in rnn.policy_parameters()}
        policy = [parameter for parameter in trained if id(parameter) in known]
        self.weights = [*policy, *(parameter for parameter in trained if id(parameter) not in known)]
        self.policy_size = sum(parameter.numel() for parameter in policy)

    def fit(self, objective: Objective, steps: int) -> None:
        """Fits an estimator's own parameters and running statistics, if it has any, to the weights as they are."""
        before = {key: value.clone() for key, value in objective.state_dict().items()}
        objective.train()
        parameters = list(objective.parameters())
        optimizer = torch.optim.Adam(parameters, FIT_RATE) if parameters else None
        seed_all(self.seed, "fit")
        self.rnn.train()
        for step, batch in enumerate(islice(self.further(), steps if before else 0)):
            loss = self._loss(objective, batch)
            if optimizer is not None:
                optimizer.param_groups[0]["lr"] = FIT_RATE * (1 - step / steps)
                pairs = zip(parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True)
                for parameter, gradient in pairs:
                    parameter.grad = gradient
                optimizer.step()
            elif all(torch.equal(value, before[key]) for key, value in objective.state_dict().items()):
                break  # nothing changes from step to step
        objective.eval()

    def draws(self, objective: Objective, count: int) -> GradientMoments:
        """The moments of so many draws, each over all batches; of two, where all trajectories are enumerated and the
        second draw is the same as the first.
        """
        moments = GradientMoments(self.policy_size)
        seed_all(self.seed, "draws")
        self.rnn.train()
        for number in range(count):
            moments.add(self.gradient(objective, self.batches))
            if number == 1 and not trajectories(objective) and moments.is_certain():
                break
        return moments

    def gradient(self, objective: Objective, batches: Sequence[Batch]) -> Tensor:
        """(P,) one draw: the mean over batches."""
        total_P = torch.zeros((), device=self.device)
        for batch in batches:
            found = torch.autograd.grad(self._loss(objective, batch), self.weights, allow_unused=True)
            pairs = zip(found, self.weights, strict=True)
            flat = [(torch.zeros_like(weight) if each is None else each).flatten() for each, weight in pairs]
            total_P = total_P + torch.cat(flat)
        return total_P / len(batches)

    def costs(self, objectives: Mapping[str, Objective]) -> dict[str, tuple[float, int]]:
        """The median seconds, and the bytes, of a step on the first batch by estimator. They have run before."""
        steps = {name: self._step(objective) for name, objective in objectives.items()}
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        alone = self.device.type == "cpu" and torch.get_num_threads() == 1
        clock = time.process_time if alone else time.perf_counter  # the same, but for what other programs take
        self.rnn.train()
        for _ in range(TURNS):
            for name, step in steps.items():
                wait(self.device)
                began = clock()
                step()
                wait(self.device)
                seconds[name].append(clock() - began)
        return {name: (median(seconds[name]), held_at_once(step, self.device)) for name, step in steps.items()}

    def _step(self, objective: Objective) -> Callable[[], Tensor]:
        return lambda: self.gradient(objective, self.batches[:1])

    def _loss(self, objective: Objective, batch: Batch) -> Tensor:
        terms: dict[str, Tensor] = self.train_step(self.rnn, objective, batch)
        return terms["loss"]

    @torch.no_grad()
    def refuse_misuse(self, objective: Objective) -> None:
        """Raises ConfigFault where an estimator cannot be made of this model's glimpses; tried on two images."""
        if not isinstance(self.train_step, LikelihoodStep):
            step = type(self.train_step).__name__
            raise ConfigFault([f"training_step: {step} has a loss of its own, and no objective is compared by it"])
        self.rnn.train()
        self._loss(objective.eval(), Batch(*(field[:2] for field in self.batches[0])))

    @torch.no_grad()
    def log_likelihoods(self, enumerated: Objective) -> dict[str, float]:
        """Mean log-likelihoods of the images in nats, without softened glimpses: `marginal` is log p(y), `bound` is
        the expectation over trajectories, `deviation` the standard deviation of one trajectory's log p(y given l);
        `mode` and `expectation` are of glimpses taken so.
        """
        self.rnn.eval()
        seed_all(self.seed, "log-likelihoods")
        sums: dict[str, float] = {}
        for batch in self.batches:
            terms = self.train_step(self.rnn, enumerated.eval(), batch)
            sampled_BS = self._log_likelihood(batch, SAMPLED, sample)
            found = {
                "marginal": -terms["marginal"],
                "bound": -terms["nll"],
                "mode": self._log_likelihood(batch, 1, mode).mean(),
                "deviation": sampled_BS.var(1).mean(),
            }
            if self.rnn.attention.takes_expectation:
                found["expectation"] = self._log_likelihood(batch, 1, expectation).mean()
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + float(value) / len(self.batches)
        return sums | {"deviation": sums["deviation"] ** 0.5}

    def _log_likelihood(self, batch: Batch, samples: int, draw: Callable[..., Tensor]) -> Tensor:
        """(B, S) log p(y given the trajectory)."""
        key = ImageKey("train", batch.index)
        rollout = self.rnn(batch.image, batch.boxes, batch.target, samples, draw, key)
        return log_likelihood(rollout, self.rnn.training_targets(batch.target)).sum(-1)


def trajectories(objective: Objective) -> int:
    """The trajectories of each image; 0 for all there are."""
    return 0 if isinstance(objective.trajectories, EnumeratedTrajectories) else objective.samples
