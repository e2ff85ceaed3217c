"""Windows: the retina against a slow reading pixel by pixel; the sampler against eqs 31-42, corrected."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.window import Retina, Sampler, square_map


def pixel(image_HW, x, y, background):
    height, width = len(image_HW), len(image_HW[0])
    return image_HW[y][x] if 0 <= x < width and 0 <= y < height else background


def slow_glimpse(image_CHW, centre, size, scales, background):
    """Cell by cell and pixel by pixel: (k * C, g, g) nested lists."""
    planes = [plane.tolist() for plane in image_CHW]
    # Python's round is half to even, as torch's.
    first_x, first_y = (round(float(c) - size / 2) for c in centre)
    out = []
    for s in range(scales):
        step = 2**s
        start_x, start_y = (first - (size * (step - 1)) // 2 for first in (first_x, first_y))
        for plane in planes:
            out.append(
                [
                    [
                        math.fsum(
                            pixel(plane, start_x + step * j + a, start_y + step * i + b, background)
                            for a in range(step)
                            for b in range(step)
                        )
                        / step**2
                        for j in range(size)
                    ]
                    for i in range(size)
                ]
            )
    return torch.tensor(out)


def looked(image_BCHW, centre_R2, size, scales, background):
    retina = Retina(tuple(image_BCHW.shape[2:]), background, size, range(scales))
    return retina(retina.levels(image_BCHW), centre_R2).flatten(1, 2)


@pytest.mark.parametrize("size", [3, 4, 7, 8])
@pytest.mark.parametrize("scales", [1, 2, 3, 4])
def test_the_retina_is_the_slow_oracle_everywhere(size, scales):
    torch.manual_seed(size * 10 + scales)
    height, width, background = 11, 9, -0.7
    image_BCHW = torch.randn(2, 3, height, width)
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    borders = [(0.49, 5.2), (width - 0.3, 5.5), (4.5, 0.51), (4.1, height - 1.5)]
    inside = [(4.5, 5.5), (4.0, 5.0), (3.3, 6.7), (5.25, 2.75)]
    centre_R2 = torch.tensor(corners + borders + inside, dtype=torch.float32)
    rows = centre_R2.repeat(2, 1)  # all of image 0, then all of image 1
    windows = looked(image_BCHW, rows, size, scales, background)
    assert windows.shape == (24, 3 * scales, size, size)
    for row, centre in enumerate(rows):
        slow = slow_glimpse(image_BCHW[row // 12], centre, size, scales, background)
        torch.testing.assert_close(windows[row], slow, atol=1e-5, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(6, 13), st.integers(6, 13), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3),
    st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6),
)  # fmt: skip
def test_the_retina_is_the_slow_oracle_at_any_size(height, width, size, scales, samples, u, v, seed):
    generator = torch.Generator().manual_seed(seed)
    image_BCHW = torch.randn(2, 1, height, width, generator=generator)
    centre_R2 = torch.rand(2 * samples, 2, generator=generator) * torch.tensor([width, height])
    centre_R2[0] = torch.tensor([u * width, v * height])
    centre_R2 = (centre_R2 * 64).round() / 64  # so that the oracle's arithmetic rounds to the same pixel
    windows = looked(image_BCHW, centre_R2, size, scales, 0.25)
    for row, centre in enumerate(centre_R2):
        slow = slow_glimpse(image_BCHW[row // samples], centre, size, scales, 0.25)
        torch.testing.assert_close(windows[row], slow, atol=1e-5, rtol=1e-5)


def test_a_glimpse_by_hand():
    image = torch.arange(36.0).view(1, 1, 6, 6)
    windows = looked(image, torch.tensor([[3.0, 3.0]]), 2, 2, -1.0)
    # The finest window is pixels 2..3; the next one pixels 1..4, in cells of 2 x 2.
    assert windows[0, 0].tolist() == [[14, 15], [20, 21]]
    assert windows[0, 1].tolist() == [[10.5, 12.5], [22.5, 24.5]]


def test_a_corner_by_hand():
    image = torch.ones(1, 1, 6, 6)
    windows = looked(image, torch.zeros(1, 2), 2, 2, -1.0)
    assert windows[0, 0].tolist() == [[-1, -1], [-1, 1]]
    assert windows[0, 1].tolist() == [[-1, -1], [-1, 1]]


@given(st.floats(-3, 3, width=32), st.floats(0, 8, width=32), st.floats(0, 8, width=32))
@settings(max_examples=25, deadline=None)
def test_a_constant_image_in_its_own_background_is_constant_at_every_scale(value, x, y):
    windows = looked(torch.full((1, 2, 8, 8), value), torch.tensor([[x, y]]), 4, 4, value)
    torch.testing.assert_close(windows, torch.full_like(windows, value))


def test_moving_image_and_centre_together_changes_nothing():
    torch.manual_seed(0)
    image = torch.zeros(1, 1, 24, 24)
    image[..., 8:14, 8:14] = torch.randn(6, 6)
    moved = image.roll((3, -2), (2, 3))
    here = looked(image, torch.tensor([[11.0, 11.0]]), 4, 3, 0.0)
    there = looked(moved, torch.tensor([[9.0, 14.0]]), 4, 3, 0.0)
    torch.testing.assert_close(here, there)


def test_levels_leave_the_image_as_it_was():
    image = torch.randn(2, 1, 9, 9)
    before = image.clone()
    Retina((9, 9), 0.0, 4, range(3)).levels(image)
    assert torch.equal(image, before)


@pytest.mark.parametrize("read", [[2], [0, 2], [1], [1, 2]])
def test_scales_that_are_not_read_change_nothing_of_the_others(read):
    torch.manual_seed(0)
    image, centre = torch.randn(2, 3, 12, 15), torch.rand(6, 2) * 12
    every, some = Retina((12, 15), -0.5, 4, range(3)), Retina((12, 15), -0.5, 4, read)
    pyramid = some.levels(image)
    assert torch.equal(some(pyramid, centre), every(every.levels(image), centre)[:, read])
    edge = 2 ** max(read)  # pixels of background on every side, so that the widest cell at the border has its pixels
    assert pyramid.shape[2] == sum((12 + 2 * edge - 2**s + 1) * (15 + 2 * edge - 2**s + 1) for s in read)


def test_the_widest_window_alone_is_that_of_all():
    torch.manual_seed(0)
    retina = Retina((9, 7), -0.5, 3, (0, 1, 2))
    levels, centre = retina.levels(torch.randn(2, 2, 9, 7)), 9 * torch.rand(6, 2)
    assert torch.equal(retina.widest(levels, centre), retina(levels, centre)[:, -1])


def test_a_glimpse_larger_than_the_image_is_refused():
    with pytest.raises(ConfigFault, match=r"look\.size: a glimpse of 9 px does not fit an image of 8 x 20 px"):
        Retina((8, 20), 0.0, 9, [0])


# ---- the sampler ----

IDENTITY = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])


def warp(*rows):
    return torch.tensor(rows, dtype=torch.float64)[None]


@pytest.mark.parametrize("background", [0.0, -0.8])
def test_the_identity_returns_the_image(background):
    image = torch.randn(3, 2, 7, 7)
    sampler = Sampler(background, 7, 1)
    crop = sampler(sampler.raised(image), IDENTITY.expand(3, 2, 3))
    torch.testing.assert_close(crop, image, atol=1e-5, rtol=1e-5)


def test_half_precision_elsewhere_does_not_move_what_a_crop_shows():
    """Places of a grid in bf16 are up to 0.3 px wrong in an image of 224."""
    torch.manual_seed(0)
    image, sampler = torch.randn(1, 1, 224, 224), Sampler(0.0, 224, 1)
    with torch.autocast("cpu", torch.bfloat16):
        crop = sampler(image, IDENTITY)
    torch.testing.assert_close(crop, sampler(image, IDENTITY), atol=0, rtol=0)


def test_the_identity_at_another_size_keeps_the_corners():
    image = torch.randn(1, 1, 9, 9)
    crop = Sampler(0.0, 5, 1)(image, IDENTITY)
    torch.testing.assert_close(crop, image[..., ::2, ::2], atol=1e-5, rtol=1e-5)


def test_oversampling_averages_around_the_same_places():
    """On a plane, which bilinear reading gets exactly, a mean around a place is the place's own value."""
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    image = (2 * x - 3 * y)[None, None]
    small = 0.5 * IDENTITY
    torch.testing.assert_close(Sampler(0.0, 4, 3)(image, small), Sampler(0.0, 4, 1)(image, small), atol=1e-4, rtol=1e-5)


