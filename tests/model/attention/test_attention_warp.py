"""Location-wise soft attention: the families of warps, the closed loop's parts, and its drawing."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from models import built, first_batch, no_boxes, task
from torch import nn
from torch.nn.functional import avg_pool2d

from benchmark.model.attention.distribution import sample, uniform
from benchmark.model.attention.family import Affine, Shift, Zoom
from benchmark.model.attention.views import Stacked
from benchmark.model.attention.warp import WarpAttention, coarser, filled
from benchmark.model.attention.whatwhere import Multiplied
from benchmark.model.attention.window import Sampler
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.dense import Dense


def attention(family, size=5, side=(9, 9), starts=1, spread=0.0, scales=1, parallel=1, views=Stacked, background=0.0):
    torch.manual_seed(0)
    localiser = partial(Conv, layers=[(2, 3, 2)], pad=True)
    spec = replace(task(side), background=background)
    model = WarpAttention(
        spec, 3, partial(Dense, sizes=[4]), views, localiser, 6, family, parallel, starts, spread, Multiplied,
        overview=4, size=size, scales=scales, oversample=1,
    )  # fmt: skip
    nn.init.normal_(model.whatwhere.where.weight)  # zeros at first: the place would not count
    return model


def test_affine_and_zoom_by_hand():
    theta = torch.tensor([[0.5, 0.1, 0.2, -0.1, 0.4, -0.3]])
    assert Affine(1.0).warp(theta).tolist() == [theta[0].unflatten(0, (2, 3)).tolist()]
    recentred = Affine(1.0).recentred(theta, torch.tensor([[0.7, -0.6]]))
    torch.testing.assert_close(recentred, torch.tensor([[0.5, 0.1, 0.7, -0.1, 0.4, -0.6]]))
    zoom = Zoom(0.5)
    expected = torch.tensor([[[0.5, 0.0, 0.2], [0.0, 0.5, -0.3]]])
    torch.testing.assert_close(zoom.warp(torch.tensor([[0.5, 0.2, -0.3]])), expected)
    torch.testing.assert_close(
        zoom.recentred(torch.tensor([[0.5, 0.2, -0.3]]), torch.tensor([[0.7, -0.6]])), torch.tensor([[0.5, 0.7, -0.6]])
    )


def test_a_shift_keeps_its_scale():
    shift, theta = Shift(0.5), torch.tensor([[0.2, -0.3]])
    torch.testing.assert_close(shift.warp(theta), torch.tensor([[[0.5, 0.0, 0.2], [0.0, 0.5, -0.3]]]))
    assert shift.centre(theta) is theta and shift.recentred(theta, -theta).tolist() == (-theta).tolist()


@pytest.mark.parametrize("family", [Affine(1.0), Zoom(1.0), Shift(1.0)])
def test_a_fresh_network_shows_the_image_s_middle(family):
    """With zoom 1 and as many cells as pixels the first crop is the image itself."""
    model, image = attention(family, size=9), torch.randn(2, 1, 9, 9)
    features = model.encode(image, no_boxes(2))
    glimpse = model(features, torch.randn(2, 3), 0, sample)
    torch.testing.assert_close(glimpse.where, torch.eye(2, 3).expand(2, 1, 2, 3))
    torch.testing.assert_close(model.sampler(image, glimpse.where[:, 0]), image, atol=1e-5, rtol=1e-5)
    assert torch.equal(glimpse.log_prob, torch.zeros(2))


def test_drawing_and_fixation_of_a_warp():
    model = attention(Affine(0.5))
    half = torch.tensor([[[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]]])
    assert model.fixation(half).tolist() == [[4.5, 4.5]]  # the middle of pixel 4
    corner = torch.tensor([[[[0.25, 0.0, -1.0], [0.0, 0.25, 1.0]]]])
    assert model.fixation(corner).tolist() == [[0.5, 8.5]]
    seen = model.attention_map(half, (9, 9))[0]
    assert seen[2:7, 2:7].all() and seen.sum() == 25
    nothing = model.attention_map(torch.zeros(1, 1, 2, 3), (9, 9))
    assert nothing.isfinite().all()


def test_the_first_glimpses_start_apart_on_a_ring():
    model = attention(Zoom(0.5), starts=4, spread=0.8)
    features, query = model.encode(torch.randn(1, 1, 9, 9), no_boxes(1)), torch.randn(1, 3)
    where = torch.stack([model(features, query, step, sample).where[0, 0] for step in range(5)])
    torch.testing.assert_close(where[:, :, :2], (torch.eye(2) / 2).expand(5, 2, 2))
    r = 0.8 * 0.5**0.5
    ring = torch.tensor([[r, r], [-r, r], [-r, -r], [r, -r], [r, r]])
    torch.testing.assert_close(where[:, :, 2], ring)  # the fifth starts where the first did


@pytest.mark.parametrize("side", [(16, 16), (17, 22)])
@pytest.mark.parametrize("step", [2, 4])
def test_a_coarser_crop_is_as_many_times_as_wide_around_the_same_place(step, side):
    """On a plane, which averaging and bilinear reading get exactly."""
    y, x = torch.meshgrid(torch.arange(side[0]), torch.arange(side[1]), indexing="ij")
    image = (3.0 * x - 2.0 * y)[None, None]
    fine = torch.tensor([[[0.08, 0.02, 0.11], [-0.03, 0.1, -0.07]]])
    wide = torch.cat([step * fine[..., :2], fine[..., 2:]], -1)
    sampler = Sampler(0.0, 5, 1)
    coarse = sampler(avg_pool2d(filled(image, step, 0.0), step), coarser(fine, side, step))
    torch.testing.assert_close(coarse, sampler(image, wide), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(coarser(fine, side, 1), fine)


def test_no_pixel_is_lost_where_a_side_is_no_multiple_of_the_coarse_pixel():
    model = attention(Affine(0.5), side=(15, 13), scales=3, background=2.0)
    image = torch.full((1, 1, 15, 13), 2.0)
    image[..., -1, -1] = 10.0
    levels = model.encode(image, no_boxes(1)).levels
    assert [level.shape[2:] for level in levels] == [(15, 13), (8, 7), (4, 4)]
    assert [level.sum().item() for level in levels] == [8.0, 2.0, 0.5]  # a quarter of it, a sixteenth; elsewhere ground
    # The centre of the last coarse pixel, which begins at pixel 12: place 13.5 of 0 to 14, and of 0 to 12.
    place = torch.tensor([[[0.0, 0.0, 2 * 13.5 / 12 - 1], [0.0, 0.0, 2 * 13.5 / 14 - 1]]])
    torch.testing.assert_close(coarser(place, (15, 13), 4)[0, :, 2], torch.ones(2))


def test_a_single_crop_starts_at_the_centre():
    model = attention(Zoom(0.5), starts=1, spread=0.8)
    assert model.start_sP.tolist() == [[0.5, 0.0, 0.0]]


def test_a_sheared_crop_is_drawn_where_it_looks():
    """Pixels lie at -1, -0.75 .. 1. The crop covers |y| < 0.26, and in each row |x - 2 y| < 0.26."""
    sheared = torch.tensor([[[[0.26, 0.52, 0.0], [0.0, 0.26, 0.0]]]])
    seen = attention(Affine(0.5)).attention_map(sheared, (9, 9))[0]
    assert seen[3, 1:4].all() and seen[4, 3:6].all() and seen[5, 5:8].all() and seen.sum() == 9


def test_each_trajectory_is_of_its_own_image_and_query():
    model, image, query = attention(Zoom(0.5)), torch.randn(2, 1, 9, 9), torch.randn(6, 3)
    with torch.no_grad():
        model.theta.weight.normal_(std=0.3)
    found = model(model.encode(image, no_boxes(2)), query, 0, sample)
    for row in range(6):
        alone = model(model.encode(image[row // 3, None], no_boxes(1)), query[row, None], 0, sample)
        torch.testing.assert_close(found.where[row], alone.where[0])
        torch.testing.assert_close(found.code[row], alone.code[0])


def test_crops_of_all_scales_are_read_and_drawn():
    model, image = attention(Affine(0.25), scales=2), torch.randn(1, 1, 9, 9)
    glimpse = model(model.encode(image, no_boxes(1)), torch.randn(1, 3), 0, sample)
    crops = [model.sampler(image, glimpse.where[:, 0])]
    crops.append(model.sampler(avg_pool2d(filled(image, 2, 0.0), 2), coarser(glimpse.where[:, 0], (9, 9), 2)))
    what = model.network(torch.stack(crops, 1))
    torch.testing.assert_close(glimpse.code, model.whatwhere(what, model.start_sP))
    seen = model.attention_map(glimpse.where, (9, 9))[0]
    assert seen[3:6, 3:6].unique().tolist() == [1.0] and seen[2:7, 2:7].unique().tolist() == [0.5, 1.0]
    assert seen.sum() == 9 + 16 / 2


def test_random_looks_keep_the_shape_and_move_the_centre():
    model = attention(Affine(0.5))
    features = model.encode(torch.randn(500, 1, 9, 9), no_boxes(500))
    torch.manual_seed(1)
    where = model(features, torch.randn(500, 3), 0, uniform).where[:, 0]
    torch.testing.assert_close(where[..., :2], (torch.eye(2) / 2).expand(500, 2, 2))
    assert where[..., 2].abs().max() <= 1
    torch.testing.assert_close(where[..., 2].std(0), torch.full((2,), 3**-0.5), atol=0.05, rtol=0)


def test_the_crop_feeds_the_core_that_places_the_next():
    """Closed loop: what the first crop showed changes where the second is taken."""
    parts = built("location_soft")
    rnn, batch = parts.module.rnn, first_batch(parts)
    with torch.no_grad():
        rnn.attention.theta.weight.normal_(std=0.3)
        where = rnn(batch.image, batch.boxes, None, 1, sample).where[:, 0, 0]
        rnn.attention.network.encoder.out.bias.add_(3.0)
        after = rnn(batch.image, batch.boxes, None, 1, sample).where[:, 0, 0]
    assert torch.equal(where[:, 0], after[:, 0])
    assert (where[:, 1] - after[:, 1]).abs().max() > 1e-4


def test_the_likelihood_s_gradient_reaches_the_warp_through_the_crop():
    model = attention(Affine(0.5))
    with torch.no_grad():
        model.whatwhere.where.weight.zero_()  # so that the crop is the only way
    glimpse = model(model.encode(torch.randn(2, 1, 9, 9), no_boxes(2)), torch.randn(2, 3), 0, sample)
    (gradient,) = torch.autograd.grad(glimpse.code.sum(), model.start_sP)
    assert (gradient.abs() > 1e-6).all()


def test_parallel_crops_start_apart_and_their_codes_stand_side_by_side():
    model, image = attention(Zoom(0.25), starts=2, spread=0.5, parallel=2, scales=2), torch.randn(3, 1, 9, 9)
    glimpse = model(model.encode(image, no_boxes(3)), torch.randn(3, 3), 1, sample)
    assert glimpse.where.shape == (3, 2, 2, 3)
    torch.testing.assert_close(glimpse.where[0, :, :, 2], torch.tensor([[0.0, 0.5], [0.0, -0.5]]), atol=1e-6, rtol=0)
    codes = []
    for crop in range(2):
        warp = glimpse.where[:, crop]
        near, far = (
            model.sampler(image, warp),
            model.sampler(avg_pool2d(filled(image, 2, 0.0), 2), coarser(warp, (9, 9), 2)),
        )
        theta = torch.stack([warp[:, 0, 0], warp[:, 0, 2], warp[:, 1, 2]], 1)
        codes.append(model.whatwhere(model.network(torch.stack([near, far], 1)), theta))
    torch.testing.assert_close(glimpse.code, torch.cat(codes, 1))
    assert model.code_size == glimpse.code.shape[1]


def test_parallel_crops_move_by_themselves():
    model = attention(Zoom(0.5), starts=2, spread=0.5, parallel=2)
    with torch.no_grad():
        model.theta.weight.normal_(std=0.3)
    where = model(model.encode(torch.randn(1, 1, 9, 9), no_boxes(1)), torch.randn(1, 3), 0, sample).where
    moved = where[0, :, :, 2] - torch.tensor([[0.0, 0.5], [0.0, -0.5]])
    assert (moved[0] - moved[1]).abs().max() > 1e-3


def test_drawing_and_fixation_of_parallel_crops():
    """The map shows both; the fixation is the middle between them."""
    model = attention(Zoom(0.5), parallel=2, starts=2)
    corners = torch.tensor([[[[0.25, 0.0, -0.75], [0.0, 0.25, -0.75]], [[0.25, 0.0, 0.75], [0.0, 0.25, 0.25]]]])
    assert model.fixation(corners).tolist() == [[4.5, 3.5]]
    seen = model.attention_map(corners, (9, 9))[0]
    assert seen[:3, :3].all() and seen[4:7, 6:].all() and seen.sum() == 18
