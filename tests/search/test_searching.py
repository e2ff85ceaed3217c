"""Searches of which a launcher makes up the runs: what is proposed, told, resumed, pruned, counted and written."""

import copy
import json
import math
import re
import signal
import socket
from functools import cache
from pathlib import Path

import pytest
import yaml
from optuna.trial import TrialState
from run_helpers import composer

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.compose import Composer
from benchmark.process.terminal import Quiet
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.results.run_id import RunId
from benchmark.search import command
from benchmark.search.best_settings import write_experiment
from benchmark.search.judging import pruned_after
from benchmark.search.ranges import search_range
from benchmark.search.request import search_request
from benchmark.search.searching import conclude, seconds_of, validation_of
from benchmark.search.summary import row_of
from benchmark.search.trial_studies import JOURNAL, SECONDS_OF_RUNS, TrialStudy, journal
from benchmark.search.watching import RunningTrial, TrialConsole, Watch, stopped
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.jobs import RESUMES, Job, Outcome
from benchmark.sweep.slurm_queue import SlurmTicket, keep_ticket

COMPOSER = composer()
ERROR = Headline("error", "error", higher_is_better=False, percent=True, binary=True)
TEST = 0.987654321
"""The test error of all runs, which nobody may see."""
ENDED = f"finished in 3 s, test error {100 * TEST:.2f} %"
EPOCHS = 4
TEXTS = ["attention=none,cnn_weak", "data=digit_pairs", "optimizer.make.lr=tag(log,interval(1e-4,1e-2))", "study=s",
         f"trainer.max_epochs={EPOCHS}", "progress=false", "sampler.n_startup_trials=2", "together=2", "warmup=0.25",
         "pruner.n_startup_trials=2"]  # fmt: skip


class Quick:
    """The composer, which composes jobs once that differ in their learning rate alone."""

    def __init__(self):
        self._composed = {}

    def __getattr__(self, name):
        return getattr(COMPOSER, name)

    def compose(self, overrides, mode):
        return COMPOSER.composed_once(overrides)

    def job(self, overrides):
        rates = [text for text in overrides if text.startswith(LR)]
        others = tuple(text for text in overrides if text not in rates)
        if others not in self._composed:
            self._composed[others] = COMPOSER.job(others)
        found = copy.deepcopy(self._composed[others])
        for text in rates:
            found.optimizer.make.lr = float(text.removeprefix(LR))
        return found


QUICK = Quick()
LR = "optimizer.make.lr="


def error_of(job: Job) -> float:
    """The made up validation error: least at a learning rate of 0.001."""
    (lr,) = (text.partition("=")[2] for text in job.arguments if text.startswith(LR))
    return min(1.0, abs(math.log10(float(lr)) + 3) / 2)


def curve(folder: RunFolder, *values: float) -> None:
    """The validation errors after so many epochs."""
    folder.make()
    write_json(folder.status, {"state": "running", "pid": 4, "host": socket.gethostname(), "epochs": EPOCHS})
    lines = [{"step": epoch, "epoch": epoch, "val/error": value} for epoch, value in enumerate(values)]
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))


def finish(job: Job) -> None:
    """The run of a job, as if it were finished."""
    address, error = job.address, error_of(job)
    folder = RunFolder(address.folder)
    curve(folder, *(error + 0.01 * left for left in reversed(range(EPOCHS))))
    identity = {key: getattr(address, key) for key in ("attention", "data", "seed", "setting", "config_hash")}
    write_json(folder.record, {
        **identity, "measure": ERROR._asdict(), "validation": {"error": error}, "test": {"mean": {"error": TEST}},
        "cost": {"train_seconds": 3.0},
    })  # fmt: skip


class MadeUp(SweepLauncher):
    """Finishes runs at once; `failing` says why one fails, and after `most` runs the process is killed."""

    def __init__(self, most=10**6, failing=lambda job: ""):
        super().__init__(threads=1)
        self.left, self.failing, self.jobs_done = most, failing, []

    def places(self, accelerator):
        return 4

    def execute(self, jobs, console):
        outcomes = []
        for job in jobs:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            self.jobs_done.append(job)
            message = self.failing(job)
            if not message:
                finish(job)
            outcomes.append(Outcome(job, int(bool(message)), 2.0, message))
            console.outcome(f"1 of 1 runs done: {job.address.name} {'failed: x' if message else ENDED}", bool(message))
        return outcomes


