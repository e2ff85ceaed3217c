"""The files of a run: replaced as a whole or not at all, one process at a time, refused where they are another's."""

import errno
import json
import os
import subprocess
import sys

import pytest
from run_helpers import ROOT

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder, Status, explained, now, read_json, write_json, write_whole


@pytest.fixture
def folder(tmp_path):
    made = RunFolder(tmp_path / "run")
    made.make()
    return made


WHOLE = {
    "config_hash": "abc", "measure": {"key": "error", "name": "error", "higher_is_better": False, "percent": True,
    "binary": True}, "validation": {"error": 0.25}, "fingerprints": {"test": "a"},
}  # fmt: skip
"""What has to be in a record."""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"config_hash": 7}, "is damaged"),
        ({"measure": None}, "lacks the primary metric"),
        ({"validation": {}}, "lacks the primary metric"),
        ({"validation": {"error": "low"}}, "lacks the primary metric"),
        ({"fingerprints": [1]}, "its fingerprints are none"),
        ({"fingerprints": {"test": 1}}, "its fingerprints are none"),
        ({"sha256": {"record": "0" * 64}}, "its checksum does not match its content"),
    ],
)
def test_a_damaged_record_is_no_finished_run(folder, changes, why):
    write_json(folder.record, {**WHOLE, **changes})
    with pytest.raises(RunFault, match=rf"record\.json is damaged.*{why if why != 'is damaged' else ''}.*Delete it"):
        folder.is_finished("abc")


@pytest.mark.parametrize("values", [
    {"weights": [1]}, {"weights": "none"}, {"fingerprints": [1]}, {"fingerprints": {"test": 1}}, {"started": 5},
    {"run": 5},
])  # fmt: skip
def test_a_status_whose_values_would_spoil_the_record_is_damaged(folder, values):
    """A run would end with an error when it has been trained, or leave a record that nothing can use."""
    write_json(folder.status, {"config_hash": "abc", "weights": None, "fingerprints": {"test": "a"}, "started": now()})
    folder.last.write_bytes(b"")
    folder.refuse_another("abc")
    write_json(folder.status, {**read_json(folder.status), **values})
    (key,) = values
    told = rf"status\.json is damaged: its {key} cannot be used\. Put back a whole copy, or delete .*last\.ckpt, and"
    with pytest.raises(RunFault, match=told):
        folder.refuse_another("abc")


def test_a_folder_in_which_nothing_was_written_is_withdrawn(folder):
    folder.withdraw()
    assert not folder.path.exists()
    folder.make()
    folder.log.write_text("a line")
    folder.withdraw()
    assert folder.log.read_text() == "a line"


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file_whole_and_no_other(folder, monkeypatch):
    write_whole(folder.last, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFault, match=r"last\.ckpt: the disk is full.*Free some space"):
        write_whole(folder.last, b"newer and longer")
    assert folder.last.read_bytes() == b"old"
    assert [path.name for path in folder.last.parent.iterdir()] == ["last.ckpt"]


def test_what_a_kill_left_is_replaced(folder):
    (folder.last.parent / ".last.ckpt.part").write_bytes(b"half")
    write_whole(folder.last, b"whole")
    assert [path.name for path in folder.last.parent.iterdir()] == ["last.ckpt"]


def test_any_other_failure_to_write_says_its_reason(tmp_path):
    with pytest.raises(RunFault, match="Permission denied"), explained(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_record_is_finished_only_for_its_own_configuration(folder):
    assert not folder.is_finished("abc")
    write_json(folder.record, WHOLE)
    assert folder.is_finished("abc")
    with pytest.raises(RunFault, match=r"holds a finished run of other settings .*another study"):
        folder.is_finished("abd")


def test_an_unfinished_run_of_other_settings_is_not_resumed(folder):
    Status(folder.status, "abc", now()).update()
    folder.refuse_another("abd")  # without a checkpoint there is nothing to be mixed up
    folder.last.write_bytes(b"")
    folder.refuse_another("abc")
    with pytest.raises(RunFault, match="unfinished run of other settings"):
        folder.refuse_another("abd")


def test_two_processes_do_not_share_a_run(folder):
    Status(folder.status, "abc", now()).update()
    code = "from pathlib import Path\nfrom benchmark.results.run_folder import RunFolder\n"
    code += f"path = Path({str(folder.path)!r})\n"
    code += "with RunFolder(path).locked(): pass"
    with folder.locked():
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert f"another process ({os.getpid()}) is executing" in done.stderr
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_damaged_file_reads_as_empty(tmp_path):
    path = tmp_path / "status.json"
    for text in ("", "{", "[1]"):
        path.write_text(text)
        assert read_json(path) == {}
    assert read_json(tmp_path / "none") == {}


def test_a_status_keeps_what_was_said_before(tmp_path):
    status = Status(tmp_path / "status.json", "abc", now())
    status.update(epoch=2)
    status.update(message="m")
    told = json.loads((tmp_path / "status.json").read_text())
    assert (told["state"], told["epoch"], told["message"], told["pid"]) == ("running", 2, "m", os.getpid())
