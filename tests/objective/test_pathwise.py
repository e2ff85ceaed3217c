"""The pathwise gradient against an integral over the plane, and against REINFORCE; the windows that it needs."""

import pytest
import torch
from enumerated import FIXED_STD, LEARNED_STD, QUERY, distance, flat, sampled_gradients, toy, toy_plane
from models import built, first_batch, no_boxes

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.smooth_location import windows_between
from benchmark.model.attention.window import Retina
from benchmark.objective.base import log_likelihood
from benchmark.objective.baseline.leave_one_out import LeaveOneOut
from benchmark.objective.baseline.none import NoBaseline
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.pathwise import Pathwise
from benchmark.objective.regularizer.none import NoRegularizer

SMOOTH = "attention.mechanism._target_=benchmark.model.attention.smooth_location.SmoothLocationAttention"


def pathwise(samples, coefficient, baseline=LeaveOneOut):
    return Pathwise(QUERY, samples, coefficient, baseline, AllSteps(), NoRegularizer()).double()


@pytest.mark.parametrize("size", [3, 4])
def test_windows_between_pixels_by_hand(size):
    torch.manual_seed(0)
    retina = Retina((9, 12), -0.5, size, range(3)).double()
    pyramid = retina.levels(torch.randn(1, 2, 9, 12, dtype=torch.float64))
    corner = torch.tensor([[3.0, 2.0], [4.0, 2.0], [3.0, 3.0], [4.0, 3.0]], dtype=torch.float64)
    at = corner + size / 2
    whole = retina(pyramid, at)
    torch.testing.assert_close(windows_between(retina, pyramid, at), whole)
    weight = torch.tensor([0.75 * 0.4, 0.25 * 0.4, 0.75 * 0.6, 0.25 * 0.6], dtype=torch.float64)
    between = (at[:1] + torch.tensor([[0.25, 0.6]])).requires_grad_()
    found = windows_between(retina, pyramid, between)
    torch.testing.assert_close(found[0], (weight.view(4, 1, 1, 1, 1) * whole).sum(0))
    (slope,) = torch.autograd.grad(found.sum(), between)
    upper, left, lower = whole[1] - whole[0], whole[2] - whole[0], whole[3] - whole[2]
    torch.testing.assert_close(slope[0, 0], (0.4 * upper + 0.6 * lower).sum())
    torch.testing.assert_close(slope[0, 1], (0.75 * left + 0.25 * (whole[3] - whole[1])).sum())


def integral(rnn, image, target):
    """The gradient of the integral of p(l) log p(y given l) over a fine grid of locations l."""
    line = torch.linspace(-1.6, 1.6, 161, dtype=torch.float64)
    offset = torch.cartesian_prod(line, line)
    log_density = []

    def everywhere(where):
        place = where.mean_R2.detach() + offset
        log_density.append(where.log_prob(place))
        return place

    rollout = rnn(image, no_boxes(1), target, len(offset), everywhere)
    density = log_density[0].exp() / log_density[0].exp().sum().detach()
    return flat((density * log_likelihood(rollout, target).sum(-1)[0]).sum(), rnn)


def of_policy(rnn):
    """Which entries of a flat gradient are the policy's."""
    return torch.cat(
        [torch.full((p.numel(),), name.startswith("attention.policy")) for name, p in rnn.named_parameters()]
    )


@pytest.mark.parametrize("policy", [FIXED_STD, LEARNED_STD], ids=["fixed", "learned"])
@pytest.mark.parametrize("coefficient", [1.0, 0.4, 0.0])
def test_it_is_unbiased_for_the_bound_at_every_coefficient(coefficient, policy):
    """At 0 it is REINFORCE. A learned std has its share of the gradient."""
    rnn, image, target = toy_plane(1, 1, seed=1, policy=policy)
    image, target, policy = image[:1], target[:1], of_policy(rnn)
    exact = integral(rnn, image, target)
    torch.manual_seed(1)
    found = sampled_gradients(pathwise(1000, coefficient), rnn, image, target, 20)
    assert distance(found[:, policy], exact[policy]) < 4  # standard errors
    assert distance(found[:, policy], 0 * exact[policy]) > 10  # it could tell
    assert (found.mean(0) - exact).norm() < 0.01 * exact.norm()  # weights that ReLUs seldom open have no standard error


def test_in_sequences_it_agrees_with_reinforce_and_the_two_are_better_together():
    rnn, image, target = toy_plane(2, 2, seed=1)
    found, policy = [], of_policy(rnn)
    for coefficient in (0.0, 0.5, 1.0):
        torch.manual_seed(1)
        found.append(sampled_gradients(pathwise(500, coefficient), rnn, image, target, 20)[:, policy])
    for other in found[1:]:
        error = ((found[0].var(0) + other.var(0)) / 20).sqrt().clamp(min=1e-9)
        assert ((found[0].mean(0) - other.mean(0)) / error).abs().max() < 4
    reinforce, both, alone = (each.var(0).sum() for each in found)
    assert found[1].mean(0).norm() > 5 * (both / 20).sqrt()  # there is something to find
    assert both < 0.9 * min(reinforce, alone), (reinforce, both, alone)


def test_it_trains_smooth_windows_and_refuses_others():
    parts = built("ram", "objective=pathwise", SMOOTH, "look.glimpses=2")
    module = parts.module
    module.train_step(module.rnn, module.objective, first_batch(parts))["loss"].backward()
    assert all(parameter.grad.any() for parameter in module.rnn.attention.policy.parameters())
    for policy in ("emission", "map"):
        with pytest.raises(
            ConfigFault, match=r"Pathwise reaches .* attention=dram has none there.*windows between pix"
        ):
            built("dram", "objective=pathwise", f"attention/policy={policy}", *([SMOOTH] if policy == "map" else []))
    with pytest.raises(ConfigFault, match="loss_mask: objective=pathwise"):
        Pathwise(QUERY, 2, 1.0, NoBaseline, UntilFirstMistake(), NoRegularizer())
    rnn, image, target = toy(1)
    with pytest.raises(ConfigFault, match=r"differentiates a location .* Use objective=gumbel"):
        sampled_gradients(pathwise(2, 1.0), rnn, image, target, 1)
