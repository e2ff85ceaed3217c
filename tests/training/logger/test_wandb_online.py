"""A run that sends to W&B while it trains, is killed, and goes on: what the server has of it in the end."""

import math
import os
import signal
import time

import pytest
from run_helpers import TINY, composer, lines, start, wait_until
from wandb_account import account

from benchmark.job import run_one
from benchmark.results.run_folder import RunFolder, read_json

CHOICES = ["attention=item_hard", *TINY, "trainer.max_epochs=12", "logger=wandb", "logger.wandb.mode=online",
           "logger.wandb.every=0", "logger.wandb.examples=0"]  # fmt: skip


@pytest.fixture(scope="module")
def online(tmp_path_factory):
    """What the server has of a run whose process was killed with -9 after some epochs, and that was started again."""
    runs, home = (tmp_path_factory.mktemp(name) for name in ("runs", "home"))
    jobs = composer()
    config = jobs.job([*CHOICES, f"runs={runs}"])
    address = jobs.address(config)
    folder = RunFolder(address.folder)
    with account(home) as recorded:
        names = ("WANDB_BASE_URL", "WANDB_API_KEY", "HOME", "WANDB_ERROR_REPORTING")
        process = start(*CHOICES, f"runs={runs}", cwd=home, **{name: os.environ[name] for name in names})
        wait_until(lambda: len(lines(folder.metrics)) > 12 or process.poll() is not None)  # the fifth epoch
        process.send_signal(signal.SIGSTOP)  # W&B's own process sends what there is every 15 seconds
        wait_until(lambda: any(recorded.rows.values()))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        settled = -1
        while settled != (settled := sum(map(len, recorded.rows.values()))):  # W&B's own process outlives it a little
            time.sleep(1.0)
        assert process.returncode == -9 and not folder.record.exists()
        run_one(config, address)
    return folder, recorded, settled


def test_a_killed_and_resumed_run_is_one_run_without_gap_or_double(online):
    folder, recorded, before = online
    ((name, rows),) = recorded.rows.items()
    assert recorded.upserts.keys() == {name} and 0 < before < len(rows)
    assert [row["_step"] for row in rows] == list(range(len(rows)))
    for key in ("train/loss", "val/error"):  # each value once, and the same as in the folder
        here = [(line["epoch"], line[key]) for line in lines(folder.metrics) if key in line]
        assert [(row["epoch"], row[key]) for row in rows if key in row] == here
        assert len(here) == {"train/loss": 24, "val/error": 12}[key]
    record = read_json(folder.record)
    assert recorded.summaries[name]["test/primary_metric"] == record["test"]["mean"]["error"]


def test_hard_attention_has_its_entropy_as_a_series(online):
    _, recorded, _ = online
    (rows,) = recorded.rows.values()
    entropies = [row["val/attention_entropy"] for row in rows if "val/error" in row]
    assert len(entropies) == 12 and all(0 < entropy <= math.log(1000) for entropy in entropies)
