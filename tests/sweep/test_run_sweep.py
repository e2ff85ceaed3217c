"""One sweep of which one job fails, logged to W&B offline: what is left, what the next call does, what W&B was told."""

import json
import subprocess
import sys

import pytest
from run_helpers import TINY, call, environment, lines
from wandb_offline import read
from wandb_server import recording

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


def test_the_printed_command_sends_each_run_whole_and_once(sweep):
    cwd, _, out, _, good, bad = sweep
    (line,) = [line for line in out.splitlines() if "wandb sync" in line]
    command = line.partition(": wandb ")[2]
    with recording() as (address, recorded):
        account = {"WANDB_BASE_URL": address, "WANDB_API_KEY": "a" * 40, "WANDB_ERROR_REPORTING": "false"}
        done = subprocess.run(
            f"{sys.executable} -m wandb {command}", shell=True, cwd=cwd, env=environment(HOME=str(cwd), **account),
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (offline(good), offline(bad)):
        rows = recorded.rows[told["id"]]
        assert [row["_step"] for row in rows] == [row["_step"] for row in told["history"]]
        sent = recorded.upserts[told["id"]]
        assert (sent["groupName"], sent["jobType"]) == (told["group"], "mixed")
    assert recorded.upserts.keys() == {offline(good)["id"], offline(bad)["id"]}
    record = read_json(good.record)
    assert recorded.summaries[offline(good)["id"]]["test/primary_metric"] == record["test"]["mean"]["error"]
    assert sync_line([cwd / "runs" / "mixed"]) == ""  # nothing is left to send


def test_an_account_is_a_key_in_the_environment_or_in_netrc(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not has_account()
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password " + "0" * 40)
    (tmp_path / ".netrc").chmod(0o600)
    assert has_account()
    (tmp_path / ".netrc").unlink()
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert has_account()
