"""Decoding: beam search against every sequence there is and against a plain search of one image, draws, greedy."""

from functools import partial
from itertools import product

import pytest
import torch
from models import built, first_batch, no_boxes, task
from stubs import Scripted, V, Watched, says

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.attention.gate import NoGate
from benchmark.model.attention.item import ExpectedItem, ItemAttention
from benchmark.model.cell.lstm import LSTM
from benchmark.model.context.none import NoContext
from benchmark.model.decoder.single_layer import SingleLayer
from benchmark.model.decoding.beam import Beam
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.decoding.length import MeanLogProb, NoLengthNormalisation
from benchmark.model.decoding.rollout import Step, Unroll
from benchmark.model.decoding.sampling import Each, Sampling
from benchmark.model.encoder.conv import Conv
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from benchmark.objective.base import log_likelihood
from datamodules.contract import IGNORED

SYMBOLS, END, H = 4, 3, 5


def toy(steps, decoding, seed=0, end=END, images=6):
    """A lively model whose scores depend on the image and on every symbol before; double precision."""
    torch.manual_seed(seed)
    spec = task((1, 3), symbols=SYMBOLS, steps=steps, end=end)
    encoder, alignment = partial(Conv, layers=[(2, 1, 1)], pad=False), partial(Additive, size=3)
    attention = ItemAttention(spec, H, encoder, alignment, ExpectedItem(1.0), NoGate)
    decoder = SingleLayer(attention.code_size, spec, LSTM, H, 3, [], detach=False)
    rnn = AttentionRNN(spec, attention, decoder, NoContext(spec, H, 1), TeacherForcing(), decoding, 2).double().eval()
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.mul_(3)
    return rnn, 4 * torch.randn(images, 1, 1, 3, dtype=torch.float64)


def padded(sequence, steps):
    return [*sequence, *[IGNORED] * (steps - len(sequence))]


def every_ended(steps):
    """All sequences with their end at or before the last step."""
    words = [symbol for symbol in range(SYMBOLS) if symbol != END]
    return [(*said, END) for length in range(steps) for said in product(words, repeat=length)]


def log_probs(rnn, image, sequences):
    """(images, sequences) by teacher forcing."""
    target = torch.tensor([padded(sequence, rnn.steps) for sequence in sequences])
    with torch.no_grad():
        rollout = rnn(image.repeat_interleave(len(target), 0), no_boxes(len(image) * len(target)),
                      target.repeat(len(image), 1), 1, mode)  # fmt: skip
    return log_likelihood(rollout, target.repeat(len(image), 1)).sum((1, 2)).view(len(image), -1)


@pytest.mark.parametrize("length", [NoLengthNormalisation(), MeanLogProb(1.0), MeanLogProb(0.6)])
def test_wide_beams_find_the_best_of_all_sequences(length):
    steps = 4
    beam = Beam(SYMBOLS**steps, length)
    rnn, image = toy(steps, beam)
    sequences = every_ended(steps)
    score = length(log_probs(rnn, image, sequences), torch.tensor([len(s) for s in sequences]))
    found = beam.search(rnn.start_unroll(image, no_boxes(len(image)), 1, mode))
    best = score.argsort(-1, descending=True)
    for i in range(len(image)):
        assert found.symbol[i, :5].tolist() == [padded(sequences[n], steps) for n in best[i, :5]]
    at_first = torch.stack([log_probs(rnn, image[i : i + 1], [sequences[best[i, 0]]])[0, 0] for i in range(len(image))])
    torch.testing.assert_close(found.log_prob[:, 0], at_first)
    assert len({str(row) for row in found.symbol[:, :5].tolist()}) > 1


def plain_search(loop, width, length):
    """Of one image, hypothesis by hypothesis, as the search is told in papers."""
    live, done = [((), 0.0, loop.state)], []
    for t in range(loop.steps):
        grown = []
        for said, score, state in live:
            step = loop.step(state, torch.tensor([said[-1] if said else loop.start_symbol] * loop.samples), t)
            for symbol, log_p in enumerate(step.logits.softmax(-1).mean(0).log().tolist()):
                grown.append(((*said, symbol), score + log_p, step.state))
        live = []
        for one in sorted(grown, key=lambda one: -one[1])[: width - len(done)]:
            (done if one[0][-1] == END else live).append(one)
        if not live:
            break
    return max(done or live, key=lambda one: float(length(torch.tensor(one[1]), torch.tensor(len(one[0])))))[0]


