"""The parts of captioning models, each by hand: gate, softening, deep output, sentinel, penalty, boxes, NIC."""

from functools import partial

import pytest
import torch
from models import built, first_batch, no_boxes, roll, task, touched

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.adaptive import AdaptiveAttention
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.boxes import BoxAttention
from benchmark.model.attention.distribution import mode, sample, uniform
from benchmark.model.attention.gate import NoGate, ScalarGate, VectorGate
from benchmark.model.attention.item import ExpectedItem, SampledItem
from benchmark.model.attention.once import ImageOnce
from benchmark.model.attention.softening import EachGlimpse, EachImage, WholeBatch
from benchmark.model.cell.lstm import LSTM
from benchmark.model.decoder.deep_output import DeepOutput
from benchmark.model.decoder.sentinel import Sentinel
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.encoder.conv import Conv
from benchmark.objective.base import log_likelihood
from benchmark.objective.regularizer.doubly_stochastic import (
    DoublyStochastic,
    FixedTarget,
    MeanOverItems,
    MeanTarget,
    SumOverItems,
)
from benchmark.objective.regularizer.entropy import EntropyBonus
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.regularizer.sum import RegularizerSum
from datamodules.contract import IGNORED

R, D, H, E, V = 4, 3, 5, 6, 7


def test_gates_by_hand():
    torch.manual_seed(0)
    code, query = torch.randn(R, D), torch.randn(R, H)
    scalar, vector = ScalarGate(H, D), VectorGate(H, D)
    for row in range(R):
        beta = 1 / (1 + torch.exp(-(scalar.beta.weight[0] @ query[row] + scalar.beta.bias[0])))
        torch.testing.assert_close(scalar(code, query)[row], beta * code[row])
        betas = (vector.beta.weight @ query[row] + vector.beta.bias).sigmoid()
        torch.testing.assert_close(vector(code, query)[row], betas * code[row])
    assert torch.equal(NoGate(H, D)(code, query), code)


def test_coins_are_thrown_for_a_look_an_image_or_a_batch():
    torch.manual_seed(0)
    like = torch.zeros(4000, 2, 3)
    assert torch.equal(EachGlimpse(0.3)(like), torch.full((4000,), 0.3))
    image = EachImage(0.3)(like)
    assert set(image.tolist()) == {0.0, 1.0} and abs(image.mean() - 0.3) < 0.03
    batches = torch.stack([WholeBatch(0.3)(like[:5]) for _ in range(2000)])
    assert torch.equal(batches, batches[:, :1].expand(-1, 5)) and abs(batches[:, 0].mean() - 0.3) < 0.04


def test_softened_images_are_the_expectation_in_training_alone():
    torch.manual_seed(0)
    choice, scores = SampledItem(1.0, EachImage(0.5)), torch.randn(8, 4)
    coin = choice.softening(torch.zeros(8, 4, 2))
    assert 0 < coin.sum() < 8
    place = sample(choice(scores, coin))
    assert torch.equal(place.amax(-1) < 1, coin.bool())
    torch.testing.assert_close(place[coin.bool()], scores.softmax(-1)[coin.bool()])
    choice.eval()
    assert (sample(choice(scores, coin)).amax(-1) == 1).all()


def deep(**changed):
    torch.manual_seed(1)
    sizes = dict(hidden_size=H, symbol_size=E, dropout=0.5, detach=False)
    return DeepOutput(D, task(symbols=V), LSTM, **{**sizes, **changed})


def test_deep_output_written_out():
    model = deep().eval()
    context, code, symbol = torch.randn(R, H), torch.randn(R, D), torch.tensor([0, V, 2, 5])
    state = model.start(context)
    h, c = ((context @ layer.weight.T + layer.bias).tanh() for layer in model.begin)
    torch.testing.assert_close(state[0], (h, c))
    assert torch.equal(model.query(state), state[0][0])
    after = model.step(code, model.feed_symbol(symbol, state))
    said = model.symbol.weight[symbol]
    h, _ = model.cell(torch.cat([code, said], -1), (h, c))
    read = said + h @ model.of_state.weight.T + model.of_state.bias + code @ model.of_code.weight.T
    torch.testing.assert_close(model.logits(after), read.tanh() @ model.head.weight.T + model.head.bias)


