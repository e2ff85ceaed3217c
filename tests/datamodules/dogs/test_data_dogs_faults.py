"""What is wrong with a folder of dogs, or with what is asked of it: named, with the file, all at once."""

import logging
import subprocess
import sys

import pytest
import scipy.io
import torch
from dog_folders import SIZE, dogs, write_dogs
from PIL import Image
from run_helpers import environment
from test_data_photographs import bomb

from datamodules.contract import DataFault
from datamodules.dogs.dog_files import Listed, dog_boxes, list_faults, read_list, write_annotation, write_list
from datamodules.dogs.inspection import folder_faults
from datamodules.dogs.stanford_breeds import OFFICIAL

MALTESE, GOLDEN = OFFICIAL[2], OFFICIAL[56]


@pytest.fixture
def root(tmp_path):
    return write_dogs(tmp_path / "dogs")


@pytest.mark.parametrize("knobs, said", [
    (["data.size=64"], r"data\.size=64 px cannot be cut out of photographs of data\.short=48 px"),
    (["data.breeds=[0]"], "ids are 1 to 120"),
    (["data.breeds=[121]"], "ids are 1 to 120"),
    (["data.breeds=[3,3]"], "each named once"),
])  # fmt: skip
def test_knobs_that_cannot_be_are_refused_by_name(tmp_path, knobs, said):
    with pytest.raises(DataFault, match=said):
        dogs(tmp_path, *knobs)


def test_who_crops_to_boxes_has_to_read_them(tmp_path):
    with pytest.raises(DataFault, match=r"data\.dogs=0: .* 1 or more to crop to one"):
        dogs(tmp_path, "data.dogs=0", name="stanford_dogs_boxed")


def test_missing_files_are_named_at_once_with_what_to_do(tmp_path):
    with pytest.raises(DataFault) as fault:
        dogs(tmp_path).splits()
    said = str(fault.value)
    wanted = ("Images/, Annotation/, train_list.mat, test_list.mat missing", str(tmp_path))
    assert all(part in said for part in (*wanted, "data.root=", "data.download=true", "data=stanford_dogs_sample"))


def test_breeds_that_are_not_there_are_told(root):
    with pytest.raises(DataFault, match=r"train_list\.mat names no photograph of the chosen breeds \(data\.breeds\)"):
        dogs(root, "data.breeds=[5]").splits()


def test_too_few_photographs_for_validation_are_told(root):
    with pytest.raises(DataFault, match="16 photographs to train on cannot give any to validation"):
        dogs(root, "data.validation_share=0.01").splits()


@pytest.mark.parametrize("write, said", [
    (lambda path: path.write_bytes(b"foreign"), "is no sound MATLAB file with file_list and labels"),
    (lambda path: path.write_bytes(path.read_bytes()[:500]), "is no sound MATLAB file"),
    (lambda path: path.write_bytes(b""), "is no sound MATLAB file"),
    (lambda path: scipy.io.savemat(path, {"labels": [1]}), "is no sound MATLAB file"),
    (lambda path: write_list(path, Listed([], [])), "has 0 names and 0 labels"),
    (lambda path: scipy.io.savemat(path, {"file_list": ["a/1.jpg"], "labels": [1.0, 2.0]}), "has 1 names and 2 labels"),
    (lambda path: path.unlink(), "is missing"),
])  # fmt: skip
def test_a_list_that_cannot_be_read_is_told(root, write, said):
    path = root / "train_list.mat"
    write(path)
    with pytest.raises(DataFault, match=said) as fault:
        read_list(path)
    assert str(path) in str(fault.value)


@pytest.mark.parametrize("text, said", [
    ("<annotation></annotation>", "has no object with a box"),
    ("<annotation><object><name>dog</name></object></annotation>", "has an object whose box lacks one of xmin, ymin"),
    ("<annotation><object><bndbox><xmin>1</xmin><ymin>x</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>"
     "</annotation>", "or has no number there"),
    ("<annotation><object><bndbox><xmin>5</xmin><ymin>1</ymin><xmax>5</xmax><ymax>4</ymax></bndbox></object>"
     "</annotation>", "has the empty box 5, 1, 5, 4"),
    ("<annotation><object><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>nan</xmax><ymax>4</ymax></bndbox></object>"
     "</annotation>", "has the empty box 1, 1, nan, 4"),
    ("<annotation>", "is no readable XML"),
    ("", "is no readable XML"),
    ("\xff\xfe", "is no readable XML"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "declares a document type or entities"),
    ('<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/hostname"><annotation/>', "declares a document type"),
    (" " * 1_000_001, "has more than 1,000,000 bytes"),
])  # fmt: skip
def test_an_annotation_that_cannot_be_used_is_told(tmp_path, text, said):
    path = tmp_path / "n1_1"
    path.write_bytes(text.encode("latin-1"))
    boxes, fault = dog_boxes(path)
    assert said in fault and boxes.shape == (0, 4) and "\n" not in fault


def relisted(root, part, changed):
    """Writes a list anew, after a change of its names and labels."""
    listed = read_list(root / f"{part}_list.mat")
    changed(listed)
    write_list(root / f"{part}_list.mat", listed)


def relabelled(place, label):
    def change(listed):
        listed.label[place] = label

    return change


def renamed(place, name):
    def change(listed):
        listed.name[place] = name

    return change


