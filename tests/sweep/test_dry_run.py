"""A dry run says what would start, where, how many at once and for how long; it writes and starts nothing."""

import io
import json
import shlex

import pytest
from fabricated_runs import ERROR
from rich.console import Console as Terminal
from run_helpers import TINY, call, composer

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process import terminal
from benchmark.process.terminal import Live, Plain
from benchmark.results.run_folder import RunFolder, write_json
from benchmark.same_data import KnownData
from benchmark.sweep import checking
from benchmark.sweep.checking import Checking
from benchmark.sweep.dry_run import dry_run
from benchmark.sweep.estimate import EarlierRuns, together
from benchmark.sweep.launcher import PoolLauncher

COMPOSER = composer()
JOB = ["attention=none", *TINY, "study=s"]


def tree(folder):
    """Every path below a folder, with its time and content."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None) for path in folder.rglob("*")
    }


def made(*more, study="s", seconds=100.0, epochs=2, **changes):
    """A fabricated finished run of a job, with a time of training."""
    address = COMPOSER.address(COMPOSER.job([*JOB, *more, f"study={study}"]))
    folder = RunFolder(address.folder)
    folder.make()
    identity = {key: getattr(address, key) for key in ("attention", "data", "seed", "setting", "config_hash")}
    cost, result = {"train_seconds": seconds, "epochs": epochs}, {"measure": ERROR, "validation": {"error": 0.5}}
    write_json(folder.record, {**identity, **result, "cost": cost, **changes})
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys, *texts, sweep=True):
    code = dry_run(COMPOSER, [*JOB, *texts], sweep)
    return code, capsys.readouterr().out.splitlines()


def test_a_sweep_is_listed_by_folder_with_what_becomes_of_each_job_and_nothing_is_written(here, capsys):
    first, last = made("seed=0", seconds=90.0), made("seed=3", seconds=110.0)
    elsewhere, resumes = made("seed=1"), made("seed=2")
    for folder in (elsewhere, resumes):
        record = json.loads(folder.record.read_text())
        folder.record.unlink()
        write_json(folder.status, {"config_hash": record["config_hash"]})
    resumes.last.write_bytes(b"")
    with elsewhere.locked():
        before = tree(here)
        code, lines = said(capsys, "seed=0,1,2,3,4,5", "hydra.launcher.jobs=2")
        assert tree(here) == before
    seeds = {name: folder.path for name, folder in
             {"0": first, "1": elsewhere, "2": resumes, "3": last}.items()}  # fmt: skip
    new = [str(seeds["0"]).replace("seed=0", f"seed={seed}") for seed in (4, 5)]
    assert code == 0 and lines == [
        f"finished   {seeds['0']}",
        f"elsewhere  {seeds['1']}  another process is executing it",
        f"resumes    {seeds['2']}  about 1 min 40 s of training",
        f"finished   {seeds['3']}",
        *(f"starts     {folder}  about 1 min 40 s of training" for folder in new),
        "2 of 6 jobs finished, 3 would start, 2 at a time, 1 of them resume, 1 in work elsewhere",
        "estimate: 2 min 30 s of training, evaluation not counted, from 2 earlier runs of the same mechanisms, data "
        "and numbers of epochs",
        "dry run: nothing was written, nothing was started",
    ]


def test_a_sweep_of_which_nothing_is_known_has_no_estimate(here, capsys):
    code, lines = said(capsys, "seed=0", sweep=False)
    assert code == 0 and lines[0].startswith("starts  runs/s/none/digit_pairs/seed=0-")
    assert lines[0].endswith("no earlier run to estimate from")
    assert lines[1] == "0 of 1 jobs finished, 1 would start, 1 at a time"
    assert lines[2].startswith("no estimate of the time") and not tree(here)


def test_of_several_settings_a_line_says_which_hash_is_which(here, capsys):
    code, lines = said(capsys, "seed=0,1", "data.clutter=0,3")
    told = dict(line.removeprefix("setting ").split(": ") for line in lines[:2])
    folders = {COMPOSER.address(COMPOSER.job([*JOB, f"data.clutter={each}"])).setting: each for each in (0, 3)}
    assert code == 0 and told == {setting: f"data.clutter={each}" for setting, each in folders.items()}


def test_a_finished_run_and_one_that_cannot_be_used(here, capsys):
    made("seed=0")
    assert said(capsys, "seed=0", sweep=False)[1][1] == "1 of 1 jobs finished, 0 would start"
    made("seed=1").record.write_text("{")
    code, lines = said(capsys, "seed=0,1")
    assert code == 1 and lines[1].startswith("unusable  ") and "is damaged. Delete it" in lines[1]
    assert lines[2] == "1 of 2 jobs finished, 0 would start, 1 unusable"


def test_all_jobs_are_checked_as_before_a_sweep(here):
    with pytest.raises(ConfigFault, match=r"data\.canvas: has to be a whole number of at least 1, and not -5"):
        dry_run(COMPOSER, [*JOB, "data.canvas=40,-5"], True)
    with pytest.raises(ConfigFault, match=r"hydra\.launcher\.jobs"):
        dry_run(COMPOSER, [*JOB, "seed=0,1", "hydra.launcher.jobs=0"], True)
    made("seed=0", config_hash="0" * 64)
    with pytest.raises(ConfigFault, match="holds a finished run of other settings"):
        dry_run(COMPOSER, [*JOB, "seed=0"], False)


def test_another_launcher_executes_one_after_another(here, capsys):
    _, lines = said(capsys, "seed=0,1,2", "hydra/launcher=basic")
    assert lines[3] == "0 of 3 jobs finished, 3 would start, 1 at a time"


def test_the_estimate_by_hand(here):
    """Runs of the same setting first; else all of the mechanism, data and epochs; other epochs and damage never."""
    address = COMPOSER.address(COMPOSER.job([*JOB, "seed=9"]))
    made("seed=0", study="a", seconds=10.0)
    made("seed=1", study="b", seconds=30.0)
    made("seed=2", study="b", seconds=500.0, epochs=3)
    made("seed=3", "decoder.hidden_size=4", study="b", seconds=80.0)
    for seed, cost in enumerate(
        ({"train_seconds": "x", "epochs": 2}, {"train_seconds": -1, "epochs": 2}, None, [], {})
    ):
        made(f"seed={4 + seed}", study="c", cost=cost)
    made("seed=3", study="c").record.write_text("[" * 100_000)
    assert EarlierRuns().seconds(address, 2) == (20.0, 2)
    assert EarlierRuns().seconds(address, 3) == (500.0, 1)
    assert EarlierRuns().seconds(address._replace(setting="other"), 2) == (40.0, 3)
    assert EarlierRuns().seconds(address, 4) == EarlierRuns().seconds(address._replace(data="x"), 2) == (None, 0)
    assert together([10.0, 20.0, 60.0], 2) == 60.0 and together([30.0] * 4, 2) == 60.0 and together([5.0], 3) == 5.0


def test_jobs_without_an_earlier_run_are_left_out_of_the_estimate(here, capsys):
    made("seed=7", seconds=30.0)
    _, lines = said(capsys, "seed=0,1", "trainer.max_epochs=2,3", "hydra.launcher.jobs=1")
    assert lines[-2].startswith("estimate for 2 of 4 jobs: 1 min 00 s of training")
    assert ", from 1 earlier run of the same mechanisms, data and numbers of epochs; " in lines[-2]
    assert lines[-2].endswith("; the others have no earlier run")


def test_known_data_that_may_not_write_leave_no_file(here):
    config = COMPOSER.job([*JOB, f"runs={here / 'runs'}"])
    assert KnownData(writes=False).fingerprints(config) and not tree(here)
    with pytest.raises(RunFault, match="which a dry run does not"):
        KnownData(writes=False).fingerprints(COMPOSER.job([*JOB, "data=mnist28", f"data.root={here}"]))


def test_places_follow_the_launchers_knobs():
    assert PoolLauncher(3, 1, None).places("cpu") == 3
    assert PoolLauncher(None, 2, 0).environment()["OMP_NUM_THREADS"] == "2"


def test_the_command_line_takes_the_flag_anywhere_and_starts_nothing(tmp_path):
    code, out, err = call("--dry-run", "-m", *JOB, "seed=0,1", cwd=tmp_path)
    assert (code, err) == (0, "") and "2 would start" in out and not tree(tmp_path)
    code, _, err = call(*JOB, "decoder.hidden_sise=1", "--dry-run", cwd=tmp_path)
    assert code == 2 and "did you mean 'decoder.hidden_size'" in err and not tree(tmp_path)


def test_a_configuration_of_a_sweep_is_refused_with_a_command_that_works(tmp_path):
    code, out, err = call("-m", "attention=glob(ra*)", "seed=4,5", "threads=2", "--cfg", "job", cwd=tmp_path)
    assert (code, out) == (2, "") and err.startswith("error: --cfg shows the configuration of one run")
    command = shlex.split(err.partition("first job: ")[2])
    assert command == ["python", "-m", "benchmark.run", "attention=ram", "seed=4", "threads=2", "--cfg", "job"]
    code, out, err = call(*command[3:], cwd=tmp_path)
    assert code == 0 and "seed: 4" in out and not err


def test_checks_that_take_long_show_a_bar(monkeypatch):
    clock, out = [0.0], io.StringIO()
    monkeypatch.setattr(checking.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(terminal, "PLAIN_SECONDS", 0.0)
    monkeypatch.setattr(terminal, "LIVE_SECONDS", 0.0)
    plain, drawn = Checking(Plain(out), 4), io.StringIO()
    with Live(Terminal(file=drawn, force_terminal=True, width=80, color_system=None)) as live:
        bar = Checking(live, 4)
        for second in (1.0, 1.9, 2.0, 3.0):
            clock[0] = second
            plain.step()
            bar.step(2)
    assert out.getvalue().splitlines() == ["checked 38 %", "checked 50 %"]
    assert "checked" in drawn.getvalue() and "━" in drawn.getvalue()
