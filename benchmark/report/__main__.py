"""The command line of the report: python -m benchmark.report runs/<study>."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmark.process.program import program
from benchmark.report.analysis.published import read_published
from benchmark.report.read.runs import read_study
from benchmark.report.write.assemble import assemble
from benchmark.report.write.boundary import make_report
from benchmark.report.write.files import all_files
from benchmark.report.write.page import render
from benchmark.report.write.terminal import show
from benchmark.results.run_folder import write_whole

IN_FILES = 400
"""Columns of the table where it is written to a file or a pipe, which have no width of their own."""


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m benchmark.report",
        description="Make the report of a study from the runs that exist: finished, failed, still running or damaged. "
        "Writes index.html (one self-contained page), tables.md and CSV files, and prints the main table.",
        epilog="Example: python -m benchmark.report runs/compare",
    )
    made.add_argument("study", type=Path, help="folder of the study, runs/<study>")
    made.add_argument("--out", type=Path, help="folder to write to (default: the study's own folder report/)")
    return made


@program
def main(arguments: Sequence[str] | None = None) -> int:
    """Make a report. Exit code: 0 made, 1 nothing to report or some files not written, 2 no such study."""
    given = parser().parse_args(arguments)
    try:
        study = read_study(given.study.resolve())
    except FileNotFoundError:
        return fail(f"there is no folder {given.study}; give the folder of a study, such as runs/compare", 2)
    if not study.finished and not study.unfinished:
        return fail(f"{given.study} holds no run: nothing named <attention>/<data>/seed=<n> is in it", 1)
    numbers = read_published()
    report, texts, faults = make_report(
        study,
        assemble,
        [lambda whole: all_files(whole, numbers), lambda whole: {"index.html": render(whole)}],
    )
    folder = given.out or given.study / "report"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text.encode("utf-8", "replace"))
    except OSError as error:
        return fail(f"the report could not be written to {folder}: {error.strerror or error}", 1)
    console = Console() if sys.stdout.isatty() else Console(width=IN_FILES)
    show(report, numbers, console)
    console.print(f"report: {folder / 'index.html'}", soft_wrap=True, markup=False, highlight=False)
    return fail(" ".join(faults), 1) if faults else 0


def fail(message: str, code: int) -> int:
    """Prints a message to the error stream; returns the exit code."""
    print(f"report: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
