"""Zip archives from a server on loopback: fetched, resumed, summed, unpacked whole or not at all."""

import io
import zipfile
from dataclasses import replace
from hashlib import md5

import pytest
from test_data_download import mirror  # noqa: F401  # the fixture

from datamodules.contract import DataFault
from datamodules.storage.archives import Zip, fetch_and_unpack, unpack


def packed(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


SMALL = packed(**{"train2014/": b"", "train2014/1.jpg": b"one" * 50_000, "train2014/2.jpg": b"two",
                  "notes.txt": b"unwanted", "annotations/a.json": b"{}", "annotations/b.json": b"[]"})  # fmt: skip
SUM = md5(SMALL).hexdigest()
ALL = Zip("coco", "zips", "all.zip", SUM, ["train2014/", "annotations/a.json"])


@pytest.fixture
def served(mirror):  # noqa: F811
    mirror.content = SMALL
    return mirror


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.name.startswith("."))


def test_what_is_wanted_is_fetched_and_unpacked_and_the_rest_is_not(served, tmp_path):
    fetch_and_unpack([ALL], tmp_path, ALL.addresses({"coco": [served.url], "other": []}))
    found = ["all.zip", "annotations", "annotations/a.json", "train2014", "train2014/1.jpg", "train2014/2.jpg"]
    assert names(tmp_path) == found
    assert (tmp_path / "train2014/1.jpg").read_bytes() == b"one" * 50_000
    assert [path for path, _ in served.asked] == ["/mirror/zips/all.zip"]
    fetch_and_unpack([ALL], tmp_path, ALL.addresses({"coco": [served.url]}))
    assert len(served.asked) == 1


def test_a_transfer_that_breaks_off_goes_on_and_what_is_there_stays(served, tmp_path):
    served.cuts = [100]
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/a.json").write_text("mine")
    fetch_and_unpack([ALL], tmp_path, ALL.addresses({"coco": [served.url]}))
    assert [asked for _, asked in served.asked] == [None, "bytes=100-"]
    assert (tmp_path / "annotations/a.json").read_text() == "mine" and (tmp_path / "train2014/2.jpg").is_file()


def test_a_sum_that_is_published_counts_and_one_that_is_not_is_kept(served, tmp_path):
    with pytest.raises(DataFault, match="md5 is not 1111"):
        fetch_and_unpack([replace(ALL, md5="1" * 32)], tmp_path / "bad", ALL.addresses({"coco": [served.url]}))
    assert not (tmp_path / "bad/train2014").exists()
    unknown = replace(ALL, md5="")
    fetch_and_unpack([unknown], tmp_path / "new", ALL.addresses({"coco": [served.url]}))
    assert (tmp_path / "new/all.zip.md5").read_text() == f"{SUM}  all.zip\n"
    (tmp_path / "new/all.zip").unlink()
    (tmp_path / "new/annotations/a.json").unlink()
    served.content = packed(**{"annotations/a.json": b"other"})
    with pytest.raises(DataFault, match=r"md5 is not the one that all\.zip\.md5 has kept"):
        fetch_and_unpack([unknown], tmp_path / "new", ALL.addresses({"coco": [served.url]}))


@pytest.mark.parametrize("name", [
    "train2014/../../evil.jpg", "train2014/deeper/1.jpg", "train2014/..", "train2014/a\\b.jpg",
])  # fmt: skip
def test_a_folder_with_anything_else_in_it_is_not_unpacked(tmp_path, name):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/all.zip"
    path.write_bytes(packed(**{"train2014/1.jpg": b"one", name: b"x"}))
    with pytest.raises(DataFault, match=r"the entry .* is none of train2014/") as fault:
        unpack(path, tmp_path / "in", replace(ALL, wanted=["train2014/"]))
    assert str(path) in str(fault.value)
    assert names(tmp_path) == ["in", "in/all.zip"]


INSIDE = SMALL.index(b"train2014/1.jpg") + 40  # of the file's packed content


@pytest.mark.parametrize("content", [SMALL[:-30], b"<html>", b"", SMALL[:INSIDE] + b"\0\1\2" + SMALL[INSIDE + 3 :]])
def test_a_damaged_archive_is_not_unpacked(tmp_path, content):
    path = tmp_path / "all.zip"
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"all\.zip is damaged .*fetch it again"):
        unpack(path, tmp_path, replace(ALL, wanted=["train2014/"]))
    assert names(tmp_path) == ["all.zip"]


def test_an_archive_without_what_is_wanted_and_one_for_which_there_is_no_room(tmp_path, monkeypatch):
    path = tmp_path / "all.zip"
    path.write_bytes(SMALL)
    with pytest.raises(DataFault, match=r"has no val2014/ in it"):
        unpack(path, tmp_path, replace(ALL, wanted=["val2014/"]))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(DataFault, match=r"unpacks to 150,003 bytes, and .* has room for 1,000"):
        unpack(path, tmp_path, replace(ALL, wanted=["train2014/"]))
