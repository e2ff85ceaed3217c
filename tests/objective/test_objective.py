"""The bound and its estimator, against enumeration of every trajectory of a toy through the real loop."""

import math
from functools import partial
from itertools import product

import pytest
import torch
from enumerated import GLIMPSES, ITEMS, QUERY, along, distance, enumerated, expected_gradient, flat, toy
from models import ATTENTION, DRAWN, built, first_batch, no_boxes, roll
from torch import nn

from benchmark.common.errors import ConfigFault
from benchmark.common.schedule import Constant
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.distribution import sample
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.feeding.scheduled_sampling import ScheduledSampling
from benchmark.objective.actor_critic import ActorCritic
from benchmark.objective.base import log_likelihood
from benchmark.objective.baseline.base import masked_mean
from benchmark.objective.baseline.leave_one_out import LeaveOneOut
from benchmark.objective.baseline.moving_average import MovingAverage
from benchmark.objective.baseline.none import NoBaseline
from benchmark.objective.baseline.state_value import StateValue
from benchmark.objective.gumbel import GumbelSoftmax
from benchmark.objective.inferred_wake_sleep import InferredWakeSleep
from benchmark.objective.likelihood import Likelihood
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.nvil import NVIL
from benchmark.objective.pathwise import Pathwise
from benchmark.objective.ppo import PPO
from benchmark.objective.regularizer.entropy import EntropyBonus
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.reinforce import Reinforce
from benchmark.objective.relax import Relax
from benchmark.objective.reward.base import Reward
from benchmark.objective.reward.cumulative import Cumulative
from benchmark.objective.reward.log_likelihood import LogLikelihood
from benchmark.objective.reward.zero_one import ZeroOne
from benchmark.objective.reweighted_wake_sleep import ReweightedWakeSleep
from benchmark.objective.straight_through import StraightThrough
from benchmark.objective.variational import Variational
from benchmark.objective.vimco import VIMCO, GeometricMean
from datamodules.contract import IGNORED


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_lies_below_the_log_likelihood(steps, seed):
    """Corrected eq 43, and eq 50 for two symbols: log sum_l p(l) p(y|l) >= sum_l p(l) log p(y|l)."""
    log_place, log_label = enumerated(*toy(steps, seed))
    torch.testing.assert_close(log_place.exp().sum(-1), torch.ones(2, dtype=torch.float64))
    exact = (log_place + log_label).logsumexp(-1)
    bound = (log_place.exp() * log_label).sum(-1)
    assert (exact - bound > 1e-4).all()
    # An entropy added to it, as one note has it, is no bound: it adds up to sum_l p(l) log [p(y, l) / p(l)] + H.
    entropy = -(log_place.exp() * log_place).sum(-1)
    torch.testing.assert_close((log_place.exp() * (log_place + log_label)).sum(-1) + entropy, bound)


@pytest.mark.parametrize("steps", [1, 2])
def test_the_bound_is_tight_only_where_the_places_tell_nothing(steps):
    rnn, image, target = toy(steps)
    with torch.no_grad():
        rnn.decoder.head[0].weight.zero_()  # what was seen no longer reaches the answer
    log_place, log_label = enumerated(rnn, image, target)
    assert log_label.std(-1).max() < 1e-12 and log_place.std(-1).min() > 0.01
    exact = (log_place + log_label).logsumexp(-1)
    torch.testing.assert_close((log_place.exp() * log_label).sum(-1), exact)


def exact_gradient(rnn, image, target, factor):
    """Of the bound: the likelihood's part, and `factor` times the score's, with all places enumerated."""
    log_place, log_label = enumerated(rnn, image, target)
    place = log_place.exp()
    likelihood = (place.detach() * log_label).sum(-1).mean()
    score = (place * log_label.detach()).sum(-1).mean()
    parts = [flat(value, rnn) for value in (likelihood, score)]
    return parts[0], factor * parts[1]


def estimates(rnn, image, target, baseline, count, samples=6, scale=1.0, weight=1.0):
    """(count, P) gradients of minus the loss, as a training step would find them."""
    objective = (
        Reinforce(QUERY, samples, LogLikelihood(scale), baseline, weight, AllSteps(), NoRegularizer()).double().train()
    )
    found = []
    for _ in range(count):
        rollout = rnn(image, no_boxes(2), target, samples, sample)
        found.append(-flat(objective(rollout, target)["loss"], rnn))
    return torch.stack(found)


