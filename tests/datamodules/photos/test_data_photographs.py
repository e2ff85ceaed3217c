"""Photographs of every kind and size, and what cannot be read of them: told with the file's name, all at once."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datamodules.contract import DataFault
from datamodules.photos.photographs import MOST_PIXELS, ORIENTATION, TURNS, UPRIGHT, Photograph, decoded, read, turned

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(size=(64, 40)):
    """Red, green above; blue, white below."""
    wide, high = size
    pixels = np.zeros((high, wide, 3), np.uint8)
    pixels[: high // 2, : wide // 2], pixels[: high // 2, wide // 2 :] = RED, GREEN
    pixels[high // 2 :, : wide // 2], pixels[high // 2 :, wide // 2 :] = BLUE, WHITE
    return Image.fromarray(pixels)


def corners(pixels_HWC):
    """The colours in the middle of each quarter, row by row."""
    high, wide = pixels_HWC.shape[:2]
    return [tuple(pixels_HWC[y, x].tolist()) for y in (high // 4, 3 * high // 4) for x in (wide // 4, 3 * wide // 4)]


def near(found, expected, by):
    return np.abs(np.array(found, int) - np.array(expected, int)).max() <= by


def test_the_short_side_gets_its_length_and_boxes_go_along(tmp_path):
    quarters((80, 40)).save(tmp_path / "1.png")
    found = decoded(Photograph(tmp_path / "1.png", boxes=np.array([[10.0, 20, 30, 40], [-4, 0, 84, 40]])), 20)
    assert found.fault == "" and found.pixels_HWC.shape == (20, 40, 3) and found.pixels_HWC.dtype == np.uint8
    assert found.boxes.tolist() == [[5, 10, 15, 20], [-2, 0, 42, 20]]
    assert corners(found.pixels_HWC) == [RED, GREEN, BLUE, WHITE]
    quarters((40, 80)).save(tmp_path / "2.png")
    assert decoded(Photograph(tmp_path / "2.png"), 60).pixels_HWC.shape == (120, 60, 3)


def test_pixels_are_averaged_where_they_are_shrunk(tmp_path):
    stripes = np.tile(np.array([0, 100], np.uint8), (64, 32))
    Image.fromarray(stripes).save(tmp_path / "1.png")
    assert (decoded(Photograph(tmp_path / "1.png"), 16).pixels_HWC[2:-2, 2:-2] == 50).all()


def test_a_window_is_clipped_to_what_is_there_and_boxes_go_along(tmp_path):
    quarters((80, 40)).save(tmp_path / "1.png")
    window, box = np.array([40.0, -9, 99, 40]), np.array([[50.0, 10, 60, 30]])
    found = decoded(Photograph(tmp_path / "1.png", window, box), 20)
    assert found.pixels_HWC.shape == (20, 20, 3) and found.boxes.tolist() == [[5, 5, 10, 15]]
    assert corners(found.pixels_HWC) == [GREEN, GREEN, WHITE, WHITE]


def in_mode(mode):
    if mode == "CMYK":
        return quarters().convert("CMYK"), "jpg", 10
    if mode == "L":
        return quarters().convert("L"), "jpg", 10
    if mode == "I;16":
        return Image.fromarray(np.asarray(quarters().convert("L")).astype(np.uint16) * 257), "png", 1
    return quarters().convert(mode), "png", 90 if mode == "P" else 1


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "P", "PA", "RGBA", "1", "CMYK", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path, mode):
    if mode == "PA":
        image = quarters().convert("P")
        image.info["transparency"] = bytes([255] * 256)  # a palette whose colours have an alpha each
        image, end, by = image, "png", 90
    else:
        image, end, by = in_mode(mode)
    image.save(tmp_path / f"1.{end}")
    found = decoded(Photograph(tmp_path / f"1.{end}"), 40)
    grey = [[round(0.299 * r + 0.587 * g + 0.114 * b)] * 3 for r, g, b in (RED, GREEN, BLUE, WHITE)]
    expected = {"L": grey, "LA": grey, "I;16": grey}.get(mode, [RED, GREEN, BLUE, WHITE])
    if mode == "1":
        assert set(found.pixels_HWC.ravel().tolist()) == {0, 255}
        return
    assert found.fault == "" and near(corners(found.pixels_HWC), expected, by)


def test_what_is_transparent_shows_white_and_not_what_is_hidden(tmp_path):
    image = quarters().convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat(np.array([[0] * 32 + [255] * 32], np.uint8), 40, 0)))
    image.save(tmp_path / "1.png")
    assert corners(decoded(Photograph(tmp_path / "1.png"), 40).pixels_HWC) == [WHITE, GREEN, WHITE, WHITE]


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_the_content_says_what_it_is_and_not_the_name(tmp_path, name, kind):
    quarters().save(tmp_path / name, format=kind, quality=95)
    assert near(corners(decoded(Photograph(tmp_path / name), 40).pixels_HWC), [RED, GREEN, BLUE, WHITE], 8)


def exif(orientation):
    told = Image.Exif()
    told[ORIENTATION] = orientation
    return told


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_exif_says_and_boxes_with_it(tmp_path, orientation):
    image = quarters((80, 40))
    image.save(tmp_path / "1.png", exif=exif(orientation))
    with Image.open(tmp_path / "1.png") as stored:
        from PIL import ImageOps

        upright = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    found = decoded(Photograph(tmp_path / "1.png", boxes=np.array([[0.0, 0, 40, 20]])), 40)  # the red quarter
    assert (found.pixels_HWC == upright).all()
    x0, y0, x1, y1 = found.boxes[0].astype(int).tolist()
    assert (found.pixels_HWC[y0:y1, x0:x1] == RED).all() and (x1 - x0) * (y1 - y0) == 800


@pytest.mark.parametrize("turn", [UPRIGHT, *TURNS.values()], ids=str)
@settings(deadline=None, max_examples=20)
@given(low=st.tuples(st.integers(0, 9), st.integers(0, 5)), side=st.tuples(st.integers(1, 4), st.integers(1, 3)))
def test_what_a_box_held_it_holds_after_a_turn(turn, low, side):
    pixels = np.zeros((8, 13, 3), np.uint8)
    (x, y), (wide, high) = low, side
    pixels[y : y + high, x : x + wide] = 1
    seen, boxes = turned(pixels, np.array([[x, y, x + wide, y + high]], float), turn)
    x0, y0, x1, y1 = boxes[0].astype(int).tolist()
    assert seen[y0:y1, x0:x1].all() and seen.sum() == pixels.sum() == 3 * (x1 - x0) * (y1 - y0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # as the reader does; tests set their own filters
def test_exif_that_is_damaged_says_nothing(tmp_path):
    quarters().save(tmp_path / "1.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01", quality=95)
    assert near(corners(decoded(Photograph(tmp_path / "1.jpg"), 40).pixels_HWC), [RED, GREEN, BLUE, WHITE], 8)


def test_a_large_jpeg_looks_the_same_decoded_at_a_part_of_its_size(tmp_path):
    draw = np.random.default_rng(0)
    smooth = Image.fromarray(draw.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        (1600, 1200), Image.Resampling.BICUBIC
    )
    smooth.save(tmp_path / "1.jpg", quality=95)
    smooth.save(tmp_path / "1.png")
    small, whole = (decoded(Photograph(tmp_path / name), 96).pixels_HWC for name in ("1.jpg", "1.png"))
    assert small.shape == whole.shape == (96, 128, 3) and np.abs(small.astype(int) - whole).mean() < 1.5


def test_a_jpeg_is_never_decoded_below_twice_what_is_wanted(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (150, 200, 3), np.uint8)
    Image.fromarray(noise).resize((400, 300), Image.Resampling.NEAREST).save(tmp_path / "1.jpg", quality=95)
    with Image.open(tmp_path / "1.jpg") as image:  # half of it is 200 x 150, and twice of what is wanted 256 x 192
        expected = np.asarray(image.convert("RGB").resize((128, 96), Image.Resampling.BILINEAR))
    assert (decoded(Photograph(tmp_path / "1.jpg"), 96).pixels_HWC == expected).all()


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-200])


def bomb(path, wide=20_000, high=20_000):
    """A PNG of some hundred bytes that claims so many pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def damaged(path):
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)
    path.write_bytes(content)


