"""DRAM for house numbers: the sizes and the cost that the paper prints, and what our reading of it comes to."""

from functools import partial

import torch
from models import house_numbers, no_boxes, no_references, protocol

from benchmark.build import build_module, build_rnn
from benchmark.evaluation.cost import multiply_adds, multiply_adds_by_side, parameters
from benchmark.model.attention.distribution import mode, sample
from datamodules.contract import IGNORED

END = 10


def tower(side, channels):
    """Multiply-adds of 5 x 5, 3 x 3 and 3 x 3 convolutions without padding, of 64, 64 and 128 filters."""
    each = (25 * channels * 64, 9 * 64 * 64, 9 * 64 * 128)
    return sum(cost * (side - less) ** 2 for cost, less in zip(each, (4, 6, 8), strict=True))


LSTM = 4 * 512 * (1024 + 512) + 4 * 512 * (512 + 512)
GLIMPSE = tower(12, 2) + 4 * 4 * 128 * 1024 + 2 * 1024 + LSTM + 512 * 1024 + 1024 * 2
CLASSIFY = 512 * 1024 + 1024 * 11


def context(side):
    return tower(side, 1) + (side - 8) ** 2 * 128 * 1024 + 1024 * 512


def counted(*overrides):
    """(parameters, multiply-adds) of one image: 18 glimpses and 6 symbols."""
    cfg, spec = protocol("svhn_dram", *overrides), house_numbers()
    return parameters(build_rnn(cfg, spec)), multiply_adds(build_rnn(cfg, spec), spec)


def test_it_has_the_paper_s_14_million_parameters_and_costs_its_0_2_billion_multiply_adds():
    """Table 5: 14 M and 0.2 G. A context of 14 px has the parameters and comes to 0.204 G; see the next test."""
    weights, adds = counted()
    assert adds == 18 * GLIMPSE + 6 * CLASSIFY + context(14)
    assert (round(weights / 1e6, 1), round(adds / 1e9, 3)) == (13.9, 0.204)


def test_the_other_reading_has_the_cost_to_the_last_figure_and_fewer_parameters():
    """A context of 12 px comes to 0.199 G, and to 11.3 M parameters: no one size has both 0.199 and 13.9."""
    weights, adds = counted("context.side=12")
    assert adds == 18 * GLIMPSE + 6 * CLASSIFY + context(12)
    assert (round(weights / 1e6, 1), round(adds / 1e9, 3)) == (11.3, 0.199)


def test_padding_does_not_fit_the_paper():
    weights, adds = counted("encoder.body.pad=true", "context.encoder.body.pad=true")
    assert weights > 40e6 and adds > 0.7e9


def test_its_cost_does_not_grow_with_the_image():
    make = partial(build_rnn, protocol("svhn_dram"))
    counts = multiply_adds_by_side(make, house_numbers(), (54, 110))
    assert counts["54"] == counts["110"] == counted()[1]


def test_a_location_is_not_squashed_into_a_unit():
    """Two units of 12 px from the middle of 54: the corners are in reach."""
    rnn, image = build_rnn(protocol("svhn_dram"), house_numbers()), torch.rand(2, 1, 54, 54)
    with torch.no_grad():
        last = rnn.attention.policy.head[-1]
        last.weight.zero_()
        last.bias.copy_(torch.tensor([2.0, -2.1]))
        where = rnn(image, no_boxes(2), None, 1, mode).where
    assert where.shape == (2, 1, 6, 3, 2)
    torch.testing.assert_close(where, torch.tensor([27 + 24.0, 27 - 25.2]).expand_as(where))


def test_a_training_step_reaches_every_part_and_ends_with_the_first_mistake():
    torch.manual_seed(0)
    module = build_module(protocol("svhn_dram"), house_numbers(), no_references)
    image, target = torch.rand(2, 1, 54, 54), torch.tensor([[1, 9, END, *[IGNORED] * 3], [5, END, *[IGNORED] * 4]])
    rollout = module.rnn(image, no_boxes(2), target, 2, sample)
    assert rollout.log_prob.shape == (2, 2, 6, 3) and rollout.logits.shape == (2, 2, 6, 11)
    rollout.logits.retain_grad()
    terms = module.objective(rollout, target)
    terms["loss"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.rnn.decoder.lower.parameters())
    assert sum(p.grad.abs().sum() for p in module.rnn.attention.network.parameters()) > 0
    taught = module.objective.loss_mask(rollout, target) * (target != IGNORED)[:, None]
    assert torch.equal(rollout.logits.grad.abs().sum(-1) > 0, taught > 0)
    assert terms["reward"] <= 3
