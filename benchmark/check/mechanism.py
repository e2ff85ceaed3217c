"""Contracts of a mechanism: the shapes of a glimpse, its log_prob, maps and fixations, and a training step.

Axes: B images, S trajectories, R = B * S rows, N items, H rows and W columns of an image.
"""

from collections.abc import Iterator

import torch

from benchmark.check.contract import Contract
from benchmark.check.given import Given
from benchmark.check.runs import RUNS, first_loss, its_cost_is_counted, roll
from benchmark.model.attention.distribution import Draw, expectation, mode, sample, uniform
from benchmark.model.attention.faults import faults_of_calls, glimpse_faults, look_faults, unregistered
from datamodules.contract import NO_KEY

DRAWS: dict[str, Draw] = {"sample": sample, "mode": mode, "expectation": expectation, "uniform": uniform}


def is_a_mechanism(given: Given) -> Iterator[str]:
    attention = given.parts.module.rnn.attention
    for name in ("code_size", "global_feature_size"):
        if not isinstance(getattr(attention, name, None), int):
            yield f"{name} is {getattr(attention, name, None)!r}, and has to be a whole number, set in __init__"
    if not isinstance(attention.drawn, bool):
        yield f"drawn is {attention.drawn!r}, and has to be True or False"


def a_glimpse_has_its_shapes(given: Given) -> Iterator[str]:
    """Checks every glimpse of a rollout, for every way of choosing glimpses."""
    attention, batch = given.parts.module.rnn.attention, given.few("train")
    for name, draw in DRAWS.items():
        with faults_of_calls(
            [attention], lambda part, inputs, glimpse: glimpse_faults(part, glimpse, len(inputs[1]))
        ) as found:
            roll(given, batch, draw)
        yield from (f"{fault} (drawn by {name})" for fault in dict.fromkeys(found))


def log_prob_trains_the_policy(given: Given) -> Iterator[str]:
    module = given.parts.module  # building it refuses a drawn mechanism under objective=likelihood
    attention, policy = module.rnn.attention, module.policy
    if attention.drawn and not policy:
        yield "drawn is True, and policy_parameters names none"
    if not attention.drawn or not policy:
        return
    module.rnn.train()
    log_prob = roll(given, given.few("train"), sample).log_prob
    if not log_prob.requires_grad:
        yield "log_prob of a drawn glimpse has no gradient: the policy gradient cannot reach the policy"
    elif all(found is None for found in torch.autograd.grad(log_prob.sum(), policy, allow_unused=True)):
        yield "the gradient of log_prob reaches none of policy_parameters"


def a_gradient_reaches_every_weight(given: Given) -> Iterator[str]:
    """Zero is a gradient: of a layer whose output a later layer, which begins at zero, does not read yet."""
    first_loss(given).backward()
    weights = given.parts.module.rnn.attention.named_parameters()
    without = [name for name, weight in weights if weight.requires_grad and weight.grad is None]
    if without:
        yield f"no gradient reaches {', '.join(without)}: what is computed with it is detached, or not used"


def images_do_not_mix(given: Given) -> Iterator[str]:
    """Replacing the first image must not change the logits of the others: an image's trajectories are adjacent rows."""
    given.parts.module.rnn.eval()
    batch = given.few("test")
    if len(batch.image) < 2:
        return
    other = batch._replace(image=torch.cat([batch.image[:1].flip(-1).roll(1, -2), batch.image[1:]]))
    with torch.no_grad():
        once, again = (roll(given, each, mode).logits for each in (batch, other))
    steps = min(once.shape[2], again.shape[2])
    if not torch.allclose(once[1:, :, :steps], again[1:, :, :steps], atol=1e-4):
        yield ("the logits of one image change with another image of the batch. Rows are B x S, an image's "
               "trajectories side by side: query_RS.unflatten(0, (images, -1)), or repeat_interleave")  # fmt: skip


def what_it_holds_is_registered(given: Given) -> Iterator[str]:
    yield from unregistered(given.parts.module.rnn)


def global_feature_has_its_size(given: Given) -> Iterator[str]:
    attention, batch = given.parts.module.rnn.attention, given.few("test")
    global_feature = attention.global_feature(attention.encode(batch.image, batch.boxes, NO_KEY))
    if tuple(global_feature.shape) != (wanted := (len(batch.image), attention.global_feature_size)):
        yield f"global_feature has the shape {tuple(global_feature.shape)}, and has to have {wanted}"


def maps_and_fixations_are_of_the_image(given: Given) -> Iterator[str]:
    height, width = given.spec.image_shape[1:]
    attention = given.parts.module.rnn.attention
    with torch.no_grad():
        where = roll(given, given.few("test"), mode, 1).where[:, 0].flatten(0, 2)
    yield from look_faults(attention, where, (height, width))


MAPS = Contract("maps and fixations are of the image", maps_and_fixations_are_of_the_image)

CONTRACTS = (
    Contract("it is a mechanism", is_a_mechanism, first=True),
    Contract("its layers and tensors are registered", what_it_holds_is_registered, first=True),
    Contract("a glimpse has the required shapes and values", a_glimpse_has_its_shapes, first=True),
    Contract("log_prob of what is drawn trains its policy", log_prob_trains_the_policy),
    Contract("a gradient reaches each of its weights", a_gradient_reaches_every_weight),
    Contract("images of a batch do not mix", images_do_not_mix),
    Contract("the global feature has its size", global_feature_has_its_size),
    MAPS,
    *RUNS,
    Contract("its cost can be counted", its_cost_is_counted),
)
