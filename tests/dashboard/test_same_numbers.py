"""Every number of the dashboard is that of the HTML report, and no number of those tables of the page is left out."""

import json
from html.parser import HTMLParser

import pytest

from benchmark.dashboard.__main__ import main as dashboard
from benchmark.report.__main__ import main as report
from benchmark.report.analysis.grouping import MODES
from benchmark.report.sections.tables import COSTS

DASH = "–"
Cell = tuple[str, list[str]]
"""Its text, and the smaller lines beneath."""


class PageTables(HTMLParser):
    """The tables of a page by the heading above each: lists of rows, the first of which are the heads."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[Cell]]] = {}
        self.name, self.text, self.notes, self.row, self.note = "", "", [], [], False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        if tag in ("h4", "th", "td"):
            self.text, self.notes = "", []
        elif tag == "table":
            self.tables[self.name] = []
        elif tag == "tr":
            self.row = []
        elif tag == "small":
            self.notes.append("")
            self.note = True

    def handle_endtag(self, tag):
        if tag == "h4":
            self.name = self.text.strip()
        elif tag in ("th", "td"):
            self.row.append((self.text.strip(), self.notes))
        elif tag == "tr":
            self.tables[self.name].append(self.row)
        elif tag == "small":
            self.note = False

    def handle_data(self, data):
        if self.note:
            self.notes[-1] += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def both(study, tmp_path_factory):
    """The tables of the page, and those of the dashboard as dictionaries by row."""
    place = tmp_path_factory.mktemp("both")
    assert report([str(study), "--out", str(place)]) == 0
    assert dashboard([str(study), "someone/somewhere", "--dry-run", str(place / "sent.json")]) == 0
    page = PageTables((place / "index.html").read_text()).tables
    sent = {
        name.removeprefix("comparison/"): [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
        for name, table in json.loads((place / "sent.json").read_text())["tables"].items()
    }
    return page, sent


def written(row) -> Cell:
    """A mean with its interval as the page has it."""
    return f"{row['value']:.2f}", [f"{row['interval']} {row['low']:.2f} to {row['high']:.2f}"]


def of(rows, task):
    """The rows of a task by mechanism, in their order."""
    found: dict[str, list] = {}
    for row in rows:
        if row["task"] == task:
            found.setdefault(row["mechanism"], []).append(row)
    return found


def named(cell: Cell, mechanism: str, seeds: int) -> bool:
    """Whether the first cell of a row is that of a mechanism with its setting and seeds."""
    text, [*setting, counted] = cell
    label = f"{text} ({', '.join(setting)})" if setting else text
    return (label, counted) == (mechanism, f"{seeds} seed{'s' if seeds > 1 else ''}")


PUBLISHED = "published, %"


@pytest.mark.parametrize("task", ["mnist_pairs", "svhn"])
def test_mechanism_by_task_with_intervals(both, task):
    page, sent = both
    heads, *rows = page[f"{task}: test error"]
    results, modes = of(sent["results"], task), of(sent["evaluation_modes"], task)
    assert len(rows) == len(results) == len(modes)
    for row, (mechanism, (result,)), found in zip(rows, results.items(), modes.values(), strict=True):
        assert named(row[0], mechanism, result["seeds"])
        by_mode = {f"{each['mode']}, %": written(each) for each in found}
        shown = {head: cell for (head, _), cell in zip(heads[1:], row[1:], strict=True)}
        assert {head: cell for head, cell in shown.items() if head != PUBLISHED} == by_mode
        assert by_mode[f"{MODES['mean']}, %"] == written(result)
        assert result["test_images"] == 400 and result["better"] == "lower"


@pytest.mark.parametrize("task", ["mnist_pairs", "svhn"])
def test_cost(both, task):
    page, sent = both
    heads, *rows = page[f"{task}: cost"]
    assert [head for head, _ in heads[1:]] == [head for head, _ in COSTS.values()]
    costs = of(sent["cost"], task)
    assert len(rows) == len(costs)
    for row, found in zip(rows, costs.values(), strict=True):
        shown = {}
        for each in found:
            show = COSTS[each["measure"]][1]
            low, high = show(each["lowest"]), show(each["highest"])
            shown[each["measure"]] = show(each["value"]), [f"{low} to {high}"] if low != high else []
        assert dict(zip(COSTS, row[1:], strict=True)) == shown


def test_published_numbers_in_both_tables_of_the_page(both):
    page, sent = both
    _, *rows = page["Published numbers"]
    assert rows == [
        [
            (each["mechanism"], [each["task"]]),
            (f"{each['value']:.2f} %", ["error"]),
            (f"{each['published']:g} %", [each["system"], each["source"]]),
            (each["verdict"], [each["reason"]]),
        ]
        for each in sent["published"]
    ]
    for task in ("mnist_pairs", "svhn"):
        heads, *rows = page[f"{task}: test error"]
        entries = of(sent["published"], task)
        if not entries:
            assert heads[-1][0] != PUBLISHED
            continue
        assert heads[-1][0] == PUBLISHED
        last = [row[-1] for row in rows]
        wanted = [
            (" / ".join(f"{e['published']:g}" for e in found), [e["source"] for e in found]) if found else (DASH, [])
            for found in (entries.get(mechanism, []) for mechanism in of(sent["results"], task))
        ]
        assert last == wanted
    assert len(sent["published"]) >= 2


def test_runs_without_a_result(both):
    page, sent = both
    _, *rows = page["Runs without a result"]
    assert rows == [
        [
            (each["run"], [f"seed {each['seed']}"]),
            *((each[key] or DASH, []) for key in ("state", "epoch", "last_update", "message")),
        ]
        for each in sent["runs_without_result"]
    ]
    assert [each["message"] for each in sent["runs_without_result"]] == ["the loss is not finite"]
