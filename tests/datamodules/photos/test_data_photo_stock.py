"""Photographs by number: looked at once, kept or not, the same either way; a bad one is told, or left out."""

import logging

import numpy as np
import pytest
from PIL import Image

from datamodules.contract import DataFault
from datamodules.photos.photo_stock import PhotoReading, digest, outline, sound, stock
from datamodules.photos.photographs import Photograph
from datamodules.storage.cache import Cache

READING = PhotoReading(short=20, workers=2, keep=False, skip=False)


@pytest.fixture
def photos(tmp_path):
    draw = np.random.default_rng(0)
    made = []
    for number, size in enumerate([(40, 30), (24, 60), (32, 32), (50, 40)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(draw.integers(0, 256, (*size[::-1], 3), np.uint8)).save(path)
        made.append(Photograph(path, boxes=np.array([[1.0, 2, 9, 10]])))
    return made


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_what_is_kept_is_what_is_decoded(photos, cache):
    fresh, kept = (stock(photos, "train", READING._replace(keep=keep), cache) for keep in (False, True))
    for number in (3, 0, 2, 1):
        one, other = fresh.get(number), kept.get(number)
        assert (one.pixels_HWC == other.pixels_HWC).all() and (one.boxes == other.boxes).all()
    for photo in photos:
        photo.path.write_bytes(b"gone since")
    assert kept.get(0).pixels_HWC.shape == (20, 27, 3)
    with pytest.raises(DataFault, match=r"0\.png is no picture"):
        fresh.get(0)


def test_what_is_kept_is_kept_once_and_made_anew_for_another_size_file_or_window(photos, cache, tmp_path):
    keeping = READING._replace(keep=True)
    made = lambda: (tmp_path / "cache/train-20px/pixels.npy").stat().st_mtime_ns  # noqa: E731
    stock(photos, "train", keeping, cache)
    first = made()
    stock(photos, "train", keeping, cache)
    assert made() == first
    assert stock(photos, "train", keeping._replace(short=16), cache).get(2).pixels_HWC.shape == (16, 16, 3)
    cut = [photos[0]._replace(window=np.array([0.0, 0, 20, 20])), *photos[1:]]
    assert stock(cut, "train", keeping, cache).get(0).pixels_HWC.shape == (20, 20, 3)
    Image.new("RGB", (60, 20)).save(photos[0].path)
    assert stock(photos, "train", keeping, cache).get(0).pixels_HWC.shape == (20, 60, 3)


def test_one_bad_photograph_is_told_before_anything_else(photos, cache):
    assert sound(photos, "train", READING, cache, "the check") == [0, 1, 2, 3]
    photos[2].path.write_bytes(photos[2].path.read_bytes()[:-300])
    with pytest.raises(DataFault) as fault:
        sound(photos, "train", READING, cache, "the check")
    said = str(fault.value)
    assert said.startswith(f"{photos[2].path} is damaged (") and "data.skip_unreadable=true" in said
    photos[0].path.unlink()
    with pytest.raises(DataFault, match=r"0\.png is missing\. And 1 more: the check lists them all\."):
        sound(photos, "train", READING, cache, "the check")


def test_bad_ones_are_left_out_only_on_request_and_the_log_names_each(photos, cache, caplog):
    photos[1].path.unlink()
    photos[2].path.write_text("<html>")
    with caplog.at_level(logging.WARNING):
        assert sound(photos, "train", READING._replace(skip=True), cache, "the check") == [0, 3]
    assert [f"{photos[n].path} is" in line for n, line in zip((1, 2), caplog.messages, strict=True)] == [True, True]
    with pytest.raises(DataFault, match="And 1 more"):  # if none is left, there is no skipping
        sound(photos[1:3], "train", READING._replace(skip=True), cache, "the check")


def test_files_are_looked_at_once(photos, cache, monkeypatch):
    sound(photos, "train", READING, cache, "")
    monkeypatch.setattr("datamodules.photos.photo_stock.decoded", None)
    assert sound(photos, "train", READING, cache, "") == [0, 1, 2, 3]


def test_a_digest_is_of_the_content_the_window_and_the_size(photos):
    first = digest(photos, READING)
    assert digest(photos, READING._replace(workers=1, keep=True)) == first
    others = [
        digest(photos[:3], READING),
        digest(photos[::-1], READING),
        digest(photos, READING._replace(short=21)),
        digest([photos[0]._replace(window=np.array([0.0, 0, 20, 20])), *photos[1:]], READING),
    ]
    Image.new("RGB", (40, 30)).save(photos[0].path)
    assert len({first, *others, digest(photos, READING)}) == 6


def test_an_outline_is_of_names_sizes_windows_and_targets_in_their_order(photos):
    first = outline(photos, [1, 2, 3, 4])
    assert outline([photo._replace(boxes=photo.boxes + 1) for photo in photos], [1, 2, 3, 4]) == first
    others = [
        outline(photos, [1, 2, 4, 3]),
        outline(photos[::-1], [1, 2, 3, 4]),
        outline([photos[0]._replace(window=np.array([0.0, 0, 20, 20])), *photos[1:]], [1, 2, 3, 4]),
    ]
    Image.new("RGB", (40, 30)).save(photos[0].path)  # of fewer bytes
    assert len({first, *others, outline(photos, [1, 2, 3, 4])}) == 5
