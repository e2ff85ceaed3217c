"""Estimators against enumeration: the expected gradient of each, over all tuples of trajectories that it may draw."""

import math

import pytest
import torch
from enumerated import (
    QUERY,
    distance,
    enumerated,
    expected_gradient,
    flat,
    paths,
    roller,
    sampled_gradients,
    taking,
    toy,
    toy_map,
    toy_started,
)
from models import built, first_batch, no_boxes

from benchmark.common.errors import ConfigFault
from benchmark.common.schedule import Constant
from benchmark.model.attention.distribution import CategoricalItems, sample
from benchmark.model.loop import reading_each_glimpse
from benchmark.objective.actor_critic import ActorCritic, bootstrapped_advantages
from benchmark.objective.base import log_likelihood
from benchmark.objective.baseline.leave_one_out import LeaveOneOut
from benchmark.objective.baseline.none import NoBaseline
from benchmark.objective.bound import Bound
from benchmark.objective.exact import Exact
from benchmark.objective.gumbel import GumbelSoftmax
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.nvil import NVIL
from benchmark.objective.regularizer.entropy import EntropyBonus
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.reinforce import Reinforce
from benchmark.objective.reward.likelihood_gain import LikelihoodGain
from benchmark.objective.reward.log_likelihood import LogLikelihood
from benchmark.objective.reweighted_wake_sleep import ReweightedWakeSleep
from benchmark.objective.straight_through import StraightThrough
from benchmark.objective.vimco import VIMCO, ArithmeticMean, GeometricMean
from datamodules.contract import IGNORED

ALL, NONE = AllSteps(), NoRegularizer()
SHAPES = [(1, 1), (1, 2), (2, 1)]
"""Symbols, and glimpses before each."""


def step(parts):
    return parts.module.train_step(parts.module.rnn, parts.module.objective, first_batch(parts))


def one_image(steps, glimpses):
    rnn, image, target = toy(steps, seed=5, glimpses=glimpses)
    return rnn, image[:1], target[:1]


def bounds(rnn, image, target, samples):
    """The exact values: log p(y), the bound of one sample, and that of several."""
    log_place, log_label = (value[0] for value in enumerated_one(rnn, image, target))
    exact = (log_place + log_label).logsumexp(-1)
    bound = (log_place.exp() * log_label).sum()
    place, label = log_place, log_label
    for _ in range(samples - 1):
        place = (place[:, None] + log_place).flatten()
        label = torch.logaddexp(label[:, None], log_label).flatten()
    return exact, bound, (place.exp() * (label - math.log(samples))).sum()


