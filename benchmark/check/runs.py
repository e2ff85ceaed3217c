"""Contracts of a mechanism together with a data set: a training step, an evaluation, its cost.

Axes: B images, S trajectories, T time steps, t those after the first, V symbols.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from benchmark.check.contract import Contract
from benchmark.check.given import SEED, Given
from benchmark.evaluation.cost import multiply_adds
from benchmark.evaluation.evaluate import evaluate
from benchmark.model.attention.distribution import Draw, mode
from datamodules.contract import Batch

SAMPLES = 2


def roll(given: Given, batch: Batch, draw: Draw, samples: int = SAMPLES) -> Any:
    """A rollout without teacher forcing, with a fixed seed."""
    torch.manual_seed(SEED)
    return given.parts.module.rnn(batch.image, batch.boxes, None, samples, draw)


def first_loss(given: Given) -> Tensor:
    """The loss of a first training step, with a fixed seed and no gradients yet."""
    module = given.parts.module.train()
    module.zero_grad()
    torch.manual_seed(SEED)
    loss: Tensor = module.train_step(module.rnn, module.objective, given.few("train"))["loss"]
    return loss


def a_step_changes_weights(given: Given) -> Iterator[str]:
    module, rnn = given.parts.module, given.parts.module.rnn
    before = {name: p.detach().clone() for name, p in rnn.named_parameters()}
    loss = first_loss(given)
    if not loss.isfinite():
        yield f"the loss of the first step is {float(loss)}"
        return
    loss.backward()
    norms = module.optimisation.clip(module.core, module.policy)
    if not all(norm.isfinite() for norm in norms):
        yield "the gradient of the first step is not finite"
    elif not norms[0] > 0:
        yield "no gradient reaches the model"
    torch.optim.SGD(module.parameters(), 1e-3).step()
    if all(torch.equal(before[name], p) for name, p in rnn.named_parameters()):
        yield "a step changes no weight"


def an_evaluation_is_complete(given: Given) -> Iterator[str]:
    module, batch = given.parts.module, given.few("test")
    found = evaluate(module.rnn, [batch], module.measure, samples=SAMPLES, seed=SEED)
    headline, modes = module.measure.headline, ("mean", "sample", "average", "random")
    for name in modes:
        value, mean = found.test[name][headline.key], float(found.predictions[f"value_{name}"].mean())
        if not abs(value - mean) <= 1e-6 * max(1.0, abs(mean)):
            yield f"{name}: {headline.key} is {value}, and the mean over images {mean}"
        if not 0 <= value <= (1 if headline.percent else 10):
            yield f"{name}: {headline.key} is {value}"
    if len(found.predictions["prediction_mean"]) != len(batch.image):
        yield f"{len(found.predictions['prediction_mean'])} predictions of {len(batch.image)} images"
    with torch.no_grad():
        where = roll(given, batch, mode, 1).where[:, 0].flatten(0, 2)
    without = bool(module.rnn.attention.fixation(where).isnan().all()) or not given.spec.box_names
    if without != ("hit_rate" not in found.localisation.get("mean", {})):
        yield "it has fixations and localisation lacks hit_rate, or the other way round"


def symbols_have_scores_of_their_own(given: Given) -> Iterator[str]:
    batch = given.few("train")
    torch.manual_seed(SEED)
    with torch.no_grad():
        logits_BSTV = given.parts.module.rnn(batch.image, batch.boxes, batch.target, 1, mode).logits
    first_BS1V, later_BStV = logits_BSTV[:, :, :1], logits_BSTV[:, :, 1:]
    if later_BStV.numel() and torch.equal(later_BStV, first_BS1V.expand_as(later_BStV)):
        yield "all have the same scores: the decoder does not know which symbol it reads"


def its_cost_is_counted(given: Given) -> Iterator[str]:
    if not multiply_adds(given.anew().module.rnn, given.spec) > 0:
        yield "no multiply-adds are counted: it has to run on the meta device, where tensors have no values"


RUNS = (
    Contract("a training step changes its weights", a_step_changes_weights),
    Contract("an evaluation is complete", an_evaluation_is_complete),
    Contract("the symbols of a sequence have scores of their own", symbols_have_scores_of_their_own),
)
"""Contracts of a mechanism with a data set."""
