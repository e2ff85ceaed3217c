"""W&B directs a sweep: the documented yaml, one agent, and a server on this machine in place of W&B's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import wandb
import yaml
from run_helpers import ROOT, TINY, environment
from wandb_account import account

from benchmark.results.run_folder import read_json

QUICK = ("trainer.max_epochs=1", "logger.wandb.every=0", "logger.wandb.examples=0")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Read the `app_url` setting:DeprecationWarning")  # of wandb.sweep itself
def test_an_agent_runs_what_it_is_told_under_the_id_that_it_is_given(tmp_path, monkeypatch):
    sweep = yaml.safe_load((ROOT / "docs/wandb_sweep.yaml").read_text())
    assert {*sweep["parameters"]} == {"attention", "optimizer.make.lr"}
    sweep["command"] += [knob for knob in [*TINY, *QUICK] if knob not in sweep["command"]]
    for name in ("WANDB_ENTITY", "WANDB_PROJECT"):  # wandb.sweep sets them
        monkeypatch.setenv(name, "")
    with account(tmp_path) as recorded:
        name = wandb.sweep(sweep, entity="someone", project="attention-benchmark")
        recorded.orders.append({"attention": "none", "optimizer.make.lr": 0.004})
        given = {key: os.environ[key] for key in ("WANDB_BASE_URL", "WANDB_API_KEY", "WANDB_ERROR_REPORTING", "HOME")}
        done = subprocess.run(
            [sys.executable, "-m", "wandb", "agent", "--count", "1", f"someone/attention-benchmark/{name}"],
            env=environment(PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", **given), cwd=tmp_path,
            text=True, capture_output=True, timeout=240,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "runs/agent/none/digit_pairs").iterdir()
    record = read_json(folder / "record.json")
    assert record["differs"]["optimizer.make.lr"] == 0.004
    ((key, told),) = recorded.upserts.items()
    assert key == "ordered1" and told["sweep"] == name and told["jobType"] == "agent"
    assert recorded.summaries[key]["best/primary_metric"] == record["validation"]["error"]
