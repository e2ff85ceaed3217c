"""The runs behind the docs: intact, of committed code, without a trace of a machine; and the verdicts are theirs."""

import re
from pathlib import Path

import pytest
from run_helpers import ROOT, composer

from benchmark.claims.command import carry_out
from benchmark.claims.request import parse_request
from benchmark.report.read.runs import read_study
from benchmark.results.checksums import is_intact, is_sealed, is_the_file

RECORDS = ROOT / "docs" / "records"
STUDIES = sorted(path.name for path in RECORDS.iterdir() if path.is_dir())


def test_there_are_some():
    assert "claims" in STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_records_are_intact_and_of_committed_code(name):
    study = read_study(RECORDS / name)
    assert study.finished and not study.unfinished
    for run in study.finished:
        folder = run.address.folder
        assert is_sealed(run.record) and is_intact(run.record)
        files = [path for path in folder.iterdir() if path.name != "record.json"]
        assert {path.name for path in files} == set(run.record["sha256"]) - {"record"}
        assert all(is_the_file(run.record, folder, path) for path in files), folder
        assert run.record["git"]["dirty"] is False and re.fullmatch(r"[0-9a-f]{40}", run.record["git"]["revision"])


@pytest.mark.parametrize("name", STUDIES)
def test_records_name_no_folder_of_a_machine(name):
    for path in (RECORDS / name).rglob("*"):
        if path.suffix in (".json", ".yaml", ".jsonl"):
            assert not re.search(r"""["' ]/(home|root|work|tmp|mnt|data)/""", path.read_text()), path


@pytest.mark.slow
def test_the_verdicts_in_the_docs_are_those_of_the_records(tmp_path, monkeypatch):
    """As the command in docs/claims.md makes them."""
    monkeypatch.chdir(ROOT)
    asked = composer()
    assert carry_out(parse_request(asked, ["report", "runs=docs/records", f"out={tmp_path}"]), asked) == 0
    assert Path(tmp_path, "claims.md").read_text() == (ROOT / "docs" / "verdicts" / "claims.md").read_text()
