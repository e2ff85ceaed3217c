"""Faults that damaged files once got past the readers with: crashes, bombs, tracebacks, and cures that did not cure."""

import gzip
import io
import json
import os
import shutil
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
import scipy.io
from caption_files import instances, karpathy, official
from dog_folders import dogs, write_dogs
from PIL import Image
from svhn_folders import TEST, TRAIN, made, svhn, write_root, write_unofficial

from benchmark.metrics.caption.files import score_files
from datamodules.captions.captioned import read_json
from datamodules.captions.coco_json import read_captions, read_objects
from datamodules.captions.karpathy import read_karpathy
from datamodules.contract import DataFault, printable
from datamodules.digits.idx import read_idx
from datamodules.dogs.dog_files import read_list
from datamodules.dogs.matlab5 import MatlabError, read_matlab5
from datamodules.house_numbers.annotated import Format1, LabelsOnly
from datamodules.house_numbers.inspection import folder_faults
from datamodules.photos.photo_stock import without_faults
from datamodules.storage.archives import Tar, Zip, fetch_and_unpack, unpack
from datamodules.storage.cache import Cache
from datamodules.storage.child_process import ChildCrashError, Limits, in_child_process

LIMITS = Limits(memory=1 << 28, seconds=20)


def test_messages_hold_nothing_that_a_terminal_obeys_or_cannot_show():
    said = str(DataFault("a\x1b[31m \ud800 \u202egpj\nb", "Mend\x00it."))
    assert said == "a\\x1b[31m \\ud800 \\u202egpj\nb Mend\\x00it."
    assert len(printable("x" * 10_000)) < 1100


def test_work_apart_leaves_files_and_raises_what_it_raises(tmp_path):
    in_child_process(lambda: (tmp_path / "found").touch(), LIMITS)
    assert (tmp_path / "found").exists()

    def fails(error):
        raise error

    with pytest.raises(DataFault, match="is damaged"):
        in_child_process(lambda: fails(DataFault("x is damaged.")), LIMITS)
    with pytest.raises(OSError, match="No space"):
        in_child_process(lambda: fails(OSError(28, "No space left")), LIMITS)


def test_a_crash_a_hang_and_a_blown_up_memory_are_words():
    with pytest.raises(ChildCrashError, match="crashed on it"):
        in_child_process(lambda: os.kill(os.getpid(), 9), LIMITS)
    with pytest.raises(ChildCrashError, match="not read within 0 s"):
        in_child_process(lambda: time.sleep(60), LIMITS._replace(seconds=0.3))
    with pytest.raises(ChildCrashError, match="more than 256 MB"):
        in_child_process(lambda: np.ones(1 << 30), LIMITS)


@pytest.mark.parametrize("packed", [False, True])
def test_matlab_lists_are_read_as_scipy_reads_them(tmp_path, packed):
    names = np.empty((3, 1), object)
    names[:, 0] = [np.array([name]) for name in ("a", "b\u00e9\u6f22", "c" * 40)]
    told = {"other": np.eye(3) > 0, "file_list": names, "labels": np.array([[1.5], [2], [3]])}
    scipy.io.savemat(tmp_path / "x.mat", told, do_compression=packed)
    content, held = (tmp_path / "x.mat").read_bytes(), scipy.io.loadmat(tmp_path / "x.mat")
    found = read_matlab5(content, ("file_list", "labels"))
    assert found["file_list"] == [entry.item() for entry in held["file_list"].ravel()]
    assert found["labels"].tolist() == held["labels"].ravel().tolist()
    with pytest.raises(MatlabError, match="has no words"):
        read_matlab5(content, ("labels", "words"))
    for size in range(0, len(content), 7):  # no beginning of it is taken for the whole
        with pytest.raises(MatlabError):
            read_matlab5(content[:size], ("file_list", "labels"))


def test_a_list_that_made_the_library_crash_is_refused(tmp_path):
    path = write_dogs(tmp_path) / "train_list.mat"
    sound = path.read_bytes()
    for place in range(128, 1100, 12):
        for number in (5, 14, 2**31 - 1, 2**32 - 1):
            path.write_bytes(sound[:place] + struct.pack("<I", number) + sound[place + 4 :])
            try:
                read_list(path)
            except DataFault as fault:
                assert str(path) in str(fault)


