"""The standing of runs, from fabricated folders: every state, damage, JSON, exit codes, watching."""

import io
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fabricated_runs import finished, record, run_folder, unfinished
from rich.console import Console

from benchmark.process import terminal
from benchmark.results.run_folder import RunFolder
from benchmark.results.run_lock import holding
from benchmark.status import __main__ as command
from benchmark.status.show import Watched, lines
from benchmark.status.standing import STATES, Standing
from benchmark.status.studies import Standings, Studies

RIGHT = {"mean": np.array([0.0, 1, 0, 0])}
HERE = {"host": socket.gethostname(), "pid": os.getpid()}
AWAY = {"host": "elsewhere", "pid": 1}
TRAINING = {"state": "running", "message": "training", "epoch": 3, "epochs": 20, "seconds_left": 200.0}


def ago(seconds):
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")


def done(study, attention="ram", seed=0):
    return finished(study, record(attention, "digits", seed, RIGHT), RIGHT, np.zeros(4))


def only(study):
    (found,) = Studies([study]).read().runs
    return found


def run(study, *, locked=False, log="", seed=0, **status):
    """The standing of a run with this status, whose lock this process holds or nobody."""
    folder = RunFolder(unfinished(study, "dram", "digits", seed, **status))
    folder.log.write_text(log)
    (folder.path / ".lock").touch()
    with ExitStack() as stack:
        if locked:
            stack.enter_context(folder.locked())
        return only(study)


def told(capsys, *arguments):
    code = command.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_finished_run_is_done_with_its_result(tmp_path):
    done(tmp_path)
    found = only(tmp_path)
    assert (found.run, found.state, found.result, found.remarks) == (
        "ram/digits/seed=0",
        "done",
        "test error 25.00 %",
        (),
    )


def test_what_the_hash_of_a_name_stands_for_is_said(tmp_path):
    own = {"told": {"differs": {"objective": "vimco", "look.glimpses": 3}, "beyond": {}}}
    finished(tmp_path, record("dram", "digits", 0, RIGHT) | own, RIGHT, np.zeros(4))
    assert lines(Standings([only(tmp_path)]))[0].endswith("test error 25.00 %; objective=vimco look.glimpses=3")


def test_so_is_that_of_a_run_that_is_not_finished(tmp_path):
    found = run(tmp_path, locked=True, updated=ago(1), setting=["objective=vimco", "a\x1bb"], **AWAY, **TRAINING)
    assert lines(Standings([found]))[0].endswith("left; objective=vimco a\\x1bb")
    assert run(tmp_path / "other", locked=True, updated=ago(1), setting=7, **AWAY, **TRAINING).setting == ""


def test_a_held_lock_proves_that_a_run_is_running(tmp_path):
    found = run(tmp_path, locked=True, updated=ago(1), **AWAY, **TRAINING)
    assert (found.state, found.epoch, found.epochs, found.left, found.remarks) == ("running", 3, 20, 200.0, ())
    assert lines(Standings([found]))[0] == "running  dram/digits/seed=0  epoch 3 of 20, 3 min 20 s left"


def test_a_silent_run_whose_lock_is_held_is_running_with_a_remark(tmp_path):
    found = run(tmp_path, locked=True, updated=ago(3600), **HERE, **TRAINING)
    assert found.state == "running" and found.remarks == ("no sign of life for 1 h 00 min",)


def test_a_free_lock_on_this_machine_is_a_dead_run(tmp_path):
    found = run(tmp_path, updated=ago(1), **HERE, **TRAINING)
    assert (found.state, found.left) == ("dead", None)
    assert found.message == "nobody holds its lock: its process is gone (last: training)"


