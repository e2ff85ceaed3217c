"""One sweep of which one job fails, logged to W&B offline: what is left, what the next call does, what W&B was told."""

import json
import os
import subprocess
import sys

import pytest
from run_helpers import TINY, call, environment, lines
from wandb_account import account
from wandb_offline import read

from benchmark.dashboard.__main__ import main as dashboard
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.wandb_client import has_account
from benchmark.results.wandb_sync import sync_line

SWEEP = ["-m", "attention=dram", *TINY, "study=mixed", "logger=wandb", "hydra.launcher.jobs=1"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Exit code, output, the good and the bad run: 1e30 as a learning rate makes the loss infinite."""
    cwd = tmp_path_factory.mktemp("sweep")
    code, out, err = call(*SWEEP, "optimizer.make.lr=1e30,0.001", cwd=cwd, HOME=str(cwd))
    folders = [RunFolder(path) for path in (cwd / "runs/mixed/dram/digit_pairs").iterdir()]
    bad, good = sorted(folders, key=lambda folder: folder.record.exists())
    return cwd, code, out, err, good, bad


def test_a_failing_job_stops_no_other_and_fails_the_sweep(sweep):
    _, code, out, err, good, bad = sweep
    assert code == 1, err
    assert "run 2 of 2 started" in out and "1 runs finished, 1 failed" in out
    assert "wandb sync runs/mixed/*/*/*/wandb/offline-run-*" in out
    assert read_json(good.status)["state"] == "finished" and good.record.exists()
    assert read_json(bad.status)["state"] == "failed" and not bad.record.exists()
    assert "Traceback" in bad.log.read_text()
    (line,) = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert "not a finite number" in line and "seed=0" in line and line.endswith("run.log)")


def test_a_second_call_skips_what_is_finished(sweep):
    cwd, *_ = sweep
    code, out, err = call(*SWEEP, "optimizer.make.lr=0.001", cwd=cwd, HOME=str(cwd))
    assert (code, out.strip()) == (0, "1 of 1 runs finished before, skipped"), err


def offline(folder):
    (path,) = (folder.path / "wandb").glob("offline-run-*/*.wandb")
    return read(path)


def test_each_job_is_a_run_of_its_own_with_its_exit_code(sweep):
    *_, good, bad = sweep
    one, other = offline(good), offline(bad)
    assert (one["exit_code"], other["exit_code"]) == (0, 1)
    assert one["id"] != other["id"]
    for told in (one, other):
        assert told["job_type"] == "mixed" and sorted(told["tags"]) == ["digit_pairs", "dram", "mixed"]
        assert told["name"].startswith("dram/digit_pairs/seed=0-")
        assert told["group"] == told["name"].replace("/seed=0", "")
    assert (one["config"]["optimizer"]["make"]["lr"], other["config"]["optimizer"]["make"]["lr"]) == (0.001, 1e30)


def test_metrics_pictures_and_the_record_are_told(sweep):
    *_, good, _ = sweep
    told = offline(good)
    errors = [row["val/error"] for row in told["history"] if "val/error" in row]
    assert errors == [line["val/error"] for line in lines(good.metrics) if "val/error" in line]
    assert [row for row in told["history"] if any(key.startswith("pictures/panel.") for key in row)]
    record = json.loads(good.record.read_text())
    assert told["summary"]["record/test/mean/error"] == record["test"]["mean"]["error"]
    assert told["summary"]["record/config_hash"] == record["config_hash"]


@pytest.fixture(scope="module")
def synced(sweep):
    """What a server has after the printed command, and then the dashboard of the study."""
    cwd, _, out, _, good, bad = sweep
    (line,) = [line for line in out.splitlines() if "wandb sync" in line]
    told = offline(good), offline(bad)
    with account(cwd) as recorded:
        given = {key: os.environ[key] for key in ("WANDB_BASE_URL", "WANDB_API_KEY", "WANDB_ERROR_REPORTING", "HOME")}
        done = subprocess.run(
            f"{sys.executable} -m {line.partition(': ')[2]}", shell=True, cwd=cwd, env=environment(**given),
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        sent = {name: [*rows] for name, rows in recorded.rows.items()}
        assert dashboard([str(cwd / "runs/mixed")]) == 0  # without a place: where the runs are
    return told, sent, recorded


def test_the_printed_command_sends_each_run_whole_and_once(sweep, synced):
    cwd, _, _, _, good, _ = sweep
    told, sent, recorded = synced
    for each in told:
        assert [row["_step"] for row in sent[each["id"]]] == [row["_step"] for row in each["history"]]
        run = recorded.upserts[each["id"]]
        assert (run["groupName"], run["jobType"]) == (each["group"], "mixed")
    assert sent.keys() == {each["id"] for each in told}
    record = read_json(good.record)
    assert recorded.summaries[told[0]["id"]]["test/primary_metric"] == record["test"]["mean"]["error"]
    assert sync_line([cwd / "runs" / "mixed"]) == ""  # nothing is left to send


def test_the_dashboard_of_real_runs_finds_them_by_what_they_were_logged_with(synced):
    told, _, recorded = synced
    (own,) = [name for name, run in recorded.upserts.items() if run["jobType"] == "comparison"]
    (view,) = recorded.views.values()
    runs = json.loads(view["spec"])["section"]["runSets"][0]
    wanted = {leaf["key"]["name"]: leaf["value"] for leaf in runs["filters"]["filters"]}
    for name in (own, *(each["id"] for each in told)):
        run = recorded.upserts[name]
        assert run["jobType"] in wanted["jobType"] and {*run["tags"]} & {*wanted["tags"]}
        assert (run["entity"], run["project"]) == ("someone", "attention-benchmark")
    summary = recorded.summaries[own]
    assert summary["comparison/results"]["nrows"] == 1 and summary["comparison/runs_without_result"]["nrows"] == 1
    lost = json.loads(recorded.uploads[summary["comparison/runs_without_result"]["path"]])
    assert "not a finite number" in lost["data"][0][-1]
    history = {key for row in recorded.rows[told[0]["id"]] for key in row}
    sections = json.loads(view["spec"])["section"]["panelBankConfig"]["sections"]
    lines_drawn = [panel["config"] for panel in sections[1]["panels"]]
    assert {key for line in lines_drawn for key in (line["xAxis"], *line["metrics"])} <= history


def test_an_account_is_a_key_in_the_environment_or_in_netrc(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not has_account()
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password " + "0" * 40)
    (tmp_path / ".netrc").chmod(0o600)
    assert has_account()
    (tmp_path / ".netrc").unlink()
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert has_account()