def test_bombs_of_gzip_and_png_are_refused_unopened(tmp_path):
    path = tmp_path / "labels.gz"
    for promised, follows, said in (
        (1 << 30, 5, "promises 1073741824"),
        (3, 1 << 26, "promises 3 = 3 bytes, and 65539 or more"),
    ):
        path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + promised.to_bytes(4, "big") + bytes(follows), 1))
        tracemalloc.start()
        with pytest.raises(DataFault, match=rf"labels\.gz is damaged: its header {said}"):
            read_idx(path, axes=1)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 1 << 20
    folder = write_unofficial(tmp_path / "numbers", ["12", "34"])
    Image.new("L", (4000, 3000)).save(folder / "images/000001.png")
    _, faults = folder_faults(folder, workers=1)
    assert "has 4000 x 3000 pixels, more than 10,000,000" in faults[0]


def test_a_png_that_pillow_stumbles_over_is_named(tmp_path):
    folder = write_unofficial(tmp_path / "numbers", ["12", "34"])
    path = folder / "images/000001.png"
    content, odd = path.read_bytes(), b"iCCP"
    path.write_bytes(content[:-12] + struct.pack(">I", 0) + odd + struct.pack(">I", zlib.crc32(odd)) + content[-12:])
    _, faults = folder_faults(folder, workers=1)
    assert len(faults) == 1 and faults[0].startswith(f"{path} (line 3 of labels.csv) is no readable PNG (")


def test_files_with_a_mark_of_their_encoding_are_read_by_data_and_scorer_alike(tmp_path):
    file = official(tmp_path, "val", [1, 2])
    folder, plain = tmp_path / "val2014", read_captions(file, tmp_path / "val2014")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_captions(file, folder) == plain and not plain[1]
    said = tmp_path / "said.json"
    said.write_bytes(b"\xef\xbb\xbf" + json.dumps([{"image_id": 1, "caption": "a dog runs"}]).encode())
    assert score_files(file, said, False, True, None).images == [1]
    table = write_unofficial(tmp_path / "numbers", ["12", "34"])
    (table / "labels.csv").write_bytes(b"\xef\xbb\xbf" + (table / "labels.csv").read_bytes())
    assert LabelsOnly(table).annotations().length.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"bbox": [1,', f'"bbox": [{"9" * 400},', r"annotations\[0\] has the box"),
        ('"bbox": [1,', '"bbox": [1e999,', r"annotations\[0\] has the box"),
        ('"bbox": [1,', '"bbox": [NaN,', "NaN is no number"),
        ('"image_id": 1,', f'"image_id": {"9" * 30},', "no number 'image_id' of a common size"),
        ('"image_id": 1,', f'"image_id": {"9" * 5000},', "is damaged, or no JSON"),
        ('"image_id": 1,', '"image_id": true,', "no whole number 'image_id'"),
        ('"image_id": 1,', '"image_id": 1, "image_id": 2,', "'image_id' stands twice"),
    ],
)
def test_numbers_that_cannot_be_are_told(tmp_path, old, new, told):
    file = instances(tmp_path, "val", [(1, 18, [1, 2, 3, 4])])
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    with pytest.raises(DataFault, match=told):
        _, faults = read_objects([file])
        raise DataFault("\n".join(faults))


def test_a_part_that_is_no_text_is_told(tmp_path):
    file = karpathy(tmp_path, ["train", "val", "test"])
    file.write_text(file.read_text().replace('"split": "val"', '"split": ["val"]'))
    _, faults = read_karpathy(file, tmp_path, {"train": "train", "val": "validation", "test": "test"})
    assert faults == [f"{file}: images[1] has no text 'split'"]


def test_json_nested_too_deeply_is_told(tmp_path):
    (tmp_path / "x.json").write_text('{"images": ' + "[" * 100_000)
    with pytest.raises(DataFault, match=r"x\.json is damaged"):
        read_json(tmp_path / "x.json", ("images",), "a file")


def test_scores_are_told_where_wordnet_is_broken(tmp_path, monkeypatch):
    import nltk
    from nltk.corpus.util import LazyCorpusLoader

    broken = tmp_path / "corpora/wordnet.zip"
    broken.parent.mkdir()
    broken.write_bytes(bytes(1000))
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr("benchmark.metrics.caption.meteor._installed_jar", lambda: tmp_path / "none.jar")
    fresh = LazyCorpusLoader("wordnet", nltk.corpus.reader.WordNetCorpusReader, None)
    monkeypatch.setattr(nltk.corpus, "wordnet", fresh)
    (tmp_path / "said.json").write_text('[{"image_id": 1, "caption": "a dog"}]')
    scored = score_files(official(tmp_path, "val", [1]), tmp_path / "said.json", False, False, None)
    assert scored.scores.corpus["BLEU-1"] > 0 and f"nltk cannot read {broken}" in scored.remark


def zipped(path, members, method=zipfile.ZIP_DEFLATED):
    with pytest.MonkeyPatch.context() as patch, zipfile.ZipFile(path, "w", method) as archive:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # names that are there twice
        for name, content in members:
            archive.writestr(name, content)


