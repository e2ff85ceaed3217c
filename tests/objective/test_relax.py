"""RELAX against the enumerated bound, and its conditional samples against those that they are conditional on."""

import pytest
import torch
from enumerated import QUERY, distance, enumerated, flat, roller, sampled_gradients, toy, toy_map, toy_started
from models import built, first_batch
from torch.nn.functional import one_hot

from benchmark.common.errors import ConfigFault
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.relax import Relax
from benchmark.objective.trajectories.perturbed import conditional_scores, log_exponential


def relax(rnn, samples, lively):
    torch.manual_seed(2)
    objective = Relax(QUERY, rnn.attention.item_size, samples, 5, 0.5, AllSteps(), NoRegularizer()).double()
    if lively:
        torch.nn.init.normal_(objective.control.worth.weight, std=2.0)
    return objective


def test_what_is_drawn_again_has_the_same_largest_and_the_same_distribution():
    torch.manual_seed(0)
    log_RN = torch.tensor([0.6, 0.3, 0.1]).log().expand(40_000, 3)
    score_RN = log_RN - log_exponential(log_RN)
    drawn_R = score_RN.argmax(-1)
    again_RN = conditional_scores(log_RN, one_hot(drawn_R, 3).float(), log_exponential(log_RN))
    assert torch.equal(again_RN.argmax(-1), drawn_R)
    for place in range(3):  # given the largest, mean and spread of every score
        here = drawn_R == place
        torch.testing.assert_close(again_RN[here].mean(0), score_RN[here].mean(0), atol=0.06, rtol=0)
        torch.testing.assert_close(again_RN[here].std(0), score_RN[here].std(0), atol=0.06, rtol=0)
    assert (again_RN - score_RN).abs().mean() > 0.5


@pytest.mark.parametrize("kind, steps, glimpses", [(toy, 1, 2), (toy, 2, 1), (toy_map, 1, 1), (toy_started, 1, 2)])
def test_it_is_unbiased_for_the_bound_whatever_its_control_variate_is(kind, steps, glimpses):
    rnn, image, target = kind(steps, glimpses=glimpses, seed=5)
    log_place, log_label = enumerated(rnn, image, target)
    bound = flat((log_place.exp() * log_label).sum(-1).mean(), rnn)
    objective = relax(rnn, 1500, lively=True)
    torch.manual_seed(1)
    found = sampled_gradients(objective, rnn, image, target, 15)
    assert distance(found, bound) < 5  # standard errors, the largest of some hundred weights
    assert distance(without_slopes(objective, rnn, image, target, 10), bound) > 5  # it could tell


def without_slopes(objective, rnn, image, target, count):
    """The gradients without grad c(z) - grad c(z~), which are biased."""
    found = []
    for _ in range(count):
        rollout = objective.trajectories(roller(rnn, image, target), objective.samples, target)
        places = rollout.notes.shape[-1] // 3
        keep = torch.ones(3 * places + 1).index_fill(0, torch.arange(2 * places, 3 * places), 0)
        found.append(-flat(objective(rollout._replace(notes=rollout.notes * keep), target)["loss"], rnn))
    return torch.stack(found)


def test_a_trained_control_variate_lowers_the_variance_of_the_policy_s_gradient():
    rnn, image, target = toy(1, glimpses=1, seed=5)
    objective = relax(rnn, 50, lively=False)
    of_policy = torch.cat(
        [torch.full((p.numel(),), name.startswith("attention.alignment")) for name, p in rnn.named_parameters()]
    )

    def spread():
        torch.manual_seed(3)
        return sampled_gradients(objective, rnn, image, target, 40).var(0)[of_policy].sum()

    plain = spread()  # w is zero: REINFORCE without a baseline
    optimiser = torch.optim.Adam(objective.parameters(), 0.05)
    for _ in range(60):
        optimiser.zero_grad()
        objective(objective.trajectories(roller(rnn, image, target), 50, target), target)["loss"].backward()
        optimiser.step()
    assert 0 < spread() < 0.2 * plain


def test_items_train_it_and_others_are_refused():
    parts = built("dram", "attention/policy=map", "objective=relax", "look.glimpses=2")
    module = parts.module
    for _ in range(2):  # its last layer begins at zero
        module.train_step(module.rnn, module.objective, first_batch(parts))["loss"].backward()
        with torch.no_grad():
            for parameter in module.objective.parameters():
                parameter -= 0.1 * parameter.grad
    assert all(p.grad.any() for p in module.objective.control.parameters())
    assert all(p.grad.any() for p in module.rnn.attention.policy.alignment.of_query.parameters())
    with pytest.raises(ConfigFault, match=r"relax is for mechanisms that attend to items"):
        built("ram", "objective=relax")
    with pytest.raises(ConfigFault, match="loss_mask: objective=relax"):
        Relax(QUERY, 4, 1, 5, 0.5, UntilFirstMistake(), NoRegularizer())
