"""Archives from a server on loopback: fetched, resumed, recorded, unpacked whole or not at all."""

import io
import subprocess
import sys
import tarfile
from hashlib import sha256

import pytest
import torch
from run_helpers import environment
from svhn_folders import made, write_root
from test_data_download import Mirror, mirror  # noqa: F401  # the fixture

from datamodules.contract import DataFault
from datamodules.house_numbers.svhn import archive
from datamodules.storage.archives import fetch_and_unpack, unpack

TRAIN = archive("train", {})


def packed(*members, part="train"):
    """A .tar.gz of (name, content) files, after the folder itself; other members are TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        folder = tarfile.TarInfo(part)
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


SMALL = packed(("train/1.png", b"one" * 50_000), ("train/digitStruct.mat", b"two"))


@pytest.fixture
def served(mirror):  # noqa: F811
    mirror.content = SMALL
    return mirror


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_an_archive_is_fetched_unpacked_and_its_sum_recorded(served, tmp_path):
    fetch_and_unpack([TRAIN], tmp_path, [served.url])
    assert names(tmp_path) == ["train", "train.tar.gz", "train.tar.gz.sha256"]
    assert names(tmp_path / "train") == ["1.png", "digitStruct.mat"]
    assert (tmp_path / "train/1.png").read_bytes() == b"one" * 50_000
    assert (tmp_path / "train.tar.gz.sha256").read_text() == f"{sha256(SMALL).hexdigest()}  train.tar.gz\n"


def test_what_is_there_is_not_asked_for(served, tmp_path):
    (tmp_path / "train").mkdir()
    fetch_and_unpack([TRAIN], tmp_path, [served.url])
    assert served.asked == []


def test_a_transfer_that_breaks_off_goes_on(served, tmp_path):
    served.cuts = [100]
    fetch_and_unpack([TRAIN], tmp_path, [served.url])
    assert [asked for _, asked in served.asked] == [None, "bytes=100-"] and (tmp_path / "train").is_dir()


def test_another_content_than_the_recorded_one_is_refused(served, tmp_path):
    (tmp_path / "train.tar.gz.sha256").write_text(f"{'0' * 64}  train.tar.gz\n")
    with pytest.raises(DataFault, match=r"sha256 is not the one that train\.tar\.gz\.sha256 has kept"):
        fetch_and_unpack([TRAIN], tmp_path, [served.url])
    assert not (tmp_path / "train").exists()


def test_a_sum_that_is_given_is_the_one_that_counts(served, tmp_path):
    fetch_and_unpack([archive("train", {"train.tar.gz": sha256(SMALL).hexdigest()})], tmp_path / "good", [served.url])
    assert names(tmp_path / "good") == ["train", "train.tar.gz"]
    with pytest.raises(DataFault, match="sha256 is not 1111"):
        fetch_and_unpack([archive("train", {"train.tar.gz": "1" * 64})], tmp_path / "bad", [served.url])


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("member, said", [
    (("../evil.png", b"x"), r"the file '\.\./evil\.png'"),
    (("train/../../evil.png", b"x"), "the file 'train/../../evil.png'"),
    (("train/..", b"x"), r"the file 'train/\.\.'"),
    (("/evil.png", b"x"), "the file '/evil.png'"),
    (("/train/evil.png", b"x"), "the file '/train/evil.png'"),
    (("test/1.png", b"x"), "the file 'test/1.png'"),
    (("train/deeper/1.png", b"x"), "the file 'train/deeper/1.png'"),
    (link("train/link.png", "/etc/hostname"), "the link 'train/link.png'"),
    (link("train/hard.png", "train/1.png", tarfile.LNKTYPE), "the link 'train/hard.png'"),
    (link("train/pipe", "", tarfile.FIFOTYPE), "the entry 'train/pipe'"),
    (link("train/more", "", tarfile.DIRTYPE), "the entry 'train/more'"),
])  # fmt: skip
def test_an_archive_with_anything_else_in_it_is_not_unpacked(tmp_path, member, said):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "train.tar.gz"
    path.write_bytes(packed(("train/1.png", b"one"), member))
    with pytest.raises(DataFault, match=said) as fault:
        unpack(path, tmp_path / "in", TRAIN)
    assert str(path) in str(fault.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "train.tar.gz"]


@pytest.mark.parametrize(
    "content", [SMALL[:-100], b"<html>", b"", SMALL[:100] + b"\0\0" + SMALL[102:], SMALL[:-8] + b"\0" * 8]
)
def test_a_damaged_archive_is_not_unpacked(tmp_path, content):
    path = tmp_path / "train.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"train\.tar\.gz is damaged .*fetch it again"):
        unpack(path, tmp_path, TRAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["train.tar.gz"]


@pytest.fixture
def authors(tmp_path, mirror):  # noqa: F811
    """Serves train and test as the authors do; the mirror's folder is any."""
    root = write_root(tmp_path / "there", ["1", "23", "456", "78"], ["90", "7"])
    for part in ("train", "test"):
        files = [(f"{part}/{path.name}", path.read_bytes()) for path in sorted((root / part).iterdir())]
        mirror.files[f"{part}.tar.gz"] = packed(*files, (f"{part}/see_bboxes.m", b"% viewer"), part=part)
    return mirror


def test_the_data_set_fetches_what_it_wants_and_reads_it(authors, tmp_path):
    data = made("svhn", f"data.root={tmp_path / 'here'}", "data.download=true", f"data.mirrors=[{authors.url}]")
    data.prepare_data()
    batch = next(data.batches("test", torch.device("cpu")))
    assert batch.target[:, :3].tolist() == [[9, 0, 10], [7, 10, -100]]
    assert [path for path, _ in authors.asked] == ["/mirror/train.tar.gz", "/mirror/test.tar.gz"]
    data.prepare_data()
    assert len(authors.asked) == 2


def test_the_script_fetches_too(authors, tmp_path):
    command = [sys.executable, "-m", "benchmark.commands.fetch", "svhn", "here", "--mirror", authors.url]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "svhn is complete in here" in done.stdout and (tmp_path / "here/test/digitStruct.mat").exists()


def test_the_script_says_what_went_wrong_without_a_traceback(tmp_path):
    gone = Mirror()
    url = gone.url
    gone.server_close()
    command = [sys.executable, "-m", "benchmark.commands.fetch", "svhn", "here", "--mirror", url]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)
    assert done.returncode == 1 and "could not fetch train.tar.gz" in done.stderr and "Traceback" not in done.stderr
