"""A mechanism with a data set: a step that teaches it, an evaluation of every image, a cost.

Axes: B images, S trajectories.
"""

from collections.abc import Iterator
from typing import Any

import torch

from benchmark.check.contract import Contract
from benchmark.check.given import SEED, Given
from benchmark.evaluation.cost import multiply_adds
from benchmark.evaluation.evaluate import evaluate
from benchmark.model.attention.distribution import Draw, mode
from datamodules.contract import Batch

SAMPLES = 2


def roll(given: Given, batch: Batch, draw: Draw, samples: int = SAMPLES) -> Any:
    """A rollout that is told nothing, its draws always the same."""
    torch.manual_seed(SEED)
    return given.parts.module.rnn(batch.image, batch.boxes, None, samples, draw)


def a_step_teaches(given: Given) -> Iterator[str]:
    batch, module, rnn = given.few("train"), given.parts.module.train(), given.parts.module.rnn
    before = {name: p.detach().clone() for name, p in rnn.named_parameters()}
    torch.manual_seed(SEED)
    loss = module.train_step(rnn, module.objective, batch)["loss"]
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


def an_evaluation_is_whole(given: Given) -> Iterator[str]:
    module, batch = given.parts.module, given.few("test")
    found = evaluate(module.rnn, [batch], module.measure, samples=SAMPLES, seed=SEED)
    headline, ways = module.measure.headline, ("mean", "sample", "average", "random")
    for way in ways:
        told, mean = found.test[way][headline.key], float(found.predictions[f"value_{way}"].mean())
        if not abs(told - mean) <= 1e-6 * max(1.0, abs(mean)):
            yield f"{way}: {headline.key} is {told}, and the mean over images {mean}"
        if not 0 <= told <= (1 if headline.percent else 10):
            yield f"{way}: {headline.key} is {told}"
    if len(found.predictions["prediction_mean"]) != len(batch.image):
        yield f"{len(found.predictions['prediction_mean'])} predictions of {len(batch.image)} images"
    with torch.no_grad():
        where = roll(given, batch, mode, 1).where[:, 0].flatten(0, 2)
    without = bool(module.rnn.attention.fixation(where).isnan().all()) or not given.spec.box_names
    if without != ("hit_rate" not in found.localisation.get("mean", {})):
        yield "it looks at places and whether they are hit is not told, or the other way round"


def its_cost_is_counted(given: Given) -> Iterator[str]:
    if not multiply_adds(given.anew().module.rnn, given.spec) > 0:
        yield "no multiply-adds are counted: it has to run on the meta device, where values are not known"


RUNS = (
    Contract("a step teaches it", a_step_teaches),
    Contract("an evaluation tells of every image", an_evaluation_is_whole),
)
"""Of a mechanism with a data set."""
