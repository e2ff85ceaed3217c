"""Readers at one glance: their layers, their likelihood and their size, by hand and against the papers'."""

import pytest
import torch
from models import house_numbers, no_boxes, protocol, task
from torch.nn.functional import conv2d

from benchmark.build import build_rnn
from benchmark.evaluation.cost import multiply_adds, parameters
from benchmark.model.attention.distribution import mode
from benchmark.model.decoder.positions import Positions
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.deep_cnn import Local, Maxout, PooledConv, Rectifier, Subtractive, pooled
from benchmark.objective.base import log_likelihood
from datamodules.contract import IGNORED


def test_units_by_hand():
    map_BCHW = torch.tensor([-1.0, 2.0, 3.0, -4.0, -5.0, -6.0]).view(1, 6, 1, 1)
    assert Maxout(3)(map_BCHW).flatten().tolist() == [3, -4]
    assert Rectifier()(map_BCHW).flatten().tolist() == [0, 2, 3, 0, 0, 0]


def test_a_mean_is_subtracted_of_what_lies_inside():
    map_BCHW = torch.arange(9.0).view(1, 1, 3, 3)
    found = Subtractive(3)(map_BCHW)[0, 0]
    assert found[1, 1] == 0 and found[0, 0].item() == -(0 + 1 + 3 + 4) / 4 and found[2, 1].item() == 7 - 33 / 6
    assert Subtractive(3)(torch.full((1, 2, 4, 5), 7.0)).abs().max() < 1e-6


def test_pooling_by_hand():
    map_BCHW = -torch.arange(9.0).view(1, 1, 3, 3)  # negative: what is padded must never win
    assert pooled(map_BCHW, 2, 1).tolist() == map_BCHW.tolist()
    assert pooled(map_BCHW, 2, 2)[0, 0].tolist() == [[0, -2], [-6, -8]]
    assert pooled(-map_BCHW, 2, 2)[0, 0].tolist() == [[4, 5], [7, 8]]
    assert torch.equal(pooled(map_BCHW, 1, 1), map_BCHW)


def test_a_local_layer_with_equal_weights_is_a_convolution():
    torch.manual_seed(0)
    layer = Local((2, 5, 6), lambda shape: Conv(shape, [(3, 3, 1)], True), 4, 3, 0.0).eval()
    kernel = torch.randn(4, 3, 3, 3)
    with torch.no_grad():
        layer.weight_PCK.copy_(kernel.flatten(1).expand_as(layer.weight_PCK))
        image = torch.randn(2, 2, 5, 6)
        expected = conv2d(layer.body(image), kernel, padding=1).relu()
        torch.testing.assert_close(layer(image), expected, atol=1e-5, rtol=1e-5)
        layer.weight_PCK[7].zero_()  # the place in row 1, column 1, and no other
        changed = (layer(image) != expected).any(1).any(0)
    assert layer.shape == (4, 5, 6) and expected[:, :, 1, 1].max() > 0
    assert (layer(image)[:, :, 1, 1] == 0).all() and not changed.flatten()[8:].all()


def test_every_hidden_layer_is_dropped_out_of_and_the_image_is_not():
    rnn = build_rnn(protocol("svhn_cnn11"), house_numbers())
    drops = [part for part in rnn.modules() if isinstance(part, torch.nn.Dropout)]
    assert len(drops) == 8 + 1 + 2 and {part.p for part in drops} == {0.5}
    tower = PooledConv((1, 4, 4), [(2, 3, 1, 1)], Rectifier(), Subtractive(3), 0.5)
    seen = []
    tower.convolutions[0].register_forward_hook(lambda part, given, made: seen.append(given[0]))
    image = torch.rand(1, 1, 4, 4)
    tower.train()(image)
    assert torch.equal(seen[0], image)


CODE, T, V, END = 5, 3, 4, 1


def decoder(end=END):
    torch.manual_seed(3)
    return Positions(CODE, task(symbols=V, steps=T, end=end), 1, 1)


def said(model, code):
    """(R, T, V) scores of each step in turn."""
    state, logits = model.start(torch.zeros(len(code), 1)), []
    for _ in range(T):
        state = model.step(code, model.feed_symbol(torch.zeros(len(code), dtype=torch.long), state))
        logits.append(model.logits(state))
    return torch.stack(logits, 1)


