"""Features on disk: taken when they are as they were written, else made anew, gone on with after a kill."""

import json

import numpy as np
import pytest

from datamodules.contract import DataFault
from datamodules.storage import cache, feature_store
from datamodules.storage.feature_store import FeatureStore

SOURCE = {"weights": "ab", "data": {"size": (3, 4)}}
WHOLE = np.random.default_rng(0).normal(size=(10, 2, 3)).astype("float32")  # in batches of 4, 4 and 2


class Maker:
    """Computes batches, and counts which; dies at one."""

    def __init__(self, dies_at=None):
        self.made, self.dies_at = [], dies_at

    def __call__(self, number):
        if number == self.dies_at:
            raise KeyboardInterrupt
        self.made.append(number)
        return WHOLE[4 * number : 4 * number + 4]


def ask(folder, maker, source=SOURCE, dtype="float32"):
    return FeatureStore(str(folder), dtype).rows("train", source, 10, 4, (2, 3), maker)


@pytest.fixture
def kept(tmp_path):
    ask(tmp_path, Maker())
    (entry,) = (path for path in tmp_path.iterdir() if path.is_dir())
    return entry


def test_what_was_made_is_kept_bit_for_bit_and_mapped(kept):
    again = Maker()
    rows = ask(kept.parent, again)
    assert isinstance(rows, np.memmap) and np.array_equal(rows, WHOLE) and again.made == []
    assert sorted(path.name for path in kept.iterdir()) == ["about.json", "features.npy", "sums.jsonl"]


def test_half_precision_takes_half_the_room_and_refuses_what_it_cannot_hold(tmp_path):
    rows = ask(tmp_path, Maker(), dtype="float16")
    assert rows.dtype == np.float16 and np.abs(rows - WHOLE).max() < 2e-3
    with pytest.raises(DataFault, match=r"too large for half precision: features\.store\.dtype=float32"):
        FeatureStore(str(tmp_path), "float16").rows("big", SOURCE, 1, 1, (1,), lambda number: np.full((1, 1), 1e6))


def test_after_a_kill_only_the_rest_is_made(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        ask(tmp_path, Maker(dies_at=2))
    rest = Maker()
    assert np.array_equal(ask(tmp_path, rest), WHOLE) and rest.made == [2]


def test_a_line_that_was_cut_off_is_of_no_batch(kept):
    sums = kept / "sums.jsonl"
    sums.write_text(sums.read_text()[:-20])
    rest = Maker()
    assert np.array_equal(ask(kept.parent, rest), WHOLE) and rest.made == [2]
    assert len(sums.read_text().splitlines()) == 3


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage, again", [
    (lambda kept: flip(kept / "features.npy", -1), [2]),
    (lambda kept: flip(kept / "features.npy", 128), [0]),
    (lambda kept: flip(kept / "features.npy", 3), [0, 1, 2]),
    (lambda kept: flip(kept / "about.json", 5), [0, 1, 2]),
    (lambda kept: (kept / "features.npy").unlink(), [0, 1, 2]),
    (lambda kept: (kept / "features.npy").write_bytes((kept / "features.npy").read_bytes()[:-9]), [0, 1, 2]),
    (lambda kept: (kept / "about.json").unlink(), [0, 1, 2]),
    (lambda kept: (kept / "sums.jsonl").unlink(), [0, 1, 2]),
    (lambda kept: (kept / "sums.jsonl").write_text('[0, "aa"]\n[7, "b"]\nnull\n{}\n[1]\n'), [0, 1, 2]),
])  # fmt: skip
def test_what_is_damaged_is_made_anew(kept, damage, again):
    damage(kept)
    maker = Maker()
    assert np.array_equal(ask(kept.parent, maker), WHOLE) and maker.made == again
    once_more = Maker()
    assert np.array_equal(ask(kept.parent, once_more), WHOLE) and once_more.made == []


def test_a_pickle_is_never_opened(kept):
    np.save(kept / "features.npy", np.array([{"a": 1}] * 10, dtype=object), allow_pickle=True)
    maker = Maker()
    assert np.array_equal(ask(kept.parent, maker), WHOLE) and maker.made == [0, 1, 2]


def test_another_source_type_or_layout_is_another_entry_and_the_old_one_stays(kept, monkeypatch):
    for source, dtype in (({**SOURCE, "weights": "cd"}, "float32"), (SOURCE, "float16")):
        maker = Maker()
        ask(kept.parent, maker, source, dtype)
        assert maker.made == [0, 1, 2]
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    maker = Maker()
    ask(kept.parent, maker)
    assert maker.made == [0, 1, 2] and len([path for path in kept.parent.iterdir() if path.is_dir()]) == 4
    assert json.loads((kept / "about.json").read_text())["source"]["weights"] == "ab"


def test_a_folder_that_cannot_be_written_is_told_with_the_knob_and_reading_needs_none(kept, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match=r"cannot write .*file.*features\.store\.folder=FOLDER"):
        ask(tmp_path / "file" / "features", Maker())

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(feature_store, "locked", refused)
    assert np.array_equal(ask(kept.parent, Maker()), WHOLE)
    with pytest.raises(DataFault, match=r"cannot write .*Permission denied"):
        ask(kept.parent, Maker(), source={})
