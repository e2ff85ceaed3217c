"""Isolates failures: a bad file costs its run, or at worst a section, never the report of the study."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from benchmark.report.read.folders import Finished, Study, Unfinished
from benchmark.report.write.assemble import Report, described

Texts = Mapping[str, str]
"""Content of the files of a report, by name."""
CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in [*range(32), *range(127, 160)] if chr(code) not in "\t\n\r"}
"""Control characters, which a terminal may interpret, and their replacement."""


class Made(NamedTuple):
    """A report, its files, and a sentence for each file that could not be made."""

    report: Report
    texts: Texts
    faults: tuple[str, ...]


def make_report(study: Study, assemble: Callable[[Study], Report], files: Iterable[Callable[[Report], Texts]]) -> Made:
    """The report of a study. If it fails unexpectedly, the report of those runs whose own report does not fail.

    Only then is each run tried alone, so that a study without faults does not pay for it. The others are listed as
    damaged.
    """
    writers = list(files)
    with suppress(Exception):  # whatever it is: below each run is tried alone
        first = _attempt(study, assemble, writers)
        if not first.faults:
            return first
    finished: list[Finished] = []
    unfinished = list(study.unfinished)
    for run in study.finished:
        alone = Study(study.folder, [replace(run, remarks=[])], [])
        if failure := _failure(alone, assemble, writers):
            unfinished.append(Unfinished(run.address, "damaged", f"record.json: {failure}", "", ""))
        else:
            finished.append(run)
    return _attempt(Study(study.folder, finished, unfinished), assemble, writers)


def _failure(study: Study, assemble: Callable[[Study], Report], writers: list[Callable[[Report], Texts]]) -> str:
    """The first failure in making a study's report; "" for none."""
    try:
        return "; ".join(_attempt(study, assemble, writers).faults[:1])
    except Exception as error:
        return f"its report fails ({described(error)})"


def _attempt(study: Study, assemble: Callable[[Study], Report], writers: list[Callable[[Report], Texts]]) -> Made:
    for run in study.finished:
        run.remarks.clear()  # of an earlier attempt
    report = assemble(study)
    texts: dict[str, str] = {}
    faults = list(report.faults)
    for write in writers:
        try:
            texts |= {name: text.translate(CONTROLS) for name, text in write(report).items()}
        except Exception as error:
            faults.append(f"Some files of this report could not be made ({described(error)}).")
    return Made(report, texts, tuple(faults))
