import gzip
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_helpers import ROOT

from datamodules.contract import DataFault
from datamodules.digits.idx import read_idx, write_idx
from datamodules.digits.mnist import OFFICIAL, MnistFiles
from datamodules.digits.mnist_sample import write_mnist_sample
from datamodules.digits.sources import FORMS, Digits, ScikitDigits, bundled, split_at_random

REAL = ROOT.parent / "shared/data/mnist"
TRAIN_IMAGES, TRAIN_LABELS = OFFICIAL[0].name, OFFICIAL[1].name


def mnist(root: Path, one_in: int = 12) -> MnistFiles:
    return MnistFiles(root, download=False, mirrors=[], validation_one_in=one_in, split_seed=1234)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    write_mnist_sample(tmp_path, train=240, test=60)
    return tmp_path


@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=3), seed=st.integers(0, 1000))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(tmp_path, shape, seed):
    items = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    write_idx(tmp_path / "items.gz", items)
    assert torch.equal(read_idx(tmp_path / "items.gz", len(shape)), items)


def test_the_bytes_of_an_idx_file_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "items.gz", torch.tensor([[1, 2, 3]], dtype=torch.uint8))
    content = gzip.decompress((tmp_path / "items.gz").read_bytes())
    assert content == bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3])


HEADER = bytes([0, 0, 8, 1, 0, 0, 0, 5])
DAMAGES = {
    "empty": (b"", "it starts with 0x,|ends too early|holds no"),
    "no gzip": (b"<html>not found</html>", "it is no sound gzip file"),
    "cut off": (gzip.compress(os.urandom(5000))[:-500], "it ends too early"),
    "wrong magic": (gzip.compress(bytes([0, 0, 8, 3]) + bytes(12)), "it starts with 0x00000803, and .* 0x00000801"),
    "other type": (gzip.compress(bytes([0, 0, 13, 1]) + bytes(12)), "it starts with 0x00000d01"),
    "too few": (gzip.compress(HEADER + b"abc"), "promises 5 = 5 bytes, and 3 follow"),
    "trailing bytes": (gzip.compress(HEADER + b"abcdef"), "promises 5 = 5 bytes, and 6 follow"),
    "header cut off": (gzip.compress(bytes([0, 0, 8, 1, 0])), "promises .* and 0 follow|holds no items"),
    "no items": (gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 0])), "it holds no items"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong_and_what_to_do(tmp_path, damage):
    content, said = DAMAGES[damage]
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(DataFault, match=said) as fault:
        read_idx(path, axes=1)
    assert str(path) in str(fault.value) and "data.download=true" in str(fault.value)


def test_flipped_bits_are_noticed(tmp_path):
    path = tmp_path / "items.gz"
    write_idx(path, torch.randint(256, (3000,), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(DataFault, match="no sound gzip file"):
        read_idx(path, axes=1)


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    with pytest.raises(DataFault, match="cannot be read: Is a directory"):
        read_idx(tmp_path, axes=1)


def test_all_missing_files_are_named_at_once(tmp_path):
    with pytest.raises(DataFault) as fault:
        mnist(tmp_path / "nowhere").read()
    message = str(fault.value)
    assert all(wanted.name in message for wanted in OFFICIAL)
    assert all(way in message for way in (str(tmp_path), "data.root=", "data.download=true", "data=digit_pairs"))


def test_labels_that_do_not_match_the_images_are_refused(sample):
    write_idx(sample / TRAIN_LABELS, torch.zeros(239, dtype=torch.uint8))
    with pytest.raises(DataFault, match=f"{TRAIN_LABELS} has 239 labels for the 240 images of {TRAIN_IMAGES}"):
        mnist(sample).read()


def test_labels_beyond_nine_are_refused(sample):
    labels = torch.zeros(240, dtype=torch.uint8)
    labels[17] = 10
    write_idx(sample / TRAIN_LABELS, labels)
    with pytest.raises(DataFault, match="has the label 10 at place 17"):
        mnist(sample).read()


def test_images_of_another_size_are_refused(sample):
    write_idx(sample / TRAIN_IMAGES, torch.zeros(240, 32, 30, dtype=torch.uint8))
    with pytest.raises(DataFault, match="images of 32 x 30 pixels"):
        mnist(sample).read()


def test_too_few_digits_to_split_are_refused(sample):
    with pytest.raises(DataFault, match="240 digits cannot be split into 0 and a rest"):
        mnist(sample, one_in=1000).read()


def test_validation_is_carved_from_training_and_test_is_left_alone(sample):
    train, validation, test = mnist(sample).read()
    assert [len(part.label) for part in (train, validation, test)] == [220, 20, 60]
    images, labels = read_idx(sample / TRAIN_IMAGES, 3), read_idx(sample / TRAIN_LABELS, 1)
    assert torch.equal(test.image, read_idx(sample / OFFICIAL[2].name, 3))
    known = {image.numpy().tobytes(): label for image, label in zip(images, labels.tolist(), strict=True)}
    assert len(known) == 240  # all different, so that a digit is known by its image
    seen = [image.numpy().tobytes() for part in (train, validation) for image in part.image]
    assert sorted(seen) == sorted(known)
    assert [known[image] for image in seen] == torch.cat([train.label, validation.label]).tolist()


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=3), rest=st.integers(1, 9), seed=st.integers(0, 99))
@settings(deadline=None)
def test_carving_is_a_partition_and_a_function_of_the_seed(counts, rest, seed):
    total = sum(counts) + rest
    digits = Digits(torch.zeros(total, 1, 1, dtype=torch.uint8), torch.arange(total))
    parts = split_at_random(digits, seed, *counts)
    assert [len(part.label) for part in parts] == [*counts, rest]
    assert sorted(torch.cat([part.label for part in parts]).tolist()) == list(range(total))
    again = split_at_random(digits, seed, *counts)
    assert all(torch.equal(one.label, other.label) for one, other in zip(parts, again, strict=True))


