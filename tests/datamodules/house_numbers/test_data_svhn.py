"""SVHN as a data set: targets, splits, the stream, boxes in the model's image, and what is wrong with a folder."""

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from run_helpers import ROOT
from svhn_folders import TEST, TRAIN, svhn, write_root, write_unofficial

from datamodules.base import Ticket
from datamodules.contract import IGNORED, DataFault
from datamodules.house_numbers.numbers import END, Numbers
from datamodules.house_numbers.windows import CentreWindows, RandomWindows, WindowCropper

CPU = torch.device("cpu")
REAL, UNOFFICIAL = ROOT.parent / "shared/data/svhn", ROOT.parent / "shared/data/svhn_extra_unofficial"


@pytest.fixture
def root(tmp_path):
    return write_root(tmp_path / "svhn", TRAIN, TEST)


def whole(data, split):
    return [torch.cat(field) for field in zip(*data.batches(split, CPU), strict=True)]


def numbers(target):
    return ["".join(str(symbol) for symbol in row if 0 <= symbol < END) for row in target.tolist()]


def test_a_target_is_the_digits_then_end_then_nothing(root):
    _, target, _, index = whole(svhn(root), "test")
    gone = IGNORED
    assert target.tolist() == [[3, 1, 10, gone, gone, gone], [2, 0, 5, 10, gone, gone], [6, 10, gone, gone, gone, gone]]
    assert index.tolist() == [0, 1, 2]


def test_five_digits_leave_room_for_the_end(root):
    spec = svhn(root).spec
    assert (spec.symbols[spec.end], spec.max_steps, len(spec.symbols)) == ("end", 6, 11)
    assert spec.box_names == ("digit 1", "digit 2", "digit 3", "digit 4", "digit 5")
    data = svhn(root)
    rows = [row for split in ("train", "validation") for row in whole(data, split)[1].tolist() if row[0] == 9]
    assert rows[0] == [9, 8, 7, 6, 5, END]


def test_boxes_are_of_the_image_in_reading_order(root):
    """31: digits at x = 20..30 and 30..40, y = 10..30. Enlarged by 0.3: x 17..43, y 7..33. 64 px of that, less 5 px."""
    _, _, boxes, _ = whole(svhn(root), "test")
    scale = 64 / 26
    assert boxes[0, 0].tolist() == pytest.approx(
        [3 * scale - 5, 3 * scale - 5, 13 * scale - 5, 23 * scale - 5], abs=1e-4
    )
    assert boxes[0, 1].tolist() == pytest.approx(
        [13 * scale - 5, 3 * scale - 5, 23 * scale - 5, 23 * scale - 5], abs=1e-4
    )
    assert boxes[0, 2:].isnan().all() and not boxes[1, :3].isnan().any() and boxes[1, 3:].isnan().all()


def test_each_image_has_mean_zero_and_the_contrast_asked_for(root):
    image, *_ = whole(svhn(root, "data.contrast=0.5"), "test")
    assert image.shape == (3, 1, 54, 54) and image.mean((1, 2, 3)).abs().max() < 1e-4
    assert whole(svhn(root, "data.contrast=0.25"), "test")[0].allclose(2 * image, atol=1e-4)
    coloured = whole(svhn(root, "data.channels=3", "data.contrast=0.5"), "test")[0]
    assert coloured.shape == (3, 3, 54, 54) and coloured.mean((1, 2, 3)).abs().max() < 1e-4
    assert coloured.mean((2, 3)).abs().max() > 1e-3  # one mean an image, not one a channel


def test_validation_is_a_part_of_train_and_never_of_test(root):
    data = svhn(root, "data.validation_share=0.5", "data.images_per_epoch=4")
    validation, train = numbers(whole(data, "validation")[1]), numbers(whole(data, "train")[1])
    assert len(validation) == 4 and sorted(validation + train) == sorted(TRAIN)
    assert numbers(whole(data, "test")[1]) == TEST
    assert len(whole(svhn(root, "data.validation_images=1", "data.validation_share=0.9"), "validation")[1]) == 1
    with pytest.raises(DataFault, match=r"8 training images cannot give 0 .*data\.validation_share"):
        svhn(root, "data.validation_share=0.1").splits()


def test_fewer_test_images_are_the_first(root):
    _, target, _, index = whole(svhn(root, "data.test_images=2"), "test")
    assert numbers(target) == TEST[:2] and index.tolist() == [0, 1]


def test_extra_is_trained_and_validated_on_where_it_is_named(tmp_path):
    root = write_root(tmp_path, TRAIN, TEST, extra=["11", "22", "33", "44"])
    data = svhn(root, "data.parts=[train,extra]", "data.validation_share=0.5", "data.batch_size=6")
    found = numbers(whole(data, "validation")[1]) + numbers(next(data.batches("train", CPU)).target)
    assert sorted(found) == sorted([*TRAIN, "11", "22", "33", "44"])