@cache
def parsed(texts):
    return search_request(COMPOSER, texts)


@pytest.fixture
def searched(tmp_path, monkeypatch):
    """Carries out a search with a made up launcher, in a folder of its own."""

    def run(*more, launcher=None, place="here"):
        (tmp_path / place).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / place)
        launcher = launcher or MadeUp()

        def ready(config, who):
            launcher.setup(hydra_context=None, task_function=None, config=config)
            return launcher

        def usual(composer, request, console):
            return {each: composer.job(request.of_runs(each, [])[0]) for each in request.mechanisms}

        monkeypatch.setattr(command, "ready", ready)
        monkeypatch.setattr(command, "search_request", lambda composer, texts: parsed(tuple(texts)))
        monkeypatch.setattr(command, "refuse_impossible", usual)  # tested by itself
        monkeypatch.setattr("benchmark.sweep.planning.building_faults", lambda config, resumes: [])
        code = command.search(QUICK, [*TEXTS, *more], dry=False)
        return code, json.loads(Path("runs/s/search.json").read_text())["mechanisms"], launcher

    return run


def proposals(mechanisms):
    return [[trial["setting"] for trial in each["trials"]] for each in mechanisms]


def test_every_mechanism_has_the_same_budget_and_optuna_sees_no_test_number(searched, capsys):
    code, found, launcher = searched("budget=5")
    assert code == 0 and [len(each["trials"]) for each in found] == [5, 5]
    first, second = proposals(found)
    assert first[:2] == second[:2] and first[0] != first[1]  # both begin with the same random settings
    for each in found:
        values = [trial["value"] for trial in each["trials"] if trial["state"] == "finished"]
        assert each["best"] == min(values) and each["seconds"] == 10.0 and each["finished"] + each["pruned"] == 5
        path = Path(f"runs/s/best/experiment/s_{each['attention']}_digit_pairs.yaml")
        best = next(trial for trial in each["trials"] if trial["value"] == each["best"])
        assert yaml.safe_load(path.read_text())["trainer"] == {"max_epochs": EPOCHS}
    there = Composer("runs/s/best")
    written = there.address(there.job([f"experiment={path.stem}"]))
    assert written.config_hash == read_json(Path(best["folders"][0], "record.json"))["config_hash"]
    out = capsys.readouterr().out
    for text in (Path("runs/s", JOURNAL).read_text(), Path("runs/s/search.json").read_text(), out):
        assert str(TEST) not in text and f"{100 * TEST:.2f}" not in text  # neither Optuna nor the table
    assert '"values":[' in Path("runs/s", JOURNAL).read_text()
    assert re.search(r"^none +digit_pairs +\d+\.\d\d % ", out, re.MULTILINE) and "mean over" not in out
    assert {job.address.seed for job in launcher.jobs_done} == {0} and len(launcher.jobs_done) == 10


def test_a_killed_search_goes_on_as_if_nothing_had_been(searched):
    """Killed in each batch, with half a line in the journal and a lock left; finished runs are not executed again."""
    _, undisturbed, _ = searched("budget=4", place="undisturbed")
    done = []
    for most in (1, 4):
        launcher = MadeUp(most)
        with pytest.raises(KeyboardInterrupt):
            searched("budget=4", launcher=launcher)
        done += launcher.jobs_done
        with Path("runs/s", JOURNAL).open("a") as file:
            file.write('{"op_code": 6, "wor')
        Path("runs/s", f"{JOURNAL}.lock").symlink_to(JOURNAL)
    code, found, launcher = searched("budget=4")
    assert code == 0 and proposals(found) == proposals(undisturbed)
    assert [each["best"] for each in found] == [each["best"] for each in undisturbed]
    folders = [job.address.folder for job in [*done, *launcher.jobs_done]]
    assert len(folders) == len(set(folders)) == 8