def test_deep_output_drops_half_of_the_state_and_half_of_what_is_read():
    """Either layer alone, the other one's weights made blind or its input constant."""
    model = deep().train()
    state = (torch.ones(20_000, H), torch.ones(20_000, H)), (torch.zeros(20_000, E),), (torch.zeros(20_000, D),)
    with torch.no_grad():
        for layer in (model.of_state, model.head):
            layer.weight.zero_()
            layer.bias.zero_()
        model.of_state.bias[0] = 1.0
        model.head.weight[0, 0] = 1.0
        kept = model.logits(state)[:, 0]  # the input of the head: tanh(1), doubled where it is kept
        assert kept.unique().tolist() == pytest.approx([0, 2 * torch.tensor(1.0).tanh().item()])
        assert (kept > 0).float().mean().item() == pytest.approx(0.5, abs=0.011)  # three standard errors
        model.of_state.bias[0] = 0.0
        model.of_state.weight[0, 0] = 1.0
        kept = model.logits(state)[:, 0]  # kept twice, in a quarter of the rows
        assert kept.unique().tolist() == pytest.approx([0, 2 * torch.tensor(2.0).tanh().item()])
        assert (kept > 0).float().mean().item() == pytest.approx(0.25, abs=0.0095)


@pytest.mark.parametrize("detach", [True, False])
def test_deep_output_s_flag_says_whether_attention_s_gradient_passes(detach):
    model = deep(detach=detach)
    state = model.start(torch.randn(R, H))
    assert model.query(state).requires_grad is not detach and torch.equal(model.query(state), state[0][0])


def test_deep_output_needs_words_of_some_width():
    with pytest.raises(ConfigFault, match="symbol_size"):
        deep(symbol_size=0)


def test_the_sentinel_written_out():
    """Lu et al. (2017), eqs 7 to 13, one step after another."""
    torch.manual_seed(2)
    decoder = Sentinel(H, task(symbols=V), LSTM, H, E, 0.5).eval()
    attention = AdaptiveAttention(task((2, 3)), H, partial(Conv, layers=[(D, 1, 1)], pad=False), 4)
    image = torch.randn(2, 1, 2, 3)
    features = attention.encode(image, no_boxes(2))
    seen = attention.encoder(image).flatten(2).transpose(1, 2)
    torch.testing.assert_close(attention.global_feature(features), seen.mean(1))
    context, state = torch.randn(2, H), None
    state, h, m = decoder.start(context), torch.zeros(2, H), torch.zeros(2, H)
    for symbol in (torch.tensor([V, V]), torch.tensor([1, 4])):
        state = decoder.feed_symbol(symbol, state)
        x = torch.cat([context, decoder.symbol.weight[symbol]], -1)
        gate = (x @ decoder.of_told.weight.T + decoder.of_told.bias + h @ decoder.of_hidden.weight.T).sigmoid()
        h, m = decoder.cell(x, (h, m))
        s = gate * m.tanh()
        torch.testing.assert_close(decoder.query(state), torch.cat([h, s], -1))
        glimpse = attention(features, decoder.query(state), 0, sample)
        for b in range(2):
            v = (seen[b] @ attention.project.weight.T + attention.project.bias).relu()
            training_targets = attention.of_state(h[b])
            scores = [attention.score((attention.of_item(item) + training_targets).tanh())[0] for item in v]
            scores.append(attention.score((attention.of_sentinel(s[b]) + training_targets).tanh())[0])
            alpha = torch.stack(scores).softmax(0)
            torch.testing.assert_close(glimpse.where[b], alpha)
            torch.testing.assert_close(glimpse.code[b], alpha[:-1] @ v + alpha[-1] * s[b])
        state = decoder.step(glimpse.code, state)
        torch.testing.assert_close(decoder.logits(state), decoder.head(glimpse.code + h))


def test_the_sentinel_darkens_the_map_and_is_no_place():
    attention = AdaptiveAttention(task((2, 2)), H, partial(Conv, layers=[(D, 1, 1)], pad=False), 4)
    where = torch.tensor([[0.1, 0.2, 0.0, 0.1, 0.6], [0.0, 0.0, 0.0, 1.0, 0.0]])
    maps = attention.attention_map(where, (2, 2))
    torch.testing.assert_close(maps[0], torch.tensor([[0.5, 1.0], [0.0, 0.5]]) * 0.4)
    assert maps[1].tolist() == [[0, 0], [0, 1]]
    assert attention.fixation(where).tolist() == [[1.5, 0.5], [1.5, 1.5]]


@pytest.mark.parametrize(
    "name, decoder", [("adaptive", "single_layer"), ("item_soft", "sentinel"), ("dram", "sentinel")]
)
def test_a_core_that_asks_otherwise_than_attention_is_asked_is_a_fault(name, decoder):
    with pytest.raises(ConfigFault, match=r"decoder: .*Leave out decoder="):
        built(name, f"decoder={decoder}")