def test_bundled_digits_are_split_without_a_common_place_and_scaled_to_bytes():
    from sklearn.datasets import load_digits

    train, validation, test = ScikitDigits(validation=2, test=3, split_seed=1).read()
    assert [len(part.label) for part in (train, validation, test)] == [1156, 251, 390]
    images = torch.cat([train.image, validation.image, test.image])
    assert images.dtype == torch.uint8 and images.max() == 255 and images.min() == 0

    def multiset(pictures):
        return sorted(picture.numpy().astype(int).tobytes() for picture in pictures)

    grey = torch.from_numpy(load_digits().images)
    assert multiset((images.double() * 16 / 255).round()) == multiset(grey)
    assert sorted(images.unique().tolist()) == [round(255 * level / 16 + 1e-9) for level in range(17)]


def test_whole_forms_are_split_so_that_no_writer_is_both_trained_and_tested_on():
    """A form's text begins 0 to 9 three times, then 0 9 5 5; some digit of the first thirty may be missing."""
    label = bundled().label.tolist()
    for first, after in zip(FORMS, [*FORMS[1:], len(label)], strict=True):
        form = "".join(map(str, label[first:after]))
        assert form.startswith(("0123456789", "123456789")) and form.count("0123456789095565098") == 1
        assert 120 <= len(form) <= 130 and form[24:34].count("0955") == 1
    whole = [set(range(first, after)) for first, after in zip(FORMS, [*FORMS[1:], len(label)], strict=True)]
    place = {picture.numpy().tobytes(): n for n, picture in enumerate(bundled().image)}
    assert len(place) == len(label)  # a digit is known by its image
    for seed in range(4):
        parts = ScikitDigits(validation=2, test=3, split_seed=seed).read()
        held = [{place[picture.numpy().tobytes()] for picture in part.image} for part in parts]
        assert sum(map(len, held)) == len(label)
        assert [sum(form <= part for form in whole) for part in held] == [9, 2, 3]


@pytest.mark.parametrize("counts", [(0, 3), (2, 0), (7, 7)])
def test_every_part_needs_a_form(counts):
    with pytest.raises(DataFault, match=r"14 blocks.*data\.source\.validation and data\.source\.test"):
        ScikitDigits(*counts, split_seed=0).read()


@pytest.mark.skipif(not REAL.is_dir(), reason="the official MNIST files are not at hand")
def test_the_official_files():
    train, validation, test = mnist(REAL).read()
    assert [len(part.label) for part in (train, validation, test)] == [55_000, 5_000, 10_000]
    digits = torch.cat([train.label, validation.label])
    assert torch.bincount(digits).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(test.label).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    pixels = torch.cat([train.image, validation.image]).double() / 255
    assert pixels.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3081, abs=5e-5)