@pytest.mark.parametrize("change, said", [
    (relabelled(1, 0), f"entry 2 ({MALTESE}/n02085936_2.jpg) has a label that is none of 1 to 120"),
    (relabelled(1, 121), "has a label that is none of 1 to 120"),
    (relabelled(1, 57), f"has the label 57, which is {GOLDEN}"),
    (renamed(0, "../secret.jpg"), "has the label 3, which is"),
    (renamed(0, f"{MALTESE}/../../secret.jpg"), "does not name a file as FOLDER/NAME.jpg"),
    (renamed(0, f"{MALTESE}/.."), "does not name a file as FOLDER/NAME.jpg"),
    (renamed(0, "/etc/hostname"), "does not name a file as FOLDER/NAME.jpg"),
    (renamed(0, f"{MALTESE}/n02085936_2.jpg"), "n02085936_2.jpg is listed more than once"),
    (renamed(0, f"{MALTESE}/n02085936_9.jpg"), "n02085936_9.jpg is to train on as well"),
    (renamed(0, f"{MALTESE}/n02085936_99.jpg"), "n02085936_99 is missing"),
])  # fmt: skip
def test_a_list_that_says_what_cannot_be_is_told(root, change, said):
    relisted(root, "train", change)
    with pytest.raises(DataFault) as fault:
        dogs(root).splits()
    assert said in str(fault.value) and "\n" not in str(fault.value)


@pytest.fixture
def faulty(root):
    """One fault of each kind, in photographs 1 to 8 of one breed, and a breed without photographs."""
    photos, notes = root / "Images" / MALTESE, root / "Annotation" / MALTESE
    for number, damage in {
        1: lambda path: path.write_bytes(path.read_bytes()[:-300]),
        2: lambda path: path.unlink(),
        3: bomb,
        4: lambda path: Image.new("RGB", (5, 5)).save(path),
    }.items():
        damage(photos / f"n02085936_{number}.jpg")
    (notes / "n02085936_5").unlink()
    (notes / "n02085936_6").write_text("<annotation/>")
    write_annotation(notes / "n02085936_7", "any", SIZE, [(60, 0, 90, 48)])
    write_annotation(notes / "n02085936_8", "any", SIZE, [(30, 10, 90, 48)])  # over the edge: none
    (root / "Images" / OFFICIAL[0]).mkdir()
    return root


FAULTS = [
    ("Images", OFFICIAL[0], " holds no photograph"),
    ("Annotation", MALTESE, "/n02085936_5 is missing"),
    ("Annotation", MALTESE, "/n02085936_6 has no object with a box"),
    ("Images", MALTESE, "/n02085936_1.jpg is damaged (image file is truncated"),
    ("Images", MALTESE, "/n02085936_2.jpg is missing"),
    ("Images", MALTESE, "/n02085936_3.jpg has more than 80,000,000 pixels: a decompression bomb"),
    ("Images", MALTESE, "/n02085936_4.jpg is 5 x 5 pixels, and its box 10, 8, 40, 44 lies outside"),
    ("Images", MALTESE, "/n02085936_7.jpg is 60 x 48 pixels, and its box 60, 0, 90, 48 lies outside"),
]


def test_the_check_lists_all_faults_at_once(faulty, tmp_path):
    command = [sys.executable, "-m", "benchmark.commands.check_data", "dogs", str(faulty)]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=200)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[:2] == ["train: 16 photographs", "test: 6 photographs"]
    assert lines[-1] == "faults: 8" and "Traceback" not in done.stderr
    for (top, folder, said), line in zip(FAULTS, lines[2:-1], strict=True):
        assert line.startswith(f"{faulty / top / folder}{said}")
    assert not (faulty / "cache").exists()


def test_the_check_finds_nothing_in_a_sound_folder_and_tells_what_is_none(root, tmp_path):
    assert folder_faults(root, workers=1) == (["train: 16 photographs", "test: 6 photographs"], [])
    with pytest.raises(DataFault, match="is no folder of Stanford Dogs: Images/"):
        folder_faults(tmp_path, workers=1)
    for file in sorted((root / "Annotation").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    (root / "Annotation").rmdir()
    seen, faults = folder_faults(root, workers=1)
    assert seen[0] == "Annotation/ is not there: boxes are not checked" and not faults


def test_reading_refuses_the_first_fault_and_counts_the_rest(faulty):
    with pytest.raises(DataFault, match=f"{OFFICIAL[0]} holds no photograph"):
        dogs(faulty).splits()
    (faulty / "Images" / OFFICIAL[0]).rmdir()
    with pytest.raises(DataFault) as fault:
        dogs(faulty).splits()
    said = str(fault.value)
    assert f"{MALTESE}/n02085936_1.jpg is damaged" in said
    assert "And 6 more: attention-check-data dogs lists them all." in said and "data.skip_unreadable=true" in said


def test_bad_photographs_are_left_out_on_request_and_the_log_names_each(faulty, caplog):
    (faulty / "Images" / OFFICIAL[0]).rmdir()
    with caplog.at_level(logging.WARNING):
        data = dogs(faulty, "data.skip_unreadable=true", "data.validation_images=2")
        data.splits()
    assert len(caplog.messages) == 7 and all(MALTESE in line for line in caplog.messages)
    assert len(data.split("train")._passes._chosen) == 16 - 7 - 2
    batch = next(data.batches("train", torch.device("cpu")))
    assert batch.image.isfinite().all()


def test_a_name_that_no_file_can_have_is_told(tmp_path):
    listed = Listed([f"{MALTESE}/a\0b.jpg"], [1])
    assert list_faults(tmp_path / "test_list.mat", listed, (MALTESE,)) == [
        f"{tmp_path / 'test_list.mat'}: entry 1 ({listed.name[0]}) does not name a file as FOLDER/NAME.jpg"
    ]
