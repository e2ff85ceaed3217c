"""Self-critical training: the estimator against every caption there is, its baselines by hand, what it trains."""

import math
from functools import partial
from itertools import product

import pytest
import torch
from models import task, touched

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.attention.gate import NoGate
from benchmark.model.attention.item import ExpectedItem, ItemAttention, SampledItem
from benchmark.model.attention.softening import EachGlimpse
from benchmark.model.cell.lstm import LSTM
from benchmark.model.context.none import NoContext
from benchmark.model.decoder.single_layer import SingleLayer
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.encoder.conv import Conv
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from benchmark.objective.likelihood import Likelihood
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.training.training_step import self_critical
from benchmark.training.training_step.self_critical import (
    GreedyBaseline,
    OtherSamplesBaseline,
    SelfCritical,
    rewards_of,
    trajectory_log_prob,
)
from datamodules.captions.vocabulary import UNKNOWN as FIRST_SYMBOL
from datamodules.captions.vocabulary import Vocabulary, number_words
from datamodules.contract import IGNORED, Batch

SYMBOLS, END, STEPS, H = 3, 2, 3, 4
REFERENCES = [["a b", "a"], ["b a", "b b"]]
SPEC = task((1, 3), symbols=SYMBOLS, steps=STEPS, end=END)
LIKELIHOOD = Likelihood(H, 1, AllSteps(), NoRegularizer())


class NoRival(GreedyBaseline.__base__):
    """Nothing to be better than."""

    def __call__(self, rnn, batch, reward_function, reward_BS):
        return torch.zeros_like(reward_BS)


def toy(choice=None):
    torch.manual_seed(0)
    encoder, alignment = partial(Conv, layers=[(2, 1, 1)], pad=False), partial(Additive, size=3)
    attention = ItemAttention(SPEC, H, encoder, alignment, choice or ExpectedItem(1.0), NoGate)
    decoder = SingleLayer(attention.code_size, SPEC, LSTM, H, 3, [], detach=False)
    rnn = AttentionRNN(SPEC, attention, decoder, NoContext(SPEC, H, 1), TeacherForcing(), Greedy(), 1).double()
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.mul_(2.5)
    image = torch.randn(2, 1, 1, 3, dtype=torch.float64)
    target = torch.tensor([[0, 1, END], [1, END, IGNORED]])
    return rnn, Batch(image, target, image.new_zeros(2, 0, 4), torch.tensor([0, 1]))


def train_step(samples=1, baseline=None, told=0.0, references=REFERENCES):
    return SelfCritical(
        SPEC, lambda split: references if split == "train" else [], samples, baseline or NoRival(), told
    )


def every_caption():
    """(L, T) all that can be said in three steps."""
    words = [symbol for symbol in range(SYMBOLS) if symbol != END]
    whole = [(*said, END) for length in range(STEPS) for said in product(words, repeat=length)]
    cut = list(product(words, repeat=STEPS))
    return [[*said, *[IGNORED] * (STEPS - len(said))] for said in [*whole, *cut]]


def forced(monkeypatch, captions):
    """Draws that give each trajectory of an image one of these captions."""
    turn = iter(torch.tensor(captions).clamp(min=0).T)
    monkeypatch.setattr(
        "benchmark.model.decoding.sampling.drawn", lambda log_RV: next(turn).repeat(len(log_RV) // len(captions))
    )


def test_the_estimator_is_the_gradient_of_the_expected_reward(monkeypatch):
    """Summed over every caption by its probability, the score of what was drawn times its reward is d E[reward]."""
    rnn, batch = toy()
    captions = every_caption()
    target = torch.tensor(captions).repeat(2, 1)
    images = batch.image.repeat_interleave(len(captions), 0)
    rollout = rnn(images, images.new_zeros(len(images), 0, 4), target, 1, mode)
    log_p = trajectory_log_prob(rollout._replace(symbol=target[:, None])).view(2, -1)
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(2, dtype=torch.float64))
    learner = train_step(samples=len(captions))
    reward = learner.reward_function(target, batch.index.repeat_interleave(len(captions))).view(2, -1).double()
    assert reward.max() > 1 and reward.min() == 0
    exact = torch.autograd.grad((log_p.exp() * reward).sum(-1).mean(), list(rnn.parameters()), allow_unused=True)

    forced(monkeypatch, captions)
    weighed = (len(captions) * log_p.detach().exp() * reward).flatten()
    learner.reward_function.forward = lambda symbol_RT, index_R: weighed
    loss = learner(rnn, LIKELIHOOD, batch)["loss"]
    found = torch.autograd.grad(-loss, list(rnn.parameters()), allow_unused=True)
    assert sum(g is not None and bool(g.abs().max() > 1e-6) for g in exact) > 8
    for a, b in zip(exact, found, strict=True):
        torch.testing.assert_close(a, b)


