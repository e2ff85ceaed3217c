"""Copies of records: what reports read, nothing of the machine, and never over what is there."""

import json
import shutil
import sys

import pytest
from run_helpers import ROOT, TINY, call

from benchmark.report.analysis.predictions import predictions_of
from benchmark.report.analysis.targets import validations
from benchmark.report.read.runs import read_study
from benchmark.results.checksums import is_intact, is_the_file, sealed
from benchmark.results.run_folder import RunFolder
from benchmark.stored import saved

sys.path.insert(0, str(ROOT / "scripts"))
import copy_records


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished run whose configuration names a folder of this machine, and one that has not finished."""
    root = tmp_path_factory.mktemp("kept")
    code, _, err = call(*TINY, "attention=item_soft", "study=small", f"runs={root}/runs", cwd=root)
    assert code == 0, err
    unfinished = root / "runs/small/item_soft/digit_pairs/seed=9"
    unfinished.mkdir()
    (unfinished / "status.json").write_text('{"state": "failed"}')
    return root / "runs" / "small"


def test_a_copy_is_read_as_the_run_is(study, tmp_path, capsys):
    assert copy_records.main([str(study), str(tmp_path)]) == 0
    assert "1 of 1 finished runs copied" in capsys.readouterr().out
    (run,), (copied,) = read_study(study).finished, read_study(tmp_path / "small").finished
    assert copied.score("mean") == run.score("mean") and copied.record["config_hash"] == run.record["config_hash"]
    assert (predictions_of(copied).value["mean"] == predictions_of(run).value["mean"]).all()
    assert validations(copied) == validations(run) != []
    assert "train/loss" not in (copied.address.folder / "metrics.jsonl").read_text()
    assert not read_study(tmp_path / "small").unfinished and not list(tmp_path.rglob("*.ckpt"))


def test_a_copy_is_intact_and_names_no_folder_of_the_machine(study, tmp_path):
    copy_records.main([str(study), str(tmp_path)])
    (copied,) = read_study(tmp_path / "small").finished
    folder = copied.address.folder
    assert is_intact(copied.record)
    names = {path.name for path in folder.iterdir()}
    assert names == {"record.json", *copied.record["sha256"]} - {"record"}
    assert all(is_the_file(copied.record, folder, folder / name) for name in names - {"record.json"})
    assert saved(folder / "config.yaml")["runs"] == "runs"
    assert not any(str(study.parents[1]).encode() in path.read_bytes() for path in folder.iterdir())


def test_an_older_record_gets_its_short_list_of_choices(study, tmp_path):
    older = tmp_path / "runs" / "older"
    shutil.copytree(study, older)
    (path,) = older.rglob("record.json")
    record = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("told", "sha256")}
    folder = RunFolder(path.parent)
    path.write_text(json.dumps(sealed(record, folder.path, folder.sealed)))
    copy_records.main([str(older), str(tmp_path)])
    copy_records.main([str(study), str(tmp_path)])
    (filled,), (own,) = read_study(tmp_path / "older").finished, read_study(tmp_path / "small").finished
    assert filled.record["told"] == own.record["told"] != {}


def test_what_is_there_stays(study, tmp_path, capsys):
    copy_records.main([str(study), str(tmp_path)])
    (record,) = tmp_path.rglob("record.json")
    record.write_text(json.dumps({"mine": 1}))
    assert copy_records.main([str(study), str(tmp_path)]) == 0
    assert "0 of 1 finished runs copied" in capsys.readouterr().out
    assert json.loads(record.read_text()) == {"mine": 1}


def test_no_study_is_refused_in_words(tmp_path, capsys):
    assert copy_records.main([str(tmp_path / "none"), str(tmp_path)]) == 2
    assert "there is no folder" in capsys.readouterr().err
