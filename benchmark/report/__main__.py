"""The command line: python -m benchmark.report runs/<study>."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmark.program import program
from benchmark.report.assemble import assemble
from benchmark.report.files import all_files
from benchmark.report.page import render
from benchmark.report.published import read_published
from benchmark.report.runs import read_study
from benchmark.report.terminal import show


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    words = argparse.ArgumentParser(
        prog="python -m benchmark.report",
        description="Make the report of a study from whatever of its runs exist: finished, failed, still running or "
        "damaged. Writes index.html (one page that needs nothing else), tables.md and CSV files, and "
        "prints the main table.",
        epilog="Example: python -m benchmark.report runs/compare",
    )
    words.add_argument("study", type=Path, help="folder of the study, runs/<study>")
    words.add_argument("--out", type=Path, help="folder to write to (default: the study's own folder report/)")
    words.add_argument(
        "--draws",
        type=int,
        default=2000,
        help="bootstrap draws of each paired comparison (default 2000: the ends of an interval are "
        "good to about a twentieth of its width)",
    )
    words.add_argument(
        "--bootstrap-seed",
        type=int,
        default=0,
        help="seed of the bootstrap, so that a report made twice is the same (default 0)",
    )
    return words


@program
def main(arguments: Sequence[str] | None = None) -> int:
    """Make a report; returns the exit code: 0 made, 1 nothing to report or not written, 2 no such study."""
    asked = parser().parse_args(arguments)
    if asked.draws < 100:
        return fail(f"--draws {asked.draws} is too few for an interval; give 100 or more", 2)
    try:
        study = read_study(asked.study.resolve())
    except FileNotFoundError:
        return fail(f"there is no folder {asked.study}; give the folder of a study, such as runs/compare", 2)
    if not study.finished and not study.unfinished:
        return fail(f"{asked.study} holds no run: nothing named <attention>/<data>/seed=<n> is in it", 1)
    report = assemble(study, np.random.default_rng(asked.bootstrap_seed), asked.draws)
    numbers, _ = read_published()
    folder = asked.out or asked.study / "report"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {**all_files(report, numbers), "index.html": render(report)}.items():
            (folder / name).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        return fail(f"the report could not be written to {folder}: {error.strerror or error}", 1)
    console = Console()
    show(report, numbers, console)
    console.print(f"report: {folder / 'index.html'}", soft_wrap=True, markup=False, highlight=False)
    return 0


def fail(message: str, code: int) -> int:
    """One clear message to the error stream."""
    print(f"report: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
