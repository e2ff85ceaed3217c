"""Contracts of an objective: a finite loss with a gradient, which ignores steps whose target is IGNORED.

Axes: B images, S trajectories, T time steps.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmark.check.contract import Contract
from benchmark.check.given import SEED, Given
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.faults import term_faults
from benchmark.training.training_step.likelihood import teacher_forced
from datamodules.contract import IGNORED


def training_rollout(given: Given) -> tuple[Rollout, Tensor]:
    """A rollout with teacher forcing, and its targets (B, T)."""
    module, batch = given.parts.module, given.few("train")
    torch.manual_seed(SEED)
    return teacher_forced(module.rnn, module.objective, batch)


def is_an_objective(given: Given) -> Iterator[str]:
    objective = given.parts.module.objective
    if not isinstance(getattr(objective, "samples", None), int) or objective.samples < 1:
        yield f"samples is {getattr(objective, 'samples', None)!r}, and has to be a whole number of at least 1"
    if not isinstance(getattr(objective, "for_drawn", None), bool):
        yield "for_drawn is not set: whether it trains a policy that draws"


def its_loss_has_a_gradient(given: Given) -> Iterator[str]:
    module = given.parts.module
    terms = module.objective(*training_rollout(given))
    if faults := [*term_faults(terms)]:
        yield from faults
        return
    yield from (
        f"{name} is {float(value)}, and has to be finite" for name, value in terms.items() if not value.isfinite()
    )
    found = torch.autograd.grad(terms["loss"], list(module.parameters()), allow_unused=True)
    if not any(gradient is not None and gradient.any() for gradient in found):
        yield "the gradient of loss reaches no weight"
    if any(gradient is not None and not gradient.isfinite().all() for gradient in found):
        yield "the gradient of loss is not finite"


def ignored_targets_do_not_count(given: Given) -> Iterator[str]:
    rollout, target_BT = training_rollout(given)
    if target_BT.shape[1] < 2:
        return
    target_BT = torch.cat([target_BT[:, :-1], torch.full_like(target_BT[:, -1:], IGNORED)], 1)
    louder = torch.cat([rollout.logits[:, :, :-1], rollout.logits[:, :, -1:].flip(-1) * 3], 2)
    once, again = (given.parts.module.objective.eval()(rollout._replace(logits=logits), target_BT)["loss"]
                   for logits in (rollout.logits, louder))  # fmt: skip
    if not torch.isclose(once, again):
        yield f"the loss goes from {float(once):.6g} to {float(again):.6g} with logits whose target is {IGNORED}"


CONTRACTS = (
    Contract("it is an objective", is_an_objective, first=True),
    Contract("its loss has a gradient", its_loss_has_a_gradient, first=True),
    Contract("steps with an ignored target do not count", ignored_targets_do_not_count),
)
