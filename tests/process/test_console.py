"""What a run and a sweep report, on a terminal and in a file."""

import io
import os
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from benchmark.process import terminal as console
from benchmark.process.terminal import Lasting, Live, Plain, Quiet, Words, of_output, of_run, of_sweep
from benchmark.results.run_folder import RunFolder, write_json
from benchmark.sweep import display
from benchmark.sweep.display import Display, Pace, Running

HEADLINE = {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True}


@pytest.fixture
def job(tmp_path):
    folder = RunFolder(tmp_path / "seed=0")
    folder.make()
    write_json(folder.record, {"measure": HEADLINE, "test": {"mean": {"error": 0.25}}})
    write_json(folder.status, {"pid": 7, "message": "training", "epoch": 2, "epochs": 4, "step": 5, "steps": 10,
                               "seconds_left": 65.0})  # fmt: skip
    return Running("ram/digits/seed=0", folder, time.monotonic(), lambda status: status.get("pid") == 7)


def terminal():
    out = io.StringIO()
    return out, Terminal(file=out, force_terminal=True, width=80, color_system=None)


def test_a_file_gets_lines_and_progress_now_and_then(monkeypatch):
    out, clock = io.StringIO(), [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    shown = Plain(out)
    for second in range(0, 60, 5):
        clock[0] = float(second)
        shown.now(Words(f"at {second} s"))
    shown.line("an epoch")
    clock[0] = 74.0
    shown.now(Words("at 74 s"))
    shown.outcome("it failed", failed=True)
    shown.close()
    assert out.getvalue().splitlines() == ["at 20 s", "at 40 s", "an epoch", "it failed"]


def test_a_terminal_keeps_lines_and_takes_progress_away(monkeypatch):
    out, shown = terminal()
    with Live(shown) as live:
        live.now(Words("step 1 " + "." * 200))
        live.now(Words("too soon"))
        live.line("an epoch " + "x" * 100)
        live.note("not here")
        live.outcome("good", failed=False)
        live.outcome("bad", failed=True)
    said = out.getvalue()
    assert "step 1 " in said and "." * 81 not in said and "too soon" not in said and "not here" not in said
    assert "an epoch " + "x" * 100 + "\n" in said and "✓ good\n" in said and "✗ bad\n" in said
    assert said.rindex("\x1b[2K") > said.rindex("step 1")


def test_the_console_suits_where_it_writes_to(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert isinstance(of_run(False), Quiet)
    assert isinstance(of_run(True), Lasting) and isinstance(of_output(True), Plain)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert isinstance(of_sweep(False), Lasting) and isinstance(of_output(False), Plain)
    with of_output(True) as shown:
        assert isinstance(shown, Live)


@pytest.mark.parametrize(
    ("opened", "kind"),
    [(os.pipe, Plain), (os.openpty, Plain), (os.openpty, lambda out: Live(Terminal(file=out, force_terminal=True)))],
)
def test_what_is_executed_goes_on_where_nobody_listens_any_more(monkeypatch, caplog, opened, kind):
    """A closed pipe, as of `| head`, and a terminal that is gone."""
    caplog.set_level("INFO")
    reading, writing = opened()
    with os.fdopen(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        told = Lasting(kind(out))
        os.close(reading)
        assert_goes_on(told, caplog, out)


def test_what_is_executed_goes_on_where_the_disk_of_its_output_is_full(monkeypatch, caplog):
    caplog.set_level("INFO")
    with Path("/dev/full").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert_goes_on(Lasting(Plain(out)), caplog, out)
    assert "No space left on device" in caplog.text


def assert_goes_on(told, caplog, out):
    with told:
        told.line("an epoch")
        told.now(Words("step 2"))
        told.outcome("another", failed=False)
    assert sys.stdout is out  # and not what rich had in its place
    print("a summary", flush=True)
    said = [record.message for record in caplog.records]
    assert (said[0], said[-1], len(said)) == ("an epoch", "another", 3)
    assert said[1].startswith("the output cannot be written: ") and said[1].endswith("; goes on without it")


def test_a_sweep_reports_in_lines(job, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(console, "PLAIN_SECONDS", 0.0)
    shown = Display(Pace(2, 1), Plain(out))
    shown.started(job)
    shown.tick([job], 1)
    shown.ended(job, 60.0, "")
    shown.elsewhere(job)
    shown.started(job)
    shown.ended(job, 60.0, "no memory")
    lines = out.getvalue().splitlines()
    assert lines[:2] == [
        "run 1 of 2 started: ram/digits/seed=0",
        "0 of 2 runs done, 2 min 10 s left. ram/digits/seed=0 epoch 2 of 4, 1 min 05 s left",
    ]
    assert lines[2] == "1 of 2 runs done: ram/digits/seed=0 finished in 1 min 00 s, test error 25.00 %"
    assert lines[3:5] == [
        "ram/digits/seed=0: another process is executing it; waiting",
        "run 1 of 2 started: ram/digits/seed=0",
    ]
    assert lines[5] == f"2 of 2 runs done: ram/digits/seed=0 failed: no memory (log: {job.folder.log})"


def test_a_sweep_draws_its_jobs_on_a_terminal(job):
    out, shown = terminal()
    with Live(shown) as live:
        Display(Pace(2, 1), live).tick([job], 1)
    assert "epoch 2 of 4, 1 min 05 s left" in out.getvalue() and "0 of 2 runs" in out.getvalue()
    assert display.view(job).share == 0.5
