"""Item-wise attention and its alignments against eqs 9-17 written out; no attention at all."""

from functools import partial

import pytest
import torch
from models import no_boxes, task

from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.alignment.dot import Dot
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.attention.gate import NoGate
from benchmark.model.attention.item import ExpectedItem, ItemAttention, SampledItem
from benchmark.model.attention.none import NoAttention
from benchmark.model.attention.softening import EachGlimpse, EachImage
from benchmark.model.encoder.conv import Conv


def attention(choice, alignment=Additive, side=(6, 8)):
    torch.manual_seed(0)
    return ItemAttention(
        task(side), 5, partial(Conv, layers=[(3, 2, 2)], pad=False), partial(alignment, size=4), choice, NoGate
    )


def test_alignments_by_hand():
    torch.manual_seed(0)
    item, query = torch.randn(2, 6, 3), torch.randn(2, 4, 5)
    additive, dot = Additive(3, 5, 7), Dot(3, 5, 16)
    for b in range(2):
        for s in range(4):
            for n in range(6):
                hidden = additive.of_item(item[b, n]) + additive.of_query(query[b, s])
                expected = additive.score.weight[0] @ hidden.tanh()
                torch.testing.assert_close(additive(additive.keys(item), query)[b, s, n], expected)
                product = dot.of_item(item[b, n]) @ dot.of_query(query[b, s]) / 4.0
                torch.testing.assert_close(dot(dot.keys(item), query)[b, s, n], product)


@pytest.mark.parametrize("alignment", [Additive, Dot])
def test_the_soft_code_is_the_items_mean_under_the_weights(alignment):
    model, image, query = attention(ExpectedItem(0.7), alignment), torch.randn(2, 1, 6, 8), torch.randn(6, 5)
    features = model.encode(image, no_boxes(2))
    glimpse = model(features, query, 0, sample)
    torch.testing.assert_close(glimpse.where.sum(-1), torch.ones(6))
    for row in range(6):  # three trajectories an image, side by side
        scores = model.alignment(features.key[row // 3][None], query[row][None, None])[0, 0]
        weights = (scores / 0.7).softmax(-1)
        torch.testing.assert_close(glimpse.where[row], weights)
        torch.testing.assert_close(glimpse.code[row], weights @ features.item[row // 3])


def test_an_item_carries_its_place():
    model = attention(ExpectedItem(1.0))
    item = model.encode(torch.randn(2, 1, 6, 8), no_boxes(2)).item
    assert item.shape == (2, 12, 5) and model.code_size == 5
    x, y = item[0, :, 3].view(3, 4), item[0, :, 4].view(3, 4)
    torch.testing.assert_close(x, torch.tensor([-0.75, -0.25, 0.25, 0.75]).expand(3, 4))
    torch.testing.assert_close(y, torch.tensor([[-2 / 3], [0.0], [2 / 3]]).expand(3, 4))


def test_an_item_is_the_map_s_cell():
    model, image = attention(ExpectedItem(1.0)), torch.randn(1, 1, 6, 8)
    item = model.encode(image, no_boxes(1)).item
    torch.testing.assert_close(item[0, 4 * 1 + 2, :3], model.encoder(image)[0, :, 1, 2])


def test_the_hard_code_is_one_item_and_its_log_probability():
    model, image, query = attention(SampledItem(1.0, EachGlimpse(0.0))), torch.randn(2, 1, 6, 8), torch.randn(10, 5)
    features = model.encode(image, no_boxes(2))
    torch.manual_seed(3)
    glimpse = model(features, query, 0, sample)
    drawn = glimpse.where.argmax(-1)
    log_p = model.alignment(features.key, query.view(2, 5, 5)).log_softmax(-1).flatten(0, 1)
    torch.testing.assert_close(glimpse.log_prob, log_p.gather(1, drawn[:, None])[:, 0])
    torch.testing.assert_close(glimpse.item_probs, log_p.exp())
    torch.testing.assert_close(glimpse.code, features.item.repeat_interleave(5, 0)[torch.arange(10), drawn])
    assert drawn.unique().numel() > 1


def test_all_trajectories_of_an_image_are_softened_as_it_is():
    model = attention(SampledItem(1.0, EachImage(0.5)))
    features = model.encode(torch.randn(2, 1, 6, 8), no_boxes(2))._replace(softened=torch.tensor([0.0, 1.0]))
    where = model(features, torch.randn(6, 5), 0, sample).where
    assert (where.amax(-1) == 1).tolist() == [True] * 3 + [False] * 3


def test_the_score_of_a_draw_does_not_train_the_encoder():
    model = attention(SampledItem(1.0, EachGlimpse(0.0)))
    glimpse = model(model.encode(torch.randn(2, 1, 6, 8), no_boxes(2)), torch.randn(6, 5), 0, sample)
    glimpse.log_prob.sum().backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert model.alignment.of_item.weight.grad.any()


def test_soft_and_hard_agree_when_the_best_item_takes_all():
    image, query = torch.randn(2, 1, 6, 8), torch.randn(2, 5)
    soft, hard = attention(ExpectedItem(1e-4)), attention(SampledItem(1.0, EachGlimpse(0.0)))
    codes = [model(model.encode(image, no_boxes(2)), query, 0, mode).code for model in (soft, hard)]
    torch.testing.assert_close(*codes, atol=1e-4, rtol=1e-4)


def test_drawing_and_fixation_of_items():
    model = attention(SampledItem(1.0, EachGlimpse(0.0)))
    where = torch.zeros(2, 12)
    where[0, 0], where[1, 4 * 2 + 3] = 1, 1
    assert model.fixation(where).tolist() == [[1.0, 1.0], [7.0, 5.0]]  # cells of 2 x 2 px
    maps = model.attention_map(where, (6, 8))
    assert maps.shape == (2, 6, 8) and maps.amax((1, 2)).tolist() == [1, 1] and maps.min() >= 0
    assert maps[0, 0, 0] == 1 and maps[0, :, 4:].sum() == 0 and maps[1, 5, 7] == 1


def test_no_attention_gives_one_code_and_looks_nowhere():
    torch.manual_seed(0)
    model = NoAttention(task((6, 8)), 5, partial(Conv, layers=[(3, 2, 2)], pad=False))
    image = torch.randn(2, 1, 6, 8)
    features = model.encode(image, no_boxes(2))
    glimpse = model(features, torch.randn(6, 5), 0, sample)
    assert torch.equal(glimpse.code, model.encoder(image).flatten(1).repeat_interleave(3, 0))
    assert model.code_size == 36 and glimpse.where.shape == (6, 0)
    assert model.fixation(glimpse.where).isnan().all() and model.fixation(glimpse.where).shape == (6, 2)
    assert torch.equal(model.attention_map(glimpse.where, (6, 8)), torch.ones(6, 6, 8))