def test_zips_packed_oddly_or_twice_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    zipped(path, [("train/1.jpg", b"one" * 200)], zipfile.ZIP_LZMA)
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes(20) + content[80:])
    with pytest.raises(DataFault, match=rf"a\.zip is damaged .* Delete {path}, and fetch it again"):
        unpack(path, tmp_path, Zip("", "", path.name, "", ["train/"]))
    zipped(path, [("train/1.jpg", b"one"), ("train/1.jpg", b"two")])
    with pytest.raises(DataFault, match=r"a\.zip: the entry 'train/1\.jpg' is there twice"):
        unpack(path, tmp_path, Zip("", "", path.name, "", ["train/"]))
    assert not (tmp_path / "train").exists()


def packed(path, name, *contents):
    with tarfile.open(path, "w:gz") as archive:
        for content in contents:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_what_is_told_of_a_damaged_download_brings_a_sound_one(tmp_path):
    archive, mirror = Tar("train.tar.gz", ("train",), 2, ""), tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "train.tar.gz").write_bytes(b"broken")
    with pytest.raises(DataFault, match=r"train\.tar\.gz is damaged") as fault:
        fetch_and_unpack([archive], tmp_path, [mirror.as_uri()])
    told = [tmp_path / name for name in ("train.tar.gz", "train.tar.gz.sha256")]
    assert f"Delete {told[0]} and {told[1]}, and fetch it again." in str(fault.value)
    packed(mirror / "train.tar.gz", "train/1.png", b"one")
    for path in told:
        path.unlink()
    fetch_and_unpack([archive], tmp_path, [mirror.as_uri()])
    assert (tmp_path / "train/1.png").read_bytes() == b"one"


def test_a_damaged_sum_and_a_file_that_is_there_twice_are_told(tmp_path):
    archive = Tar("train.tar.gz", ("train",), 2, "")
    packed(tmp_path / archive.name, "train/1.png", b"one", b"two")
    with pytest.raises(DataFault, match=r"the file 'train/1\.png' is there twice"):
        unpack(tmp_path / archive.name, tmp_path, archive)
    (tmp_path / "train.tar.gz.sha256").write_bytes(b"\xff\xfe")
    assert not archive.whole(tmp_path / archive.name) and "delete that file" in archive.expected


def test_what_is_told_of_a_damaged_part_of_svhn_brings_a_sound_one(tmp_path):
    root = write_root(tmp_path / "svhn", TRAIN, TEST)
    with tarfile.open(root / "train.tar.gz", "w:gz") as archive:
        for path in sorted((root / "train").iterdir()):
            archive.add(path, f"train/{path.name}")
    (root / "train/digitStruct.mat").write_bytes(b"broken")
    given = ("data.mirrors=[]", "data.download=true", "data.parts=[train]")
    with pytest.raises(DataFault, match=f"delete the folder {root}/train and fetch it again .data.download=true"):
        svhn(root).splits()
    for path in (root / "train").iterdir():
        path.unlink()
    (root / "train").rmdir()
    (root / "train.tar.gz").rename(tmp_path / "train.tar.gz")
    data = svhn(root, f"data.mirrors=[{tmp_path.as_uri()}]", *given[1:])
    data.fetch()
    assert len(Format1(root, "train", Cache(tmp_path / "cache")).annotations().name) == len(TRAIN)


def test_a_damaged_sample_is_drawn_anew_once_it_is_deleted(tmp_path):
    given = (f"data.root={tmp_path}", "data.sample.train=8", "data.sample.test=4")
    made("svhn_sample", *given).fetch()
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir() and path.name.startswith("svhn,train="))
    (folder / "test/2.png").write_bytes(b"broken")
    with pytest.raises(DataFault, match=rf"2\.png .*delete the folder {folder}, and it is drawn anew") as fault:
        made("svhn_sample", *given).splits()
    assert "fetch" not in str(fault.value)
    shutil.rmtree(folder)
    made("svhn_sample", *given).splits()


def test_leaving_out_is_advised_only_where_it_helps(tmp_path):
    with pytest.raises(DataFault, match=r"skip_unreadable=true"):
        without_faults(["", "x is damaged"], False, "train", "check")
    for skip in (False, True):
        with pytest.raises(DataFault) as fault:
            without_faults(["x is damaged", "y is damaged"], skip, "train", "check")
        assert "skip_unreadable" not in str(fault.value)
    root = write_dogs(tmp_path / "dogs")
    (root / "Images/n02085620-Chihuahua").mkdir()
    with pytest.raises(DataFault, match="holds no photograph") as fault:
        dogs(root, "data.skip_unreadable=true").splits()
    assert "skip_unreadable" not in str(fault.value)