def test_oversampling_sees_what_lies_between():
    image = torch.zeros(1, 1, 17, 17)
    image[..., 1::2] = 1.0  # stripes that a grid of every other pixel misses
    assert Sampler(0.0, 9, 1)(image, IDENTITY).abs().max() < 1e-5
    inner = Sampler(0.0, 9, 4)(image, IDENTITY)[..., 1:-1, 1:-1]
    assert 0.3 < inner.mean() < 0.7


def test_outside_lies_the_background():
    image = torch.full((1, 1, 6, 6), 2.0)
    away = torch.tensor([[[1.0, 0.0, 5.0], [0.0, 1.0, 0.0]]])
    for oversample in (1, 2):
        sampler = Sampler(-0.4, 6, oversample)
        crop = sampler(sampler.raised(image), away)
        torch.testing.assert_close(crop, torch.full_like(crop, -0.4))


def test_a_pixel_can_be_addressed_and_read_back():
    """At x = 2 v / (W - 1) - 1 the crop's one cell shows pixel v."""
    image = torch.randn(1, 1, 5, 8)
    sampler = Sampler(0.0, 1, 1)
    for v in range(8):
        for u in range(5):
            at = torch.tensor([[[0.3, 0.0, 2 * v / 7 - 1], [0.0, 0.3, 2 * u / 4 - 1]]])
            assert abs(sampler(image, at).item() - image[0, 0, u, v].item()) < 1e-5


