"""Every way to draw a place, by value."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import one_hot

from benchmark.model.attention.distribution import (
    CategoricalItems,
    DiagonalGaussian,
    PointMass,
    RoundGaussian,
    expectation,
    mode,
    sample,
    uniform,
)
from benchmark.model.attention.item import ExpectedItem, SampledItem
from benchmark.model.attention.softening import EachGlimpse

STD = torch.tensor(0.5)
REACH = torch.tensor([2.0, 3.0])


def frequencies(places_RN):
    return places_RN.mean(0)


def test_two_items_are_a_bernoulli_draw():
    """Eq 17 repaired: l ~ Bernoulli(alpha), its values mapped to the two items."""
    alpha = 0.3
    scores = torch.tensor([[math.log(1 - alpha), math.log(alpha)]])
    where = CategoricalItems(scores.expand(40_000, 2), None)
    torch.manual_seed(0)
    drawn = where.sample()
    assert abs(frequencies(drawn)[1].item() - alpha) < 4 * math.sqrt(alpha * (1 - alpha) / 40_000)
    bernoulli = torch.distributions.Bernoulli(alpha)
    torch.testing.assert_close(where.log_prob(drawn), bernoulli.log_prob(drawn[:, 1]))


def test_items_are_drawn_as_often_as_they_weigh():
    scores = torch.tensor([[0.0, 1.0, -2.0, 0.5]])
    torch.manual_seed(1)
    drawn = CategoricalItems(scores.expand(40_000, 4), None).sample()
    assert drawn.unique().tolist() == [0.0, 1.0] and torch.equal(drawn.sum(1), torch.ones(40_000))
    p = scores.softmax(-1)[0]
    assert ((frequencies(drawn) - p).abs() < 4.5 * (p * (1 - p) / 40_000).sqrt()).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=7))
def test_items_by_value(scores):
    scores_RN = torch.tensor([scores, scores[::-1]])
    where = CategoricalItems(scores_RN, None)
    weights = expectation(where)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2))
    torch.testing.assert_close(weights, scores_RN.softmax(-1))
    chosen_R = mode(where).argmax(-1)
    # Scores nearer to each other than a float of their probability can tell are a tie, and either may be the mode.
    torch.testing.assert_close(scores_RN.gather(1, chosen_R[:, None])[:, 0], scores_RN.amax(-1))
    assert torch.equal(mode(where).sum(-1), torch.ones(2))
    for item in range(len(scores)):
        place = one_hot(torch.tensor([item, item]), len(scores)).float()
        torch.testing.assert_close(where.log_prob(place), scores_RN.log_softmax(-1)[:, item])
    for place in (sample(where), uniform(where)):
        assert torch.equal(place.sum(-1), torch.ones(2)) and place.amax() == 1


def test_a_uniform_draw_forgets_the_scores():
    torch.manual_seed(2)
    where = CategoricalItems(torch.tensor([[50.0, 0.0, 0.0, 0.0]]).expand(20_000, 4), None)
    assert ((frequencies(uniform(where)) - 0.25).abs() < 0.015).all()
    assert frequencies(sample(where))[0] == 1


@pytest.mark.parametrize("draw", [sample, mode, uniform])
def test_no_gradient_flows_through_a_hard_draw(draw):
    assert not draw(CategoricalItems(torch.randn(3, 4, requires_grad=True), None)).requires_grad
    assert not draw(RoundGaussian(torch.randn(3, 2, requires_grad=True), STD, REACH)).requires_grad


def test_temperature_towards_zero_makes_soft_the_best_item():
    scores = torch.tensor([[0.3, 0.1, 0.32], [-1.0, -3.0, -2.0]])
    for choice in (ExpectedItem(1e-3), SampledItem(1e-3, EachGlimpse(0.0))):
        torch.testing.assert_close(
            sample(choice(scores, torch.zeros(2))), one_hot(scores.argmax(-1), 3).float(), atol=1e-6, rtol=0
        )
    torch.testing.assert_close(sample(ExpectedItem(2.0)(scores, torch.zeros(2))), (scores / 2).softmax(-1))
    torch.testing.assert_close(
        sample(ExpectedItem(1e6)(scores, torch.zeros(2))), torch.full((2, 3), 1 / 3), atol=1e-5, rtol=0
    )


def test_with_one_item_all_ways_are_the_same():
    scores = torch.randn(5, 1)
    for choice in (ExpectedItem(1.0), SampledItem(1.0, EachGlimpse(0.0)), ExpectedItem(0.1)):
        where = choice(scores, torch.zeros(5))
        for draw in (sample, mode, expectation, uniform):
            assert torch.equal(draw(where), torch.ones(5, 1))
        assert torch.equal(where.log_prob(torch.ones(5, 1)), torch.zeros(5))


def test_the_score_of_a_drawn_item_is_one_hot_less_the_weights():
    scores = torch.randn(1, 4, requires_grad=True)
    place = one_hot(torch.tensor([2]), 4).float()
    (gradient,) = torch.autograd.grad(CategoricalItems(scores, None).log_prob(place).sum(), scores)
    torch.testing.assert_close(gradient, place - scores.softmax(-1).detach())


def test_softened_draws_are_expectations_and_score_nothing():
    torch.manual_seed(5)
    scores = torch.randn(1, 4).expand(20_000, 4).clone().requires_grad_()
    where = CategoricalItems(scores, torch.full((20_000,), 0.3))
    place = sample(where)
    soft = place.amax(-1) < 1
    assert abs(soft.float().mean() - 0.3) < 0.015
    torch.testing.assert_close(place[soft], scores.softmax(-1)[soft])
    assert torch.equal(place[~soft].sum(-1), torch.ones(int((~soft).sum())))
    log_prob = where.log_prob(place)
    torch.testing.assert_close(log_prob[~soft], (scores.log_softmax(-1) * place).sum(-1)[~soft])
    assert (
        not log_prob[soft].any() and not torch.autograd.grad(log_prob[soft].sum(), scores, retain_graph=True)[0].any()
    )
    reached = torch.autograd.grad(place.square().sum(), scores)[0].any(
        -1
    )  # the likelihood's way, through the mean alone
    assert torch.equal(reached, soft)


def test_draws_are_softened_in_training_alone():
    scores, choice = torch.zeros(64, 4), SampledItem(1.0, EachGlimpse(1.0))
    assert torch.equal(sample(choice(scores, torch.ones(64))), torch.full((64, 4), 0.25))
    assert torch.equal(sample(choice.eval()(scores, torch.ones(64))).amax(-1), torch.ones(64))


def test_a_location_is_drawn_around_its_mean():
    mean = torch.tensor([[1.0, -2.0]]).expand(40_000, 2)
    torch.manual_seed(3)
    drawn = sample(RoundGaussian(mean, STD, REACH))
    torch.testing.assert_close(drawn.mean(0), mean[0], atol=0.012, rtol=0)
    torch.testing.assert_close(drawn.std(0), torch.tensor([0.5, 0.5]), atol=0.01, rtol=0)
    assert abs(torch.corrcoef(drawn.T)[0, 1]) < 0.02


def test_a_location_s_log_probability_by_hand():
    where = RoundGaussian(torch.tensor([[1.0, -2.0]]), STD, REACH)
    place = torch.tensor([[1.5, -3.0]])
    assert where.log_prob(place).item() == pytest.approx(-(0.25 + 1.0) / (2 * 0.25))
    normal = torch.distributions.Normal(torch.tensor([1.0, -2.0]), 0.5)
    difference = normal.log_prob(place).sum() - normal.log_prob(torch.zeros(1, 2)).sum()
    torch.testing.assert_close((where.log_prob(place) - where.log_prob(torch.zeros(1, 2)))[0], difference)
    assert torch.equal(mode(where), torch.tensor([[1.0, -2.0]])) and torch.equal(expectation(where), mode(where))


def test_a_learned_deviation_is_part_of_the_log_probability():
    """Each row and axis has its own; the score of the std is ((l - mean)^2 / std^2 - 1) / std."""
    mean = torch.tensor([[1.0, -2.0], [0.0, 0.5]])
    std = torch.tensor([[0.5, 2.0], [1.0, 0.1]], requires_grad=True)
    place = torch.tensor([[1.5, -3.0], [2.0, 0.5]])
    where = DiagonalGaussian(mean, std, REACH)
    found_R = where.log_prob(place)
    expected_R2 = torch.distributions.Normal(mean, std.detach()).log_prob(place) + math.log(2 * math.pi) / 2
    torch.testing.assert_close(found_R, expected_R2.sum(-1))
    (score,) = torch.autograd.grad(found_R.sum(), std)
    torch.testing.assert_close(score, torch.tensor([[0.0, (0.25 - 1) / 2], [3.0, -10.0]]))
    assert not where.sample().requires_grad and where.reparameterised().requires_grad
    torch.manual_seed(5)
    drawn = sample(DiagonalGaussian(mean[:1].expand(40_000, 2), std[:1].expand(40_000, 2), REACH))
    torch.testing.assert_close(drawn.std(0), std[0].detach(), atol=0.0, rtol=0.02)


def test_the_score_is_that_of_the_location_as_drawn():
    """(l - mean) / std^2, however far outside the image l lies."""
    mean = torch.tensor([[0.0, 2.9]], requires_grad=True)
    place = torch.tensor([[-9.0, 40.0]])
    (gradient,) = torch.autograd.grad(RoundGaussian(mean, STD, REACH).log_prob(place).sum(), mean)
    torch.testing.assert_close(gradient, (place - mean.detach()) / 0.25)


def test_a_uniform_location_fills_the_image_evenly():
    torch.manual_seed(4)
    drawn = uniform(RoundGaussian(torch.full((40_000, 2), 7.0), STD, REACH)) / REACH
    assert drawn.abs().max() <= 1 and drawn.abs().max() > 0.999
    torch.testing.assert_close(drawn.square().mean(0), torch.tensor([1 / 3, 1 / 3]), atol=0.01, rtol=0)
    torch.testing.assert_close(drawn.mean(0), torch.zeros(2), atol=0.015, rtol=0)


def test_a_certain_place_is_the_same_however_drawn_and_passes_gradients():
    place = torch.randn(3, 2, requires_grad=True)
    where = PointMass(place, lambda: torch.full((3, 2), 9.0))
    assert all(draw(where) is place for draw in (sample, mode, expectation))
    assert torch.equal(uniform(where), torch.full((3, 2), 9.0))
    assert torch.equal(where.log_prob(place), torch.zeros(3)) and not where.log_prob(place).requires_grad
