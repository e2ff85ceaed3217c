"""What is kept of what was worked out from files: taken when it is as expected, made anew in every other case."""

import json
import threading

import numpy as np
import pytest

from datamodules.contract import DataFault
from datamodules.storage import cache
from datamodules.storage.cache import Cache

SOURCE = {"file": {"bytes": 3, "sha256": "ab"}, "knobs": (1, 2.5)}


class Maker:
    """Writes two arrays, and counts how often it had to."""

    def __init__(self):
        self.made = 0

    def __call__(self, folder):
        self.made += 1
        np.save(folder / "one.npy", np.arange(12).reshape(3, 4))
        np.save(folder / "names.npy", np.array(["a", "bc"]))


@pytest.fixture
def maker():
    return Maker()


@pytest.fixture
def kept(tmp_path, maker):
    found = Cache(tmp_path).arrays("entry", SOURCE, maker)
    assert found["one"].tolist() == np.arange(12).reshape(3, 4).tolist() and found["names"].tolist() == ["a", "bc"]
    return tmp_path / "entry"


def again(kept, maker, source=SOURCE):
    found = Cache(kept.parent).arrays("entry", source, maker)
    assert found["one"].tolist() == np.arange(12).reshape(3, 4).tolist()
    return maker.made


def test_what_was_made_is_kept_and_nothing_half_done(kept, maker):
    assert again(kept, maker) == 1
    assert sorted(path.name for path in kept.iterdir()) == ["about.json", "names.npy", "one.npy"]
    assert sorted(path.name for path in kept.parent.iterdir()) == [".entry.lock", "entry"]


@pytest.mark.parametrize("source", [{}, {**SOURCE, "knobs": (1, 3)}, {**SOURCE, "more": None}], ids=str)
def test_another_source_makes_it_anew(kept, maker, source):
    assert again(kept, maker, source) == 2
    assert again(kept, maker, source) == 2


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def changed(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize("damage", [
    lambda kept: flip(kept / "one.npy"),
    lambda kept: flip(kept / "about.json"),
    lambda kept: (kept / "one.npy").unlink(),
    lambda kept: (kept / "about.json").unlink(),
    lambda kept: (kept / "names.npy").write_bytes((kept / "names.npy").read_bytes()[:-1]),
    lambda kept: (kept / "about.json").write_text("[]"),
    lambda kept: changed(kept / "about.json", version=cache.VERSION + 1),
    lambda kept: changed(kept / "about.json", sha256={}),
    lambda kept: np.save(kept / "more.npy", np.ones(3)),
    lambda kept: changed(kept / "about.json", sha256={"names.npy": cache.sha256_of(kept / "names.npy")}),
])  # fmt: skip
def test_a_damaged_entry_or_one_of_another_version_is_made_anew(kept, maker, damage):
    damage(kept)
    assert again(kept, maker) == 2
    assert again(kept, maker) == 2


def test_a_pickle_is_never_opened(kept, maker):
    np.save(kept / "one.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    about = json.loads((kept / "about.json").read_text())
    about["sha256"]["one.npy"] = cache.sha256_of(kept / "one.npy")
    (kept / "about.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Cache(kept.parent).arrays("entry", SOURCE, maker)


def test_writing_into_what_was_read_leaves_the_file_alone(kept, maker):
    Cache(kept.parent).arrays("entry", SOURCE, maker)["one"][:] = 7
    assert again(kept, maker) == 1


def test_an_array_without_items_is_kept(tmp_path):
    made = Cache(tmp_path).arrays("entry", SOURCE, lambda folder: np.save(folder / "none.npy", np.zeros((0, 4))))
    assert made["none"].shape == (0, 4)


def test_a_maker_that_fails_leaves_nothing_and_the_old_entry_as_it_was(kept, maker):
    def fails(folder):
        np.save(folder / "one.npy", np.zeros(3))
        raise DataFault("the photograph is damaged")

    with pytest.raises(DataFault, match="the photograph is damaged"):
        Cache(kept.parent).arrays("entry", {}, fails)
    assert again(kept, maker) == 1
    assert sorted(path.name for path in kept.parent.iterdir()) == [".entry.lock", "entry"]


def test_a_folder_that_cannot_be_written_is_told_with_the_knob(tmp_path, maker):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match=r"cannot write .*file.*data\.cache=FOLDER"):
        Cache(tmp_path / "file" / "cache").arrays("entry", SOURCE, maker)


def test_what_is_kept_can_be_read_where_nothing_can_be_written(kept, maker, monkeypatch):
    def refused(path, name):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(cache, "scratch", refused)
    assert again(kept, maker) == 1
    with pytest.raises(DataFault, match=r"cannot write .*Permission denied"):
        again(kept, maker, source={})


def test_of_several_at_once_one_makes_it(tmp_path, maker):
    jobs = [threading.Thread(target=Cache(tmp_path).arrays, args=("entry", SOURCE, maker)) for _ in range(5)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert maker.made == 1
