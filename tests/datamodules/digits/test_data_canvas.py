import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.contract import DataFault
from datamodules.digits.canvas import CanvasGenerator, Layout
from datamodules.digits.canvas_splits import CanvasRenderer
from datamodules.digits.digit_stock import DigitStock
from datamodules.digits.labels import SingleDigit
from datamodules.digits.overlay import ClippedSum, Maximum
from datamodules.digits.placement import Anywhere, Apart
from datamodules.digits.sources import Digits

OVERLAYS = {"sum": (ClippedSum(), lambda old, new: min(255, old + new)), "max": (Maximum(), max)}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int, size: int) -> torch.Tensor:
    return torch.randint(256, (count, size, size), dtype=torch.uint8, generator=seeded(1))


def rendered(recipe: CanvasGenerator, layout: Layout, stock: torch.Tensor) -> torch.Tensor:
    laid = DigitStock.of(stock)
    return recipe.render(recipe.plan(layout, laid), laid)


def oracle(recipe: CanvasGenerator, layout: Layout, stock: torch.Tensor, rule) -> list[list[list[int]]]:
    """The same canvases, pixel by pixel."""
    canvases = []
    for b in range(len(layout.digit)):
        canvas = [[0] * recipe.canvas for _ in range(recipe.canvas)]
        patches = []
        for p in range(recipe.clutter):
            (cut_x, cut_y), side = layout.cut[b, p].tolist(), recipe.clutter_size
            piece = stock[layout.piece[b, p]][cut_y : cut_y + side, cut_x : cut_x + side]
            patches.append((piece, layout.spot[b, p].tolist()))
        patches += [(stock[layout.digit[b, k]], layout.place[b, k].tolist()) for k in range(recipe.digits)]
        for patch, (x, y) in patches:
            for row, values in enumerate(patch.tolist()):
                for column, value in enumerate(values):
                    canvas[y + row][x + column] = rule(canvas[y + row][x + column], value)
        canvases.append(canvas)
    return canvases


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("digits, clutter", [(1, 0), (2, 8), (3, 5)])
def test_canvases_equal_those_made_pixel_by_pixel(overlay, digits, clutter):
    part, rule = OVERLAYS[overlay]
    recipe = CanvasGenerator(14, 6, digits, clutter, 4, part, Anywhere())  # so small that nearly everything overlaps
    stock = noise(9, 6)
    layout = recipe.draw(40, len(stock), seeded())
    assert rendered(recipe, layout, stock).tolist() == oracle(recipe, layout, stock, rule)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("clutter", [0, 5])
@pytest.mark.parametrize("near", [1, 3 * 14**2 + 5, 7 * 14**2])
def test_canvases_worked_on_a_few_at_a_time_are_the_same(monkeypatch, overlay, near, clutter):
    recipe = CanvasGenerator(14, 6, 2, clutter, 4, OVERLAYS[overlay][0], Anywhere())
    stock = DigitStock.of(noise(9, 6))
    plan = recipe.plan(recipe.draw(40, 9, seeded()), stock)
    at_once = recipe.render(plan, stock, 0.5, -3)
    monkeypatch.setattr("datamodules.digits.canvas.NEAR", near)  # one, three and seven canvases
    assert torch.equal(recipe.render(plan, stock, 0.5, -3), at_once)
    assert torch.equal(at_once, recipe.render(plan, stock) * 0.5 - 3)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_ink_is_laid_and_nothing_is_lost(overlay):
    part, rule = OVERLAYS[overlay]
    stock, thick = torch.zeros(40, 9, 9, dtype=torch.uint8), torch.randint(1, 6, (40, 4), generator=seeded(2))
    for digit, (x, y, width, height) in zip(stock, thick.tolist(), strict=True):
        digit[y : y + height, x : x + width] = noise(1, 9)[0, :height, :width].clamp(min=1)
    stock[7] = 0  # a digit without any
    found = DigitStock.of(stock)
    side = int(thick[torch.arange(40) != 7, 2:].max())
    assert found.ink.shape == (40, side, side) and found.ink.sum() == stock.sum()
    assert (found.corner >= 0).all() and (found.corner + side <= 9).all()
    recipe = CanvasGenerator(20, 9, 2, 2, 4, part, Anywhere())
    layout = recipe.draw(60, len(stock), seeded())
    assert recipe.render(recipe.plan(layout, found), found).tolist() == oracle(recipe, layout, stock, rule)


