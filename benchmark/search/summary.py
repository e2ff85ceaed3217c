"""What a search found: best and median of each mechanism, on the console and as search.json in the study's folder."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from benchmark.process.terminal import span
from benchmark.results.run_folder import write_json
from benchmark.search.request import SearchRequest
from benchmark.search.trial_studies import FOLDERS, MESSAGE, PRUNED_AFTER, SECONDS, TrialStudy

HEAD = ("mechanism", "data", "best", "median", "finished", "pruned", "failed", "open", "time", "best setting")
STATES = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed",
          TrialState.RUNNING: "open", TrialState.WAITING: "open"}  # fmt: skip


class SearchRow(NamedTuple):
    """The trials of a mechanism. best, median: of finished trials, None without one. seconds: of all processes.
    counts: trials by how they ended. setting: overrides of the best trial.
    """

    study: TrialStudy
    best: float | None
    median: float | None
    seconds: float
    counts: dict[str, int]
    setting: list[str]

    @property
    def cells(self) -> tuple[str, ...]:
        written, (attention, data) = self.study.headline.written, self.study.mechanism
        values = ["-" if value is None else written(value) for value in (self.best, self.median)]
        return (attention, data, *values, *map(str, self.counts.values()), span(self.seconds), " ".join(self.setting))


def row_of(study: TrialStudy) -> SearchRow:
    values = [float(trial.value or 0.0) for trial in study.of_state(TrialState.COMPLETE)]
    counts = dict.fromkeys(STATES.values(), 0)
    for trial in study.trials:
        counts[STATES[trial.state]] += 1
    best = study.best()
    seconds = sum(float(trial.user_attrs.get(SECONDS, 0.0)) for trial in study.trials)
    return SearchRow(
        study, None if best is None else float(best.value or 0.0), median(values) if values else None, seconds, counts,
        [] if best is None else study.changes(best.number),
    )  # fmt: skip


def table(rows: Sequence[SearchRow], seeds: int) -> list[str]:
    """The lines of the table, and what has to be known to read it."""
    cells = [HEAD, *(row.cells for row in rows)]
    wide = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(f"{text:{width}}" for text, width in zip(line, wide, strict=True)).rstrip() for line in cells]
    names = {row.study.headline.name for row in rows}
    over = f", mean over {seeds} seeds" if seeds > 1 else ""
    lines.append(f"best, median: {' or '.join(sorted(names))} on the validation split{over}, of finished trials")
    most = max(row.counts["finished"] for row in rows)
    for row in rows:
        if row.counts["finished"] < most:
            lines.append(
                f"{row.study.name} has {row.counts['finished']} finished trials and others up to {most}: its best is "
                "of fewer, though its budget is the same"
            )
    return lines


def write_summary(path: Path, request: SearchRequest, rows: Sequence[SearchRow]) -> None:
    """Writes what was asked and all trials. Values are of the validation split, times in seconds."""
    asked = {
        "seeds": request.seeds,
        "ranges": {each.knob: each.text for each in request.ranges},
        "fixed": request.fixed,
        "settings": request.settings._asdict(),
    }
    found = [
        {
            "attention": row.study.mechanism[0], "data": row.study.mechanism[1],
            "measure": row.study.headline._asdict(), "best": row.best, "median": row.median, "seconds": row.seconds,
            **row.counts, "setting": row.setting, "trials": [trial_of(row.study, each) for each in row.study.trials],
        }
        for row in rows
    ]  # fmt: skip
    write_json(path, {"asked": asked, "mechanisms": found})


def trial_of(study: TrialStudy, trial: FrozenTrial) -> dict[str, Any]:
    """A trial as it stands in search.json. values: after each epoch, from 1."""
    return {
        "number": trial.number + 1, "state": STATES[trial.state], "setting": study.changes(trial.number),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "values": {str(epoch + 1): value for epoch, value in sorted(trial.intermediate_values.items())},
        "pruned_after": trial.user_attrs.get(PRUNED_AFTER), "seconds": trial.user_attrs.get(SECONDS),
        "message": trial.user_attrs.get(MESSAGE, ""), "folders": trial.user_attrs.get(FOLDERS, []),
    }  # fmt: skip