def enumerated_one(rnn, image, target):
    return enumerated(rnn, image.expand(2, -1, -1, -1), target.expand(2, -1))


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("others", [GeometricMean(), ArithmeticMean()], ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("steps, glimpses, samples", [(1, 1, 3), (1, 2, 2), (2, 1, 2)])
def test_vimco_is_unbiased_for_the_bound_of_its_samples(steps, glimpses, samples, others):
    rnn, image, target = one_image(steps, glimpses)
    exact, bound, several = bounds(rnn, image, target, samples)
    assert bound < several < exact
    found = expected_gradient(VIMCO(QUERY, samples, others, ALL, NONE), rnn, image, target)
    close(found, flat(several, rnn))
    assert (found - flat(bound, rnn)).norm() > 0.05 * found.norm()  # the test could tell


def score_functions(reward):
    """Estimators of the gradient of the bound, which are REINFORCE with another baseline."""
    return {
        "leave one out": Reinforce(QUERY, 2, reward, LeaveOneOut, 1.0, ALL, NONE),
        "none": Reinforce(QUERY, 1, reward, NoBaseline, 1.0, ALL, NONE),
        "nvil": NVIL(QUERY, 1, reward, 5, 0.8, ALL, NONE).eval(),
        "actor critic": ActorCritic(QUERY, 1, reward, 1.0, ALL, NONE),
    }


@pytest.mark.parametrize("reward", [LogLikelihood(1.0), LikelihoodGain()], ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("name", score_functions(LogLikelihood(1.0)))
@pytest.mark.parametrize("steps, glimpses", SHAPES[1:])
def test_score_functions_are_unbiased_for_the_bound(steps, glimpses, name, reward):
    rnn, image, target = one_image(steps, glimpses)
    found = expected_gradient(score_functions(reward)[name].double(), rnn, image, target)
    close(found, flat(bounds(rnn, image, target, 1)[1], rnn))


def test_credit_for_each_glimpse_is_unbiased_for_several_glimpses_of_several_symbols():
    rnn, image, target = one_image(2, 2)
    objective = Reinforce(QUERY, 1, LikelihoodGain(), NoBaseline, 1.0, ALL, NONE)
    close(expected_gradient(objective, rnn, image, target), flat(bounds(rnn, image, target, 1)[1], rnn))


def test_gains_add_up_to_the_log_likelihood():
    rnn, image, target = toy(2)
    target = target.clone()
    target[1, 1] = IGNORED
    with reading_each_glimpse(rnn):
        rollout = rnn(image, no_boxes(2), target, 3, sample)
    assert torch.equal(rollout.glimpse_logits[..., -1, :], rollout.logits) and not rollout.glimpse_logits.requires_grad
    log_BST = log_likelihood(rollout, target).detach()
    gain_BSTM = LikelihoodGain()(rollout, log_BST, target)
    torch.testing.assert_close(gain_BSTM.sum(-1), log_BST)
    assert gain_BSTM[1, :, 1].abs().sum() == 0 and gain_BSTM[0].abs().min() > 0


def test_what_is_read_out_after_a_glimpse_is_what_an_early_exit_says():
    rnn, image, target = toy(1)
    path = paths(rnn)
    with reading_each_glimpse(rnn):
        whole = rnn(image, no_boxes(2), target, len(path), taking(path, 2))
    rnn.glimpses = 1
    early = rnn(image, no_boxes(2), target, len(path), taking(path, 2))
    torch.testing.assert_close(whole.glimpse_logits[:, :, :, 0], early.logits)
    assert (early.logits - whole.logits).abs().max() > 0.01


def test_a_training_step_reads_out_what_its_reward_needs():
    parts = built("dram", "reward=likelihood_gain", "look.glimpses=2", data="digit_pairs_ordered")
    terms = step(parts)
    assert terms["reward"].item() == pytest.approx(-terms["nll"].item(), rel=1e-5)
    assert not parts.module.rnn.reads_each_glimpse
    terms["loss"].backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in parts.module.rnn.attention.policy.parameters())


def test_nothing_is_read_out_where_it_is_not_asked_for():
    rnn, image, target = toy(2)
    assert rnn(image, no_boxes(2), target, 3, sample).glimpse_logits.shape == (2, 3, 2, 0, 3)


def test_nvil_divides_the_policy_s_part_by_the_running_deviation():
    rnn, image, target = one_image(1, 1)
    objective = score_functions(LogLikelihood(1.0))["nvil"].double()
    plain = expected_gradient(objective, rnn, image, target)
    objective.mean.fill_(-3.0)
    close(expected_gradient(objective, rnn, image, target), plain)  # any centre is unbiased
    log_place, log_label = enumerated_one(rnn, image, target)
    likelihood = flat((log_place.exp().detach() * log_label)[0].sum(), rnn)
    objective.variance.fill_(16.0)
    close(expected_gradient(objective, rnn, image, target), likelihood + (plain - likelihood) / 4)


def test_nvil_tracks_mean_and_variance_of_what_its_network_leaves():
    rnn, image, target = toy(1)
    objective = NVIL(QUERY, 4, LogLikelihood(1.0), 5, 0.75, ALL, NONE).double().train()
    rollout = rnn(image, no_boxes(2), target, 4, sample)
    left = log_likelihood(rollout, target)[..., None] - objective.value(rollout.query).squeeze(-1)
    objective(rollout, target)
    assert objective.mean.item() == pytest.approx(0.25 * left.mean().item())
    assert objective.variance.item() == pytest.approx(0.25 * left.var(correction=0).item())


def test_bootstrapped_advantages_by_hand():
    reward, value = torch.tensor([[[[1.0, 2.0], [0.0, 4.0]]]]), torch.tensor([[[[3.0, 1.0], [2.0, 5.0]]]])
    errors = [1 + 1 - 3, 2 + 2 - 1, 0 + 5 - 2, 4 - 5]
    found = {decay: bootstrapped_advantages(reward, value, decay).flatten().tolist() for decay in (0.0, 0.5, 1.0)}
    assert found[0.0] == errors
    assert found[1.0] == [7 - 3, 6 - 1, 4 - 2, 4 - 5]  # return minus value
    assert found[0.5] == [-1 + 1.5 + 0.75 - 0.125, 3 + 1.5 - 0.25, 3 - 0.5, -1]


def test_the_bias_of_bootstrapping_vanishes_at_lambda_one():
    rnn, image, target = one_image(1, 2)
    exact = flat(bounds(rnn, image, target, 1)[1], rnn)
    torch.manual_seed(0)
    bias = []
    for trace in (0.0, 0.5, 1.0):
        torch.manual_seed(0)
        objective = ActorCritic(QUERY, 1, LogLikelihood(1.0), trace, ALL, NONE).double()
        bias.append((expected_gradient(objective, rnn, image, target) - exact).norm() / exact.norm())
    assert bias[0] > bias[1] > 0.01 and bias[2] < 1e-9


def test_the_bias_of_reweighted_wake_sleep_falls_with_its_samples():
    rnn, image, target = one_image(1, 1)
    exact, bound, _ = (flat(value, rnn) for value in bounds(rnn, image, target, 1))
    bias = {}
    for samples in (2, 3, 5):
        found = expected_gradient(ReweightedWakeSleep(QUERY, samples, ALL, NONE), rnn, image, target)
        bias[samples] = ((found - exact).norm() / (bound - exact).norm()).item()
    assert bias[2] > 1.4 * bias[3] and bias[3] > 1.4 * bias[5]
    assert 0.1 < bias[5] < 0.3  # of the distance from the gradient of the bound to that of log p(y)


@pytest.mark.parametrize("steps, glimpses", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_enumerated_objectives_have_the_exact_gradient(steps, glimpses):
    rnn, image, target = toy(steps, glimpses=glimpses)
    log_place, log_label = enumerated(rnn, image, target)
    exact, bound = (log_place + log_label).logsumexp(-1).mean(), (log_place.exp() * log_label).sum(-1).mean()
    for kind, value in ((Exact, exact), (Bound, bound)):
        objective = kind(QUERY, 81, ALL, NONE)
        terms = objective(objective.trajectories(roller(rnn, image, target), 1, target), target)
        close(terms["loss"], -value)
        close(-flat(terms["loss"], rnn), flat(value, rnn))
        assert terms["nll"].item() == pytest.approx(-bound.item())
        assert terms["marginal"].item() == pytest.approx(-exact.item())


def test_an_enumeration_stops_at_the_end_of_a_sequence():
    rnn, image, target = toy(2, glimpses=1)
    longer = target.clone()
    longer[:, 1] = IGNORED
    objective = Exact(QUERY, 81, ALL, NONE)
    rollouts = [objective.trajectories(roller(rnn, image, each), 1, each) for each in (longer, target[:, :1])]
    close(objective(rollouts[0], longer)["loss"], objective(rollouts[1], target[:, :1])["loss"])


def test_relaxed_weights_are_of_samples_and_the_sharper_the_colder():
    log_p = torch.tensor([0.5, 0.3, 0.2]).log().expand(4000, 3)
    torch.manual_seed(0)
    soft = {t: GumbelSoftmax(1, 1, Constant(t), ALL, NONE).weights(CategoricalItems(log_p, None)) for t in (0.05, 1.0)}
    for weights in soft.values():
        share = (weights.argmax(-1)[:, None] == torch.arange(3)).double().mean(0)
        torch.testing.assert_close(share, torch.tensor([0.5, 0.3, 0.2]).double(), atol=0.03, rtol=0)
    assert soft[0.05].amax(-1).mean() > 0.95 > 0.8 > soft[1.0].amax(-1).mean()
    hard = StraightThrough(1, 1, Constant(1.0), ALL, NONE).weights(CategoricalItems(log_p, None))
    assert set(hard.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    "kind, temperature, least, most",
    [(GumbelSoftmax, 0.1, 0.0, 0.2), (GumbelSoftmax, 1.0, 0.4, 0.8), (StraightThrough, 1.0, 0.05, 0.25)],
)
def test_the_bias_of_relaxed_samples(kind, temperature, least, most):
    """Measured, as a share of the norm of the bound's gradient, on this one model."""
    rnn, image, target = toy(1, seed=5, glimpses=1)
    log_place, log_label = enumerated(rnn, image, target)
    bound = flat((log_place.exp() * log_label).sum(-1).mean(), rnn)
    objective = kind(QUERY, 20, Constant(temperature), ALL, NONE).double()
    torch.manual_seed(1)
    found = sampled_gradients(objective, rnn, image, target, 80)
    assert least < (found.mean(0) - bound).norm() / bound.norm() < most
    if least:
        assert distance(found, bound) > 6  # in standard errors: it is a bias


@pytest.mark.parametrize("kind, glimpses", [(toy_map, 2), (toy_started, 3)])
def test_a_map_is_a_distribution_over_items_for_every_estimator(kind, glimpses):
    """Each against the sum over all sequences of the cells of two windows, of which the second lies where the first
    draw was; also after a glimpse at the centre, which is not drawn.
    """
    rnn, image, target = kind(1, glimpses, seed=1)
    image, target = image[:1], target[:1]
    exact, bound, _ = bounds(rnn, image, target, 1)
    log_place = enumerated_one(rnn, image, target)[0][0].detach()
    assert len(log_place) == 16 and log_place.exp().sum().item() == pytest.approx(1) and log_place.std() > 0.5
    for kind, value in ((Exact, exact), (Bound, bound)):
        objective = kind(QUERY, 16, ALL, NONE)
        loss = objective(objective.trajectories(roller(rnn, image, target), 1, target), target)["loss"]
        close(-flat(loss, rnn), flat(value, rnn))
    for name, objective in score_functions(LikelihoodGain()).items():
        if name != "leave one out":  # of pairs, which the items have shown
            close(expected_gradient(objective.double(), rnn, image, target), flat(bound, rnn))
    assert (flat(exact, rnn) - flat(bound, rnn)).norm() > 0.05 * flat(bound, rnn).norm()


def test_a_map_is_a_distribution_over_items_for_estimators_that_compare_trajectories():
    rnn, image, target = toy_map(1, 1, seed=1)
    image, target = image[:1], target[:1]
    exact, bound, several = (flat(value, rnn) for value in bounds(rnn, image, target, 2))
    close(expected_gradient(VIMCO(QUERY, 2, GeometricMean(), ALL, NONE), rnn, image, target), several)
    close(expected_gradient(score_functions(LogLikelihood(1.0))["leave one out"], rnn, image, target), bound)
    found = [expected_gradient(ReweightedWakeSleep(QUERY, s, ALL, NONE), rnn, image, target) for s in (2, 3)]
    assert (found[0] - exact).norm() > 1.3 * (found[1] - exact).norm()  # its bias falls


ESTIMATORS = (
    "vimco",
    "nvil",
    "actor_critic",
    "ppo",
    "exact",
    "bound",
    "gumbel",
    "straight_through",
    "reweighted_wake_sleep",
)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_refused_where_nothing_is_sampled_and_trains_where_items_are(name):
    with pytest.raises(ConfigFault, match=r"attention=item_soft does not\. Use objective=likelihood"):
        built("item_soft", f"objective={name}")
    parts = built("item_hard", f"objective={name}", "look.glimpses=1")
    step(parts)["loss"].backward()
    assert sum(p.grad.abs().sum() for p in parts.module.rnn.attention.alignment.parameters()) > 0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_takes_locations_or_refuses_them(name):
    if name in ("gumbel", "straight_through"):
        policy = "emission" if name == "gumbel" else "map"
        with pytest.raises(ConfigFault, match=r"attention=dram has none there.* Use objective=reinforce"):
            built("dram", f"objective={name}", f"attention/policy={policy}")
        return
    parts = built("dram", f"objective={name}", "look.glimpses=2")
    if name in ("vimco", "nvil", "actor_critic", "ppo", "reweighted_wake_sleep"):
        step(parts)["loss"].backward()
        policy = parts.module.rnn.attention.policy
        assert all(parameter.grad.abs().sum() > 0 for parameter in policy.parameters())
        return
    with pytest.raises(ConfigFault, match=rf"objective: {name} needs glimpses .* Use objective=reinforce"):
        step(parts)


def test_a_control_takes_the_objective_of_its_mechanism():
    for name in ("vimco", "exact"):
        assert step(built("item_hard_even", f"objective={name}", "look.glimpses=1"))["loss"].isfinite()


def test_too_many_trajectories_are_refused():
    with pytest.raises(ConfigFault, match=r"exact enumerates .* 4 glimpses at \d+ places .*look\.glimpses=1"):
        step(built("item_hard", "objective=exact", "look.glimpses=4"))


def test_what_compares_whole_sequences_takes_no_loss_mask_and_what_enumerates_no_regularizer():
    for kind in (Exact, Bound):
        with pytest.raises(ConfigFault, match=r"regularizer: objective=.* Use regularizer=none"):
            kind(QUERY, 9, ALL, EntropyBonus(0.1))
        with pytest.raises(ConfigFault, match=r"loss_mask: objective=.* Use loss_mask=all_steps"):
            kind(QUERY, 9, UntilFirstMistake(), NONE)
    with pytest.raises(ConfigFault, match="loss_mask: objective=vimco"):
        VIMCO(QUERY, 2, GeometricMean(), UntilFirstMistake(), NONE)
