"""Sweeps on Slurm, with stand-ins for its commands; docs/sweeps.md says what a real Slurm has shown."""

import json

import pytest
from hydra.types import RunMode
from run_helpers import TINY, call, composer
from slurm_stand_in import stand_in

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.terminal import Quiet
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.results.run_id import RunId
from benchmark.sweep import slurm_watch
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.dry_run import launcher_of
from benchmark.sweep.jobs import Job
from benchmark.sweep.slurm_queue import SlurmTicket, parsed, tasks, ticket_of
from benchmark.sweep.slurm_watch import SlurmWatch, last_line

COMPOSER = composer()
SWEEP = ["-m", "attention=none", "hydra/launcher=slurm", "hydra.launcher.poll_seconds=0.5", *TINY,
         "study=queued", "optimizer.make.lr=0.001,1e30"]  # fmt: skip


def test_waiting_tasks_are_listed_together():
    lines = "7_1|RUNNING\n7_[2-4,9%2]|PENDING\n8|COMPLETING\n\n"
    assert parsed(lines) == {
        "7_1": "RUNNING", "7_2": "PENDING", "7_3": "PENDING", "7_4": "PENDING", "7_9": "PENDING", "8": "COMPLETING",
    }  # fmt: skip
    assert tasks("0") == [0] and tasks("2-3,7") == [2, 3, 7]


@pytest.mark.timeout(600)  # half a minute alone, more where the machine is shared
def test_a_sweep_is_left_in_the_queue_and_waited_for_by_the_next_call(tmp_path):
    pytest.importorskip("submitit")
    slurm = stand_in(tmp_path / "slurm")
    (tmp_path / "slurm/hold").touch()
    code, out, err = call(*SWEEP, "hydra.launcher.detach=true", cwd=tmp_path, **slurm)
    assert (code, err) == (0, "")
    assert "2 jobs submitted: Slurm's job 100" in out and "the same command again waits for them" in out
    assert not list(tmp_path.rglob("record.json"))
    code, out, err = call(*SWEEP, cwd=tmp_path, **slurm)
    assert "2 of 2 jobs are queued already" in out
    assert code == 1 and "1 runs finished, 1 failed" in out, err
    (line,) = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert "not a finite number" in line
    assert len(list(tmp_path.rglob("record.json"))) == 1
    scripts = list(tmp_path.glob("runs/queued/.slurm/*.sh"))
    assert any("--array=0-1%2" in path.read_text() and "--cpus-per-task=1" in path.read_text() for path in scripts)


def executed(job, monkeypatch, **variables):
    """What the launcher makes of one job, with these environment variables."""
    pytest.importorskip("submitit")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config = COMPOSER.compose(SWEEP[1:], RunMode.MULTIRUN)
    launcher = launcher_of(config)
    launcher.setup(hydra_context=None, task_function=None, config=config)
    return launcher.execute([job], Quiet())


def test_what_is_missing_is_told(job, monkeypatch):
    with pytest.raises(ConfigFault, match="no sbatch, srun, squeue, scancel here"):
        executed(job, monkeypatch, PATH="/nowhere")


def test_what_slurm_refuses_is_told_in_its_words(job, monkeypatch, tmp_path):
    slurm = stand_in(tmp_path / "slurm")
    refusing = tmp_path / "slurm/bin/sbatch"
    refusing.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: gpus' >&2\nexit 1\n")
    with pytest.raises(RunFault, match=r"^Slurm took no job: sbatch: error: invalid partition specified: gpus$"):
        executed(job, monkeypatch, **slurm)


@pytest.fixture
def job(tmp_path):
    address = RunId(str(tmp_path), "study", "none", "digit_pairs", 0, "", {}, "", {}, "hash")
    RunFolder(address.folder).make()
    return Job(address, [])


def watched(monkeypatch, jobs, looks):
    """The outcomes where the queue looks like `looks`, one after the other. An entry may be a function to call."""
    left = list(looks)

    def queued():
        look = left.pop(0) if left else {}
        return look() if callable(look) else look

    monkeypatch.setattr(slurm_watch, "queued", queued)
    monkeypatch.setattr(slurm_watch, "cancel", cancelled.append)
    return SlurmWatch(jobs, ["7_0"], Display(Pace(len(jobs), 1), Quiet()), 0.001).run()


cancelled: list[list[str]] = []


def test_a_job_that_leaves_the_queue_without_a_word_has_failed(monkeypatch, tmp_path, job):
    log = tmp_path / "7_0.out"
    log.write_text("submitit INFO - Job completed\n\n")
    log.with_suffix(".err").write_text("starting\nslurmstepd: error: Exceeded memory limit\nsubmitit INFO - x\n")
    ticket = SlurmTicket("7_0", str(log))
    (outcome,) = watched(monkeypatch, [(job, ticket)], [{"7_0": "PENDING"}, None, {"7_0": "RUNNING"}, {}, {}])
    assert outcome.code == 1 and "Slurm's job 7_0 ended before its run" in outcome.message
    assert "Exceeded memory limit" in outcome.message
    assert read_json(RunFolder(job.address.folder).status)["state"] == "failed"


def test_a_job_that_is_queued_again_is_waited_for(monkeypatch, job):
    folder = RunFolder(job.address.folder)
    record = {"measure": {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True},
              "test": {"mean": {"error": 0.25}}}  # fmt: skip

    def finished():
        write_json(folder.record, record)
        return {}

    looks = [{"7_0": "RUNNING"}, {}, {"7_0": "PENDING"}, {"7_0": "RUNNING"}, finished]
    (outcome,) = watched(monkeypatch, [(job, SlurmTicket("7_0", ""))], looks)
    assert (outcome.code, outcome.message) == (0, "")


def test_an_interrupted_sweep_cancels_its_own_jobs_alone(monkeypatch, job):
    def interrupted():
        raise KeyboardInterrupt

    cancelled.clear()
    with pytest.raises(KeyboardInterrupt):
        watched(monkeypatch, [(job, SlurmTicket("7_0", "")), (job, SlurmTicket("6_3", ""))], [{}, interrupted])
    assert cancelled == [["7_0"]]


def test_a_damaged_ticket_is_none(job, tmp_path):
    for text in ("", "[]", json.dumps({"job": 3, "log": "x"})):
        (job.address.folder / "slurm.json").write_text(text)
        assert ticket_of(job.address.folder) is None
    assert last_line(tmp_path / "none") == ""