def test_the_overlay_of_two_digits_by_hand():
    stock = torch.tensor([[[100, 0], [0, 200]], [[100, 50], [0, 100]]], dtype=torch.uint8)
    nothing = torch.empty(1, 0, dtype=torch.long)
    none_at_all = torch.empty(1, 0, 2, dtype=torch.long)
    layout = Layout(torch.tensor([[0, 1]]), torch.zeros(1, 2, 2, dtype=torch.long), nothing, none_at_all, none_at_all)
    summed = rendered(CanvasGenerator(3, 2, 2, 0, 1, ClippedSum(), Anywhere()), layout, stock)
    assert summed.tolist() == [[[200, 50, 0], [0, 255, 0], [0, 0, 0]]]
    brighter = rendered(CanvasGenerator(3, 2, 2, 0, 1, Maximum(), Anywhere()), layout, stock)
    assert brighter.tolist() == [[[100, 50, 0], [0, 200, 0], [0, 0, 0]]]


@given(
    canvas=st.integers(8, 40),
    size=st.integers(2, 8),
    digits=st.integers(1, 4),
    clutter=st.integers(0, 6),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_layouts_stay_inside_and_read_from_left_to_right(canvas, size, digits, clutter, seed):
    recipe = CanvasGenerator(canvas, size, digits, clutter, size // 2, ClippedSum(), Anywhere())
    layout = recipe.draw(20, 10, seeded(seed))
    boxes_BK4 = recipe.boxes(layout)
    assert boxes_BK4.min() >= 0 and boxes_BK4.max() <= canvas
    assert (boxes_BK4[..., 2:] - boxes_BK4[..., :2] == size).all()
    for places in layout.place.tolist():
        assert places == sorted(places)  # by x, then by y
    if clutter:
        assert layout.spot.min() >= 0 and layout.spot.max() <= canvas - size // 2
        assert layout.cut.min() >= 0 and layout.cut.max() <= size - size // 2
        assert layout.piece.max() < 10


def test_clutter_is_cut_and_laid_anywhere_up_to_the_edges_and_digits_of_a_canvas_are_different_ones():
    layout = CanvasGenerator(9, 6, 2, 3, 4, ClippedSum(), Anywhere()).draw(5_000, 5, seeded())
    for place, places in ((layout.cut, 3), (layout.spot, 6), (layout.piece, 5)):
        counts = place.flatten().bincount() / place.numel()
        assert len(counts) == places and (counts - 1 / places).abs().max() < 0.02  # five standard deviations
    assert (layout.digit[:, 0] != layout.digit[:, 1]).all()


def test_boxes_hold_all_ink_of_a_canvas_without_clutter():
    recipe = CanvasGenerator(30, 6, 2, 0, 1, ClippedSum(), Apart())
    layout = recipe.draw(50, 9, seeded())
    canvas_BLL = rendered(recipe, layout, noise(9, 6).clamp(min=1))
    for canvas, boxes in zip(canvas_BLL, recipe.boxes(layout).int().tolist(), strict=True):
        for x0, y0, x1, y1 in boxes:
            assert (canvas[y0:y1, x0:x1] > 0).all()
            canvas[y0:y1, x0:x1] = 0
        assert canvas.sum() == 0


def test_clutter_is_a_window_of_a_digit():
    stock = torch.arange(36, dtype=torch.uint8).view(1, 6, 6)
    recipe = CanvasGenerator(6, 6, 1, 1, 3, Maximum(), Anywhere())
    layout = Layout(
        torch.zeros(1, 1, dtype=torch.long),
        torch.zeros(1, 1, 2, dtype=torch.long),
        torch.zeros(1, 1, dtype=torch.long),
        torch.tensor([[[2, 1]]]),  # cut at x = 2, y = 1: the pixel there is 1 * 6 + 2 = 8
        torch.tensor([[[3, 0]]]),
    )
    canvas = rendered(recipe, layout, stock)[0]
    assert canvas[0].tolist() == [0, 1, 2, 8, 9, 10]
    assert canvas[1].tolist() == [6, 7, 8, 14, 15, 16]


@pytest.mark.parametrize(
    "sizes, said",
    [
        (dict(canvas=20), r"digit of 28 x 28 .* does not fit a canvas of 20 x 20.*data\.canvas to 28"),
        (dict(clutter_size=29), r"data\.clutter_size must be 1 to 28, not 29"),
        (dict(clutter_size=0), r"data\.clutter_size must be 1 to 28, not 0"),
        (dict(clutter=127), r"2 digits and 127 pieces of clutter.*no more than 128.*lower data\.clutter"),
        (dict(canvas=50, placement=Apart()), r"cannot lie apart"),
    ],
)
def test_sizes_that_cannot_be_are_refused_in_words(sizes, said):
    usual = dict(canvas=100, size=28, digits=2, clutter=8, clutter_size=8, overlay=ClippedSum(), placement=Anywhere())
    with pytest.raises(DataFault, match=said):
        CanvasGenerator(**(usual | sizes))


def test_more_digits_than_there_are_in_stock_are_refused():
    with pytest.raises(DataFault, match="2 different digits, and a split of the data has only 1"):
        CanvasGenerator(10, 4, 2, 0, 1, ClippedSum(), Anywhere()).draw(3, 1, seeded())


def windows_without_background(image_BLL: torch.Tensor, side: int, background: float) -> torch.Tensor:
    """How many windows of an image have no background pixel: the rule that finds a digit pasted after normalising."""
    clear_BWW = (image_BLL.unfold(1, side, 1).unfold(2, side, 1) != background).all(-1).all(-1)
    return clear_BWW.flatten(1).sum(1)


def test_a_digit_is_not_given_away_by_its_black():
    digit = torch.zeros(20, 12, 12, dtype=torch.uint8)
    digit[:, 3:9, 4:8] = noise(20, 12)[:, 3:9, 4:8]
    recipe = CanvasGenerator(30, 12, 1, 4, 4, ClippedSum(), Anywhere())
    mean, std = 0.13, 0.31
    renderer = CanvasRenderer(recipe, SingleDigit(), Digits(digit, torch.zeros(20, dtype=torch.long)), mean, std)
    layout = recipe.draw(200, 20, seeded())
    image_BLL = renderer.batch(renderer.sketch(layout, 0)).image.squeeze(1)
    background = torch.tensor(-mean / std)
    assert (windows_without_background(image_BLL, 12, background) == 0).all()
    corners = layout.place[:, 0]
    inside = image_BLL[torch.arange(200), corners[:, 1] + 1, corners[:, 0] + 1]  # black of the digit, unless cluttered
    assert (inside == background).float().mean() > 0.5

    # The trap itself: normalise, then paste onto zeros. The rule finds every digit.
    leaky_BLL = torch.zeros(200, 30, 30)
    for b, (x, y) in enumerate(corners.tolist()):
        leaky_BLL[b, y : y + 12, x : x + 12] = (digit[layout.digit[b, 0]] / 255 - mean) / std
    assert (windows_without_background(leaky_BLL, 12, 0.0) == 1).all()


def test_normalising_comes_last_and_is_what_it_says():
    recipe = CanvasGenerator(8, 4, 1, 0, 1, ClippedSum(), Anywhere())
    digits = noise(5, 4)
    renderer = CanvasRenderer(recipe, SingleDigit(), Digits(digits, torch.arange(5)), 0.25, 0.5)
    layout = recipe.draw(10, 5, seeded())
    expected_BLL = (rendered(recipe, layout, digits).double() / 255 - 0.25) / 0.5
    batch = renderer.batch(renderer.sketch(layout, 30))
    torch.testing.assert_close(batch.image.squeeze(1).double(), expected_BLL, rtol=0, atol=1e-6)
    assert batch.target.squeeze(1).tolist() == layout.digit.squeeze(1).tolist()
    assert batch.index.tolist() == list(range(30, 40))
