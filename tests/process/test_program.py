"""Every program prints on any terminal, and what the system refuses is one line that says what to do."""

import argparse
import ast
import errno
import importlib
import io
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import ERROR as HEADLINE
from fabricated_runs import finished, record
from rich.console import Console
from run_helpers import ROOT, call

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.program import program, system_fault
from benchmark.process.signals_and_log import Stopped
from benchmark.process.terminal import Live
from benchmark.report.__main__ import main as report
from benchmark.results.run_folder import RunFolder, write_json
from benchmark.sweep.display import Display, Pace, Running
from datamodules.contract import DataFault

sys.path.insert(0, str(ROOT / "scripts"))

SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py") if "__main__" in path.read_text())
COMMANDS = [
    "benchmark.run",
    "benchmark.report.__main__",
    "benchmark.status.__main__",
    "benchmark.caption",
    "benchmark.check.__main__",
    "benchmark.evaluate",
    *(f"benchmark.commands.{name}" for name in ("fetch", "check_data", "score_captions", "server_results")),
]


def terminal(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


def text(stream):
    return stream.buffer.getvalue().decode(stream.encoding)


def raising(error):
    @program
    def main():
        raise error

    return main


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_any_text_can_be_printed_on_any_terminal(monkeypatch, encoding):
    out = terminal(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    program(lambda: print("✓ dram — 3 × 4 Ärger \udcff 猫"))()
    signs = {"utf-8": ("✓", "—", "×", "Ä", "猫"), "ascii": ("+", "-", "x", "\\xc4", "\\u732b"),
             "latin-1": ("+", "-", "×", "Ä", "\\u732b"), "cp1252": ("+", "—", "×", "Ä", "\\u732b")}  # fmt: skip
    tick, dash, times, umlaut, cat = signs[encoding]
    assert text(out) == f"{tick} dram {dash} 3 {times} 4 {umlaut}rger \\udcff {cat}\n"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_the_display_of_a_sweep_lives_on_any_terminal(monkeypatch, tmp_path, encoding):
    out = terminal(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    folder = RunFolder(tmp_path / "kätzchen")
    folder.make()
    write_json(folder.record, {"measure": HEADLINE, "test": {"mean": {"error": 0.25}}})
    job = Running("none/kätzchen", folder, 0.0, bool)

    @program
    def sweep():
        console = Live(Console(file=sys.stdout, force_terminal=True, width=100))
        shown = Display(Pace(2, 1), console)
        shown.tick([job], 1)
        shown.ended(job, 2.0, "")
        shown.ended(job, 2.0, "a reason — that nobody can print")
        console.close()

    assert sweep() == 0
    assert "+ 1 of 2 runs done: none/k" in text(out) and "x 2 of 2 runs done: none/k" in text(out)
    assert "2 left" not in text(out)[-40:]


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_the_report_ends_well_on_any_terminal(monkeypatch, tmp_path, encoding):
    wrong = {"mean": np.arange(40) < 8}
    for name in ("dram", "ram"):
        finished(tmp_path / "study", record(name, "mnist_pairs", 0, wrong), wrong, np.zeros(40))
    out = terminal(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert report([str(tmp_path / "study")]) == 0
    assert text(out).rstrip().endswith("index.html") and "dram" in text(out)


def test_a_sweep_on_a_latin_terminal_starts_its_jobs(tmp_path):
    """The faults of all jobs are told before the first starts, in signs that the terminal has."""
    code, out, err = call(
        "-m", "attention=none", "data.canvas=20,-5", "study=a", cwd=tmp_path, PYTHONIOENCODING="latin-1"
    )
    first, *rest = out.splitlines()
    assert (code, first) == (2, "checking 2 jobs")
    assert all(line.startswith("checked ") for line in rest)  # where the checks take 20 seconds
    assert err.startswith("error: none/digit_pairs/seed=0") and err.count("\n") == 1
    assert "data.canvas: has to be a whole number of at least 1, and not -5" in err
    assert not (tmp_path / "runs").exists() or not [*(tmp_path / "runs").rglob("status.json")]


@pytest.mark.parametrize(("error", "code", "line"), [
    (ConfigFault(["a: wrong", "b: wrong"]), 2, "error: a: wrong\nerror: b: wrong\n"),
    (RunFault("no"), 1, "error: no\n"),
    (DataFault("no file"), 1, "error: no file\n"),
    (PermissionError(errno.EACCES, "x", "/d/f"), 1,
     "error: /d/f: permission denied. Change its rights, or name another place\n"),
    (OSError(errno.ENOSPC, "x"), 1, "error: the disk is full. Free some space and start it again\n"),
    (OSError("an odd one"), 1, "error: an odd one\n"),
    (KeyboardInterrupt(), 130, "error: interrupted\n"),
    (BrokenPipeError(), 0, ""),
])  # fmt: skip
def test_what_a_user_can_mend_is_told_in_lines(monkeypatch, capsys, error, code, line):
    monkeypatch.setattr("benchmark.process.program.discard_output", lambda stream: None)
    assert raising(error)() == code
    assert capsys.readouterr().err == line


def test_a_defect_is_raised():
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())()


def test_an_error_that_hydra_wrapped_is_told_by_its_cause(capsys):
    from hydra.errors import InstantiationException

    wrapped = InstantiationException("Error in call to target")
    wrapped.__cause__ = FileNotFoundError(errno.ENOENT, "x", "a.ckpt")
    assert raising(wrapped)() == 1
    assert capsys.readouterr().err == "error: a.ckpt: there is no such file or folder. Check the path\n"


def refused(path):
    with pytest.raises(OSError) as caught:
        path.open("w" if path.name != "r" else "r")
    return system_fault(caught.value)


def test_the_system_is_quoted_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "r").symlink_to("gone")
    assert refused(tmp_path / "folder").endswith("it is a folder, not a file. Name a file")
    assert "a part of this path is a file" in refused(tmp_path / "file" / "a")
    assert "the name is too long. Choose a shorter one" in refused(tmp_path / ("a" * 300))
    assert refused(tmp_path / "r").endswith("r: it is a link to gone, which is not there. Check the path")
    assert "no such file" in refused(tmp_path / "nowhere" / "a")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_behind_the_output_is_one_line():
    told = "from benchmark.process.program import program; import sys; sys.exit(program(lambda: print('a'))())"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: the disk is full. Free some space and start it again\n")


def test_every_program_of_the_scripts_is_guarded():
    """What stands under `if __name__ == "__main__"` calls a main that `program` surrounds."""
    for name in SCRIPTS:
        module, tree = importlib.import_module(name), ast.parse((ROOT / "scripts" / f"{name}.py").read_text())
        calls = [node for node in ast.walk(tree.body[-1]) if isinstance(node, ast.Call)]
        (ended,) = [node for node in calls if ast.unparse(node.func) == "sys.exit"]
        called = ended.args[0]
        assert isinstance(called, ast.Call)
        main = eval(ast.unparse(called.func), vars(module))
        assert hasattr(main, "__wrapped__"), name


@pytest.mark.parametrize("name", [*COMMANDS, *SCRIPTS])
def test_what_the_system_refuses_a_program_is_one_line(monkeypatch, capsys, name):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "x", "somewhere")

    for way in ("parse_args", "parse_intermixed_args", "parse_known_intermixed_args"):
        monkeypatch.setattr(argparse.ArgumentParser, way, full)
    for module in ("captioning", "evaluating"):
        monkeypatch.setattr(f"benchmark.{module}.parse_arguments", full)
    monkeypatch.setattr(sys, "argv", [name, "run=x"])
    module = importlib.import_module(name)
    if main := getattr(module, "main", None):
        assert main() == 1
    else:  # it hands what it measures to the main that such scripts share
        assert importlib.import_module("measuring").main(None, argparse.ArgumentParser(), "") == 1
    assert capsys.readouterr().err == "error: somewhere: the disk is full. Free some space and start it again\n"


def test_a_stopped_program_says_that_it_resumes(capsys):
    assert raising(Stopped(signal.SIGTERM))() == 143
    assert capsys.readouterr().err == "error: stopped by SIGTERM; started again, it resumes\n"
