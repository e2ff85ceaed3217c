"""digitStruct.mat: read as written, the structure on disk, and files that are none."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_helpers import ROOT, environment

from datamodules.contract import DataFault
from datamodules.house_numbers.digit_struct import gathered, read_digit_struct
from datamodules.house_numbers.digit_struct_writer import write_digit_struct

REAL = ROOT.parent / "shared/data/svhn"
HOUSES = [("1.png", [[1, 246, 77, 81, 219], [9, 323, 81, 96, 219]]), ("2.png", [[10, -1, 2, 3, 4]])]


def same(one, other):
    return all(a.shape == b.shape and (a == b).all() for a, b in zip(one, other, strict=True))


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "digitStruct.mat"
    write_digit_struct(path, gathered(HOUSES))
    found = read_digit_struct(path)
    assert found.name.tolist() == ["1.png", "2.png"] and found.length.tolist() == [2, 1]
    assert found.label.tolist() == [1, 9, 10]
    assert found.box.tolist() == [[246, 77, 81, 219], [323, 81, 96, 219], [-1, 2, 3, 4]]
    assert found.first.tolist() == [0, 2] and found.digits(1) == slice(2, 3)


digit = st.tuples(st.integers(1, 10), *[st.integers(-9, 999)] * 4).map(lambda told: [float(value) for value in told])
name = st.text("0123456789abcäß", min_size=1, max_size=9).map(lambda stem: f"{stem}.png")


@given(houses=st.lists(st.tuples(name, st.lists(digit, max_size=6)), min_size=1, max_size=5))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_annotation_is_read_back(tmp_path, houses):
    path, told = tmp_path / "digitStruct.mat", gathered(houses)
    write_digit_struct(path, told)
    assert same(read_digit_struct(path), told)


def test_the_structure_is_that_of_the_official_files(tmp_path):
    path = tmp_path / "digitStruct.mat"
    write_digit_struct(path, gathered(HOUSES))
    assert path.read_bytes()[:10] == b"MATLAB 7.3" and path.read_bytes()[124:128] == b"\x00\x02IM"
    with h5py.File(path) as file:
        assert file.userblock_size == 512 and set(file) == {"#refs#", "digitStruct"}
        name, bbox = (file["digitStruct"][member] for member in ("name", "bbox"))
        assert name.shape == bbox.shape == (2, 1) and name.dtype == bbox.dtype == h5py.ref_dtype
        letters = file[name[0, 0]]
        assert letters.dtype == np.uint16 and letters.shape == (5, 1) and letters.attrs["MATLAB_class"] == b"char"
        two, one = file[bbox[0, 0]], file[bbox[1, 0]]
        assert set(two) == {"height", "left", "top", "width", "label"} and two.attrs["MATLAB_class"] == b"struct"
        assert two["label"].shape == (2, 1) and two["label"].dtype == h5py.ref_dtype
        assert file[two["label"][1, 0]][()].tolist() == [[9.0]]
        assert one["label"].dtype == np.float64 and one["label"][()].tolist() == [[10.0]]  # no reference


def test_equal_annotations_give_equal_files(tmp_path):
    for name in ("a", "b"):
        write_digit_struct(tmp_path / name, gathered(HOUSES))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def other_form(path: Path, **form: object) -> None:
    """The same structure as a newer library, or one that compresses, would write it."""
    chunked = {"chunks": True, "compression": "gzip"} if form.pop("chunked", False) else {}
    with h5py.File(path, "w", **form) as file:
        names, boxes = [], []
        for number, (name, digits) in enumerate(HOUSES):
            letters = np.array([[ord(letter)] for letter in name], np.uint16)
            names.append(file.create_dataset(f"#refs#/n{number}", data=letters, **chunked).ref)
            group = file.create_group(f"#refs#/b{number}")
            for column, member in enumerate(("label", "left", "top", "width", "height")):
                values = [file.create_dataset(f"#refs#/{member}{number}{d}", data=np.array([[float(told[column])]]),
                                              **chunked) for d, told in enumerate(digits)]  # fmt: skip
                held = [[value.ref] for value in values] if len(values) > 1 else values[0][()]
                group.create_dataset(member, data=held, dtype=h5py.ref_dtype if len(values) > 1 else None)
            boxes.append(group.ref)
        for member, listed in (("name", names), ("bbox", boxes)):
            file.create_dataset(f"digitStruct/{member}", data=[[each] for each in listed], dtype=h5py.ref_dtype)


@pytest.mark.parametrize("form", [{"libver": "latest"}, {"chunked": True}, {"track_order": True}], ids=str)
def test_other_forms_of_the_format_are_read(tmp_path, form):
    other_form(tmp_path / "digitStruct.mat", **form)
    assert same(read_digit_struct(tmp_path / "digitStruct.mat"), gathered(HOUSES))


def damaged(path: Path, how: str) -> None:
    write_digit_struct(path, gathered(HOUSES))
    if how == "cut off":
        path.write_bytes(path.read_bytes()[:-900])
    elif how == "foreign":
        path.write_bytes(b"<html>not found</html>")
    elif how == "empty file":
        path.write_bytes(b"")
    else:
        with h5py.File(path, "r+") as file:
            if how == "no structure":
                del file["digitStruct"]
            elif how == "no boxes":
                del file["digitStruct/bbox"]
            elif how == "numbers for references":
                del file["digitStruct/name"]
                file["digitStruct/name"] = np.zeros((2, 1))
            elif how == "fewer names":
                kept = file["digitStruct/name"][:1]
                del file["digitStruct/name"]
                file["digitStruct"].create_dataset("name", data=kept, dtype=h5py.ref_dtype)
            elif how == "no label":
                del file["#refs#/b1/label"]
            elif how == "fewer labels":
                del file["#refs#/b0/label"]
                file["#refs#/b0/label"] = np.array([[1.0]])
            elif how == "null reference":
                file["digitStruct/name"][1, 0] = h5py.Reference()


@pytest.mark.parametrize("how, said", [
    ("cut off", "no HDF5 file, or cut off .*truncated"),
    ("foreign", "no HDF5 file, or cut off"),
    ("empty file", "no HDF5 file, or cut off"),
    ("no structure", "no list of references digitStruct/name"),
    ("no boxes", "no list of references digitStruct/bbox"),
    ("numbers for references", "no list of references digitStruct/name"),
    ("fewer names", "1 names and 2 entries of boxes"),
    ("no label", "entry 2 cannot be read"),
    ("fewer labels", "entry 1 cannot be read"),
    ("null reference", "entry 2 cannot be read"),
])  # fmt: skip
def test_a_file_that_is_none_is_named_with_the_entry_and_what_to_do(tmp_path, how, said):
    path = tmp_path / "digitStruct.mat"
    damaged(path, how)
    with pytest.raises(DataFault, match=said) as fault:
        read_digit_struct(path)
    assert str(path) in str(fault.value) and "fetch it again" in str(fault.value)


def test_a_list_without_entries_is_refused(tmp_path):
    write_digit_struct(tmp_path / "digitStruct.mat", gathered([]))
    with pytest.raises(DataFault, match="0 names and 0 entries"):
        read_digit_struct(tmp_path / "digitStruct.mat")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataFault, match=r"digitStruct\.mat is missing"):
        read_digit_struct(tmp_path / "digitStruct.mat")


@given(place=st.integers(600, 9000), byte=st.integers(1, 255))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_gives_an_annotation_or_a_fault_and_nothing_else(tmp_path, place, byte):
    path = tmp_path / "digitStruct.mat"
    write_digit_struct(path, gathered(HOUSES))
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= byte
    path.write_bytes(content)
    try:
        assert len(read_digit_struct(path).name)
    except DataFault as fault:
        assert str(path) in str(fault)


def test_the_measuring_script_tells_a_ratio(tmp_path):
    command = [
        sys.executable,
        str(ROOT / "scripts/measure_svhn_reading.py"),
        "--images",
        "40",
        "--part",
        "20",
        "--rounds",
        "1",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and "ratio" in done.stdout, done.stderr


def through_datasets(path, chosen):
    """The loop that is copied from port to port."""
    with h5py.File(path) as file:
        names, boxes = file["digitStruct"]["name"], file["digitStruct"]["bbox"]
        for number in chosen:
            group = file[boxes[number, 0]]
            columns = []
            for key in ("label", "left", "top", "width", "height"):
                held = group[key]
                single = len(held) == 1
                columns.append([held[0, 0]] if single else [file[held[d, 0]][0, 0] for d in range(len(held))])
            yield "".join(chr(letter[0]) for letter in file[names[number, 0]]), list(zip(*columns, strict=True))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real part is not at hand")
@pytest.mark.parametrize("part, lengths", [("train", [0, 41, 143, 61, 11]), ("test", [0, 58, 169, 26, 3])])
def test_real_files_are_read_as_ports_read_them(part, lengths):
    path = REAL / part / "digitStruct.mat"
    found = read_digit_struct(path)
    assert np.bincount(found.length).tolist() == lengths and set(found.label) == set(range(1, 11))
    some = list(range(0, len(found.name), 8))
    for number, (name, digits) in zip(some, through_datasets(path, some), strict=True):
        own = found.digits(number)
        assert found.name[number] == name
        assert np.column_stack([found.label[own], found.box[own]]).tolist() == [list(digit) for digit in digits]