def test_a_process_that_is_gone_is_a_dead_run(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    found = run(tmp_path, updated=ago(1), **TRAINING, host=HERE["host"], pid=process.pid)
    assert found.state == "dead" and found.message.startswith(f"its process {process.pid} is gone")


@pytest.mark.parametrize(("seconds", "state"), [(1, "running"), (600, "running"), (3600, "dead")])
def test_elsewhere_the_last_sign_of_life_decides_as_locks_may_not_reach_here(tmp_path, seconds, state):
    found = run(tmp_path, updated=ago(seconds), **AWAY, **TRAINING)
    assert found.state == state
    assert state == "running" or found.message.startswith("no sign of life for 1 h 00 min, on elsewhere")


def test_a_status_without_a_time_elsewhere_is_dead(tmp_path):
    found = run(tmp_path, updated=None, **AWAY, **TRAINING)
    assert (found.state, found.updated) == ("dead", None) and "its status has no time" in found.message


@pytest.mark.parametrize(("message", "log", "reason"), [
    ("the disk is full", "", "the disk is full"),
    ("", "x\nTraceback (most recent call last):\n  File\nValueError: no\n", "ValueError: no"),
    (None, "", "no message; see run.log"),
])  # fmt: skip
def test_a_failed_run_says_why(tmp_path, message, log, reason):
    found = run(tmp_path, log=log, state="failed", message=message, updated=ago(1), epoch=2, **HERE)
    assert (found.state, found.message, found.epoch) == ("failed", reason, 2)


def test_an_interrupted_run_and_one_that_starts_again(tmp_path):
    stopped = {"state": "interrupted", "message": "stopped by SIGTERM", "epoch": 4, "updated": ago(1)}
    found = run(tmp_path / "a", **stopped, **HERE)
    assert (found.state, found.message, found.epoch) == ("interrupted", "stopped by SIGTERM", 4)
    again = run(tmp_path / "b", locked=True, **stopped, **HERE)
    assert (again.state, again.message, again.epoch) == ("running", "starting", None)


def test_a_folder_without_a_status_starts_or_is_dead(tmp_path):
    folder = run_folder(tmp_path, "dram", "digits", 0)
    assert (only(tmp_path).state, only(tmp_path).message) == ("running", "starting")
    os.utime(folder, (0, 0))
    assert only(tmp_path).state == "dead" and "before it began" in only(tmp_path).message


@pytest.mark.parametrize(("content", "said"), [
    ("{", "is not JSON"), ("[" * 100_000, "nested too deeply"), ("[]", "not a JSON object"), ("\xff", "not JSON"),
    ('{"state": ' + "9" * 400 + "}", "a number of 400 digits"), ("{}", "nothing of its state"),
    ('{"state": null}', "nothing of its state"), ('{"state": ["running"]}', "nothing of its state"),
    ('{"state": "finished"}', "there is no record.json"),
])  # fmt: skip
def test_a_damaged_status_is_a_remark_of_its_run_alone(tmp_path, content, said):
    folder = RunFolder(run_folder(tmp_path, "dram", "digits", 0))
    folder.status.write_bytes(content.encode("latin-1"))
    done(tmp_path)
    damaged, good = Studies([tmp_path]).read().runs
    assert (damaged.state, good.state) == ("damaged", "done") and said in damaged.message
    if "status.json cannot" in damaged.message:
        with folder.locked():
            held = Studies([tmp_path]).read().runs[0]
        assert held.state == "running" and said in held.remarks[0]


@pytest.mark.parametrize("content", ["{", "null", '{"format": 2}', '{"format": 1}', "[" * 100_000])
def test_a_damaged_record_is_a_remark_of_its_run_alone(tmp_path, content):
    (done(tmp_path) / "record.json").write_text(content)
    done(tmp_path, seed=1)
    assert [each.state for each in Studies([tmp_path]).read().runs] == ["damaged", "done"]


def test_a_copy_is_no_run_of_its_own(tmp_path):
    done(tmp_path).rename(tmp_path / "ram/digits/seed=5")
    assert only(tmp_path).state == "damaged" and "is that of ram/digits/seed=0" in only(tmp_path).message
    found = run(tmp_path / "b", locked=True, run="ram/digits/seed=9", updated=ago(1), **TRAINING, **HERE)
    assert found.state == "running" and "is that of ram/digits/seed=9" in found.remarks[0]


@pytest.mark.parametrize("value", [None, "x", [], {}, True, -1, 1e308, float("nan"), float("inf"), 10**17, "\x1b[2J"])
def test_hostile_values_are_harmless(tmp_path, capsys, value):
    hostile = dict.fromkeys(("epoch", "epochs", "seconds_left", "message", "pid", "host", "updated", "run"), value)
    for state in ("running", "failed", "interrupted", value):
        run_folder(tmp_path, f"a{state!r}".replace("\x1b", ""), "digits", 0)
    for number, folder in enumerate(tmp_path.glob("*/*/seed=0")):
        state = ("running", "failed", "interrupted", value)[number]
        (folder / "status.json").write_text(json.dumps({"state": state, **hostile}))
    code, out, _ = told(capsys, tmp_path)
    assert code == 1 and len(out.splitlines()) == 5 and out.replace("\n", "").isprintable()
    assert len(json.loads(told(capsys, tmp_path, "--json")[1])["runs"]) == 4


def test_names_and_long_messages_are_harmless(tmp_path, capsys):
    unfinished(
        tmp_path / "s\x1b]0;x", "d\x1b[2Jram\u202e", "digits", 0, state="failed", message="\x1b[31m[red]" + "x" * 9000
    )
    for arguments in ([tmp_path], [tmp_path, "--json"]):
        code, out, _ = told(capsys, *arguments)
        assert code == 1 and out.replace("\n", "").isprintable() and len(out) < 4000
    line = told(capsys, tmp_path / "s\x1b]0;x")[1].splitlines()[0]
    assert line.startswith(r"failed  d\x1b[2Jram\u202e/digits/seed=0  \x1b[31m[red]xxx")


def test_what_needs_attention_comes_first_and_sums_last(tmp_path, capsys):
    done(tmp_path)
    run_folder(tmp_path, "adaptive", "digits", 0)
    unfinished(tmp_path, "none", "digits", 0, state="failed", message="no memory")
    unfinished(tmp_path, "dram", "digits", 0, state="interrupted", message="stopped", epoch=2)
    code, out, _ = told(capsys, tmp_path)
    assert code == 1
    assert out.splitlines() == [
        "failed       none/digits/seed=0      no memory",
        "interrupted  dram/digits/seed=0      stopped; epoch 2 of 20",
        "running      adaptive/digits/seed=0  starting",
        "done         ram/digits/seed=0       test error 25.00 %",
        "4 runs: 1 failed, 1 interrupted, 1 running, 1 done",
    ]


def test_several_studies_and_a_folder_of_studies(tmp_path, capsys):
    done(tmp_path / "runs/a")
    done(tmp_path / "runs/b")
    whole = told(capsys, tmp_path / "runs")
    assert whole == told(capsys, tmp_path / "runs/b", tmp_path / "runs/a", tmp_path / "runs")
    assert whole[1].splitlines()[0] == "done  a/ram/digits/seed=0  test error 25.00 %" and "2 runs: 2 done" in whole[1]


def test_json_is_one_object(tmp_path, capsys):
    done(tmp_path)
    unfinished(tmp_path, "none", "digits", 0, state="failed", message="no", updated=ago(60), epoch=2)
    code, out, _ = told(capsys, tmp_path, "--json")
    found = json.loads(out)
    bad, good = found["runs"]
    assert code == 1 and found["sums"] == {"failed": 1, "done": 1} and set(found) == {"runs", "sums"}
    assert 59 <= bad.pop("seconds_since_update") <= 120
    assert bad == {
        "folder": str(tmp_path / "none/digits/seed=0"), "study": str(tmp_path), "run": "none/digits/seed=0",
        "state": "failed", "message": "no", "epoch": 2, "epochs": 20, "seconds_left": None, "result": "",
        "setting": "", "remarks": [],
    }  # fmt: skip
    assert (good["state"], good["result"], good["epoch"]) == ("done", "test error 25.00 %", None)


@pytest.mark.parametrize(("state", "code"), [(state, int(state in STATES[:3])) for state in STATES])
def test_the_exit_code_says_whether_a_run_failed(tmp_path, state, code):
    assert Standings([Standing(tmp_path, "a/b/seed=0", state)]).exit_code == code


def test_faults_of_usage_are_told_in_words(tmp_path, capsys):
    assert told(capsys, tmp_path) == (2, "", (
        f"error: {tmp_path} holds no run: give the folder of a study, or of studies, in which runs are named "
        "<attention>/<data>/seed=<n>\n"))  # fmt: skip
    code, _, err = told(capsys, tmp_path / "none\x1b")
    assert code == 2 and err.startswith("error: there is no folder") and "\x1b" not in err
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path), "--json", "--watch"])


