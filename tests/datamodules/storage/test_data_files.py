"""Caches notice every file that was read, forget what was not the files' fault, and leave nothing behind."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.base import content_of
from datamodules.contract import DataFault
from datamodules.dogs.dog_files import dog_boxes
from datamodules.house_numbers.annotated import LabelsOnly
from datamodules.house_numbers.crops import Middle
from datamodules.house_numbers.numbers import Cutting, NumberReader
from datamodules.photos.photo_stock import PhotoReading, outline, sound
from datamodules.photos.photographs import Photograph, decoded
from datamodules.storage.cache import Cache
from datamodules.storage.locks import locked
from datamodules.storage.samples import SampleSettings
from datamodules.storage.scratch import scratch
from datamodules.storage.stamps import stamp


def paint(path, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 30), (shade,) * 3).save(path, "PNG")


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpeg", ""])
def test_a_changed_photograph_is_read_anew_whatever_it_is_called(tmp_path, suffix):
    folder = tmp_path / "un"
    paint(folder / "images" / f"1{suffix}", 10)
    (folder / "labels.csv").write_text(f"filename,label\n1{suffix},15\n")
    reader = NumberReader(Cutting(5, 16, 1, 1), Cache(tmp_path / "cache"))

    def shade():
        return int(reader.read(LabelsOnly(folder), Middle(1, 1), "un").square.max())

    assert shade() == 10
    (folder / "images" / "other.png").write_bytes(b"which nothing names")
    kept = (tmp_path / "cache" / "un-16px-1c-5d").stat().st_ino
    assert shade() == 10 and (tmp_path / "cache" / "un-16px-1c-5d").stat().st_ino == kept
    paint(folder / "images" / f"1{suffix}", 250)
    assert shade() == 250


def test_a_change_is_noticed_that_keeps_size_and_time(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    before, times = stamp(path), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_bytes(b"two")
    os.utime(path, ns=times)
    assert stamp(path)[:2] == before[:2] and stamp(path) != before
    path.unlink()
    assert stamp(path) == (-2,)


READING = PhotoReading(short=16, workers=1, keep=False, skip=True)


def test_what_the_system_could_not_read_is_not_remembered(tmp_path):
    """A link that leads to itself stands for no permission and for a disk that fails."""
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    paint(paths[0], 10)
    paths[1].symlink_to(paths[1])
    photos, cache = [Photograph(path) for path in paths], Cache(tmp_path / "cache")
    with pytest.raises(DataFault, match=r"1\.png cannot be read \(Too many levels of symbolic links\)"):
        sound(photos, "train", READING, cache, "a script")
    paths[1].unlink()
    paint(paths[1], 20)
    assert sound(photos, "train", READING, cache, "a script") == [0, 1]


def test_what_is_wrong_in_a_file_is_remembered_until_it_changes(tmp_path):
    path, cache = tmp_path / "0.png", Cache(tmp_path / "cache")
    paint(tmp_path / "1.png", 1)
    path.write_bytes(b"no picture")
    photos = [Photograph(path), Photograph(tmp_path / "1.png"), Photograph(tmp_path / "2.png")]
    assert sound(photos, "train", READING, cache, "a script") == [1]
    assert not decoded(photos[0], 16).passing and not decoded(photos[2], 16).passing
    paint(path, 2)
    paint(tmp_path / "2.png", 3)
    assert sound(photos, "train", READING, cache, "a script") == [0, 1, 2]


def test_an_annotation_that_could_not_be_read_is_not_remembered(tmp_path):
    (tmp_path / "dog").symlink_to(tmp_path / "dog")
    with pytest.raises(DataFault, match=r"cannot be read \(Too many levels of symbolic links\)"):
        dog_boxes(tmp_path / "dog")


def test_an_entry_that_cannot_be_read_stays(tmp_path, monkeypatch):
    made = []

    def make(folder):
        made.append(1)
        np.save(folder / "one.npy", np.arange(3))

    Cache(tmp_path).arrays("entry", {}, make)

    def fails(path):
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("datamodules.storage.cache.sha256_of", fails)
        with pytest.raises(DataFault, match=r"cannot read .*one\.npy: Input/output error.*data\.cache=FOLDER"):
            Cache(tmp_path).arrays("entry", {}, make)
    assert Cache(tmp_path).arrays("entry", {}, make)["one"].tolist() == [0, 1, 2] and made == [1]


def test_what_a_kill_left_goes_with_the_next_write_unless_somebody_is_at_it(tmp_path):
    for name in (".entry.abcdefgh", ".other.abcdefgh", ".held.abcdefgh", ".unlocked.abcdefgh"):
        (tmp_path / name).mkdir()
    for name in (".other.lock", ".held.lock"):
        (tmp_path / name).touch()
    with locked(tmp_path / ".held.lock"), scratch(tmp_path, "entry") as made:
        left = sorted(path.name for path in tmp_path.iterdir() if path.is_dir() and path != made)
    assert left == [".held.abcdefgh", ".unlocked.abcdefgh"] and not made.exists()


def test_samples_of_two_kinds_have_folders_of_their_own():
    sample = SampleSettings(train=3, test=1, seed=0)
    assert sample.name("svhn") != sample.name("coco") != sample.name("dogs")


def test_photographs_to_train_on_are_told_from_others_by_name_size_and_answer(tmp_path):
    paint(tmp_path / "a.png", 10)
    shutil.copytree(tmp_path, tmp_path / "moved")
    first = outline([Photograph(tmp_path / "a.png")], [3])
    assert outline([Photograph(tmp_path / "moved" / "a.png")], [3]) == first
    assert outline([Photograph(tmp_path / "a.png")], [4]) != first
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes() + b"more")
    assert outline([Photograph(tmp_path / "a.png")], [3]) != first


def test_one_other_digit_to_train_on_makes_other_data():
    one = torch.zeros(4, 2, 2, dtype=torch.uint8)
    other = one.clone()
    other[3, 1, 1] = 1
    assert content_of(one, torch.arange(4)) == content_of(one.clone(), torch.arange(4)) != content_of(other, one)


def test_a_name_that_no_file_can_have_has_the_stamp_of_a_missing_one(tmp_path):
    assert stamp(tmp_path / "a\0b") == stamp(tmp_path / "none")
