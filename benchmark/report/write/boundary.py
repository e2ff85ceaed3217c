"""What one bad file may cost: its run, or at worst a section; never the report of the study."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeVar

from benchmark.report.read.folders import Finished, Study, Unfinished
from benchmark.report.write.assemble import Report

T = TypeVar("T")
Texts = Mapping[str, str]
"""Of the files of a report, by name."""
CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in [*range(32), *range(127, 160)] if chr(code) not in "\t\n\r"}
"""Signs that a terminal acts on, and no text of a report needs."""


class Made(NamedTuple):
    """A report, its files, and a sentence for each of them that could not be made."""

    report: Report
    texts: Texts
    faults: tuple[str, ...]


def made(study: Study, assemble: Callable[[Study], Report], files: Iterable[Callable[[Report], Texts]]) -> Made:
    """The report of a study. Where something fails unexpectedly, of those runs whose own report does not fail.

    Each run is tried alone only then, so that a study without faults pays nothing for it.
    """
    writers = list(files)
    with suppress(Exception):  # whatever it is, the runs tell, each alone
        first = _attempt(study, assemble, writers)
        if not first.faults:
            return first
    finished: list[Finished] = []
    unfinished = list(study.unfinished)
    for run in study.finished:
        alone = Study(study.folder, [replace(run, remarks=[])], [])
        if told := _failure(alone, assemble, writers):
            unfinished.append(Unfinished(run.address, "damaged", f"record.json: {told}", "", ""))
        else:
            finished.append(run)
    return _attempt(Study(study.folder, finished, unfinished), assemble, writers)


def _failure(study: Study, assemble: Callable[[Study], Report], writers: list[Callable[[Report], Texts]]) -> str:
    """What fails in a study's report; "" where nothing does."""
    try:
        return "; ".join(_attempt(study, assemble, writers).faults[:1])
    except Exception as error:
        return f"its report fails ({described(error)})"


def _attempt(study: Study, assemble: Callable[[Study], Report], writers: list[Callable[[Report], Texts]]) -> Made:
    for run in study.finished:
        run.remarks.clear()  # which an attempt before has made
    report = assemble(study)
    texts: dict[str, str] = {}
    faults = list(report.faults)
    for write in writers:
        try:
            texts |= {name: text.translate(CONTROLS) for name, text in write(report).items()}
        except Exception as error:
            faults.append(f"Some files of this report could not be made ({described(error)}).")
    return Made(report, texts, tuple(faults))


def described(error: Exception) -> str:
    """An unexpected fault in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
