"""Controls without attention: the whole image reduced, and several fixed crops whose answers are averaged."""

from functools import partial

import pytest
import torch
from models import built, first_batch, roll, task
from stubs import NO_LOOK
from torch import nn

from benchmark.model.attention.distribution import mode, sample, uniform
from benchmark.model.attention.policy.base import Canvas, GlimpseCache, Seen
from benchmark.model.attention.policy.fixed_sequence import FixedSequencePolicy
from benchmark.model.decoder.multi_crop import MeanCode, MeanProbability, MultiCrop
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.wrappers import MeanCell, Resized


def test_probabilities_are_averaged_over_looks():
    head = nn.Linear(2, 2, bias=False)
    nn.init.eye_(head.weight)
    code = torch.tensor([[[1.0, 0.0], [0.0, 3.0]]])
    one, two = torch.tensor([1.0, 0.0]).softmax(0), torch.tensor([0.0, 3.0]).softmax(0)
    torch.testing.assert_close(MeanProbability()(code, head).exp()[0], (one + two) / 2)
    assert MeanCode()(code, head).tolist() == [[0.5, 1.5]]


@pytest.mark.parametrize("merge", [MeanProbability(), MeanCode()])
def test_an_answer_depends_on_all_looks_and_not_on_their_order(merge):
    torch.manual_seed(0)
    decoder, codes = MultiCrop(4, task(symbols=3), 1, [5], merge), torch.randn(3, 2, 4)

    def said(order):
        state = decoder.feed_symbol(torch.zeros(2), decoder.start(torch.zeros(2, 1)))
        for look in order:
            state = decoder.step(codes[look], state)
        return decoder.logits(state)

    torch.testing.assert_close(said([0, 1, 2]), said([2, 0, 1]))
    assert not torch.allclose(said([0, 1, 2]), said([0, 1]))


def test_each_position_has_its_own_classifier_of_all_crops():
    decoder = MultiCrop(1, task(symbols=2, steps=2), 1, [], MeanCode())
    with torch.no_grad():
        decoder.head[0].weight.copy_(torch.tensor([[1.0], [2], [3], [4]]))
        decoder.head[0].bias.zero_()
    state = decoder.feed_symbol(torch.zeros(1), decoder.start(torch.zeros(1, 1)))
    state = decoder.step(torch.tensor([[1.0]]), state)
    assert decoder.logits(state).tolist() == [[1, 2]]
    state = decoder.step(torch.tensor([[5.0]]), decoder.feed_symbol(torch.zeros(1), state))
    assert decoder.logits(state).tolist() == [[9, 12]]  # 3 x 3 and 4 x 3, the mean code


def test_a_tour_visits_its_places_in_turn():
    nothing = Seen(lambda _: torch.empty(0), lambda _: torch.empty(0), (), GlimpseCache(), NO_LOOK)
    policy = FixedSequencePolicy(Canvas((20, 40), 5.0), 3, [(0.0, 0.0), (-0.5, 0.25)])
    where = [mode(policy(torch.zeros(2, 3), torch.zeros(2, 0, 4), step, nothing).where).tolist() for step in range(3)]
    assert where == [[[0, 0]] * 2, [[-2, 0.5]] * 2, [[0, 0]] * 2]  # a quarter of 40 and an eighth of 20 px, in fives
    assert not policy.drawn and not list(policy.parameters())
    drawn = uniform(policy(torch.zeros(500, 3), torch.zeros(500, 0, 4), 0, nothing).where)
    assert drawn[:, 0].abs().max() > 3 and drawn[:, 1].abs().max() <= 2


def test_five_crops_are_averaged():
    parts = built("multi_crop", "data.canvas=24", "look.crop=12")
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    said, image = roll(rnn, batch, 1, sample).logits[:, 0, 0], batch.image
    crops = [image[..., y : y + 12, x : x + 12] for y, x in ((6, 6), (0, 0), (0, 12), (12, 0), (12, 12))]
    each = [rnn.decoder.head(rnn.attention.network.encoder(crop).flatten(1)).softmax(-1) for crop in crops]
    torch.testing.assert_close(said.exp(), torch.stack(each).mean(0), atol=1e-6, rtol=1e-5)


def test_an_encoder_of_reduced_images_sees_means_and_costs_the_same_on_any():
    torch.manual_seed(0)
    body = partial(Conv, layers=[(3, 3, 2)], pad=True)
    at = {side: Resized((2, side, side), body, 8) for side in (8, 16, 24)}
    assert {encoder.shape for encoder in at.values()} == {(3, 4, 4)}
    flat = torch.randn(1, 2, 1, 1).expand(-1, -1, 24, 24)
    torch.testing.assert_close(at[24](flat), at[24].body(flat[..., :8, :8]), atol=1e-5, rtol=1e-5)
    image = torch.randn(1, 2, 8, 8)
    torch.testing.assert_close(at[8](image), at[8].body(image))
    assert Resized((2, 4, 4), body, 8)(image[..., :4, :4]).shape == (1, 3, 4, 4)


def test_a_reduced_image_has_nothing_of_what_is_finer_than_its_pixels():
    """A checkerboard of single pixels becomes grey, not stripes."""
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    board = ((x + y) % 2 * 2.0 - 1)[None, None]
    seen = []
    encoder = Resized((1, 32, 32), partial(Conv, layers=[(1, 1, 1)], pad=True), 8)
    encoder.body.register_forward_hook(lambda part, given, made: seen.append(given[0]))
    encoder(board)
    assert seen[0].shape == (1, 1, 8, 8) and seen[0].abs().max() < 0.05


def test_the_mean_cell_is_the_map_averaged():
    body = partial(Conv, layers=[(3, 3, 2)], pad=True)
    encoder = MeanCell((1, 8, 8), body)
    image = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(encoder(image)[..., 0, 0], encoder.body(image).mean((2, 3)))
    assert encoder.shape == (3, 1, 1)