def rollout_of(chance_TN, repeats=1):
    """One glimpse a symbol, of so many equal images."""
    item_probs = torch.tensor(chance_TN)[None, None, :, None].expand(repeats, -1, -1, -1, -1)
    nothing = item_probs[..., 0]
    return Rollout(nothing, nothing[..., 0].long(), item_probs, nothing, nothing[..., None], item_probs)


ALPHA = [[0.6, 0.4], [0.3, 0.7], [1.0, 0.0]]
TARGET = torch.tensor([[1, 0, IGNORED]])


@pytest.mark.parametrize(
    "target, over, expected",
    [
        (
            FixedTarget(1.0),
            SumOverItems(),
            2 * (0.1**2 + 0.1**2),
        ),  # sums over two words: 0.9 and 1.1; the third is padding
        (FixedTarget(1.0), MeanOverItems(), 2 * (0.1**2 + 0.1**2) / 2),
        (FixedTarget(0.5), SumOverItems(), 2 * (0.4**2 + 0.6**2)),
        (MeanTarget(), SumOverItems(), 2 * (0.1**2 + 0.1**2)),  # two glimpses, two items
    ],
)
def test_the_doubly_stochastic_penalty_by_hand(target, over, expected):
    regularizer = DoublyStochastic(2.0, target, over)
    for images in (1, 3):  # whatever the batch
        found = regularizer(rollout_of(ALPHA, images), TARGET.expand(images, -1))
        assert found.item() == pytest.approx(expected, rel=1e-5)


def test_certainty_is_priced_by_hand():
    entropies = [-(a * torch.tensor(a).log() + (1 - a) * torch.tensor(1 - a).log()) for a in (0.6, 0.3)]
    expected = -0.5 * float(sum(entropies))
    assert EntropyBonus(0.5)(rollout_of(ALPHA), TARGET).item() == pytest.approx(expected, rel=1e-5)
    both = RegularizerSum([EntropyBonus(0.5), DoublyStochastic(2.0, FixedTarget(1.0), SumOverItems())])
    assert both(rollout_of(ALPHA), TARGET).item() == pytest.approx(expected + 0.04, rel=1e-4)
    assert RegularizerSum([NoRegularizer()])(rollout_of(ALPHA), TARGET) == 0


def test_a_penalty_on_items_wants_items():
    parts = built("dram", "regularizer=doubly_stochastic")
    rnn, batch = parts.module.rnn, first_batch(parts)
    with pytest.raises(ConfigFault, match="regularizer=none"):
        parts.module.objective(roll(rnn, batch, 2, sample), batch.target)