def test_a_search_is_continued_with_a_larger_budget_and_refused_with_other_settings(searched):
    _, before, _ = searched("budget=2")
    _, found, launcher = searched("budget=3")
    assert [each[:2] for each in proposals(found)] == proposals(before) and len(launcher.jobs_done) == 2
    with pytest.raises(ConfigFault) as fault:
        searched("budget=3", "++warmup=0.5", "seed=1", "look.hidden=16")
    said = str(fault.value)
    assert "warmup was 0.25 and is 0.5" in said and "seed was [0] and is [1]" in said and "fixed was " in said
    assert "Give this one study=NAME" in said


def test_a_failed_trial_counts_and_one_that_was_killed_stays_open_and_is_repeated(searched, capsys):
    def failing(job):
        return "the loss is not finite" if error_of(job) > 0.3 and job.address.attention == "none" else ""

    code, found, _ = searched("budget=3", launcher=MadeUp(failing=failing))
    assert code == 0 and found[0]["failed"] >= 1 and found[1]["failed"] == 0
    assert found[0]["failed"] + found[0]["finished"] + found[0]["pruned"] == 3
    assert any(trial["message"] == "the loss is not finite" for trial in found[0]["trials"])
    assert "its best is of fewer, though its budget is the same" in capsys.readouterr().out
    code, found, launcher = searched(
        "budget=2", place="killed", launcher=MadeUp(failing=lambda job: "killed by SIGKILL; started again, it resumes")
    )
    assert code == 1 and [each["open"] for each in found] == [2, 2] and len(launcher.jobs_done) == 4
    assert "4 trials are open" in capsys.readouterr().out
    code, again, _ = searched("budget=2", place="killed")
    assert code == 0 and [each["open"] for each in again] == [0, 0] and proposals(again) == proposals(found)


def test_a_search_stops_at_a_full_disk_and_goes_on_as_if_nothing_had_been(searched):
    """A trial whose checkpoint found no room has not failed, and nothing is proposed without its result."""
    _, undisturbed, _ = searched("budget=4", place="undisturbed")
    full = (
        "cannot write last.ckpt: the disk is full. Files already there are intact. Free some space and start it again"
    )
    launcher = MadeUp(failing=lambda job: full if len(launcher.jobs_done) > 3 else "")
    with pytest.raises(RunFault, match=r"last\.ckpt: the disk is full"):
        searched("budget=4", launcher=launcher)
    assert len(launcher.jobs_done) == 4  # a batch: the next one is not begun
    code, found, _ = searched("budget=4")
    assert code == 0 and proposals(found) == proposals(undisturbed) and [each["failed"] for each in found] == [0, 0]
    assert [each["best"] for each in found] == [each["best"] for each in undisturbed]


def test_several_seeds_are_the_runs_of_one_trial(searched, capsys):
    _, found, launcher = searched("budget=1", "seed=0,1")
    assert [len(trial["folders"]) for each in found for trial in each["trials"]] == [2, 2]
    assert {job.address.seed for job in launcher.jobs_done} == {0, 1} and len(launcher.jobs_done) == 4
    assert "mean over 2 seeds" in capsys.readouterr().out


def study_of(place, headline, proposals=0):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from benchmark.search.settings import SearchSettings

    (lr,) = OverridesParser.create().parse_overrides(["optimizer.make.lr=interval(0.001,0.01)"])
    sampler = {"_target_": "optuna.samplers.RandomSampler"}
    pruner = {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 2, "n_min_trials": 1}
    settings = SearchSettings(9, proposals, None, 0.5, 0.01, None, sampler, pruner)
    return TrialStudy(journal(place), ("ram", "digits"), headline, [search_range(lr)], settings, {})


@pytest.fixture
def study(tmp_path):
    found = study_of(tmp_path, ERROR)
    for value in (0.2, 0.4):
        number = found.propose()
        for epoch in range(EPOCHS):
            found.report(number, epoch, value)
        found.study.tell(number, value)
    return found


