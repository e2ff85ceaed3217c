"""The cores: each cell against its equations written out, and the two views of a decoder's state."""

from functools import partial

import pytest
import torch
from models import task

from benchmark.model.cell.elman import ReluRNN, TanhRNN
from benchmark.model.cell.gru import GRU
from benchmark.model.cell.lstm import LSTM
from benchmark.model.decoder.context_read import ContextRead
from benchmark.model.decoder.feed_forward import FeedForward
from benchmark.model.decoder.single_layer import SingleLayer
from benchmark.model.decoder.two_layer import TwoLayer

I, H, R = 3, 4, 5  # noqa: E741


def made(kind):
    torch.manual_seed(0)
    cell = kind(I, H)
    state = tuple(torch.randn(R, H) for _ in cell.start(torch.zeros(R, H)))
    return cell, torch.randn(R, I), state


def affine(cell, x, h):
    c = cell.cell
    return x @ c.weight_ih.T + c.bias_ih, h @ c.weight_hh.T + c.bias_hh


@pytest.mark.parametrize("kind, f", [(TanhRNN, torch.tanh), (ReluRNN, torch.relu)])
def test_plain_cells_are_eq_4(kind, f):
    cell, x, (h,) = made(kind)
    a, b = affine(cell, x, h)
    (after,) = cell(x, (h,))
    torch.testing.assert_close(after, f(a + b))


def test_the_lstm_written_out():
    cell, x, (h, c) = made(LSTM)
    a, b = affine(cell, x, h)
    i, f, g, o = (a + b).chunk(4, -1)
    memory = f.sigmoid() * c + i.sigmoid() * g.tanh()
    after, kept = cell(x, (h, c))
    torch.testing.assert_close(kept, memory)
    torch.testing.assert_close(after, o.sigmoid() * memory.tanh())


def test_the_gru_written_out():
    cell, x, (h,) = made(GRU)
    (ar, az, an), (br, bz, bn) = (part.chunk(3, -1) for part in affine(cell, x, h))
    reset, update = (ar + br).sigmoid(), (az + bz).sigmoid()
    new = (an + reset * bn).tanh()
    torch.testing.assert_close(cell(x, (h,))[0], (1 - update) * new + update * h)


def test_the_rectifier_starts_at_the_identity():
    cell, _, _ = made(ReluRNN)
    assert torch.equal(cell.cell.weight_hh, torch.eye(H))
    with torch.no_grad():
        cell.cell.bias_ih.zero_()
        cell.cell.bias_hh.zero_()
    h = torch.rand(R, H)
    assert torch.equal(cell(torch.zeros(R, I), (h,))[0], h)  # it remembers


def test_the_lstm_s_forget_gate_starts_open():
    cell, _, _ = made(LSTM)
    assert cell.cell.bias_ih[H : 2 * H].tolist() == [1.0] * H
    assert (cell.cell.bias_ih[:H] != 1).all() and (cell.cell.bias_ih[2 * H :] != 1).all()


@pytest.mark.parametrize("kind", [TanhRNN, ReluRNN, LSTM, GRU])
def test_a_cell_starts_with_the_hidden_state_it_is_given_and_an_empty_memory(kind):
    cell, _, _ = made(kind)
    h = torch.randn(R, H)
    state = cell.start(h)
    assert state[0] is h and all(not memory.any() for memory in state[1:])


def decoder(kind, detach=True, head=(), symbol_size=2):
    torch.manual_seed(1)
    return kind(
        code_size=I,
        spec=task(symbols=6),
        cell=GRU,
        hidden_size=H,
        symbol_size=symbol_size,
        head=list(head),
        detach=detach,
    )


def test_one_storey_written_out():
    model = decoder(SingleLayer, head=[7])
    state = model.start(torch.randn(R, H))
    code, symbol = torch.randn(R, I), torch.tensor([0, 6, 2, 5, 6])
    after = model.step(code, model.feed_symbol(symbol, state))
    expected = model.cell(torch.cat([code, model.symbol.weight[symbol]], -1), state[0])
    torch.testing.assert_close(after[0][0], expected[0])
    assert torch.equal(model.query(after), after[0][0])
    first, last = model.head[0], model.head[2]
    logits = (after[0][0] @ first.weight.T + first.bias).relu() @ last.weight.T + last.bias
    torch.testing.assert_close(model.logits(after), logits)


