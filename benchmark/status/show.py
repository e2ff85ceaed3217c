"""Standings as lines of text, drawn on a terminal, and as JSON."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from rich.console import Group, RenderableType
from rich.text import Text

from benchmark.process.terminal import Progress, span
from benchmark.status.standing import ENDED_BADLY, Standing
from benchmark.status.studies import Standings
from datamodules.printable import printable

STYLES = {**dict.fromkeys(ENDED_BADLY, "red"), "interrupted": "yellow", "running": "cyan", "done": "green"}
BESIDE_RUNS = 3
"""Lines of a terminal that are not a run's: how many more there are, the sums, and the cursor."""


def detail(run: Standing) -> str:
    """What is to be said of a run besides its state."""
    epoch = "" if run.epoch is None else f"epoch {run.epoch} of {run.epochs or '?'}"
    if run.state == "running" and run.message == "training" and epoch:
        said = [f"{epoch}, {span(run.left)} left"]
    elif run.state == "running":
        said = [run.message or "running"]
    else:
        said = [run.result or run.message, epoch]
    return "; ".join(part for part in (*said, run.setting, *run.remarks) if part)


def names(found: Standings) -> list[str]:
    """The name of each run: within its study, with the study's name where there are several."""
    studies = {study_of(run) for run in found.runs}
    shared = os.path.commonpath([path.parent for path in studies]) if len(studies) > 1 else ""
    return [
        printable(str(run.folder.relative_to(shared)).replace("\n", "\\n")) if shared else run.run for run in found.runs
    ]


def study_of(run: Standing) -> Path:
    return run.folder.parents[2]


def rows(found: Standings) -> list[tuple[str, str]]:
    """The state of each run and what is to be said of it, in columns."""
    named = names(found)
    wide, state_wide = max(map(len, named)), max(map(len, found.sums))
    return [
        (f"{run.state:{state_wide}}", f"  {name:{wide}}  {detail(run)}".rstrip())
        for name, run in zip(named, found.runs, strict=True)
    ]


def lines(found: Standings) -> list[str]:
    """One line for each run and one of sums, for a file or a pipe."""
    return [*(f"{state}{rest}" for state, rest in rows(found)), found.summary]


def drawing(found: Standings, most: int) -> RenderableType:
    """The same on a terminal, cropped to its width. most: runs shown; what needs attention is first."""
    shown = [(f"{state}{rest}", STYLES[state.strip()], len(state)) for state, rest in rows(found)[:most]]
    drawn = [Text(line, no_wrap=True, overflow="ellipsis") for line, _, _ in shown]
    for text, (_, style, end) in zip(drawn, shown, strict=True):
        text.stylize(style, 0, end)
    more = [Text(f"... and {len(found.runs) - most} more")] if len(found.runs) > most else []
    return Group(*drawn, *more, Text(found.summary, no_wrap=True, overflow="ellipsis"))


@final
class Watched(Progress):
    """Standings that are redrawn, as many as a terminal has lines for."""

    def __init__(self, found: Standings):
        self._found = found

    def text(self) -> str:
        return self._found.summary

    def drawn(self) -> RenderableType:
        return drawing(self._found, max(1, shutil.get_terminal_size().lines - BESIDE_RUNS))


def as_json(found: Standings) -> str:
    """One JSON object: `runs`, in the order of the lines, and `sums` by state. Unknown numbers are null."""
    return json.dumps({"runs": [values(run) for run in found.runs], "sums": found.sums}, indent=1, allow_nan=False)


def values(run: Standing) -> Mapping[str, Any]:
    return {
        "folder": str(run.folder), "study": str(study_of(run)), "run": run.run, "state": run.state,
        "message": run.message, "epoch": run.epoch, "epochs": run.epochs, "seconds_left": run.left,
        "seconds_since_update": run.updated, "result": run.result, "setting": run.setting, "remarks": list(run.remarks),
    }  # fmt: skip
