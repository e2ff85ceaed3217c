"""Other launchers and sweepers of Hydra: what our launchers return to a sweeper, and theirs with finished runs."""

from pathlib import Path
from typing import final

import pytest
from hydra.core.utils import JobStatus
from hydra.types import RunMode
from run_helpers import TINY, call, composer

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder, write_json
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.jobs import Outcome

COMPOSER = composer()
ERROR = {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True}
RATES = ["optimizer.make.lr=0.001", "optimizer.make.lr=0.002", "optimizer.make.lr=0.003"]
SWEEPER = """
from hydra.plugins.sweeper import Sweeper
from hydra.core.plugins import Plugins


class Halving(Sweeper):
    \"\"\"Two batches: the best of the first is tried with another seed in the second.\"\"\"

    def __init__(self, rates):
        self.rates = rates

    def setup(self, *, hydra_context, task_function, config):
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments):
        jobs = [(*arguments, f"optimizer.make.lr={rate}") for rate in self.rates]
        first = self.launcher.launch(jobs, initial_job_idx=0)
        best = min(zip(first, self.rates), key=lambda pair: pair[0].return_value)
        (last,) = self.launcher.launch([(*arguments, f"optimizer.make.lr={best[1]}", "seed=1")], initial_job_idx=2)
        print("best", best[1], best[0].return_value, last.return_value)
"""


def finish(folder: RunFolder, config_hash: str, value: float) -> None:
    """Writes the record of a finished run, without a run."""
    folder.make()
    write_json(folder.record, {"config_hash": config_hash, "measure": ERROR, "validation": {"error": value},
                               "test": {"mean": {"error": 1.0}}})  # fmt: skip


def finished(cwd: Path, value: float, *texts: str) -> None:
    address = COMPOSER.address(COMPOSER.job(texts))
    finish(RunFolder(cwd / address.folder), address.config_hash, value)


@final
class Instant(SweepLauncher):
    """Finishes every job at once but those whose command line has 0.002, which fail."""

    def places(self, accelerator):
        return 1

    def execute(self, jobs, console):
        outcomes = []
        for number, job in enumerate(jobs):
            fails = any("0.002" in text for text in job.arguments)
            if not fails:
                finish(RunFolder(job.address.folder), job.address.config_hash, number / 10)
            outcomes.append(Outcome(job, int(fails), 0.0, "the loss was not finite" if fails else ""))
        return outcomes


def launched(tmp_path, *more):
    """A launcher under some sweeper, and jobs of which one is given twice and one fails."""
    texts = ["attention=none", *TINY, f"runs={tmp_path}"]
    config = COMPOSER.compose([*texts, "hydra.launcher.jobs=1"], RunMode.MULTIRUN)
    for key, value in more:
        config.hydra.sweeper[key] = value
    launcher = Instant(1)
    launcher.setup(hydra_context=None, task_function=None, config=config)
    return launcher, [[*texts, RATES[at]] for at in (0, 1, 2, 0)]


def test_a_sweeper_gets_the_validation_value_of_each_job_and_the_reason_of_a_failed_one(tmp_path, capsys):
    launcher, jobs = launched(tmp_path, ("_target_", "mylab.Halving"))
    first, failed, third, again = launcher.launch(jobs, 0)
    assert [one.return_value for one in (first, third, again)] == [0.0, 0.2, 0.0]
    assert failed.status == JobStatus.FAILED and first.overrides == jobs[0]
    with pytest.raises(RunFault, match=r"none/digit_pairs/seed=0-.* failed: the loss was not finite .*run.log"):
        _ = failed.return_value
    out, err = capsys.readouterr()
    assert "1 of 4 jobs were given twice" in out and "2 runs finished, 1 failed" in out
    assert "the loss was not finite" in err
    assert [one.return_value for one in launcher.launch([jobs[2], jobs[0]], 4)] == [0.2, 0.0]  # skipped, and returned
    assert "2 of 2 runs finished before" in capsys.readouterr().out


def test_hydras_own_sweeper_ends_with_the_exit_code_of_the_sweep(tmp_path, capsys):
    launcher, jobs = launched(tmp_path)
    with pytest.raises(SystemExit, match="1"):
        launcher.launch(jobs, 0)
    assert launcher.launch([jobs[0]], 4) == []  # it takes no results; a detached sweep has none


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Finished runs of two rates and two seeds; the second rate is better."""
    cwd = tmp_path_factory.mktemp("study")
    for rate, value in zip(RATES, (0.75, 0.25), strict=False):
        for seed in (0, 1):
            finished(cwd, value + seed / 10, "attention=none", *TINY, rate, f"seed={seed}")
    return cwd


def test_a_sweeper_of_ones_own_goes_by_what_is_returned(study, tmp_path):
    """A class, and a yaml in a folder given as --config-dir: as docs/sweeps.md has it."""
    yaml = tmp_path / "conf/hydra/sweeper/halving.yaml"
    yaml.parent.mkdir(parents=True)
    yaml.write_text("_target_: halving.Halving\nrates: [0.001, 0.002]\n")
    (tmp_path / "halving.py").write_text(SWEEPER)
    code, out, err = call(
        "-m", "--config-dir", str(tmp_path / "conf"), "hydra/sweeper=halving", "attention=none", *TINY, cwd=study,
        PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}",
    )  # fmt: skip
    assert (code, err) == (0, ""), out
    assert out.splitlines()[-1] == "best 0.002 0.25 0.35"


@pytest.mark.parametrize(
    ("plugin", "arguments"),
    [
        ("hydra_joblib_launcher", ["hydra/launcher=joblib", "hydra.launcher.n_jobs=1"]),
        ("hydra_submitit_launcher", ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=2"]),
    ],
)
def test_launchers_of_others_execute_runs(study, plugin, arguments):
    pytest.importorskip(f"hydra_plugins.{plugin}")
    code, out, err = call("-m", *arguments, "attention=none", *TINY, RATES[0], cwd=study)
    assert code == 0, out + err
    said = out + "".join(path.read_text() for path in study.rglob("*_log.out"))  # submitit's, of each job
    assert "finished before, skipped: runs/default/none/digit_pairs/seed=0-" in said


@pytest.mark.parametrize(
    ("plugin", "arguments", "best"),
    [
        (
            "hydra_optuna_sweeper",
            ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2",
             "hydra.sweeper.direction=minimize", "optimizer.make.lr=choice(0.001,0.002)"],
            "0.002",
        ),
    ],
)  # fmt: skip
def test_sweepers_of_others_find_the_best(study, plugin, arguments, best):
    pytest.importorskip(f"hydra_plugins.{plugin}")
    code, out, err = call("-m", *arguments, "attention=none", *TINY, cwd=study)
    assert code == 0, out + err
    (found,) = (study / "runs/default").glob("*optimization_results.yaml")
    assert f"optimizer.make.lr: {best}" in found.read_text().replace("'", "")
