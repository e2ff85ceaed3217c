"""One bad file of one run costs that run, or a line of it; never the report of the study."""

import json
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import curve, finished, png, record, unfinished

from benchmark.report.__main__ import main
from benchmark.report.analysis.predictions import PredictionsError, read_predictions
from benchmark.report.read.folders import Finished, RunFolderName
from benchmark.report.read.runs import read_study
from benchmark.report.sections.pictures import read_png
from benchmark.report.write.boundary import make_report
from benchmark.results.checksums import sealed

RIGHT = {"mean": np.array([0.0, 1, 0, 0, 1, 0])}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two whole runs of two mechanisms, two seeds each; the tests spoil a third one's."""
    for attention in ("dram", "ram"):
        for seed in (0, 1):
            finished(tmp_path / "s", record(attention, "digit_pairs", seed, RIGHT), RIGHT, np.zeros(6))
    return tmp_path / "s"


@pytest.fixture
def spoilt(study: Path) -> Path:
    return finished(study, record("sermanet", "digit_pairs", 0, RIGHT), RIGHT, np.zeros(6))


def report(study: Path, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    """The page, in which the whole runs stand whatever else does."""
    assert main([str(study)]) == code
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    page = (study / "report" / "index.html").read_text()
    assert "dram" in page and "33.33" in page and "<script>alert" not in page and "\x1b" not in page
    return page


DEEP = "[" * 100_000 + "]" * 100_000
RECORDS: dict[str, Any] = {
    "deep": DEEP, "deeper": '{"a":' * 90 + "1" + "}" * 90, "digits": '{"format": ' + "9" * 400 + "}",
    "empty": "", "a list": "[]", "no utf-8": b"\xff\xfe",
    "no words": {"told": {"differs": None}}, "words": {"told": "attention/policy=map"},
    "null headline": {"measure": None}, "another measure": {"measure": {"key": "x"}},
    "measure of numbers": {"measure": {"key": 1, "name": 2, "higher_is_better": 3, "percent": 4, "binary": 5}},
    "images": {"test": {"images": float("inf")}}, "shape": {"image_shape": ["x"]}, "no shape": {"image_shape": []},
    "cost": {"cost": {"multiply_adds_by_side": {"9" * 300: 1}}}, "threads": {"hardware": {"threads": 10**17}},
    "differs": {"differs": {"a": {"b": [1]}}}, "windows": {"windows": 3}, "git": {"git": {"revision": ["x"]}},
    "localisation": {"localisation": {"mean": 3}}, "test": {"test": {"images": 6, "mean": []}},
    "html": {"origin": "<script>alert(1)</script>\x1b]0;x\x07"}, "weights": {"weights": [{"name": {}, "seen": 3}]},
}  # fmt: skip


def test_records(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All in one study: the whole ones are compared, each other one is listed or does no harm."""
    for number, content in enumerate(RECORDS.values()):
        made_of = record("sermanet", "digit_pairs", number, RIGHT)
        folder = finished(study, made_of, RIGHT, np.zeros(6))
        content = json.dumps(made_of | content) if isinstance(content, dict) else content
        (folder / "record.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    page = report(study, capsys)
    assert page.count("record.json: ") >= 12


def test_a_record_that_is_not_what_its_sum_says(study: Path, spoilt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = sealed(record("sermanet", "digit_pairs", 0, RIGHT), spoilt, [spoilt / "predictions.npz"])
    (spoilt / "record.json").write_text(json.dumps(whole))
    assert "checksum does not hold" not in report(study, capsys)
    whole["test"]["mean"]["error"] = 0.25  # one digit of a number
    (spoilt / "record.json").write_text(json.dumps(whole))
    assert "its checksum does not match its content" in report(study, capsys)


def test_older_records_are_read_and_said_to_be(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "4 of 4 records carry no checksum" in report(study, capsys)


def npy(head: str, numbers: bytes = b"\0" * 48) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + numbers


def archive(path: Path, held: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", how) as made_of:
        for name, content in held.items():
            made_of.writestr(f"{name}.npy", content)


HEADS = {
    "gigabytes": "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }\n",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }\n",
    "deep": "{'descr': " + "[" * 9000 + "\n",
    "token": "{'descr': '<f8\n",
    "negative": "{'descr': '<f8', 'fortran_order': False, 'shape': (-6,), }\n",
    "call": "{'descr': __import__('os'), 'fortran_order': False, 'shape': (6,), }\n",
    "text": "{'descr': '<U9', 'fortran_order': False, 'shape': (6,), }\n",
}


@pytest.mark.parametrize("name", [*HEADS, "bomb", "flipped", "cut", "none", "other", "empty", "nan", "shape"])
def test_predictions(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.report.read.arrays.MOST_BYTES", 2**20)
    path = tmp_path / "predictions.npz"
    np.savez(path, index=np.arange(6), overlap=np.zeros(6), value_mean=np.ones(6))
    assert read_predictions(path).value["mean"].tolist() == [1] * 6
    whole = path.read_bytes()
    index = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }\n")
    if name in HEADS:
        archive(path, {"index": index, "overlap": npy(HEADS[name])})
    elif name == "bomb":
        archive(path, {"index": index, "overlap": b"\0" * 2**21}, zipfile.ZIP_DEFLATED)
    elif name == "nan":
        np.savez(path, index=np.arange(6), overlap=np.zeros(6), value_mean=np.full(6, np.nan))
    elif name == "shape":
        np.savez(path, index=np.arange(6), overlap=np.zeros(6), value_mean=np.zeros((6, 2)))
    else:
        flipped = bytearray(whole)
        flipped[90] ^= 1
        spoils = {"flipped": flipped, "cut": whole[:-50], "none": b"", "other": b"PK\x03\x04" * 9, "empty": b""}
        path.write_bytes(spoils[name])
    tracemalloc.start()
    with pytest.raises(PredictionsError, match=r"predictions\.npz cannot be read"):
        read_predictions(path)
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


METRICS = [
    '{"epoch": ' + "9" * 400 + "}", '{"epoch": 1e300, "val/error": 1e308}', '{"epoch": -1e18, "val/error": 1}', DEEP,
    '{"epoch": NaN}', '{"epoch": {}, "val/error": []}', "\x00\xff", '{"epoch": true}', "x" * 2**20,
    '{"epoch": 3, "val/error": 1e300, "train/loss": -1e300}',
]  # fmt: skip


def test_metrics(study: Path, spoilt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    curve(spoilt, 4, 0.2)
    with (spoilt / "metrics.jsonl").open("a") as lines:
        lines.write("\n" + "\n".join(METRICS) + "\n")
    assert "sermanet" in report(study, capsys)
    (spoilt / "metrics.jsonl").unlink()
    (spoilt / "metrics.jsonl").mkdir()
    report(study, capsys)


STATUSES: list[Any] = [
    {"state": "running", "pid": 2**60}, {"state": "running", "pid": -1}, {"state": "running", "pid": True},
    {"state": ["x"], "message": {"a": [1]}, "epoch": {}}, {"state": "failed", "message": "\x1b]0;owned\x07<b>x</b>"},
    {"state": "x" * 10**6, "measure": {"key": None}}, {"measure": "x"}, {"updated": None, "epoch": None},
]  # fmt: skip


def test_status(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    for number, status in enumerate(STATUSES):
        unfinished(study, "adaptive", "digit_pairs", number, **{"host": socket.gethostname(), **status})
    for number, text in enumerate(("", "[" * 100_000, '{"epoch": ' + "9" * 400 + "}", "[]")):
        (unfinished(study, "nic", "digit_pairs", number) / "status.json").write_text(text)
    page = report(study, capsys)
    assert "<b>x</b>" not in page and page.count("status.json cannot be used") >= 4 and len(page) < 2 * 10**6


def test_pictures(spoilt: Path, tmp_path: Path) -> None:
    panel = spoilt / "pictures" / "panel.png"
    (tmp_path / "secret.png").write_bytes(png(7, 7))
    run = Finished(RunFolderName(spoilt, "", "", 0, ""), {})
    assert read_png(run, "panel")
    wide = png(1, 1)[:16] + struct.pack(">II", 2**31, 2**31) + b"x" * 40
    page = b"<!doctype html><script>alert(1)</script>"
    for content in (b"<svg onload='alert(1)'/>", page, png(1, 1)[:20], wide, b"", png(9, 9) + b"x" * 2**24):
        panel.write_bytes(content)
        assert not read_png(run, "panel")
    panel.unlink()
    panel.symlink_to(tmp_path / "secret.png")
    assert not read_png(run, "panel")


def test_a_section_that_fails_is_replaced_by_a_sentence(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a fault\nof ours")

    monkeypatch.setattr("benchmark.report.write.assemble.learning_figures", broken)
    assert main([str(study)]) == 1
    told = capsys.readouterr()
    assert "The section on sizes and learning curves of digit_pairs could not be made (KeyError" in told.err
    page = (study / "report" / "index.html").read_text()
    assert "could not be made (KeyError" in page


def test_the_run_at_fault_is_found_and_left_out(study: Path) -> None:
    from benchmark.report.write.assemble import assemble

    def fragile(found: Any) -> Any:
        whole = assemble(found)
        bad = any(run.address.attention == "ram" and run.address.seed == 1 for run in found.finished)
        from dataclasses import replace

        return replace(whole, faults=("The section on x could not be made (ValueError: y).",)) if bad else whole

    report_, texts, faults = make_report(read_study(study), fragile, [lambda whole: {"a": "b"}])
    assert not faults and texts == {"a": "b"} and len(report_.study.finished) == 3
    (left_out,) = report_.study.unfinished
    assert (left_out.address.attention, left_out.address.seed, left_out.state) == ("ram", 1, "damaged")
    assert "ValueError: y" in left_out.message