@pytest.mark.parametrize("name, only", [("item_soft", "attention.alignment"), ("item_hard", "attention.alignment")])
def test_the_penalty_trains_what_compares(name, only):
    parts = built(name, "regularizer=doubly_stochastic", data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn, first_batch(parts)
    rollout = roll(rnn, batch, 2, sample)
    regularizer = parts.module.objective.regularizer(rollout, batch.target)
    reached = touched(regularizer, rnn)
    assert any(n.startswith(only) for n in reached) and not any(n.startswith("decoder.head") for n in reached)
    plain = built(name, data="digit_pairs_ordered").module.objective(rollout, batch.target)["loss"]
    torch.testing.assert_close(parts.module.objective(rollout, batch.target)["loss"] - plain, regularizer)


def test_the_image_is_told_once():
    torch.manual_seed(0)
    model = ImageOnce(task((2, 3)), H, partial(Conv, layers=[(D, 1, 1)], pad=False))
    image = torch.randn(2, 1, 2, 3)
    features = model.encode(image, no_boxes(2))
    mean = model.encoder(image).mean((-2, -1)).repeat_interleave(2, 0)
    torch.testing.assert_close(model(features, torch.zeros(4, H), 0, sample).code, mean)
    assert not model(features, torch.zeros(4, H), 1, sample).code.any() and model.code_size == D


def boxed(choice=None):
    torch.manual_seed(3)
    return BoxAttention(task((4, 6)), H, partial(Conv, layers=[(D, 2, 2)], pad=False), partial(Additive, size=4),
                        choice or ExpectedItem(1.0), partial(ScalarGate))  # fmt: skip


NOTHING = [float("nan")] * 4


def test_an_item_is_the_mean_of_what_lies_in_its_box():
    model, image = boxed(), torch.randn(1, 1, 4, 6)
    # Cells of 2 x 2 px, 2 rows of 3. The box covers cell (0, 0) and half of (0, 1); the second runs over the edge.
    boxes = torch.tensor([[[0.0, 0.0, 3.0, 2.0], [4.0, 2.0, 9.0, 9.0], NOTHING]])
    item, cell = model.encode(image, boxes).item[0], model.encoder(image)[0]
    torch.testing.assert_close(item[0, :D], cell.mean((-2, -1)))
    torch.testing.assert_close(item[1, :D], (cell[:, 0, 0] + 0.5 * cell[:, 0, 1]) / 1.5)
    torch.testing.assert_close(item[2, :D], cell[:, 1, 2])
    torch.testing.assert_close(item[1, D:], torch.tensor([-1.0, -1.0, 0.0, 0.0]))
    torch.testing.assert_close(item[2, D:], torch.tensor([1 / 3, 0.0, 1.0, 1.0]))


@pytest.mark.parametrize("choice", [ExpectedItem(1.0), SampledItem(1.0, EachGlimpse(0.0))])
def test_boxes_that_do_not_exist_are_not_looked_at(choice):
    model, image, query = boxed(choice), torch.randn(2, 1, 4, 6), torch.randn(6, H)
    outside = [7.0, 0.0, 9.0, 2.0]
    boxes = torch.tensor([[[0.0, 0.0, 3.0, 2.0], NOTHING, outside], [NOTHING, NOTHING, outside]])
    features = model.encode(image, boxes)
    glimpse = model(features, query, 0, sample)
    weight = glimpse.where[..., 0]
    assert torch.equal(glimpse.where[..., 1:], features.box.repeat_interleave(3, 0))
    torch.testing.assert_close(weight.sum(-1), torch.ones(6))
    assert not weight[:3, 2:].any() and torch.equal(weight[3:, 0], torch.ones(3)) and not glimpse.where.isnan().any()
    alone = model.encode(image, no_boxes(2))
    torch.testing.assert_close(model(alone, query, 0, sample).code[3:], glimpse.code[3:])


@pytest.mark.parametrize("choice", [ExpectedItem(1.0), SampledItem(1.0, EachGlimpse(0.0))])
def test_random_items_are_boxes_that_exist_each_as_often(choice):
    """Not padding, which shows the whole image: with many paddings the control "random" would look at nothing else."""
    model, boxes = boxed(choice).eval(), torch.tensor([[[0.0, 0.0, 3.0, 2.0], NOTHING, NOTHING, NOTHING]])
    features = model.encode(torch.randn(1, 1, 4, 6), boxes)
    torch.manual_seed(0)
    share = model(features, torch.zeros(4000, H), 0, uniform).where[..., 0].mean(0)
    assert abs(share[0] - 0.5) < 0.03 and torch.equal(share[2:], torch.zeros(3))


def test_boxes_are_drawn_where_they_are():
    model = boxed()
    where = torch.tensor([[[0.25, 0.0, 0.0, 6.0, 4.0], [0.75, 0.0, 0.0, 3.0, 2.0]]])
    (seen,) = model.attention_map(where, (4, 6))
    assert seen[:2, :3].eq(1).all() and torch.allclose(seen[2:], torch.tensor(0.25)) and seen[0, 3] == 0.25
    assert model.fixation(where).tolist() == [[1.5, 1.0]]


@pytest.mark.parametrize("name, idle", [("adaptive", ()), ("item_boxes", ()), ("nic", ())])
def test_every_parameter_learns_from_two_words(name, idle):
    parts = built(name, data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn, first_batch(parts)
    loss = log_likelihood(roll(rnn, batch, 1, sample), batch.target).sum()
    assert {n for n, p in rnn.named_parameters() if p.numel()} - touched(loss, rnn) == set(idle)


def test_all_of_show_attend_and_tell_learns_from_the_likelihood():
    gate = ["attention.mechanism.gate._target_=benchmark.model.attention.gate.VectorGate"]
    parts = built("item_soft", "decoder=deep_output", "context=global_feature", "context.detach=false", *gate,
                  data="digit_pairs_ordered")  # fmt: skip
    rnn, batch = parts.module.rnn, first_batch(parts)
    loss = log_likelihood(roll(rnn, batch, 1, sample), batch.target).sum()
    assert {n for n, p in rnn.named_parameters() if p.numel()} == touched(loss, rnn)
    with torch.no_grad():
        assert rnn.eval()(batch.image, batch.boxes, None, 1, mode).symbol.shape == (4, 1, 2)
