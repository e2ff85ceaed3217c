"""What a run is logged to besides its folder holds it whole and once, also where it was interrupted."""

import csv

import pytest
import pytorch_lightning as pl
from run_helpers import lines
from test_run_job import run
from test_trainer_knobs import interrupted
from wandb_offline import read

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.run_id import RunId
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.logger.base import About, LightningLog, Logs, RunLog
from benchmark.training.logger.wandb import Rows, run_id


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """A run of three epochs, logged to a table and to W&B offline, that was stopped while its second was told."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(runs / "home"))
        overrides = ["attention=none", "trainer.max_epochs=3", "logger=[csv,wandb]", "logger.wandb.mode=offline"]
        return interrupted(runs, patch, (Heartbeat, "on_train_epoch_end", 2), *overrides)


def rows(told):
    return [row for row in told if "train/loss" in row or "val/error" in row]


def test_a_resumed_offline_run_of_wandb_is_one_folder_with_every_row_once(resumed):
    (path,) = (resumed.path / "wandb").glob("offline-run-*/*.wandb")
    told = read(path)
    assert told["exit_code"] == 0
    mine, theirs = rows(lines(resumed.metrics)), rows(told["history"])
    assert [row["epoch"] for row in theirs] == [line["epoch"] for line in mine] and {0, 1, 2} == {
        row["epoch"] for row in theirs
    }
    assert [row["trainer/global_step"] for row in theirs] == [line["step"] for line in mine]
    assert [row.get("val/error") for row in theirs] == [line.get("val/error") for line in mine]
    steps = [row["_step"] for row in told["history"]]
    assert steps == list(range(len(steps)))
    assert told["summary"]["record/config_hash"] == read_json(resumed.record)["config_hash"]


def test_a_resumed_table_has_every_row_once(resumed):
    with (resumed.path / "csv" / "metrics.csv").open(newline="") as file:
        told = list(csv.DictReader(file))
    theirs = [(int(float(row["epoch"])), int(row["step"])) for row in told if row["train/loss"] or row["val/error"]]
    assert theirs == [(line["epoch"], line["step"]) for line in rows(lines(resumed.metrics))]
    assert float(told[-1]["test/error"]) == read_json(resumed.record)["test"]["mean"]["error"]


class Online:
    """A run of W&B that goes on: the server has its first rows."""

    def __init__(self):
        self.told = []

    def log(self, row):
        self.told.append(row)

    def define_metric(self, *_, **__): ...


def test_online_the_rows_that_the_server_has_are_not_told_again(tmp_path):
    run = Online()
    logger = Rows(run, 2, RunFolder(tmp_path), lambda: 8)
    for step in range(4):
        logger.log_metrics({"train/loss": float(step)}, step)
    assert [row["trainer/global_step"] for row in run.told] == [2, 3]


def test_the_same_configuration_in_another_study_is_another_run_of_wandb():
    one = RunId("runs", "one", "none", "digit_pairs", 0, "", {}, "", {}, "abc")
    ids = {run_id(one._replace(study="other"), "a"), run_id(one, "a"), run_id(one, "b")}
    assert len(ids) == 3 and run_id(one, "a") == run_id(one._replace(root="elsewhere"), "a")


class Told(pl.loggers.CSVLogger):
    """Any logger of Lightning's."""

    end = None

    def finalize(self, status):
        super().finalize(status)
        self.end = status


@pytest.mark.filterwarnings("ignore:Experiment logs directory")
def test_any_logger_begins_anew_in_a_folder_of_its_own_and_nowhere_else(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.make()
    folder.best.write_text("weights")
    old = folder.path / "mine" / "events"
    old.parent.mkdir()
    old.write_text("from before")
    for version in ("mine", "checkpoints"):
        log = LightningLog(Told(str(folder.path), name="", version=version))
        log.open(About(None, {"a": 1}, folder, [{"step": 3, "epoch": 0, "x": None}], int))
        log.close(1)
    assert not old.exists() and folder.best.exists()
    assert "3" in (folder.path / "mine" / "metrics.csv").read_text()


class Breaks(RunLog):
    def open(self, about):
        return []

    def results(self, results): ...

    def close(self, exit_code):
        raise RunFault("no more room")


def test_a_log_that_fails_to_close_keeps_no_other_open(tmp_path):
    other = Told(str(tmp_path))
    with pytest.raises(RunFault, match="no more room"):
        Logs([LightningLog(other), Breaks()]).close(1)
    assert other.end == "failed"


def test_what_is_not_installed_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("lightning_fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
    with pytest.raises(RunFault, match=r"TensorBoardLogger cannot be used: .*tensorboard"):
        run(tmp_path, "attention=none", "logger=tensorboard")