@pytest.mark.parametrize("damage, said", [
    (cut_off, "is damaged (image file is truncated"),
    (lambda path: path.write_bytes(b""), "is no picture that can be read (JPEG, PNG, WEBP, GIF, BMP)"),
    (lambda path: path.write_text("<html>"), "is no picture that can be read"),
    (lambda path: path.unlink(), "is missing"),
    (lambda path: (path.unlink(), path.mkdir()), "is damaged (["),
    (bomb, "80,000,000 pixels: a decompression bomb"),
    (lambda path: bomb(path, 9_000, 9_000), "has 9000 x 9000 pixels, more than 80,000,000: a decompression bomb"),
    (lambda path: bomb(path, 12_000, 12_000), "80,000,000 pixels: a decompression bomb"),
    (lambda path: Image.new("RGB", (1, 1)).save(path), "shows 1 x 1 pixels; a side has to have 16 at least"),
    (lambda path: Image.new("RGB", (900, 16)).save(path), "shows 900 x 16 pixels, a strip"),
])  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_sentence_that_names_it(tmp_path, damage, said):
    path = tmp_path / "1.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)).save(path)
    damage(path)
    assert said in decoded(Photograph(path, boxes=np.full((2, 4), np.nan)), 32).fault
    assert decoded(Photograph(path), 32).pixels_HWC.size == 0
    with pytest.raises(DataFault) as fault:
        read(Photograph(path), 32)
    assert str(fault.value).startswith(f"{path} ") and said in str(fault.value) and "\n" not in str(fault.value)


def test_a_photograph_of_just_so_many_pixels_is_none(tmp_path):
    bomb(tmp_path / "1.png", 8_000, MOST_PIXELS // 8_000)
    assert "bomb" not in decoded(Photograph(tmp_path / "1.png"), 32).fault


def test_a_window_beside_the_photograph_is_told(tmp_path):
    quarters().save(tmp_path / "1.png")
    said = decoded(Photograph(tmp_path / "1.png", np.array([200.0, 0, 300, 40])), 32).fault
    assert "a side has to have 16 at least" in said


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_makes_it_raise(tmp_path_factory, data):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP"]))
    path = tmp_path_factory.mktemp("damaged") / "1"
    quarters().save(path, format=kind)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found = decoded(Photograph(path), 32)
    assert (found.fault == "") == (found.pixels_HWC.size > 0)