def test_a_caption_earns_more_with_its_end_than_without():
    reward_function = train_step().reward_function
    said = torch.tensor([[0, 1, END], [0, 1, IGNORED]])
    whole, broken = reward_function(said, torch.tensor([0, 0])).tolist()
    assert whole > broken


def test_the_baselines_by_hand():
    rnn, batch = toy()
    reward = torch.tensor([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]])
    others = OtherSamplesBaseline()(rnn, batch, None, reward)
    torch.testing.assert_close(others, torch.tensor([[4.0, 3.5, 1.5], [1.5, 1.5, 0.0]]))
    with pytest.raises(ConfigFault, match="samples"):
        OtherSamplesBaseline()(rnn, batch, None, reward[:, :1])
    rnn.train()
    with torch.no_grad():
        greedy = rewards_of(rnn(batch.image, batch.boxes, None, 1, mode), batch, train_step().reward_function)
    assert torch.equal(GreedyBaseline()(rnn, batch, train_step().reward_function, reward), greedy)
    assert greedy.shape == (2, 1) and rnn.training


def rolled(symbol, log_prob, logits=(0.0, -1.0, -1.0)):
    """A rollout with these symbols (B, S, T), log-probabilities of glimpses (B, S, T, M), and logits at every step."""
    symbol, log_prob = torch.tensor(symbol), torch.tensor(log_prob)
    logits_BSTV, nothing = torch.tensor(logits).expand(*symbol.shape, -1), torch.zeros(*symbol.shape, 1, 0)
    return Rollout(logits_BSTV, symbol, nothing, log_prob, nothing, nothing)


def test_the_log_probability_of_a_trajectory_by_hand():
    """Symbols of probability 1/2, 1/4 and 1/4, each after two glimpses of 1/e; nothing after the end counts."""
    said = [[[0, END, IGNORED], [1, 1, 0]]]
    found = trajectory_log_prob(rolled(said, [[[[-1.0, -1.0]] * 3] * 2], (5.0, 5 - math.log(2), 5 - math.log(2))))
    assert found.tolist() == [pytest.approx([math.log(1 / 8) - 4, math.log(1 / 32) - 6])]


def test_each_caption_is_rewarded_for_its_own_image():
    _, batch = toy()
    batch = batch._replace(index=torch.tensor([7, 3]))
    rollout = rolled([[[0], [1], [2]], [[0], [1], [2]]], [[[[0.0]]] * 3] * 2)
    found = rewards_of(rollout, batch, lambda symbol_RT, index_R: 10.0 * index_R + symbol_RT[:, 0])
    assert found.tolist() == [[70, 71, 72], [30, 31, 32]]


class Half(GreedyBaseline.__base__):
    """A baseline of 1/2."""

    def __call__(self, rnn, batch, reward_function, reward_BS):
        return torch.full_like(reward_BS, 0.5)