@pytest.mark.parametrize("digits", [[], [2], [0, 3], [3, 0, 2]])
def test_the_likelihood_is_of_the_length_and_of_each_digit(digits):
    """It is log p(L) + sum_i log p_i(d_i) (Goodfellow et al. 2013). Symbol 1 is the end, so 2 is the second digit."""
    model, code = decoder(), torch.randn(2, CODE)
    log_RTV = said(model, code)
    torch.testing.assert_close(log_RTV.exp().sum(-1), torch.ones(2, T))  # already probabilities
    target = [*digits, END][:T]
    found = sum(log_RTV[:, t, symbol] for t, symbol in enumerate(target))
    expected = model.ending.length(code).log_softmax(-1)[:, len(digits)]
    for place, digit in enumerate(digits):
        expected = expected + model.digits[place](code).log_softmax(-1)[:, digit - (digit > END)]
    torch.testing.assert_close(found, expected)


def test_all_sequences_together_are_certain():
    model, code = decoder(), torch.randn(2, CODE)
    p = said(model, code).exp()
    others = [symbol for symbol in range(V) if symbol != END]
    ends = p[:, 0, END] + p[:, 0, others].sum(-1) * (p[:, 1, END] + p[:, 1, others].sum(-1))
    torch.testing.assert_close(ends, torch.ones(2))
    torch.testing.assert_close(p[:, 2].sum(-1), torch.ones(2))


def test_each_glimpse_of_a_symbol_is_read_at_the_symbol_s_position():
    model, code = decoder(), torch.randn(2, CODE)
    model.glimpses = 2
    state, found = model.start(torch.zeros(2, 1)), []
    for _ in range(2 * T):
        state = model.step(code, state)
        found.append(model.logits(state))
    torch.testing.assert_close(torch.stack(found[1::2], 1), said(decoder(), code))
    assert all(torch.equal(first, second) for first, second in zip(found[::2], found[1::2], strict=True))


def test_digits_past_the_length_learn_nothing():
    model, code = decoder(), torch.randn(2, CODE)
    log_RTV = said(model, code)
    loss = torch.nn.functional.cross_entropy(
        log_RTV.transpose(1, 2), torch.tensor([[2, END, IGNORED]] * 2), ignore_index=IGNORED, reduction="sum"
    )
    found = torch.autograd.grad(loss, [layer.weight for layer in model.digits], allow_unused=True)
    assert found[0].abs().max() > 0.01
    assert all(gradient is None or gradient.abs().max() < 1e-6 for gradient in found[1:])


def test_without_an_end_only_positions_are_read():
    model, code = decoder(end=None), torch.randn(2, CODE)
    log_RTV = said(model, code)
    assert log_RTV.shape == (2, T, V) and not list(model.ending.parameters())
    assert torch.equal(log_RTV[:, 1], model.digits[1](code))


def test_a_symbol_said_before_changes_nothing():
    model, code = decoder(), torch.randn(1, CODE)
    state = model.start(torch.zeros(1, 1))
    one, other = (model.step(code, model.feed_symbol(torch.tensor([symbol]), state)) for symbol in (0, 3))
    assert torch.equal(model.logits(one), model.logits(other))


@pytest.mark.parametrize(
    "experiment, side, millions, billions",
    [
        # The sheet's reading of Goodfellow et al., who print neither.
        ("svhn_cnn11", 54, 38.1, 0.606),
        ("svhn_cnn11", 110, 88.0, 2.39),
        # DRAM's table 5: 51 M and 2.1 G, 169 M and 8.5 G.
        ("svhn_cnn10", 54, 50.7, 2.07),
        ("svhn_cnn10", 110, 166.3, 8.49),
    ],
)
def test_size_and_cost_at_both_sizes(experiment, side, millions, billions):
    spec = house_numbers(side)
    with torch.device("meta"):
        assert parameters(build_rnn(protocol(experiment), spec)) / 1e6 == pytest.approx(millions, rel=0.002)
        adds = multiply_adds(build_rnn(protocol(experiment), spec), spec)
    assert adds / 1e9 == pytest.approx(billions, rel=0.006)


def test_it_reads_through_the_loop():
    torch.manual_seed(0)
    rnn = build_rnn(protocol("svhn_cnn11", "encoder.sizes=[32,32]", "encoder.body.channels=8"), house_numbers()).eval()
    target = torch.tensor([[4, 2, 10, *[IGNORED] * 3], [7, 10, *[IGNORED] * 4]])
    with torch.no_grad():
        rollout = rnn(torch.rand(2, 1, 54, 54), no_boxes(2), target, 1, mode)
        free = rnn(torch.rand(2, 1, 54, 54), no_boxes(2), None, 1, mode)
    assert rollout.logits.shape == (2, 1, 6, 11) and log_likelihood(rollout, target).sum() < 0
    assert ((free.symbol >= 0) | (free.symbol == IGNORED)).all()