@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [NoLengthNormalisation(), MeanLogProb(1.0)])
@torch.no_grad()
def test_a_batch_finds_what_a_plain_search_of_each_image_finds(width, length):
    rnn, image = toy(6, Beam(width, length), seed=width, images=8)
    symbol = rnn(image, no_boxes(8), None, 1, mode).symbol[:, 0].tolist()
    loops = [rnn.start_unroll(image[i : i + 1], no_boxes(1), 1, mode) for i in range(8)]
    assert symbol == [padded(plain_search(loop, width, length), 6) for loop in loops]


def differing(images, samples, steps):
    """A recurrence of which every trajectory starts elsewhere; as glimpses and queries it gives its hidden state."""
    torch.manual_seed(1)
    start_RH, of_hidden, of_symbol, of_time, head = (
        2 * torch.randn(*shape, H, dtype=torch.float64)
        for shape in ((images * samples,), (H,), (SYMBOLS + 1,), (steps,), (SYMBOLS,))
    )

    def step(state, symbol_R, t):
        hidden_RH = (state[0][0] @ of_hidden + of_symbol[symbol_R] + of_time[t]).tanh()
        glimpse = hidden_RH[:, None]
        logits_RV = hidden_RH @ head.T - 1.0 * (torch.arange(SYMBOLS) == END)  # ends come later
        return Step(((hidden_RH,),), logits_RV, glimpse, glimpse[..., 0], glimpse, glimpse, glimpse[:, :0])

    return Unroll(((start_RH,),), samples, steps, END, SYMBOLS, step)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_trajectories_that_differ_find_one_sequence_and_each_has_its_own_way_to_it(width, samples):
    images, steps = 12, 6
    loop, length = differing(images, samples, steps), MeanLogProb(1.0)
    found = Beam(width, length)(loop)
    ends = set()
    for i in range(images):
        alone = loop._replace(state=((loop.state[0][0][i * samples : (i + 1) * samples],),))
        said = plain_search(alone, width, length)
        assert found.symbol[i].tolist() == [padded(said, steps)] * samples
        ends.add(len(said))
        state, before = alone.state, SYMBOLS
        for t in range(steps):
            if t < len(said):  # after the end the last time step is repeated
                step = loop.step(state, torch.full((samples,), before), t)
                state, before = step.state, said[t]
            torch.testing.assert_close(found.where[i, :, t], step.where)
            torch.testing.assert_close(found.logits[i, :, t], step.logits)
    assert len(ends) > 1


def test_the_score_of_a_sequence_by_hand():
    log_prob, length = torch.tensor([-6.0, -8.0]), torch.tensor([4, 16])
    for power, score in ((0.0, [-6.0, -8.0]), (0.5, [-3.0, -2.0]), (1.0, [-1.5, -0.5])):
        assert MeanLogProb(power)(log_prob, length).tolist() == score
    assert NoLengthNormalisation()(log_prob, length).tolist() == [-6.0, -8.0]


@torch.no_grad()
def test_one_beam_is_greedy():
    rnn, image = toy(5, Beam(1, NoLengthNormalisation()))
    beam = rnn(image, no_boxes(6), None, 1, mode)
    rnn.decoding = Greedy()
    greedy = rnn(image, no_boxes(6), None, 1, mode)
    said = greedy.symbol != IGNORED
    assert torch.equal(beam.symbol, greedy.symbol) and not said.all()
    torch.testing.assert_close(beam.logits[said], greedy.logits[said])


@torch.no_grad()
def test_a_beam_s_rollout_is_that_of_its_sequence():
    """What was looked at and said on the way to the best sequence, however the beams changed places."""
    rnn, image = toy(5, Beam(4, NoLengthNormalisation()), seed=3)
    free = rnn(image, no_boxes(6), None, 1, mode)
    forced = rnn(image, no_boxes(6), free.symbol[:, 0], 1, mode)
    said = free.symbol != IGNORED
    for name in ("logits", "where", "query", "log_prob"):
        torch.testing.assert_close(getattr(free, name)[said], getattr(forced, name)[said])
    assert free.logits.shape == forced.logits.shape


def test_where_nothing_ends_the_best_beginning_is_the_answer():
    def best(*probabilities):
        script, spec = torch.tensor(probabilities).log()[:, None], task(2, symbols=4, steps=2, end=3)
        parts = Watched(), Scripted(script, 1), NoContext(spec, 1, 1), TeacherForcing()
        rnn = AttentionRNN(spec, *parts, Beam(2, NoLengthNormalisation()), 1)
        return rnn(torch.zeros(1, 1, 2, 2), no_boxes(1), None, 1, mode).symbol.tolist()

    assert best([0.5, 0.3, 0.2 - 1e-9, 1e-9], [0.1, 0.7, 0.2 - 1e-9, 1e-9]) == [[[0, 1]]]
    # An end that is at all in the beam comes first, as the worse one is the only whole sentence.
    assert best([0.5, 0.1, 0.1, 0.3], [0.9, 0.05, 0.04, 0.01]) == [[[3, IGNORED]]]