def test_the_loss_by_hand(monkeypatch):
    """Advantages 0.5, 1.5, 5.5 and -0.5, -0.5, 2.5 with log-probabilities -1 to -6."""
    rnn, batch = toy()
    log_p = [[[[-1.0]], [[-2.0]], [[-3.0]]], [[[-4.0]], [[-5.0]], [[-6.0]]]]
    rollout, asked = rolled([[[0]] * 3] * 2, log_p, (0.0, -torch.inf, -torch.inf)), []
    monkeypatch.setattr(self_critical, "Each", lambda: lambda loop: rollout)
    monkeypatch.setattr(rnn, "start_unroll", lambda *given: asked.append(given))
    learner = train_step(samples=3, baseline=Half())
    learner.reward_function.forward = lambda symbol_RT, index_R: torch.tensor([1.0, 2.0, 6.0, 0.0, 0.0, 3.0])
    terms = learner(rnn, LIKELIHOOD, batch)
    assert terms["loss"].item() == pytest.approx(-(-0.5 - 3 - 16.5 + 2 + 2.5 - 15) / 6)
    assert (terms["reward"].item(), terms["baseline_reward"].item()) == (2.0, 0.5)
    ((_, _, samples, draw, key),) = asked
    assert samples == 3 and draw is sample and key.split == "train" and torch.equal(key.index, batch.index)


def test_the_greedy_caption_is_without_dropout_and_draws_nothing(monkeypatch):
    rnn, batch = toy(SampledItem(1.0, EachGlimpse(0.0)))
    start_unroll, asked = rnn.start_unroll, []
    monkeypatch.setattr(rnn, "start_unroll", lambda *given: asked.append((rnn.training, *given[2:4])) or
                        start_unroll(*given))  # fmt: skip
    rnn.train()
    GreedyBaseline()(rnn, batch, train_step().reward_function, torch.zeros(2, 1))
    assert asked == [(False, 1, mode)] and rnn.training


def test_a_word_without_a_symbol_is_the_vocabulary_s_first():
    known: dict[str, int] = {}
    assert Vocabulary(known, number_words(["b b"], known), 1, 9).symbols[0] == FIRST_SYMBOL
    learner = train_step(references=[["zebra b"], ["b"]])
    unknown, other = learner.reward_function(torch.tensor([[0, 1, END], [1, 1, END]]), torch.tensor([0, 0])).tolist()
    assert unknown > other


def test_places_that_are_drawn_earn_with_the_words():
    rnn, batch = toy(SampledItem(1.0, EachGlimpse(0.0)))
    torch.manual_seed(1)
    learner = train_step(samples=4, baseline=OtherSamplesBaseline())
    terms = learner(rnn, LIKELIHOOD, batch)
    reached = touched(terms["loss"], rnn)
    assert {n for n in reached if n.startswith("attention.alignment")} and {n for n in reached if "head" in n}
    assert 0 <= terms["reward"] <= 10


def test_true_captions_beside_it_are_weighed():
    rnn, batch = toy()
    learner = train_step(told=0.2)
    learner.reward_function.forward = lambda symbol_RT, index_R: torch.zeros(len(index_R))
    told = LIKELIHOOD(rnn(batch.image, batch.boxes, batch.target, 1, mode), batch.target)["loss"]
    terms = learner(rnn, LIKELIHOOD, batch)
    torch.testing.assert_close(terms["loss"], 0.2 * told)
    torch.testing.assert_close(terms["nll"], told.detach())


def test_what_has_no_captions_can_t_be_learned_from():
    with pytest.raises(ConfigFault, match="captions"):
        _ = train_step(references=[]).reward_function


def test_it_learns_to_say_what_pays():
    """The second image's best caption is one that its likelihood was never told."""
    rnn, batch = toy()
    rnn, batch = rnn.float(), batch._replace(image=batch.image.float(), boxes=batch.boxes.float())
    learner, optimizer = (
        train_step(samples=5, baseline=OtherSamplesBaseline()),
        torch.optim.Adam(rnn.parameters(), 0.02),
    )
    torch.manual_seed(0)
    for _ in range(150):
        optimizer.zero_grad()
        learner(rnn, LIKELIHOOD, batch)["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        said = rnn.eval()(batch.image, batch.boxes, None, 1, mode)
    best = learner.reward_function(
        torch.tensor(every_caption()), torch.ones(len(every_caption()), dtype=torch.long)
    ).max()
    assert rewards_of(said, batch, learner.reward_function)[1, 0] > 0.9 * best