def test_an_unofficial_folder_is_trained_on_and_nothing_else(root, tmp_path):
    folder = write_unofficial(tmp_path / "more", ["808", "909"])
    data = svhn(root, f"data.unofficial=[{folder}]", "data.batch_size=8", "data.images_per_epoch=8")
    _, target, boxes, _ = whole(data, "train")
    found = dict(zip(numbers(target), boxes, strict=True))
    assert {"808", "909"} < set(found) and found["808"].isnan().all()
    half = svhn(root, f"data.unofficial=[{folder}]", "data.validation_images=9", "data.validation_share=0.5")
    assert len(whole(half, "validation")[1]) == 4  # of the eight official ones
    mine, official = data.fingerprints(), svhn(root).fingerprints()
    assert mine["train"] != official["train"]
    assert all(mine[split] == official[split] for split in ("validation", "test"))


def test_a_sixth_digit_leaves_a_number_out_and_the_log_says_so(tmp_path, caplog):
    root = write_root(tmp_path, [*TRAIN, "123456"], TEST)
    with caplog.at_level(logging.WARNING, "datamodules"):
        data = svhn(root, "data.validation_share=0.5", "data.images_per_epoch=4")
        found = numbers(whole(data, "validation")[1]) + numbers(whole(data, "train")[1])
    assert sorted(found) == sorted(TRAIN)
    assert [record.message for record in caplog.records] == ["train: left out 1 numbers of more than 5 digits"]
    longer = svhn(root, "data.digits=6", "data.validation_share=0.5", "data.batch_size=9")
    assert longer.spec.max_steps == 7 and "123456" in numbers(
        torch.cat([next(longer.batches("train", CPU)).target, whole(longer, "validation")[1]])
    )


@pytest.fixture(scope="module")
def ramp():
    """Squares whose pixels say where they are: 8 rows of 8, and the square's number."""
    place = torch.arange(64).reshape(8, 8)
    square = torch.stack([place, place + 100, place + 150])[:, None].to(torch.uint8)
    boxes = torch.tensor([[[0, 0, 2, 3], [1, 1, 7, 7]], [[3, 2, 8, 6], [torch.nan] * 4], [[0, 0, 8, 8]] * 2])
    return Numbers(square, torch.arange(9).reshape(3, 3), boxes)


def test_windows_are_cut_where_they_are_told_with_boxes_clipped(ramp):
    cutter = WindowCropper(ramp, size=5, contrast=1.0)
    corner = torch.tensor([[0, 0], [3, 1], [2, 3]])
    batch = cutter.batch(torch.tensor([1, 0, 0]), corner, torch.arange(3))
    raw = cutter.bytes(torch.tensor([1, 0, 0]), corner)
    assert raw[0, 0, 0].tolist() == [100, 101, 102, 103, 104]  # x = 0, y = 0
    assert raw[1, 0, 0].tolist() == [11, 12, 13, 14, 15]  # x = 3, y = 1
    assert raw[2, 0, :, 0].tolist() == [26, 34, 42, 50, 58]  # x = 2, y = 3
    assert batch.image[1].allclose((raw[1].float() - raw[1].float().mean()) / 255)
    assert batch.boxes[0, 0].tolist() == [3, 2, 5, 5] and batch.boxes[0, 1].isnan().all()
    assert batch.boxes[1, 0].isnan().all()  # left of the window
    assert batch.boxes[1, 1].tolist() == [0, 0, 4, 5] and batch.boxes[2, 1].tolist() == [0, 0, 5, 4]
    assert batch.target.tolist() == [[3, 4, 5], [0, 1, 2], [0, 1, 2]]


def test_evaluation_looks_at_the_middle(ramp):
    batch = CentreWindows(WindowCropper(ramp, size=6, contrast=1 / 255), torch.tensor([0]), 4).batch(0, 0, CPU)
    expected = ramp.square[:1, :, 1:7, 1:7].float()
    assert batch.image.allclose(expected - expected.mean())


@given(seed=st.integers(0, 99), epoch=st.integers(0, 5), size=st.integers(1, 9), images=st.integers(1, 30))
@settings(deadline=None, max_examples=30)
def test_the_stream_is_endless_passes_each_image_once_a_pass(ramp, seed, epoch, size, images):
    split = RandomWindows(WindowCropper(ramp, 8, 1.0), torch.tensor([2, 0]), seed, images, size)
    assert split.batches == -(-images // size)
    batches = [split.batch(epoch, number, CPU) for number in range(split.batches)]
    index = torch.cat([batch.index for batch in batches])
    first = epoch * split.batches * size
    assert index.tolist() == list(range(first, first + split.batches * size))
    seen = torch.cat([batch.target[:, 0] for batch in batches]).tolist()
    begin = first % 2
    assert all(set(seen[at : at + 2]) == {0, 6} for at in range(begin, len(seen) - 1, 2))


def test_a_batch_is_a_function_of_its_ticket(root):
    state = torch.get_rng_state()
    one, other = svhn(root), svhn(root)
    list(one.batches("train", CPU))
    for ticket in (Ticket("train", 2, 1), Ticket("validation", 0, 0), Ticket("test", 0, 1)):
        ours, theirs = one.batch(ticket, CPU), other.batch(ticket, CPU)
        assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(ours, theirs, strict=True))
    assert not torch.equal(one.batch(Ticket("train", 0, 0), CPU).image, one.batch(Ticket("train", 1, 0), CPU).image)
    assert torch.equal(torch.get_rng_state(), state)


