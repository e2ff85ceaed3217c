"""Stanford Dogs from a server on loopback: three archives, fetched whole, unpacked safely, read."""

import io
import subprocess
import sys
import tarfile
from hashlib import sha256

import pytest
import torch
from dog_folders import GIVEN, write_dogs
from run_helpers import environment
from svhn_folders import made
from test_data_download import mirror  # noqa: F401  # the fixture
from test_data_svhn_fetch import names

from datamodules.contract import DataFault
from datamodules.dogs.stanford_dogs import LISTS, archives
from datamodules.storage.archives import fetch_and_unpack, unpack


def packed(root, *tops):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for top in tops:
            archive.add(root / top, top)
    return out.getvalue()


@pytest.fixture
def authors(tmp_path, mirror):  # noqa: F811
    """Serves the three archives as the authors do."""
    root = write_dogs(tmp_path / "there", breeds=(3, 57), train=8, test=2)
    (root / "file_list.mat").write_bytes((root / "train_list.mat").read_bytes())
    held = {"images.tar": ("Images",), "annotation.tar": ("Annotation",), "lists.tar": LISTS}
    mirror.files = {name: packed(root, *tops) for name, tops in held.items()}
    return mirror


def test_the_data_set_fetches_what_it_lacks_and_reads_it(authors, tmp_path):
    root = tmp_path / "here"
    data = made("stanford_dogs", f"data.root={root}", "data.download=true", f"data.mirrors=[{authors.url}]", *GIVEN)
    with pytest.raises(DataFault, match=r"could not fetch lists\.tar(.|\n)*sha256 is not 34b47cac"):
        data.prepare_data()  # these are not the official ones
    assert not (root / "train_list.mat").exists()
    wanted = archives({name: sha256(held).hexdigest() for name, held in authors.files.items()})
    authors.asked.clear()
    fetch_and_unpack(wanted, root, [authors.url])
    assert [path for path, _ in authors.asked] == [f"/mirror/{name}.tar" for name in ("lists", "annotation", "images")]
    assert names(root) == sorted(["Annotation", "Images", *LISTS, *(archive.name for archive in wanted)])
    data.prepare_data()  # all is there
    assert len(authors.asked) == 3
    batch = next(data.batches("test", torch.device("cpu")))
    assert batch.target.tolist() == [[2], [2], [56]] and not batch.boxes[:, 0].isnan().any()


def test_a_transfer_that_breaks_off_goes_on(authors, tmp_path):
    authors.cuts = [700]
    fetch_and_unpack(archives({})[1:2], tmp_path, [authors.url])
    assert [asked for _, asked in authors.asked] == [None, "bytes=700-"] and (tmp_path / "Annotation").is_dir()
    assert (tmp_path / "annotation.tar.sha256").is_file()


def test_the_script_fetches_from_where_it_is_told(authors, tmp_path):
    command = [sys.executable, "-m", "benchmark.commands.fetch", "dogs", "here", "--mirror", authors.url]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=200)
    assert done.returncode == 1 and "sha256 is not 34b47cac" in done.stderr and "Traceback" not in done.stderr
    assert not any((tmp_path / "here").glob("*.mat"))


def member(name, content=b"x", kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content) if kind == tarfile.REGTYPE else 0
    return info, content


@pytest.mark.parametrize("bad, said", [
    (member("Images/a/../../../evil.jpg"), "is none of Images/*/*"),
    (member("Images/evil.jpg"), "the file 'Images/evil.jpg' is none of Images/*/*"),
    (member("Images/a/b/evil.jpg"), "is none of Images/*/*"),
    (member("/Images/a/evil.jpg"), "is none of Images/*/*"),
    (member("Other/a/evil.jpg"), "is none of Images/*/*"),
    (member("Images/a/link.jpg", kind=tarfile.SYMTYPE, target="/etc/hostname"), "the link 'Images/a/link.jpg'"),
    (member("Images/a/b", kind=tarfile.DIRTYPE), "the entry 'Images/a/b'"),
])  # fmt: skip
def test_an_archive_with_anything_else_in_it_is_not_unpacked(tmp_path, bad, said):
    path = tmp_path / "images.tar"
    with tarfile.open(path, "w") as archive:
        for info, content in (member("./Images/a/1.jpg"), bad):
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(DataFault) as fault:
        unpack(path, tmp_path, archives({})[2])
    assert said in str(fault.value) and str(path) in str(fault.value)
    assert [path.name for path in tmp_path.iterdir()] == ["images.tar"]


def test_an_archive_that_lacks_something_is_not_unpacked(tmp_path):
    path = tmp_path / "lists.tar"
    with tarfile.open(path, "w") as archive:
        info, content = member("train_list.mat")
        archive.addfile(info, io.BytesIO(content))
    with pytest.raises(DataFault, match=r"does not hold file_list\.mat, test_list\.mat\. Nothing was unpacked"):
        unpack(path, tmp_path, archives({})[0])
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataFault, match=r"lists\.tar is damaged"):
        unpack(path, tmp_path, archives({})[0])
    assert [path.name for path in tmp_path.iterdir()] == ["lists.tar"]