BASELINES = {
    "none": NoBaseline,
    "moving average": partial(MovingAverage, decay=0.9),
    "state": StateValue,
    "leave one out": LeaveOneOut,
}


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("steps", [1, 2])
def test_the_estimator_is_unbiased(steps, name):
    rnn, image, target = toy(steps, seed=5)
    likelihood, score = exact_gradient(rnn, image, target, 1.0)
    torch.manual_seed(10 * steps)
    found = estimates(rnn, image, target, BASELINES[name], 300)
    assert distance(found, likelihood + score) < 4.5
    # The test could tell: without the score it is off, and so it is with a mean over glimpses in place of their sum.
    assert along(found - likelihood, score) > 4
    if name == "leave one out":
        assert along(found - likelihood - score / (steps * GLIMPSES), score) > 4


def test_scale_and_weight_multiply_the_score_alone():
    rnn, image, target = toy(2, seed=5)
    likelihood, score = exact_gradient(rnn, image, target, 0.5 * 3.0)
    torch.manual_seed(3)
    found = estimates(rnn, image, target, LeaveOneOut, 250, scale=0.5, weight=3.0)
    assert distance(found, likelihood + score) < 4.5


def test_the_other_trajectories_take_variance_away():
    rnn, image, target = toy(2, seed=5)
    spread = {}
    for name in ("none", "leave one out"):
        torch.manual_seed(4)
        spread[name] = estimates(rnn, image, target, BASELINES[name], 120).var(0).sum()
    assert spread["leave one out"] < 0.5 * spread["none"]


def rollout_of(logits, log_prob=None, query=None):
    """By hand: logits (B, S, T, V), log_prob (B, S, T, M)."""
    logits = torch.as_tensor(logits, dtype=torch.float32)
    log_prob = torch.zeros(*logits.shape[:3], 1) if log_prob is None else log_prob
    query = torch.zeros(*log_prob.shape, 1) if query is None else query
    nothing = log_prob[..., None][..., :0]
    return Rollout(logits, logits.argmax(-1), torch.zeros(*log_prob.shape, 2), log_prob, query, nothing)


@pytest.mark.parametrize("glimpses", [1, 2, 5])
@pytest.mark.parametrize("samples", [1, 4])
def test_scores_are_summed_over_glimpses_and_averaged_over_trajectories(glimpses, samples):
    theta = torch.zeros((), requires_grad=True)
    rollout = rollout_of(torch.zeros(3, samples, 1, 4), theta.expand(3, samples, 1, glimpses))
    loss = Reinforce(1, samples, LogLikelihood(1.0), NoBaseline, 1.0, AllSteps(), NoRegularizer())(
        rollout, torch.zeros(3, 1, dtype=torch.long)
    )
    (gradient,) = torch.autograd.grad(loss["loss"], theta)
    assert gradient.item() == pytest.approx(glimpses * math.log(4))  # -M * log(1 / 4)


def test_a_glimpse_is_paid_by_what_comes_after_it_alone():
    """Two symbols with log p of -log 2 and -log 4; the weight of a glimpse is the reward to go."""
    theta = torch.zeros(1, 1, 2, 1, requires_grad=True)
    logits = torch.tensor([[[[0.0, 0.0, -1e4, -1e4], [0.0, 0.0, 0.0, 0.0]]]])
    loss = Reinforce(1, 1, LogLikelihood(1.0), NoBaseline, 1.0, AllSteps(), NoRegularizer())(
        rollout_of(logits, theta), torch.zeros(1, 2).long()
    )
    (gradient,) = torch.autograd.grad(loss["loss"], theta)
    assert gradient.flatten().tolist() == pytest.approx([math.log(8), math.log(4)])
    assert loss["nll"].item() == pytest.approx(math.log(8))