def test_all_corners_occur_equally_often_and_only_those(ramp):
    middle = ramp._replace(boxes=torch.tensor([3.0, 3, 5, 5]).expand(3, 2, 4))  # in every window
    split = RandomWindows(WindowCropper(middle, 6, 1.0), torch.tensor([2]), 0, 900, 900)
    corner = 3 - split.batch(0, 0, CPU).boxes[:, 0, :2]
    found, often = corner.unique(dim=0, return_counts=True)
    assert found.tolist() == [[x, y] for x in range(3) for y in range(3)]
    assert often.min() > 70 and often.max() < 130


def test_corners_are_drawn_anew_in_each_epoch_and_by_each_seed(ramp):
    middle = ramp._replace(boxes=torch.tensor([3.0, 3, 5, 5]).expand(3, 2, 4))
    drawn = set()
    for seed, epoch, number in ((0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0)):
        split = RandomWindows(WindowCropper(middle, 6, 1.0), torch.tensor([2]), seed, 40, 20)
        drawn.add(str(split.batch(epoch, number, CPU).boxes[:, 0, :2].tolist()))
    assert len(drawn) == 4


def test_the_fingerprint_is_of_bytes_and_targets_whatever_the_batch_size(root):
    from hashlib import sha256

    data = svhn(root)
    test = data.splits().test
    square = test._cutter.numbers.square[:, :, 5:59, 5:59].contiguous()
    expected = sha256(square.numpy().tobytes() + test._cutter.numbers.target.numpy().tobytes()).hexdigest()
    assert data.fingerprints()["test"] == expected
    other = svhn(root, "data.evaluation_batch_size=7", "data.batch_size=3", "seed=9")
    assert other.fingerprints() == data.fingerprints() != svhn(root, "data.enlarge=0.4").fingerprints()


def test_the_enlarged_setting_shows_digits_as_large_with_more_around_them(root):
    _, _, small, _ = whole(svhn(root), "test")
    image, _, large, _ = whole(svhn(root, name="svhn110"), "test")
    assert image.shape == (3, 1, 110, 110)
    tall = [(boxes[0, 0, 3] - boxes[0, 0, 1]).item() for boxes in (small, large)]
    # 64 / 1.3 = 49.2. Enlarged by 1.6 the window (4..56, -6..46) is clamped to 0..40: 128 / 40 * 20 = 64.
    assert tall == pytest.approx([20 * 64 / 26, 64.0], abs=1e-3)


def test_the_second_reading_opens_no_photograph_and_a_change_is_noticed(root, monkeypatch):
    first = svhn(root).fingerprints()
    with monkeypatch.context() as without:
        without.setattr(Image, "open", None)
        assert svhn(root).fingerprints() == first
    Image.new("RGB", (120, 40), (9, 99, 9)).save(root / "test/2.png")
    assert svhn(root).fingerprints()["test"] != first["test"]


def test_a_damaged_cache_is_made_anew(root):
    first = svhn(root).fingerprints()
    squares = sorted((root / "cache").glob("*/square.npy"))
    assert len(squares) == 2
    for path in squares:
        content = bytearray(path.read_bytes())
        content[-5] ^= 255
        path.write_bytes(content)
    assert svhn(root).fingerprints() == first


@pytest.mark.skipif(not (REAL.is_dir() and UNOFFICIAL.is_dir()), reason="the real part is not at hand")
def test_the_real_part(tmp_path):
    from datamodules.house_numbers.inspection import folder_faults

    data = svhn(REAL, f"data.cache={tmp_path}", "data.evaluation_batch_size=256", "data.batch_size=192")
    assert [len(whole(data, split)[1]) for split in ("train", "validation", "test")] == [192, 64, 256]
    image, target, boxes, _ = whole(data, "test")
    assert torch.equal((target < END).logical_and(target >= 0).sum(1), (~boxes.isnan().any(2)).sum(1))
    assert 0.9 < image.std((1, 2, 3)).mean() < 1.1  # the contrast of the yaml is measured on these
    assert folder_faults(REAL / "test", workers=2) == (["test: 256 images"], [])