def test_more_beams_than_sequences_leave_places_empty():
    beam = Beam(50, NoLengthNormalisation())
    rnn, image = toy(2, beam, images=2)
    found = beam.search(rnn.start_unroll(image, no_boxes(2), 1, mode))
    # The end, and three words each followed by one of four.
    assert (~found.log_prob.isneginf()).sum(-1).tolist() == [13, 13]
    assert found.ended.sum(-1).tolist() == [4, 4] and found.ended[:, :4].all()


def test_trajectories_of_an_image_search_together():
    parts = built("item_hard", "decoding=beam", "decoding.width=3", data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    with torch.no_grad():
        rollout = rnn(batch.image, batch.boxes, None, 4, sample)
    assert torch.equal(rollout.symbol, rollout.symbol[:, :1].expand(-1, 4, -1))
    assert rollout.where.shape[:3] == (4, 4, 2) and rollout.log_prob.any()
    assert not torch.equal(rollout.where[:, 0], rollout.where[:, 1])


def test_drawn_symbols_have_the_model_s_frequencies():
    script = torch.tensor([[0.6, 0.3, 0.1]]).log()[:, None]
    spec, images = task(2, symbols=V, steps=1), 20_000

    def frequencies(decoding, samples=1):
        torch.manual_seed(0)
        rnn = AttentionRNN(spec, Watched(), Scripted(script, 1), NoContext(spec, 1, 1), TeacherForcing(), decoding, 1)
        symbol = rnn(torch.zeros(images, 1, 2, 2), no_boxes(images), None, samples, mode).symbol
        return symbol, torch.bincount(symbol.flatten(), minlength=V) / symbol.numel()

    for decoding, expected in ((Sampling(1.0), [0.6, 0.3, 0.1]), (Sampling(0.5), [0.36, 0.09, 0.01]), (Each(), None)):
        p = torch.tensor(expected or [0.6, 0.3, 0.1])
        assert (frequencies(decoding)[1] - p / p.sum()).abs().max() < 0.015
    assert torch.equal(*frequencies(Sampling(1.0), 2)[0].unbind(1))
    assert not torch.equal(*frequencies(Each(), 2)[0].unbind(1))
    assert frequencies(Sampling(1e-4))[1].tolist() == [1, 0, 0]


def test_trajectories_that_differ_share_a_draw_from_their_mean_probability():
    images, rows = 20_000, torch.tensor([[0.9, 0.1, 0.0], [0.1, 0.3, 0.6]]).log()
    nothing = torch.zeros(2 * images, 1, 1)
    step = Step(((nothing[:, 0],),), rows.repeat(images, 1), *[nothing] * 5)
    torch.manual_seed(0)
    symbol = Sampling(1.0)(Unroll(step.state, 2, 1, None, V, lambda *_: step)).symbol
    assert torch.equal(symbol[:, 0], symbol[:, 1])
    # three standard errors
    assert (symbol[:, 0].flatten().bincount(minlength=V) / images - torch.tensor([0.5, 0.2, 0.3])).abs().max() < 0.011


def test_training_goes_as_far_as_the_longest_sequence_of_the_batch():
    spec = task(2, symbols=V, steps=4, end=2)
    rnn = AttentionRNN(
        spec, Watched(), Scripted(says([0, 1, 0, 1]), 1), NoContext(spec, 1, 1), TeacherForcing(), Greedy(), 1
    )
    target = torch.tensor([[0, 2], [2, IGNORED]])
    assert rnn(torch.zeros(2, 1, 2, 2), no_boxes(2), target, 1, mode).logits.shape == (2, 1, 2, V)
    assert rnn(torch.zeros(2, 1, 2, 2), no_boxes(2), None, 1, mode).logits.shape == (2, 1, 4, V)


@pytest.mark.parametrize(
    "make", [lambda: Beam(0, NoLengthNormalisation()), lambda: Sampling(0.0), lambda: Sampling(float("nan"))]
)
def test_knobs_out_of_range_are_told(make):
    with pytest.raises(ConfigFault, match="decoding"):
        make()
