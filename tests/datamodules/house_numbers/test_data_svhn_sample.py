"""Synthetic house numbers in SVHN's layout: written once, alike each time, read like the official files."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image
from svhn_folders import made

from datamodules.house_numbers.digit_struct import read_digit_struct
from datamodules.house_numbers.drawing import FONTS, GREY, _font, draw_house
from datamodules.house_numbers.inspection import folder_faults
from datamodules.house_numbers.svhn_sample import write_svhn_sample
from datamodules.storage.samples import SampleSettings

SAMPLE = SampleSettings(train=30, test=12, seed=5)
KNOBS = ("data.sample.train=30", "data.sample.test=12", "data.batch_size=4", "data.images_per_epoch=8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "svhn"
    write_svhn_sample(folder, SAMPLE)
    return folder


def test_the_layout_is_the_official_one_and_faultless(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    assert {path.name for path in (folder / "train").iterdir()} == {
        "digitStruct.mat", *(f"{number}.png" for number in range(1, 31)),
    }  # fmt: skip
    assert folder_faults(folder, workers=2) == (["test: 12 images", "train: 30 images"], [])
    with Image.open(folder / "train/1.png") as image:
        assert image.mode == "RGB"


def test_equal_seeds_give_equal_files_and_others_other_ones(folder, tmp_path):
    write_svhn_sample(tmp_path / "again", SAMPLE._replace(train=3))
    write_svhn_sample(tmp_path / "other", SAMPLE._replace(train=3, test=1, seed=6))
    for name in ("test/digitStruct.mat", "test/1.png", "train/3.png"):  # the first of more are the same
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert (tmp_path / "other/train/3.png").read_bytes() != (folder / "train/3.png").read_bytes()
    assert (folder / "train/1.png").read_bytes() != (folder / "test/1.png").read_bytes()


def test_numbers_vary_in_length_digits_and_size(folder):
    found = read_digit_struct(folder / "train/digitStruct.mat")
    assert set(found.length) >= {1, 2, 3} and found.length.max() <= 5 and set(found.label) == set(range(1, 11))
    assert found.box[:, 3].max() > 1.8 * found.box[:, 3].min()


def test_digits_are_in_reading_order_inside_and_can_be_told_from_what_they_stand_on(folder):
    found, contrast = read_digit_struct(folder / "train/digitStruct.mat"), []
    for place, name in enumerate(found.name):
        with Image.open(folder / "train" / name) as image:
            grey = np.asarray(image, float) @ GREY
        boxes = found.box[found.digits(place)].astype(int)
        assert (np.diff(boxes[:, 0] + boxes[:, 2] / 2) > 0).all()
        for left, top, width, height in boxes:
            assert left >= 0 and top >= 0 and left + width <= grey.shape[1] and top + height <= grey.shape[0]
            contrast.append(np.ptp(grey[top : top + height, left : left + width]))
    assert np.mean(np.array(contrast) > 40) > 0.95


def test_every_font_is_there_and_has_every_digit():
    for name in FONTS:
        seen = {bytes(_font(name, 30).getmask(digit)) for digit in "0123456789"}
        assert len(seen) == 10, name


def test_a_house_is_a_function_of_its_key_in_any_thread():
    found = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: draw_house("a")})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(house.image.tobytes(), str(house.digits)) for house in found.values()}) == 1


def test_it_is_written_once_and_by_one(tmp_path):
    root, small = tmp_path / "root", SampleSettings(2, 1, 0)
    threads = [threading.Thread(target=write_svhn_sample, args=(root / small.name("svhn"), small)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*.png")}
    write_svhn_sample(root / small.name("svhn"), small)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.png")} == times and len(times) == 3
    assert [path.name for path in root.iterdir() if not path.name.startswith(".")] == [small.name("svhn")]


def test_the_data_set_writes_its_sample_and_reads_it(tmp_path):
    data = made("svhn_sample", f"data.root={tmp_path}", *KNOBS)
    assert data.spec.origin == "synthetic" and data.spec.image_shape == (1, 54, 54)
    batch = next(data.batches("test", torch.device("cpu")))
    assert batch.image.shape == (12, 1, 54, 54) and not batch.boxes[:, 0].isnan().any()
    first = data.fingerprints()
    other = made("svhn_sample", f"data.root={tmp_path}", *KNOBS, "data.sample.seed=1")
    assert other.fingerprints()["test"] != first["test"]
    assert made("svhn_sample", f"data.root={tmp_path}", *KNOBS, "seed=8").fingerprints() == first
