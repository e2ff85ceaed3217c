"""What is wrong with a folder of house numbers, or with what is asked of it: named, with the entry, all at once."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from run_helpers import environment
from svhn_folders import TEST, TRAIN, row_of, svhn, write_part, write_root, write_unofficial

from datamodules.contract import DataFault


@pytest.fixture
def root(tmp_path):
    return write_root(tmp_path / "svhn", TRAIN, TEST)


def test_a_size_that_cannot_be_is_refused_by_name(tmp_path):
    with pytest.raises(DataFault, match=r"data\.size=65 px cannot be cut out of squares of data\.square=64"):
        svhn(tmp_path, "data.size=65")


def test_missing_files_are_named_at_once_with_what_to_do(tmp_path):
    with pytest.raises(DataFault) as fault:
        svhn(tmp_path, "data.parts=[train,extra]").splits()
    said = str(fault.value)
    wanted = ("train/digitStruct.mat, extra/digitStruct.mat, test/digitStruct.mat missing", str(tmp_path))
    assert all(part in said for part in (*wanted, "data.root=", "data.download=true", "data=svhn_sample"))


def test_a_cache_folder_of_its_own_leaves_the_data_alone(root, tmp_path):
    before = sorted(root.rglob("*"))
    svhn(root, f"data.cache={tmp_path / 'elsewhere'}").splits()
    assert sorted(root.rglob("*")) == before and (tmp_path / "elsewhere").is_dir()


@pytest.fixture
def faulty(tmp_path):
    """One fault of each kind, in entries 2 to 9."""
    houses = [(f"{n}.png", row_of("12")) for n in range(1, 9)] + [("3.png", row_of("7"))]
    houses[1][1][1][0] = 11.0
    houses[3][1][0][3] = 0.0
    houses[4] = ("5.png", [])
    houses[5][1][1][1] = 500.0
    folder = write_part(tmp_path / "svhn" / "train", houses)
    (folder / "7.png").write_bytes(b"no picture")
    (folder / "8.png").unlink()
    write_part(tmp_path / "svhn" / "test", [("1.png", row_of("1"))])
    Image.fromarray(np.zeros((40, 120), np.uint8)).save(folder / "1.png")
    return tmp_path / "svhn"


FAULTS = [
    "digitStruct.mat: entries 3 and 9 all name 3.png",
    "digitStruct.mat: entry 5 (5.png) has no digits",
    "digitStruct.mat: entry 2 (2.png), digit 2, has the label 11; labels are 1 to 10, and 10 is 0",
    "digitStruct.mat: entry 4 (4.png), digit 1, has the empty box left, top, width, height = 20, 10, 0, 20",
    "6.png (entry 6 of digitStruct.mat) is 120 x 40 pixels, and the box of digit 2 lies outside",
    "7.png (entry 7 of digitStruct.mat) is no readable PNG",
    "8.png (entry 8 of digitStruct.mat) is missing",
    "2.png (entry 2 of digitStruct.mat) is of mode RGB, and",
]


def test_reading_names_the_first_fault_and_how_many_there_are(faulty):
    with pytest.raises(DataFault) as fault:
        svhn(faulty).splits()
    assert f"{faulty / 'train'}/{FAULTS[0]}. And 3 more: attention-check-data svhn lists them all." in str(fault.value)


def check(*arguments, cwd):
    command = [sys.executable, "-m", "benchmark.commands.check_data", "svhn", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=100)


def test_the_check_lists_all_faults_at_once(faulty, tmp_path):
    done = check(faulty, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[:2] == ["test: 1 images", "train: 9 images"] and lines[-1] == "faults: 8"
    for said, line in zip(FAULTS, lines[2:-1], strict=True):
        assert line.startswith(f"{faulty / 'train'}/{said}")
    assert not (faulty / "cache").exists()


def test_the_check_finds_nothing_in_a_sound_folder_and_tells_what_is_none(root, tmp_path):
    from datamodules.house_numbers.inspection import folder_faults

    assert folder_faults(root, workers=1) == (["test: 3 images", "train: 8 images"], [])
    assert folder_faults(root / "train", workers=1) == (["train: 8 images"], [])
    (root / "test/digitStruct.mat").write_bytes(b"foreign")
    seen, faults = folder_faults(root, workers=1)
    assert seen == ["test: 0 images", "train: 8 images"] and "no HDF5 file" in faults[0] and len(faults) == 1
    with pytest.raises(DataFault, match="holds neither"):
        folder_faults(tmp_path / "nothing", workers=1)


def test_a_table_of_labels_is_checked_by_line(tmp_path):
    from datamodules.house_numbers.inspection import folder_faults

    folder = write_unofficial(tmp_path / "more", ["808", "909"])
    assert folder_faults(folder, workers=1) == (["more: 2 images"], [])
    for content, said in (("filename,label\n000000.png,12\n000001.png,1x\n", "line 3: '000001.png' with the label"),
                          ("filename,label\n../up.png,12\n", "line 2"), ("filename,label\n", "lists no image"),
                          ("file,text\na,1\n", "filename and label")):  # fmt: skip
        (folder / "labels.csv").write_text(content)
        _, faults = folder_faults(folder, workers=1)
        assert len(faults) == 1 and said in faults[0] and str(folder / "labels.csv") in faults[0]


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path):
    root = write_root(tmp_path, TRAIN, TEST)
    (root / "train/digitStruct.mat").unlink()
    from datamodules.house_numbers.digit_struct import gathered
    from datamodules.house_numbers.digit_struct_writer import write_digit_struct

    write_digit_struct(root / "train/digitStruct.mat", gathered([("../test/1.png", row_of("7"))]))
    with pytest.raises(DataFault, match=r"entry 1 .* names a file outside the folder"):
        svhn(root).splits()