@pytest.mark.parametrize(("higher", "best"), [(True, 0.9), (False, 0.1)])
def test_what_is_picked_is_the_best_by_the_measure(tmp_path, higher, best):
    study = study_of(tmp_path, Headline("score", "score", higher_is_better=higher, percent=False, binary=False))
    for value in (0.3, 0.9, 0.1, 0.4):
        number = study.propose()
        study.report(number, 0, value)
        study.study.tell(number, value)
    found = row_of(study)
    assert (found.best, found.median) == (best, pytest.approx(0.35)) and study.study.best_value == best
    assert found.setting == study.changes([0.3, 0.9, 0.1, 0.4].index(best)) and found.counts["finished"] == 4
    number = study.propose()
    study.report(number, 0, 1 - best)
    assert study.would_prune(number)
    number = study.propose()
    study.report(number, 0, best)
    assert not study.would_prune(number)


def test_the_best_setting_keeps_the_protocol_that_it_was_found_in(tmp_path):
    given = ["experiment=table1_ram", "optimizer=sgd", "optimizer.make.lr=0.5", "seed=3", "data.root=here"]
    path = write_experiment(tmp_path, "found", COMPOSER, given, ["data.root"], "by a search")
    assert yaml.safe_load(path.read_text()) == {
        "defaults": ["table1_ram", {"override /optimizer": "sgd"}, "_self_"], "optimizer": {"make": {"lr": 0.5}},
    }  # fmt: skip


def test_proposals_follow_their_seed(tmp_path):
    found = {}
    for name, proposals in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        study = study_of(tmp_path / name, ERROR, proposals)
        found[name] = [study.changes(study.propose()) for _ in range(2)]
    assert found["a"] == found["b"] != found["c"] and found["a"][0] != found["a"][1]


def test_a_trial_s_value_is_the_mean_of_its_seeds_on_the_validation_split(study, tmp_path):
    folders = runs(tmp_path, [0.1], [0.4])
    for folder, value in zip(folders, (0.1, 0.4), strict=True):
        write_json(folder.record, {"validation": {"error": value}, "test": {"mean": {"error": TEST}}})
    assert validation_of(RunningTrial(study, 0, folders)) == pytest.approx(0.25)


def runs(tmp_path, *curves):
    folders = [RunFolder(tmp_path / "ram" / "digits" / f"seed={seed}") for seed in range(len(curves))]
    for folder, values in zip(folders, curves, strict=True):
        curve(folder, *values)
    return folders


@pytest.mark.parametrize(
    "curves, epoch",
    [
        ([[0.9]], None),  # still warming up
        ([[0.9, 0.5]], 2),
        ([[0.9, 0.25]], None),  # better than the median, 0.3
        ([[0.9, 0.25, 0.9]], None),  # its best value counts
        ([[0.9, 0.5], [0.9, 0.0]], None),  # the mean of two seeds
        ([[0.9, 0.5], [0.9]], None),  # the other seed is not so far
        ([[0.2, 0.2, 0.2, 0.9]], None),
    ],
)
def test_a_trial_is_pruned_where_it_is_worse_than_the_median_at_its_epoch(study, tmp_path, curves, epoch):
    folders, number = runs(tmp_path, *curves), study.propose()
    assert pruned_after(study, number, folders, warmup=0.5) == epoch
    assert pruned_after(study, number, folders, warmup=0.5) == epoch  # asked again, it is the same


def test_a_trial_is_not_pruned_at_its_end_nor_while_a_run_has_not_said_how_long_it_is(study, tmp_path):
    folders, number = runs(tmp_path, [0.9] * EPOCHS), study.propose()
    assert pruned_after(study, number, folders, warmup=1.0) is None
    folders, number = runs(tmp_path, [0.9, 0.9], [0.9, 0.9]), study.propose()
    write_json(folders[1].status, {"state": "running", "pid": 4, "host": socket.gethostname()})
    assert pruned_after(study, number, folders, warmup=0.5) is None