def test_nothing_is_written_and_a_folder_that_cannot_be_written_has_an_answer(tmp_path):
    lock = tmp_path / ".lock"
    assert holding(lock) == "free" and not lock.exists()
    lock.mkdir()
    assert holding(lock) in ("free", "unknown")
    lock.rmdir()
    lock.symlink_to("nowhere")
    assert holding(lock) == "unknown" and [*tmp_path.iterdir()] == [lock]
    folder = RunFolder(tmp_path)
    lock.unlink()
    with folder.locked():
        lock.chmod(0o444)
        assert folder.holding() == "held" == folder.holding()
    assert folder.holding() == "free"


def test_a_record_is_read_once_until_it_changes(tmp_path, monkeypatch):
    folder, read = done(tmp_path), []
    monkeypatch.setattr("benchmark.status.standing.read_record", lambda path: read.append(path) or {**made})
    made = json.loads((folder / "record.json").read_text())
    studies = Studies([tmp_path])
    assert studies.read() == studies.read() and len(read) == 1
    (folder / "record.json").write_text("changed")
    studies.read()
    assert len(read) == 2


def test_watching_redraws_until_nothing_has_run_for_a_while(tmp_path, monkeypatch, capsys):
    folder, clock, shown = run_folder(tmp_path, "dram", "digits", 0), [0.0], []
    (folder / "status.json").write_text(json.dumps({**TRAINING, **AWAY, "updated": ago(0)}))

    def sleep(seconds):
        clock[0] += seconds
        shown.append(clock[0])
        if clock[0] == 6:
            (folder / "status.json").write_text(json.dumps({"state": "failed", "message": "no"}))

    monkeypatch.setattr(command.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(command.time, "sleep", sleep)
    monkeypatch.setattr(terminal, "PLAIN_SECONDS", 0.0)
    code, out, _ = told(capsys, tmp_path, "--watch")
    assert code == 1 and shown[-1] == 20.0  # running until 4 s, then 15 s of rest
    assert out.splitlines()[:4] == ["1 run: 1 running"] * 3 + ["1 run: 1 failed"]
    assert out.splitlines()[-2:] == ["failed  dram/digits/seed=0  no", "1 run: 1 failed"]


def test_a_terminal_has_one_line_a_run_and_as_many_as_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("LINES", "7")
    monkeypatch.setenv("COLUMNS", "60")
    for seed in range(6):
        unfinished(tmp_path, "dram", "digits", seed, state="failed", message="[bold]no memory " * 9)
    out = io.StringIO()
    Console(file=out, width=60, force_terminal=True, color_system=None).print(
        Watched(Studies([tmp_path]).read()).drawn()
    )
    drawn = [line.rstrip() for line in out.getvalue().splitlines()]
    assert len(drawn) == 6 and drawn[4:] == ["... and 2 more", "6 runs: 6 failed"]
    assert drawn[0].startswith("failed  dram/digits/seed=0  [bold]no memory") and drawn[0].endswith("…")


def test_the_command_imports_nothing_of_training_or_hydra():
    heavy = ("torch", "hydra", "omegaconf", "numpy", "pytorch_lightning")
    code = f"import sys, benchmark.status.__main__; print([n for n in {heavy} if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
