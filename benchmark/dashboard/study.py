"""What the dashboard shows of a study: its tables, its learning curves and its knobs, from the folders of its runs."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.saved_config import read_config
from benchmark.dashboard.tables import StudyTable, study_tables
from benchmark.report.analysis.curves import Tracked
from benchmark.report.analysis.naming import in_common, told_of
from benchmark.report.analysis.published import Published, read_published
from benchmark.report.read.folders import Finished, Study
from benchmark.report.read.runs import addresses, read_study, study_folder
from benchmark.report.write.assemble import Report, assemble
from benchmark.report.write.boundary import make_report
from benchmark.results.run_folder import RunFolder
from benchmark.results.run_id import name_fault
from benchmark.results.vocabulary import MOST_OF_A_TAG, cut, named
from datamodules.printable import printable

MOST_KNOBS = 12
"""Axes of the parallel coordinates, of the knobs that differ most often."""


class Series(NamedTuple):
    """A series of the learning curves. key: its name in W&B. title: as the report names it, but for the unit: what is
    in percent there is logged as a share.
    """

    key: str
    title: str


class StudyContents(NamedTuple):
    """A study as the dashboard shows it.

    tags: by which its runs are found in W&B: the names of the study when they were trained. knobs: those that differ
    between its finished runs, by their path in W&B's configuration. project, entity: where its runs are logged; None
    where none is. faults: sentences on what could not be read.
    """

    name: str
    tags: Sequence[str]
    tables: Sequence[StudyTable]
    series: Sequence[Series]
    knobs: Sequence[str]
    project: str | None
    entity: str | None
    faults: Sequence[str]


def read_contents(folder: Path) -> StudyContents:
    """The contents of a study's folder. Raises ConfigFault where there is no run in it."""
    there = study_folder(folder)
    if not addresses(there):
        raise ConfigFault([printable(f"{folder} holds no run: nothing named <attention>/<data>/seed=<n> is in it")])
    numbers = read_published()
    report, texts, faults = make_report(
        read_study(there), assemble, [lambda whole: {"tables": json.dumps(parts_of(whole, numbers))}]
    )
    if "tables" not in texts:
        raise RunFault(f"{folder}: {' '.join(faults)}")
    tables, series = json.loads(texts["tables"])
    configs = list(saved(there))
    logged = [config["logger"]["wandb"] for config in configs if "wandb" in config.get("logger", {})]
    at: Mapping[str, Any] = logged[0] if logged else {}
    return StudyContents(
        there.name, tags_of(report.study), [StudyTable(*table) for table in tables], [Series(*each) for each in series],
        knobs_of(report.study.finished, configs), at.get("project"), at.get("entity"), faults,
    )  # fmt: skip


def parts_of(report: Report, numbers: Sequence[Published]) -> tuple[Sequence[StudyTable], Sequence[Series]]:
    """The tables of a report, and the series of its learning curves."""
    tables = study_tables(report.study, [section.task for section in report.tasks], numbers)
    drawn = chain.from_iterable(section.curves.items() for section in report.data)
    return tables, list(dict.fromkeys(series_of(of) for of, curves in drawn if curves))


def series_of(tracked: Tracked) -> Series:
    """The series that a learning curve of the report is drawn from."""
    share = tracked.name.removesuffix(", %")
    return Series(named(tracked.key), tracked.name if share == tracked.name else f"{share}, share")


def saved(study: Path) -> Iterable[Mapping[str, Any]]:
    """The saved configuration of a run of each mechanism; one that was logged to W&B, if there is one."""
    runs: dict[str, RunFolder] = {}
    for address in addresses(study):
        folder = RunFolder(address.folder)
        if folder.config.is_file() and (address.attention not in runs or folder.wandb.is_dir()):
            runs[address.attention] = folder
    for folder in runs.values():
        try:
            yield read_config(folder.path, folder.config)
        except RunFault:  # a damaged file costs no more than the names of choices
            continue


def knobs_of(finished: Sequence[Finished], configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The knobs and choices that differ between runs, the most frequent first, by their path in the configuration."""
    shared = in_common(finished)
    differing = [key for run in finished for key in told_of(run.record)["differs"] if key not in shared]
    often = sorted(dict.fromkeys(differing), key=lambda key: (-differing.count(key), key))
    choices = {key for config in configs for key in config.get("choices") or {}}
    return [f"choices.{key}" if key in choices else key for key in often][:MOST_KNOBS]


def tags_of(study: Study) -> list[str]:
    """The study's names in its records; else the folder's, without quotes, at which a filter would end."""
    found = {str(run.record.get("study", "")) for run in study.finished}
    names = sorted(name for name in found if not name_fault(name)) or [re.sub(r"['\"\\]", "_", study.folder.name)]
    return [cut(name, MOST_OF_A_TAG) for name in names]


def wandb_folders(study: Path) -> list[Path]:
    """Where the W&B files of each run lie, if it was logged to W&B."""
    return [RunFolder(address.folder).wandb for address in addresses(study)]
