"""What is cut out of a photograph, worked by hand, and where the boxes of its digits come to lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datamodules.house_numbers.crops import AroundDigits, Middle, Photo, cut, cut_all, into_window

GOODFELLOW = AroundDigits(0.3)


def photo(path, boxes=((40, 20, 60, 40),), size=(100, 60), mode="RGB"):
    """A photograph whose red, green and blue say the column, the row and nothing."""
    column, row = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.stack([column * 2, row * 4, 0 * row], -1).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return Photo(path, "entry 1", np.array(boxes, float).reshape(-1, 4))


def test_the_tight_box_grows_by_thirty_percent_half_to_either_side():
    assert GOODFELLOW.window(np.array([40.0, 20, 60, 40]), (100, 60)).tolist() == [37, 17, 63, 43]


def test_the_lopsided_crop_of_several_ports_is_not_ours():
    """They take 30 % off the left and the top, and then add 30 % of the tight side from there: nothing on the right."""
    x0, y0, x1, y1 = 40.0, 20.0, 60.0, 40.0
    lopsided = [x0 - 0.3 * (x1 - x0), y0 - 0.3 * (y1 - y0), x1, y1]
    window = GOODFELLOW.window(np.array([x0, y0, x1, y1]), (100, 60))
    assert window.tolist() != lopsided
    assert x0 - window[0] == window[2] - x1 == pytest.approx(3) and y0 - window[1] == window[3] - y1


def test_width_and_height_grow_each_by_their_own():
    assert AroundDigits(0.5).window(np.array([100.0, 50, 180, 70]), (999, 999)).tolist() == [80, 45, 200, 75]


def test_what_leaves_the_photograph_is_clamped_on_that_side_alone():
    assert GOODFELLOW.window(np.array([-1.0, 20, 59, 40]), (60, 100)).tolist() == [0, 17, 60, 43]
    assert GOODFELLOW.window(np.array([2.0, 1, 22, 21]), (100, 60)).tolist() == [0, 0, 25, 24]


def test_the_tight_box_holds_all_digits():
    digits = np.array([[10, 20, 18, 40], [16, 12, 30, 33], [32, 15, 41, 38]], float)
    assert Photo(None, "", digits).tight.tolist() == [10, 12, 41, 40]


def test_without_boxes_the_middle_is_taken():
    window = Middle(0.8, 0.5).window(Photo(None, "", np.zeros((0, 4))).tight, (100, 60))
    assert window.tolist() == pytest.approx([10, 15, 90, 45])


@given(st.lists(st.floats(-20, 120), min_size=4, max_size=4, unique=True), st.floats(0, 3))
def test_a_window_lies_in_the_photograph_and_holds_what_is_there_of_the_digits(ends, enlarge):
    x0, x1, y0, y1 = *sorted(ends[:2]), *sorted(ends[2:])
    if x1 <= 0 or y1 <= 0 or x0 >= 100 or y0 >= 60:
        return  # a fault of its own
    window = AroundDigits(enlarge).window(np.array([x0, y0, x1, y1]), (100, 60))
    assert 0 <= window[0] <= max(x0, 0) < min(x1, 100) <= window[2] <= 100
    assert 0 <= window[1] <= max(y0, 0) < min(y1, 60) <= window[3] <= 60


def test_a_square_shows_its_window(tmp_path):
    found = cut(photo(tmp_path / "1.png"), GOODFELLOW, 26, 3)
    assert found.fault == "" and found.pixels_CHW.shape == (3, 26, 26) and found.window.tolist() == [37, 17, 63, 43]
    assert found.pixels_CHW[0, 5].tolist() == [2 * column for column in range(37, 63)]  # not resized
    assert found.pixels_CHW[1, :, 5].tolist() == [4 * row for row in range(17, 43)]


def test_a_square_is_stretched_and_averaged(tmp_path):
    wide = cut(photo(tmp_path / "1.png", [[20, 20, 60, 40]]), AroundDigits(0.0), 20, 3)
    assert wide.window.tolist() == [20, 20, 60, 40]
    assert wide.pixels_CHW[0, 3, 5:8].tolist() == [61, 65, 69]  # columns 30 and 31, 32 and 33, ... together
    assert wide.pixels_CHW[1, 3:6, 5].tolist() == [92, 96, 100]


def test_pixels_are_weighed_by_a_triangle_where_they_are_shrunk(tmp_path):
    """Of a single bright column, shrunk by two: 3/8 of it in its own column and 1/8 in the next one."""
    pixels = np.zeros((40, 40), np.uint8)
    pixels[:, 20] = 240
    Image.fromarray(pixels).save(tmp_path / "1.png")
    found = cut(Photo(tmp_path / "1.png", "", np.array([[0.0, 0, 40, 40]])), AroundDigits(0.0), 20, 1)
    assert found.pixels_CHW[0, 7, 8:12].tolist() == [0, 30, 90, 0]


def test_grey_is_the_weighted_sum_of_the_colours(tmp_path):
    grey = cut(photo(tmp_path / "1.png"), GOODFELLOW, 26, 1)
    assert grey.pixels_CHW.shape == (1, 26, 26)
    assert grey.pixels_CHW[0, 5, 7] == pytest.approx(0.299 * 88 + 0.587 * 88, abs=1)


def test_a_photograph_of_one_channel_gives_three_that_are_alike(tmp_path):
    found = cut(photo(tmp_path / "1.png", mode="L"), GOODFELLOW, 26, 3)
    assert (found.pixels_CHW == found.pixels_CHW[:1]).all() and found.mode == "L"


def test_boxes_go_along_into_the_square():
    window = np.array([[37.0, 17, 63, 43]])
    assert into_window(np.array([[40.0, 20, 60, 40]]), window, 26).tolist() == [[3, 3, 23, 23]]
    assert into_window(np.array([[40.0, 20, 60, 40]]), window, 52).tolist() == [[6, 6, 46, 46]]
    stretched = into_window(np.array([[20.0, 30, 40, 40]]), np.array([[10.0, 20, 50, 40]]), 64)
    assert stretched.tolist() == [[16, 32, 48, 64]]


@given(corner=st.tuples(*[st.integers(0, 30)] * 2), side=st.tuples(*[st.integers(8, 20)] * 2))
@settings(deadline=None, max_examples=25)
def test_what_a_box_held_it_holds_in_the_square(corner, side, tmp_path_factory):
    """A bright digit on a dark wall: the middle of its box is bright in the square, and the wall beside it dark."""
    (x0, y0), (wide, high) = corner, side
    pixels = np.zeros((60, 60), np.uint8)
    pixels[y0 : y0 + high, x0 : x0 + wide] = 255
    path = tmp_path_factory.mktemp("photo") / "1.png"
    Image.fromarray(pixels).save(path)
    box = np.array([[x0, y0, x0 + wide, y0 + high]], float)
    found = cut(Photo(path, "", box), AroundDigits(1.0), 64, 1)
    (left, top, right, bottom) = into_window(box, found.window[None], 64)[0]
    row, column = round((top + bottom) / 2), round((left + right) / 2)
    assert found.pixels_CHW[0, row, column] == 255
    bright = np.flatnonzero(found.pixels_CHW[0, row] > 127)
    assert abs(bright[0] - left) <= 1 and abs(bright[-1] + 1 - right) <= 1


def unreadable(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(path):
    path.write_text("no picture")


def jpeg(path):
    Image.open(path).convert("RGB").save(path, format="JPEG")


@pytest.mark.parametrize("damage, said", [
    (unreadable, "is no readable PNG"),
    (text, "is no readable PNG"),
    (jpeg, "is no readable PNG"),
    (lambda path: path.write_bytes(b""), "is no readable PNG"),
    (lambda path: path.unlink(), "is missing"),
    (lambda path: photo(path, mode="RGBA"), "is of mode RGBA"),
    (lambda path: photo(path, mode="P"), "is of mode P"),
])  # fmt: skip
def test_a_photograph_that_cannot_be_used_is_told(tmp_path, damage, said):
    one = photo(tmp_path / "1.png")
    damage(one.path)
    assert said in cut(one, GOODFELLOW, 8, 1).fault


@pytest.mark.parametrize("box", [(100, 20, 120, 40), (-20, 20, 0, 40), (40, 60, 60, 70), (40, -9, 60, -1)])
def test_a_box_without_a_pixel_in_the_photograph_is_told_by_its_digit(tmp_path, box):
    told = cut(photo(tmp_path / "1.png", [(40, 20, 60, 40), box]), GOODFELLOW, 8, 1).fault
    assert told == "is 100 x 60 pixels, and the box of digit 2 lies outside"


def test_a_box_that_reaches_over_the_edge_is_none(tmp_path):
    assert cut(photo(tmp_path / "1.png", [(-1, -1, 101, 61)]), GOODFELLOW, 8, 1).fault == ""


def test_all_faults_are_told_at_once_in_order_and_the_rest_is_cut(tmp_path):
    photos = [photo(tmp_path / f"{number}.png")._replace(entry=f"entry {number}") for number in range(1, 6)]
    photos[1].path.unlink()
    unreadable(photos[3].path)
    photo(photos[4].path, mode="L")
    into_NCHW = np.zeros((5, 1, 26, 26), np.uint8)
    windows, faults = cut_all(photos, GOODFELLOW, 1, into_NCHW, workers=3, title="test")
    assert [said.split(")")[0] for said in faults] == [f"{tmp_path}/{n}.png (entry {n}" for n in (2, 4, 5)]
    assert "is of mode L" in faults[2] and "1.png (entry 1) of mode RGB" in faults[2]
    assert np.isnan(windows[[1, 3]]).all() and windows[0].tolist() == windows[2].tolist() == [37, 17, 63, 43]
    assert (into_NCHW[0] == into_NCHW[2]).all() and into_NCHW[0].any()
