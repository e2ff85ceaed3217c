"""Stanford Dogs in its published layout: which photograph is what breed, where its dogs are, and what validates."""

import numpy as np
import pytest
import torch
from dog_folders import BOX, SIZE, dogs, write_dogs
from PIL import Image

from datamodules.dogs.dog_files import Listed, dog_boxes, read_list, write_annotation, write_list
from datamodules.dogs.dog_photos import breeds
from datamodules.dogs.stanford_breeds import OFFICIAL
from datamodules.photos.categories import first_of_each, in_turns
from datamodules.photos.framing import AroundLargest, WholePhotograph

CPU = torch.device("cpu")
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_dogs(tmp_path_factory.mktemp("dogs") / "files")


def split(data, name):
    """All batches of a split as one."""
    return [torch.cat(fields) for fields in zip(*data.batches(name, CPU), strict=True)]


def numbers(image):
    """Which photograph of its breed each is, read off its red."""
    red = image[:, 0].mean((1, 2)) * STD[0] + MEAN[0]
    return ((red * 255 - 60) / 8).round().int().tolist()


def test_there_are_120_breeds_in_the_order_of_wordnet():
    assert len(OFFICIAL) == len(set(OFFICIAL)) == 120 and list(OFFICIAL) == sorted(OFFICIAL)
    known = {3: "n02085936-Maltese_dog", 57: "n02099601-golden_retriever", 97: "n02109525-Saint_Bernard"}
    assert all(OFFICIAL[number - 1] == folder for number, folder in known.items())
    assert breeds(OFFICIAL, []).symbols[14] == "black-and-tan coonhound" and OFFICIAL[-1].endswith("hunting_dog")


def test_a_part_keeps_the_official_ids(root):
    data = dogs(root)
    image, target, boxes, index = split(data, "test")
    assert len(data.spec.symbols) == 120 and target.tolist() == [[2]] * 3 + [[56]] * 3
    assert [data.spec.symbols[number] for number in (2, 56)] == ["Maltese dog", "golden retriever"]
    assert numbers(image) == [9, 10, 11] * 2 and index.tolist() == list(range(6))
    assert boxes.shape == (6, 2, 4) and boxes[:, 1].isnan().all()


def test_breeds_are_chosen_by_their_ids(root):
    data = dogs(root, "data.breeds=[57]")
    assert data.spec.symbols == ("golden retriever",) and split(data, "test")[1].tolist() == [[0]] * 3
    both = dogs(root, "data.breeds=[57,3]")
    assert both.spec.symbols == ("Maltese dog", "golden retriever")
    assert split(both, "test")[1].flatten().tolist() == [0, 0, 0, 1, 1, 1]


def test_boxes_lie_in_the_middle_square(root):
    """60 x 48 px with the short side at 48, of which the middle 32 x 32 px begin at (14, 8)."""
    boxes = split(dogs(root), "test")[2]
    x0, y0, x1, y1 = BOX
    assert boxes[0, 0].tolist() == [max(0, x0 - 14), max(0, y0 - 8), min(32, x1 - 14), min(32, y1 - 8)]


def test_validation_is_carved_out_of_each_breed_by_its_own_seed(root):
    data = dogs(root, "data.validation_images=4")
    image, target, *_ = split(data, "validation")
    assert target.flatten().tolist() == [2, 2, 56, 56]
    held_out = list(zip(target.flatten().tolist(), numbers(image), strict=True))
    assert all(number <= 8 for _, number in held_out)
    trained = data.batch(next(iter(data.tickets("train"))), CPU)
    seen = set()
    for ticket in data.tickets("train"):
        batch = data.batch(ticket, CPU)
        seen |= set(batch.target.flatten().tolist())
    assert seen == {2, 56} and len(trained.image) == 4
    shown = {int(number) for number in data.split("train")._chosen}
    places = {(2 if place < 8 else 56, place % 8 + 1) for place in range(16)}
    assert {(2 if place < 8 else 56, place % 8 + 1) for place in shown} == places - set(held_out)
    assert data.fingerprints() == dogs(root, "data.validation_images=4", "seed=9").fingerprints()
    other = dogs(root, "data.validation_images=4", "data.split_seed=5")
    assert other.fingerprints()["validation"] != data.fingerprints()["validation"]
    assert other.fingerprints()["test"] == data.fingerprints()["test"]