def test_a_pruned_trial_is_stopped_and_is_no_failure(study, tmp_path, monkeypatch):
    (folder,), number, said, killed = runs(tmp_path, [0.9, 0.5]), study.propose(), [], []
    console = TrialConsole(Quiet())
    monkeypatch.setattr(Quiet, "line", lambda self, text: said.append(text))
    monkeypatch.setattr(Quiet, "outcome", lambda self, text, failed: said.append(text))
    monkeypatch.setattr("os.kill", lambda *signals: killed.append(signals))
    monkeypatch.setattr("benchmark.search.watching.stopped.__defaults__", (lambda *pair: killed.append(pair),))
    trial = RunningTrial(study, number, [folder])
    with folder.locked():
        Watch([trial], 0.5, 1.0, console).look()
    assert killed == [(4, signal.SIGTERM)]
    console.outcome("1 of 2 runs done: ram/digits/seed=0 failed: stopped by SIGTERM", failed=True)
    assert said == ["trial 3 of ram/digits is pruned after epoch 2", "1 of 2 runs done: ram/digits/seed=0 stopped"]
    outcome = Outcome(Job(None, []), 143, 7.0, "stopped by SIGTERM; started again, it resumes")
    conclude(trial, {folder.path: outcome}, 0.5, console)
    assert study.trials[number].state == TrialState.PRUNED and study.trials[number].user_attrs["seconds"] == 7.0
    assert read_json(folder.status)["message"] == "pruned after epoch 2 by a search"


def test_a_run_on_another_machine_cannot_be_stopped_by_a_signal(tmp_path, monkeypatch):
    (folder,) = runs(tmp_path, [0.9])
    assert stopped(folder)  # nobody executes it
    write_json(folder.status, {"state": "running", "pid": 4, "host": "elsewhere"})
    with folder.locked():
        assert not stopped(folder)
        cancelled: list[str] = []
        monkeypatch.setattr("benchmark.search.watching.cancel", cancelled.extend)
        keep_ticket(folder.path, SlurmTicket("12_3", "log"))
        assert stopped(folder) and cancelled == ["12_3"]  # in a Slurm cluster it can


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:9] + b"\x00\x01" + whole[11:],
        lambda whole: b"\xff" + whole,
        lambda whole: b"[1]\n" + whole,
        lambda whole: b'{"op_code": 99, "worker_id": "x"}\n' + whole,
        lambda whole: bytes(len(whole)),
    ],
)
def test_a_damaged_journal_is_named_with_what_to_do(study, tmp_path, damage):
    place = tmp_path / JOURNAL
    whole = place.read_bytes()
    place.write_bytes(damage(whole))
    with pytest.raises(RunFault, match=r"search\.journal is damaged.*Restore a copy, or delete it"):
        journal(tmp_path)
    assert place.read_bytes() == damage(whole)


def test_what_a_killed_process_left_of_a_line_is_removed(study, tmp_path):
    place = tmp_path / JOURNAL
    whole = place.read_bytes()
    place.write_bytes(whole + b'{"op_code": 5, "wor')
    journal(tmp_path)
    assert place.read_bytes() == whole


def test_the_seconds_of_a_trial_count_each_process_once(study, tmp_path):
    """Seed 0 took 100 s; seed 1 was stopped after 50 s, and took 60 s when it was started again."""
    number = study.propose()
    folders = [RunFolder(tmp_path / f"seed={seed}") for seed in (0, 1)]
    for folder in folders:
        folder.make()
    trial = RunningTrial(study, number, folders)
    jobs = [Job(RunId(str(tmp_path), "s", "ram", "digits", seed, "", {}, "", {}, "abc"), []) for seed in (0, 1)]
    write_json(folders[0].record, {"cost": {"train_seconds": 90.0}})
    first = {folders[0].path: Outcome(jobs[0], 0, 100.0, ""), folders[1].path: Outcome(jobs[1], 1, 50.0, RESUMES)}
    study.note(number, SECONDS_OF_RUNS, seconds_of(trial, first))
    write_json(folders[1].record, {"cost": {"train_seconds": 100.0}})
    assert sum(seconds_of(trial, {folders[1].path: Outcome(jobs[1], 0, 60.0, "")}).values()) == 210.0
