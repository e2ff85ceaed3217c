"""Table 3 of the survey: the COCO captioning challenge of 2015, and how its human and automatic metrics correlate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from typing import final

import yaml

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import ReportTask
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.captions import is_of_captions
from benchmark.report.sections.tables import NOTHING


@final
@dataclass(frozen=True)
class Entry:
    """One system. rank: by metric, as printed in the survey, 1 is best. value: by metric, where known."""

    system: str
    rank: Mapping[str, int]
    value: Mapping[str, float]


@final
@dataclass(frozen=True)
class Leaderboard:
    """people, machines: names of the human and of the automatic metrics."""

    source: str
    values: str
    people: tuple[str, ...]
    machines: tuple[str, ...]
    entries: tuple[Entry, ...]


def read() -> Leaderboard:
    raw = yaml.safe_load(files("benchmark.report.sections").joinpath("leaderboard.yaml").read_text(encoding="utf-8"))
    entries = tuple(Entry(**entry) for entry in raw["entries"])
    return Leaderboard(raw["source"], raw["values"], tuple(raw["people"]), tuple(raw["machines"]), entries)


def tables(tasks: Sequence[ReportTask]) -> list[Table]:
    """Both tables if the study has a caption task, else none."""
    found = read()
    return [ranks(found), agreement(found)] if any(is_of_captions(task) for task in tasks) else []


def ranks(found: Leaderboard) -> Table:
    keys = (*found.people, *found.machines)
    rows = [(TableCell(entry.system), *(rank_cell(entry, key) for key in keys)) for entry in found.entries]
    return Table(
        "Table 3 of the survey: COCO challenge 2015",
        f"{found.source} {found.values}",
        ("system", *keys),
        tuple(rows),
    )


def rank_cell(entry: Entry, key: str) -> TableCell:
    if key not in entry.rank:
        return NOTHING
    return TableCell(str(entry.rank[key]), (f"{entry.value[key]:.3f}",) if key in entry.value else ())


def agreement(found: Leaderboard) -> Table:
    """Rank correlations of each human with each automatic metric, over the systems that have both."""
    from scipy.stats import kendalltau, spearmanr  # a second to import, for captions alone

    rows = []
    for person, machine in product(found.people, found.machines):
        both = [entry.rank for entry in found.entries if {person, machine} <= entry.rank.keys()]
        if len(both) < 3:
            continue
        first, second = ([rank[key] for rank in both] for key in (person, machine))
        rho, tau = spearmanr(first, second), kendalltau(first, second)
        rows.append(
            (
                TableCell(f"{person} and {machine}"),
                TableCell(formats.minus(f"{rho.statistic:+.2f}"), (f"p {formats.probability(rho.pvalue)}",)),
                TableCell(formats.minus(f"{tau.statistic:+.2f}"), (f"p {formats.probability(tau.pvalue)}",)),
                TableCell(str(len(both))),
            )
        )
    return Table(
        "Correlation of human and automatic metrics in table 3",
        "Rank correlation over the systems: 1 the same order, 0 none, -1 the reverse. With so few systems a large one "
        "can be chance, and the systems differ in more than attention: this is no controlled comparison.",
        ("pair", "Spearman", "Kendall", "systems"),
        tuple(rows),
    )