def test_glimpses_before_a_symbol_that_does_not_exist_get_nothing():
    theta = torch.zeros(1, 2, 2, 1, requires_grad=True)
    target = torch.tensor([[1, IGNORED]])
    query = torch.ones(1, 2, 2, 1, 1)
    objective = Reinforce(1, 2, LogLikelihood(1.0), StateValue, 1.0, AllSteps(), NoRegularizer())
    with torch.no_grad():
        objective.baseline.value.weight.fill_(0.3)
        objective.baseline.value.bias.fill_(0.2)
    loss = objective(rollout_of(torch.zeros(1, 2, 2, 2), theta, query), target)
    (gradient,) = torch.autograd.grad(loss["loss"], theta, retain_graph=True)
    assert gradient[:, :, 1].tolist() == [[[0.0], [0.0]]]
    assert gradient[0, 0, 0].item() == pytest.approx((math.log(2) + 0.5) / 2)
    # Nor does the baseline learn from them: its error is that of the first symbol's glimpses.
    assert loss["baseline"].item() == pytest.approx((math.log(2) + 0.5) ** 2)


RIGHT, WRONG = [0.0, 1.0], [1.0, 0.0]  # logits of the true symbol 1


@pytest.mark.parametrize(
    "answers, target, zero_one, cumulative",
    [
        ([RIGHT, RIGHT, RIGHT], [1, 1, 1], [0, 0, 1], [1, 1, 1]),
        ([RIGHT, WRONG, RIGHT], [1, 1, 1], [0, 0, 0], [1, 0, 0]),
        ([WRONG, RIGHT, RIGHT], [1, 1, 1], [0, 0, 0], [0, 0, 0]),
        ([RIGHT, RIGHT, WRONG], [1, 1, IGNORED], [0, 1, 0], [1, 1, 0]),
        ([RIGHT, WRONG, WRONG], [1, IGNORED, IGNORED], [1, 0, 0], [1, 0, 0]),
    ],
)
def test_rewards_by_hand(answers, target, zero_one, cumulative):
    rollout, target = rollout_of([[answers]]), torch.tensor([target])
    log_BST = log_likelihood(rollout, target)
    assert ZeroOne()(rollout, log_BST, target).flatten().tolist() == zero_one
    assert Cumulative()(rollout, log_BST, target).flatten().tolist() == cumulative
    each = [math.log(1 / (1 + math.exp(1 if a is WRONG else -1))) * (t != IGNORED)
            for a, t in zip(answers, target[0].tolist(), strict=True)]  # fmt: skip
    assert LogLikelihood(2.0)(rollout, log_BST, target).flatten().tolist() == pytest.approx([2 * e for e in each])


def test_baselines_by_hand():
    returns = torch.tensor([[[[1.0, 2.0]], [[4.0, 0.0]], [[7.0, 1.0]]]])  # (1, 3, 1, 2)
    rollout = rollout_of(torch.zeros(1, 3, 1, 2), torch.zeros(1, 3, 1, 2))
    every = torch.ones_like(returns)
    expected, loss = LeaveOneOut(1)(rollout, returns, every)
    assert expected.tolist() == [[[[5.5, 0.5]], [[4.0, 1.5]], [[2.5, 1.0]]]] and loss == 0
    average = MovingAverage(1, decay=0.9)
    assert average(rollout, returns, every)[0].unique().tolist() == [0.0]  # nothing is known before the first batch
    assert average(rollout, returns, every)[0].unique().tolist() == pytest.approx([0.25])  # a tenth of 15 / 6
    average.eval()(rollout, returns, every)
    assert average.mean.item() == pytest.approx(0.25 + 0.1 * 2.25)  # only training moves it
    fresh = MovingAverage(1, decay=0.0)
    fresh(rollout, returns, torch.tensor([1.0, 0.0]).expand_as(returns))
    assert fresh.mean.item() == pytest.approx(4.0)  # of 1, 4 and 7, which alone are real
    assert masked_mean(returns, torch.zeros_like(returns)) == 0  # where nothing counts
    with pytest.raises(ConfigFault, match=r"leave_one_out needs objective\.samples of 2 or more"):
        LeaveOneOut(1)(rollout, returns[:, :1], every[:, :1])


