"""Synthetic dogs in the layout of Stanford Dogs: breeds differ in the mark on the tag, and in nothing else."""

import numpy as np
import pytest
import torch
from PIL import Image
from svhn_folders import made

from datamodules.dogs.dog_files import dog_boxes, read_list
from datamodules.dogs.dogs_sample import FOLDERS, write_dogs_sample
from datamodules.dogs.drawing import MARK, MARKS, SEEN, SHORT, TAG, draw_dog
from datamodules.dogs.inspection import folder_faults
from datamodules.storage.samples import SampleSettings

SAMPLE = SampleSettings(train=24, test=10, seed=5)
GIVEN = ("data.sample.train=24", "data.sample.test=10", "data.batch_size=4", "data.images_per_epoch=8")
KEYS = [f"any/{number}" for number in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "dogs"
    write_dogs_sample(folder, SAMPLE)
    return folder


def test_the_layout_is_the_official_one_and_faultless(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "Annotation", "Images", "file_list.mat", "test_list.mat", "train_list.mat",
    ]  # fmt: skip
    assert folder_faults(folder, workers=2) == (["train: 24 photographs", "test: 10 photographs"], [])
    lists = {part: read_list(folder / f"{part}_list.mat") for part in ("train", "test", "file")}
    assert sorted(lists["file"].name) == sorted(lists["train"].name + lists["test"].name)
    for name, label in zip(*lists["train"], strict=True):
        assert name.split("/")[0] == FOLDERS[label - 1] and (folder / "Images" / name).is_file()
    assert [lists["train"].label.count(breed) for breed in range(1, 9)] == [3] * 8


def test_equal_seeds_give_equal_files_and_others_other_ones(folder, tmp_path):
    write_dogs_sample(tmp_path / "again", SAMPLE)
    write_dogs_sample(tmp_path / "other", SAMPLE._replace(seed=6))
    one, again, other = (read for read in (folder, tmp_path / "again", tmp_path / "other"))
    for name in ("train_list.mat", f"Images/{read_list(folder / 'test_list.mat').name[3]}"):
        assert (again / name).read_bytes()[128:] == (one / name).read_bytes()[128:]  # SciPy's head tells the time
    assert (other / name).read_bytes() != (one / name).read_bytes()


@pytest.mark.parametrize("key", KEYS[:4])
def test_another_mark_changes_the_tag_alone(key):
    one, other = draw_dog(key, "bar"), draw_dog(key, "dash")
    assert one.box == other.box and one.tag == other.tag
    changed = (np.asarray(one.image).astype(int) != np.asarray(other.image)).any(-1)
    row, column = np.nonzero(changed)
    far = np.hypot(row + 0.5 - one.tag[1], column + 0.5 - one.tag[0])
    assert len(far) > 20 and far.max() <= MARK + 3 < TAG


def test_the_tag_is_whole_in_every_square_and_on_the_dog():
    for key in KEYS:
        dog = draw_dog(key, "cup")
        assert min(dog.image.size) == SHORT
        for side, place, low, high in zip(dog.image.size, dog.tag, dog.box[:2], dog.box[2:], strict=True):
            assert side - SEEN + TAG <= place <= SEEN - TAG
            assert 0 <= low < place < high <= side


def test_marks_are_alike_left_to_right_and_differ_from_each_other():
    """Mirrored, each is itself; and no two are the same, so that breeds can be told apart and mirroring is no fault."""

    def strokes(mark, way):
        return {frozenset([(way * x0, y0), (way * x1, y1)]) for x0, y0, x1, y1 in MARKS[mark]}

    assert all(strokes(mark, 1) == strokes(mark, -1) for mark in MARKS)
    assert len({frozenset(strokes(mark, 1)) for mark in MARKS}) == len(MARKS) == len(FOLDERS) == 8


def test_at_a_sixth_of_the_size_marks_can_hardly_be_told():
    """At full size two marks differ by most of what ink is, seen coarsely by little more than grain."""
    differ: dict[int, list[float]] = {1: [], 6: []}
    for key in KEYS:
        one, other = (draw_dog(key, mark).image for mark in ("roof", "cup"))
        for shrink, found in differ.items():
            seen = [np.asarray(image.reduce(shrink), float).mean(-1) for image in (one, other)]
            found.append(np.abs(seen[0] - seen[1]).max())
    assert np.mean(differ[1]) > 100 and np.mean(differ[6]) < np.mean(differ[1]) / 5


def test_boxes_are_the_dogs_own(folder):
    for name in read_list(folder / "train_list.mat").name:
        boxes, fault = dog_boxes(folder / "Annotation" / name.removesuffix(".jpg"))
        with Image.open(folder / "Images" / name) as image:
            assert fault == "" and boxes.shape == (1, 4) and image.mode == "RGB"
            assert (boxes[0, 2:] <= image.size).all() and 25 < boxes[0, 2] - boxes[0, 0] < 75


def test_the_data_set_writes_its_sample_and_reads_it(tmp_path):
    data = made("stanford_dogs_sample", f"data.root={tmp_path}", *GIVEN)
    assert data.spec.origin == "synthetic" and data.spec.symbols == tuple(MARKS)
    batch = next(data.batches("test", torch.device("cpu")))
    assert batch.image.shape == (10, 3, 64, 64) and not batch.boxes.isnan().any()
    assert sorted(batch.target.flatten().tolist()) == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7]
    first = data.fingerprints()
    again = made("stanford_dogs_sample", f"data.root={tmp_path}", *GIVEN, "seed=8", "data.keep_decoded=false")
    assert again.fingerprints() == first
    other = made("stanford_dogs_sample", f"data.root={tmp_path}", *GIVEN, "data.sample.seed=1")
    assert other.fingerprints()["test"] != first["test"]