def kernel(image_HW, x, y):
    """Eq 32 in pixel units, counted from 0."""
    total = 0.0
    for u in range(image_HW.shape[0]):
        for v in range(image_HW.shape[1]):
            total += image_HW[u, v].item() * max(0.0, 1 - abs(x - v)) * max(0.0, 1 - abs(y - u))
    return total


def test_the_crop_is_eq_32_with_the_missing_change_of_units():
    torch.manual_seed(2)
    image = torch.randn(1, 1, 5, 7, dtype=torch.float64)
    theta = warp([0.7, 0.2, 0.13], [-0.3, 0.8, -0.21])
    crop = Sampler(0.0, 3, 1).double()(image, theta)
    for i, y_out in enumerate((-1.0, 0.0, 1.0)):
        for j, x_out in enumerate((-1.0, 0.0, 1.0)):
            x, y = (theta[0] @ torch.tensor([x_out, y_out, 1.0], dtype=torch.float64)).tolist()
            expected = kernel(image[0, 0], (x + 1) * 6 / 2, (y + 1) * 4 / 2)
            assert abs(crop[0, 0, i, j].item() - expected) < 1e-9


@pytest.mark.parametrize("oversample", [1, 2])
def test_the_sampler_s_gradients_by_finite_differences_off_the_lattice(oversample):
    torch.manual_seed(3)
    image = torch.randn(2, 2, 6, 5, dtype=torch.float64, requires_grad=True)
    theta = (warp([0.61, 0.17, 0.071], [-0.13, 0.53, -0.043]).repeat(2, 1, 1)).requires_grad_()
    sampler = Sampler(-0.3, 3, oversample).double()
    assert torch.autograd.gradcheck(sampler, (image, theta), eps=1e-6, atol=1e-6)


def test_the_affine_partials_are_eqs_35_to_42_with_the_chain_factor():
    """dX/da_11 = dX/dx_pix * (W - 1) / 2 * x_out and so on; the cross terms are zero."""
    torch.manual_seed(4)
    image = torch.randn(1, 1, 5, 7, dtype=torch.float64)
    theta = warp([0.61, 0.17, 0.071], [-0.13, 0.53, -0.043]).requires_grad_()
    sampler = Sampler(0.0, 3, 1).double()
    outs = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    for i in range(3):
        for j in range(3):
            (grad,) = torch.autograd.grad(sampler(image, theta)[0, 0, i, j], theta)
            place = torch.stack([outs[j], outs[i], torch.ones((), dtype=torch.float64)])
            x, y = (theta[0].detach() @ place).tolist()
            x, y = (x + 1) * 3, (y + 1) * 2
            slope_x = sum(
                image[0, 0, u, v].item() * max(0.0, 1 - abs(y - u)) * (0 if abs(x - v) >= 1 else 1 if v >= x else -1)
                for u in range(5)
                for v in range(7)
            )
            slope_y = sum(
                image[0, 0, u, v].item() * max(0.0, 1 - abs(x - v)) * (0 if abs(y - u) >= 1 else 1 if u >= y else -1)
                for u in range(5)
                for v in range(7)
            )
            expected = torch.stack([slope_x * 3 * place, slope_y * 2 * place])
            torch.testing.assert_close(grad[0], expected, atol=1e-9, rtol=1e-9)


def half_open(values, x):
    """Eq 36 repaired: +1 for x < v <= x + 1, -1 for x - 1 < v <= x. The slope to the right of an integer position."""
    return sum(value * (1 if x < v <= x + 1 else -1 if x - 1 < v <= x else 0) for v, value in enumerate(values))


def test_at_integer_positions_the_slope_is_the_right_hand_one():
    """Eq 36 as printed gives the pixel's own value there, no slope: here 1 in place of 4 (right) or -6 (left)."""
    values = [3.0, 7.0, 1.0, 5.0, 2.0]
    row = torch.tensor(values, dtype=torch.float64).view(1, 1, 1, 5).expand(1, 1, 3, 5)
    sampler = Sampler(0.0, 1, 1).double()
    slopes = []
    for v in range(5):
        theta = warp([0.0, 0.0, v / 2 - 1], [0.0, 0.0, 0.0]).requires_grad_()
        (grad,) = torch.autograd.grad(sampler(row, theta).sum(), theta)
        slopes.append(grad[0, 0, 2].item() / 2)  # the chain factor (W - 1) / 2
    printed = [sum(u * (0 if abs(v - x) >= 1 else 1 if v >= x else -1) for v, u in enumerate(values)) for x in range(5)]
    assert printed == values
    assert (half_open(values, 2), values[2] - values[1]) == (4.0, -6.0)
    assert slopes == pytest.approx([half_open(values, x) for x in range(5)])


def test_a_square_s_map_by_hand():
    map_HW = square_map(torch.tensor([[2.0, 1.0]]), 2.0, (3, 4))[0]
    assert map_HW.tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