def test_the_state_s_value_is_fitted_to_the_return_and_its_loss_stays_with_it():
    torch.manual_seed(0)
    query = torch.randn(8, 4, 1, 2, 3)
    returns = query @ torch.tensor([1.0, -2.0, 0.5]) + 0.7
    rollout = rollout_of(torch.zeros(8, 4, 1, 2), torch.zeros(8, 4, 1, 2), query)
    baseline = StateValue(3)
    optimizer = torch.optim.Adam(baseline.parameters(), 0.1)
    for _ in range(300):
        optimizer.zero_grad()
        expected, loss = baseline(rollout, returns, torch.ones_like(returns))
        assert not expected.requires_grad
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3
    assert baseline.value.weight.flatten().tolist() == pytest.approx([1.0, -2.0, 0.5], abs=0.05)


def test_the_state_s_loss_never_reaches_the_core():
    rnn, image, target = toy(2)
    rollout = rnn(image, no_boxes(2), target, 3, sample)
    returns = torch.zeros(2, 3, 2, GLIMPSES).double()
    _, loss = StateValue(QUERY).double()(rollout, returns, returns + 1)
    assert not any(g is not None for g in torch.autograd.grad(loss, list(rnn.parameters()), allow_unused=True))


@pytest.mark.parametrize("name", [name for name in ATTENTION if name not in DRAWN])
def test_without_draws_reinforce_is_the_likelihood_to_the_bit(name):
    parts = built(name)
    rnn, batch = parts.module.rnn, first_batch(parts)
    size = parts.module.rnn.query_size
    found = []
    for objective in (
        Likelihood(size, 2, AllSteps(), NoRegularizer()),
        Reinforce(size, 2, LogLikelihood(1.0), LeaveOneOut, 1.0, AllSteps(), NoRegularizer()),
    ):
        torch.manual_seed(6)
        rnn.zero_grad()
        objective(roll(rnn, batch, 2, sample), batch.target)["loss"].backward()
        found.append([nn.Parameter.detach(p.grad).clone() for p in rnn.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 3
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize(
    "answers, target, taught",
    [
        ([RIGHT, RIGHT, RIGHT], [1, 1, 1], [1, 1, 1]),
        ([RIGHT, WRONG, RIGHT], [1, 1, 1], [1, 1, 0]),
        ([WRONG, RIGHT, WRONG], [1, 1, 1], [1, 0, 0]),
        ([RIGHT, RIGHT, WRONG], [1, 1, IGNORED], [1, 1, 1]),
        ([RIGHT, WRONG, WRONG], [1, IGNORED, IGNORED], [1, 1, 1]),
        ([RIGHT, WRONG, WRONG], [1, 1, IGNORED], [1, 1, 0]),
    ],
)
def test_what_teaches_by_hand(answers, target, taught):
    rollout, target = rollout_of([[answers]]), torch.tensor([target])
    assert UntilFirstMistake()(rollout, target).flatten().tolist() == taught
    assert AllSteps()(rollout, target).flatten().tolist() == [1, 1, 1]


def test_nothing_after_the_first_mistake_has_a_gradient():
    """Two trajectories of one image: one wrong at its second symbol of three, one right to the end."""
    log_right, log_wrong = math.log(1 / (1 + math.exp(-1))), math.log(1 / (1 + math.exp(1)))
    logits = torch.tensor([[[RIGHT, WRONG, RIGHT], [RIGHT, RIGHT, RIGHT]]]).requires_grad_()
    theta = torch.zeros(1, 2, 3, 2, requires_grad=True)
    rollout = rollout_of(logits, theta)
    objective = Reinforce(1, 2, Cumulative(), NoBaseline, 1.0, UntilFirstMistake(), NoRegularizer())
    loss = objective(rollout, torch.ones(1, 3, dtype=torch.long))
    to_logits, to_theta = torch.autograd.grad(loss["loss"], (logits, theta))
    assert to_logits.abs().sum(-1)[0].gt(0).tolist() == [[True, True, False], [True, True, True]]
    # Reward to go, halved by the mean over trajectories: one symbol was earned by the first, three by the second.
    assert to_theta[0, :, :, 0].tolist() == [[-0.5, 0, 0], [-1.5, -1, -0.5]]
    assert torch.equal(to_theta[..., 0], to_theta[..., 1])
    assert loss["loss"].item() == pytest.approx(-(4 * log_right + log_wrong) / 2)
    assert loss["nll"].item() == pytest.approx(-(5 * log_right + log_wrong) / 2)  # what is told is the whole sequence's
    whole = Reinforce(1, 2, LogLikelihood(1.0), NoBaseline, 1.0, AllSteps(), NoRegularizer())(
        rollout, torch.ones(1, 3, dtype=torch.long)
    )
    assert whole["loss"].item() == pytest.approx(whole["nll"].item())


class Attendance(Reward):
    """1 for every symbol, right or wrong."""

    can_be_negative = False

    def __call__(self, rollout, log_BST, target_BT):
        return torch.ones_like(log_BST)


PARTS = {"loss_mask": UntilFirstMistake(), "regularizer": EntropyBonus(0.1)}
SUMS = {
    "reinforce": (Reinforce(1, 2, Attendance(), StateValue, 0.7, **PARTS), 0.7 * -0.5),
    "actor_critic": (ActorCritic(1, 2, Attendance(), 1.0, **PARTS), -0.5),
    "nvil": (NVIL(1, 2, Attendance(), 1, 0.9, **PARTS), -0.5),
    "ppo": (PPO(1, 2, Attendance(), 1.0, 2, 0.2, **PARTS), 1.0),  # the ratio itself, not log p
}


def half_wrong():
    """Two trajectories with log p of -0.5 a glimpse, the first wrong at the first of two symbols."""
    rollout = rollout_of([[[WRONG, RIGHT], [RIGHT, RIGHT]]], torch.full((1, 2, 2, 1), -0.5))
    return rollout._replace(item_probs=torch.full((1, 2, 2, 1, 2), 0.5)), torch.ones(1, 2, dtype=torch.long)


@pytest.mark.parametrize("name", SUMS)
def test_the_loss_is_the_sum_of_its_terms_by_hand(name):
    """After a mistake nothing pays or counts. Returns of 1, and of 2 and 1, are 0.75, 1.75 and 0.75 above the value."""
    objective, factor = SUMS[name]
    *others, bias = objective.parameters()
    with torch.no_grad():
        for parameter in others:
            parameter.zero_()
        bias.fill_(0.25)
        if name == "nvil":  # its value in two parts
            bias.sub_(0.1)
            objective.mean.fill_(0.1)
    found = objective(*half_wrong())
    (gradient,) = torch.autograd.grad(found["loss"], bias)
    assert gradient.item() == pytest.approx(-2 * (0.75 + 1.75 + 0.75) / 3)  # that of the baseline's error alone
    log_right, log_wrong = math.log(1 / (1 + math.exp(-1))), math.log(1 / (1 + math.exp(1)))
    expected = {
        "nll": -(log_wrong + 3 * log_right) / 2,  # of all symbols; the loss has those that count
        "reward": 1.5,
        "baseline": (0.75**2 + 1.75**2 + 0.75**2) / 3,
        "penalty": -0.1 * 2 * math.log(2),
    }
    counted = -(log_wrong + 2 * log_right) / 2 - factor * (0.75 + 1.75 + 0.75) / 2
    expected["loss"] = counted + expected["baseline"] + expected["penalty"]
    assert {key: value.item() for key, value in found.items()} == pytest.approx(expected)


RELAXED = [make(1, 2, Constant(1.0), **PARTS) for make in (GumbelSoftmax, StraightThrough)]


@pytest.mark.parametrize("objective", [Likelihood(1, 2, **PARTS), *RELAXED], ids=lambda part: type(part).__name__)
def test_without_a_score_the_loss_is_the_likelihood_of_what_counts_and_the_penalty(objective):
    found = objective(*half_wrong())
    log_right, log_wrong = math.log(1 / (1 + math.exp(-1))), math.log(1 / (1 + math.exp(1)))
    assert found["nll"].item() == pytest.approx(-(log_wrong + 3 * log_right) / 2)
    assert found["penalty"].item() == pytest.approx(-0.2 * math.log(2))
    assert found["loss"].item() == pytest.approx(-(log_wrong + 2 * log_right) / 2 - 0.2 * math.log(2))


INFERRED = {"alignment": partial(Additive, size=2), "label_size": 2, "glimpses": 1, "item_size": 2, "symbols": 2}
WHOLE = {
    "pathwise": partial(Pathwise, 1, samples=2, coefficient=0.5, baseline=StateValue),
    "variational": partial(Variational, 1, samples=2, baseline=StateValue, **INFERRED),
    "relax": partial(Relax, 1, item_size=2, samples=2, hidden=2, temperature=1.0),
    "vimco": partial(VIMCO, 1, samples=2, others=GeometricMean()),
    "wake_sleep": partial(ReweightedWakeSleep, 1, samples=2),
    "inferred_wake_sleep": partial(InferredWakeSleep, 1, samples=2, **INFERRED),
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_objective_adds_its_regulariser_and_its_baseline_s_loss(name):
    rollout, target = half_wrong()
    notes = torch.zeros(1, 2, 2, 1, 7 if name == "relax" else 2)
    losses = []
    for regularizer in (NoRegularizer(), EntropyBonus(0.1)):
        objective = WHOLE[name](loss_mask=AllSteps(), regularizer=regularizer)
        if name in ("pathwise", "variational"):
            nn.init.constant_(objective.baseline.value.bias, 0.25)
        losses.append(objective(rollout._replace(notes=notes), target)["loss"])
    assert (losses[1] - losses[0]).item() == pytest.approx(-0.2 * math.log(2), rel=1e-5)
    if name in ("pathwise", "variational"):
        (gradient,) = torch.autograd.grad(losses[1], objective.baseline.value.bias)
        to_go = log_likelihood(rollout, target).flip(-1).cumsum(-1)
        assert gradient.item() == pytest.approx(2 * (0.25 - to_go).mean().item())


@pytest.mark.parametrize("name", [*WHOLE, *SUMS])
def test_nothing_after_the_end_has_a_gradient(name):
    objective = WHOLE[name](loss_mask=AllSteps(), regularizer=NoRegularizer()) if name in WHOLE else SUMS[name][0]
    rollout, _ = half_wrong()
    log_prob = rollout.log_prob.clone().requires_grad_()
    notes = torch.full((1, 2, 2, 1, 7 if name == "relax" else 2), 0.1, requires_grad=True)
    loss = objective(rollout._replace(log_prob=log_prob, notes=notes), torch.tensor([[1, IGNORED]]))["loss"]
    found = [each for each in torch.autograd.grad(loss, (log_prob, notes), allow_unused=True) if each is not None]
    assert any(each[:, :, 0].any() for each in found) and not any(each[:, :, 1].any() for each in found)


@pytest.mark.parametrize("make", [partial(ActorCritic, trace=0.0), partial(PPO, trace=0.0, updates=2, clip=0.2)])
def test_no_value_is_to_come_after_a_mistake(make):
    """Advantages of one step: 1 - 0.25 where the other glimpse does not count, and 1 + 0.25 - 0.25, 1 - 0.25."""
    objective = make(1, 2, Attendance(), **PARTS)
    weight, bias = objective.parameters()
    nn.init.zeros_(weight)
    nn.init.constant_(bias, 0.25)
    assert objective(*half_wrong())["baseline"].item() == pytest.approx((0.75**2 + 1 + 0.75**2) / 3)


def test_nvil_follows_the_moments_of_what_counts():
    objective = NVIL(1, 2, Attendance(), 1, 0.9, **PARTS)
    for parameter in objective.parameters():
        nn.init.zeros_(parameter)
    objective(*half_wrong())
    assert objective.mean.item() == pytest.approx(0.1 * 4 / 3)  # of 1, 2 and 1
    assert objective.variance.item() == pytest.approx(0.1 * 2 / 9)


REWARDS = (LogLikelihood(1.0), ZeroOne(), Cumulative())
MASKS = (AllSteps(), UntilFirstMistake())


def returned(reward, loss_mask, logits_TV, target_BT):
    """What the objective says that the only trajectory of an image earned."""
    objective = Reinforce(1, 1, reward, NoBaseline, 1.0, loss_mask, NoRegularizer())
    return objective(rollout_of(logits_TV[None, None]), target_BT)["reward"].item()


@pytest.mark.parametrize("reward", REWARDS, ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("loss_mask", MASKS, ids=lambda part: type(part).__name__)
def test_a_mistake_never_pays(reward, loss_mask):
    """A right symbol and another change places; what comes before and after stays. Else the pair is refused."""
    if isinstance(reward, LogLikelihood) and isinstance(loss_mask, UntilFirstMistake):
        with pytest.raises(ConfigFault, match=r"reward=cumulative or reward=zero_one .* or loss_mask=all_steps"):
            Reinforce(1, 1, reward, NoBaseline, 1.0, loss_mask, NoRegularizer())
        return
    torch.manual_seed(0)
    for steps in (1, 2, 3, 4):
        for logits_TV in 3 * torch.randn(12, steps, 3):
            target_BT = logits_TV.argmax(-1)[None] * (torch.rand(1, steps) < 0.8)
            before = returned(reward, loss_mask, logits_TV, target_BT)
            for place, other in product(range(steps), range(3)):
                true = int(target_BT[0, place])
                if int(logits_TV[place].argmax()) != true or other == true:
                    continue
                worse_TV = logits_TV.clone()
                worse_TV[place, [true, other]] = logits_TV[place, [other, true]]
                assert returned(reward, loss_mask, worse_TV, target_BT) <= before


@pytest.mark.parametrize("seed", [0, 1, 4])  # of the first six toys those whose trajectories part ways
def test_told_its_own_symbols_the_estimator_is_unbiased_to_the_last_digit(seed):
    """The reference is of one trajectory at a time, told what it said itself; each pair's baseline is the other's."""
    rnn, image, target = toy(2, seed)
    rnn.glimpses, rnn.feeding = 1, ScheduledSampling(Constant(1.0))
    image, target = image[:1], target[:1]
    singly = [torch.eye(ITEMS).double()[list(places)] for places in product(range(ITEMS), repeat=2)]
    expected = 0.0
    for places in singly:
        turn = iter(places[:, None])
        rollout = rnn(image, no_boxes(1), target, 1, lambda where, turn=turn: next(turn))
        log_place, log_label = rollout.log_prob.sum(), log_likelihood(rollout, target).sum()
        expected = expected + flat(log_place.exp().detach() * log_label + log_place.exp() * log_label.detach(), rnn)
    objective = Reinforce(QUERY, 2, LogLikelihood(1.0), LeaveOneOut, 1.0, AllSteps(), NoRegularizer()).double().train()
    torch.testing.assert_close(expected_gradient(objective, rnn, image, target), expected, rtol=1e-10, atol=1e-12)


def test_the_likelihood_stops_at_the_first_mistake_too():
    logits = torch.tensor([[[WRONG, RIGHT]]]).requires_grad_()
    target = torch.ones(1, 2, dtype=torch.long)
    loss = Likelihood(1, 1, UntilFirstMistake(), NoRegularizer())(rollout_of(logits), target)
    (found,) = torch.autograd.grad(loss["loss"], logits)
    assert found[0, 0, 0].abs().sum() > 0 and found[0, 0, 1].tolist() == [0, 0]
    assert loss["loss"].item() == pytest.approx(math.log(1 + math.exp(1)))
    assert loss["nll"].item() == pytest.approx(math.log(1 + math.exp(1)) + math.log(1 + math.exp(-1)))


@pytest.mark.parametrize("objective", ["reinforce", "variational"])
def test_a_baseline_of_the_others_needs_others(objective):
    with pytest.raises(ConfigFault, match=r"objective\.samples=1: LeaveOneOut needs 2 trajectories"):
        built("item_hard", f"objective={objective}", "objective.samples=1", "baseline=leave_one_out")
    built("item_hard", f"objective={objective}", "objective.samples=1", "baseline=none")


@pytest.mark.parametrize(
    ("attention", "knob", "overrides"),
    [
        ("dram", "attention.mechanism.policy: std", ["attention.mechanism.policy.std"]),
        ("item_hard", "objective.temperature", ["objective=gumbel", "objective.temperature"]),
    ],
)
def test_what_a_schedule_scales_stays_above_zero(attention, knob, overrides):
    *groups, node = overrides
    linear = [f"{node}._target_=benchmark.common.schedule.Linear", f"{node}.end=0.0"]
    with pytest.raises(ConfigFault, match=f"{knob}: 0 at one end"):
        built(attention, *groups, *linear)