def test_another_breed_changes_no_other_breeds_validation():
    alone, together = in_turns([7] * 6, 3), in_turns([7] * 6 + [9] * 4, 3)
    assert [place for place in together if place < 6] == alone
    one, other = ([place % 20 for place in in_turns([7] * 20 + [9] * 20, 3) if place // 20 == half] for half in (0, 1))
    assert one != other  # each category has an order of its own
    assert sorted(together) == list(range(10)) and [place < 6 for place in together[:8]] == [True, False] * 4


def test_fewer_test_images_are_the_first_of_each_breed(root):
    assert first_of_each([5, 5, 5, 2, 2]) == [3, 0, 4, 1, 2]
    image, target, *_ = split(dogs(root, "data.test_images=4"), "test")
    assert target.flatten().tolist() == [2, 2, 56, 56] and numbers(image) == [9, 10] * 2


def test_what_is_kept_gives_the_same_batches(root, tmp_path):
    fresh, kept = (dogs(root, f"data.keep_decoded={keep}", f"data.cache={tmp_path}") for keep in ("false", "true"))
    for name in ("train", "validation", "test"):
        for one, other in zip(split(fresh, name), split(kept, name), strict=True):
            assert torch.equal(one.nan_to_num(-1), other.nan_to_num(-1))
    assert fresh.fingerprints() == kept.fingerprints() and (tmp_path / "train-48px/pixels.npy").is_file()


def test_a_fingerprint_notices_another_photograph_label_and_size(tmp_path):
    root = write_dogs(tmp_path / "dogs")
    first = dogs(root).fingerprints()
    assert dogs(root, "data.size=31").fingerprints()["test"] != first["test"]
    assert dogs(root, "data.batch_size=3", "data.evaluation_batch_size=2").fingerprints() == first
    Image.new("RGB", SIZE).save(root / "Images" / OFFICIAL[2] / "n02085936_9.jpg")
    assert dogs(root).fingerprints()["test"] != first["test"]


def test_the_crop_to_the_box_is_a_square_around_the_largest(tmp_path):
    around, two = AroundLargest(0.0), np.array([[0.0, 0, 10, 10], [20, 10, 60, 30]])
    assert around.window(two).tolist() == [20, 0, 60, 40]
    assert around.window(np.array([[0.0, 0, 50, 4], [20, 10, 40, 30]])).tolist() == [20, 10, 40, 30]  # by its area
    assert AroundLargest(0.5).window(two).tolist() == [10, -10, 70, 50]
    assert WholePhotograph().window(two)[2] == np.inf
    root = write_dogs(tmp_path / "dogs")
    data = dogs(root, "data.framing.enlarge=0.0", "data.short=36", "data.size=36", name="stanford_dogs_boxed")
    image, _, boxes, _ = split(data, "test")
    assert boxes[0, 0].tolist() == [3, 0, 33, 36]  # 30 x 36 px in a square of 36
    bytes_of = (image[0] * STD[:, None, None] + MEAN[:, None, None]).mul(255).round().to(torch.uint8).permute(1, 2, 0)
    with Image.open(root / "Images" / OFFICIAL[2] / "n02085936_9.jpg") as stored:
        assert (bytes_of.numpy() == np.asarray(stored)[8:44, 7:43]).all()


def test_boxes_say_nothing_to_a_model_that_may_not_see_them(tmp_path):
    """Other boxes, the same images."""
    root = write_dogs(tmp_path / "dogs")
    before = split(dogs(root), "test")[0]
    for file in (root / "Annotation").glob("n*/n*"):
        write_annotation(file, "any", SIZE, [(0, 0, 20, 20)])
    after = dogs(root)
    assert torch.equal(split(after, "test")[0], before)


def test_several_dogs_are_the_largest_from_left_to_right(tmp_path):
    root = write_dogs(tmp_path / "dogs", breeds=(3,))
    file = root / "Annotation" / OFFICIAL[2] / "n02085936_9"
    write_annotation(file, "Maltese_dog", SIZE, [(30, 8, 44, 40), (20, 10, 24, 14), (15, 10, 25, 40)])
    boxes = split(dogs(root), "test")[2][0]
    assert boxes.tolist() == [[1, 2, 11, 32], [16, 0, 30, 32]]
    assert split(dogs(root, "data.dogs=3"), "test")[2][0, 1].tolist() == [6, 2, 10, 6]
    write_annotation(file, "Maltese_dog", SIZE, [(10, 8, 48, 40), (15, 10, 25, 30)])  # by centres, at 29 and 20
    assert split(dogs(root), "test")[2][0, :, 3].tolist() == [22, 32]


def test_without_boxes_no_annotation_is_opened(tmp_path):
    root = write_dogs(tmp_path / "dogs")
    for file in sorted((root / "Annotation").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    (root / "Annotation").rmdir()
    data = dogs(root, "data.dogs=0")
    assert data.spec.box_names == () and split(data, "test")[2].shape == (6, 0, 4)


def test_lists_and_annotations_are_read_as_they_are_written(tmp_path):
    listed = Listed(["a/1.jpg", "b-c/22.jpg"], [1, 120])
    write_list(tmp_path / "train_list.mat", listed)
    assert read_list(tmp_path / "train_list.mat") == listed
    write_annotation(tmp_path / "1", "b & <c>", (50, 40), [(1, 2, 30, 40), (5, 6, 7, 8)])
    boxes, fault = dog_boxes(tmp_path / "1")
    assert fault == "" and boxes.tolist() == [[1, 2, 30, 40], [5, 6, 7, 8]]