def test_two_storeys_written_out():
    model = decoder(TwoLayer)
    context = torch.randn(R, H)
    state = model.start(context)
    assert not state[0][0].any() and torch.equal(model.query(state), context)
    code, symbol = torch.randn(R, I), torch.tensor([0, 6, 2, 5, 6])
    after = model.step(code, model.feed_symbol(symbol, state))
    (r1,) = model.lower(torch.cat([code, model.symbol.weight[symbol]], -1), (torch.zeros(R, H),))
    (r2,) = model.upper(r1, (context,))
    torch.testing.assert_close(after[0][0], r1)
    torch.testing.assert_close(model.query(after), r2)
    torch.testing.assert_close(model.logits(after), model.head(r1))
    where_to_look = [*model.upper.parameters(), torch.nn.Parameter(torch.zeros(1))]
    found = model.policy_parameters(where_to_look[-1:])
    assert len(found) == 5 and all(one is other for one, other in zip(found, where_to_look, strict=True))


def test_the_context_is_read_where_it_is_wired_to_the_classifier():
    """As two layers from the same initial state of r1; the context network then belongs to the classifier."""
    plain = decoder(TwoLayer)
    wired = ContextRead(I, task(symbols=6), partial(TwoLayer, cell=GRU, head=[]), H, 2, True)
    wired.core.load_state_dict(plain.state_dict())
    context, code, symbol = torch.randn(R, H, requires_grad=True), torch.randn(R, I), torch.tensor([0, 6, 2, 5, 6])
    for model, reached in ((plain, False), (wired, True)):
        after = model.step(code, model.feed_symbol(symbol, model.start(context)))
        (gradient,) = torch.autograd.grad(model.logits(after).sum(), context, allow_unused=True, retain_graph=True)
        assert (gradient is not None and bool(gradient.any())) is reached
        assert torch.autograd.grad(model.query(after).sum(), context)[0].abs().sum() > 0
    (r1,) = plain.lower(torch.cat([code, plain.symbol.weight[symbol]], -1), (context,))
    torch.testing.assert_close(wired.logits(after), plain.head(r1))
    network = torch.nn.Parameter(torch.zeros(1))
    assert [sum(each is network for each in model.policy_parameters([network])) for model in (plain, wired)] == [1, 0]


@pytest.mark.parametrize("detach", [True, False])
def test_the_flag_says_whether_attention_s_gradient_passes(detach):
    code = torch.randn(R, I, requires_grad=True)
    symbol = torch.zeros(R, dtype=torch.long)
    for kind in (SingleLayer, TwoLayer):
        model = decoder(kind, detach)
        after = model.step(code, model.feed_symbol(symbol, model.start(torch.randn(R, H))))
        query = model.query(after).sum()
        passed = query.requires_grad and torch.autograd.grad(query, code, retain_graph=True, allow_unused=True)[0]
        assert isinstance(passed, torch.Tensor) is not detach
        assert torch.autograd.grad(model.logits(after).sum(), code)[0].abs().sum() > 0


def test_a_symbol_of_no_width_changes_nothing():
    model = decoder(SingleLayer, symbol_size=0)
    state, code = model.start(torch.zeros(R, H)), torch.randn(R, I)
    steps = [model.step(code, model.feed_symbol(torch.full((R,), symbol), state))[0][0] for symbol in (0, 6)]
    assert torch.equal(*steps)


def test_without_recurrence_the_last_code_is_read():
    torch.manual_seed(1)
    model = FeedForward(code_size=I, spec=task(symbols=6), hidden_size=1, head=[])
    state = model.start(torch.ones(R, 1))
    code, symbol = torch.randn(R, I), torch.zeros(R, dtype=torch.long)
    after = model.step(code, model.step(torch.randn(R, I), model.feed_symbol(symbol, state)))
    torch.testing.assert_close(model.logits(after), code @ model.head[0].weight.T + model.head[0].bias)
    assert torch.equal(model.query(after), torch.ones(R, 1))


def test_a_feed_forward_decoder_reads_each_position_by_a_classifier_of_its_own():
    decoder = FeedForward(1, task(symbols=2, steps=2), 1, [])
    with torch.no_grad():
        decoder.head[0].weight.copy_(torch.tensor([[1.0], [2], [3], [4]]))
        decoder.head[0].bias.copy_(torch.tensor([0.0, 0, 0, 1]))
    state = decoder.start(torch.zeros(1, 1))
    for code, said in ((1.0, [1, 2]), (5.0, [15, 21])):
        state = decoder.step(torch.tensor([[code]]), decoder.feed_symbol(torch.zeros(1), state))
        assert decoder.logits(state).tolist() == [said]


def test_with_one_symbol_a_feed_forward_decoder_is_a_classifier():
    torch.manual_seed(0)
    decoder, code_RD = FeedForward(4, task(), 1, [5]), torch.randn(R, 4)
    state = decoder.step(code_RD, decoder.feed_symbol(torch.zeros(R), decoder.start(torch.zeros(R, 1))))
    assert torch.equal(decoder.logits(state), decoder.head(code_RD)) and decoder.head[-1].out_features == 3
