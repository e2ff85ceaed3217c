"""The workspace of a study: comparison, learning curves, cost against quality, pictures, knobs, failures, published."""

import re
from collections.abc import Sequence
from typing import Any

from benchmark.dashboard.charts import COMPARED, COST_AND_QUALITY, CustomChart
from benchmark.dashboard.study import Series, StudyContents
from benchmark.dashboard.tables import COST, MODES_KEY, PUBLISHED, RESULTS, UNFINISHED
from benchmark.dashboard.target import Target
from benchmark.dashboard.workspace_internals import with_stable_ids, wr, ws
from benchmark.results import vocabulary
from benchmark.results.vocabulary import COMPARISON, EPOCH, IDENTITY, IMAGES, PICTURES, PRIMARY, TEST, named

MOST_LINES = 100
"""Runs, or groups of runs, that a panel draws."""
HOW_TO_READ = """Mean over seeds, glimpses at the policy's mode. Line: the 95 % interval for a new seed and new test \
images; with one seed, for new test images only. Computed from the runs' folders by `python -m benchmark.dashboard`, \
as in the HTML report of `python -m benchmark.report`; run it again to update these numbers."""


def title_of(study: str) -> str:
    """The name of the workspace. W&B takes no symbols in it, such as + and =."""
    return "Comparison of " + re.sub(r"[^ .\w-]", "_", study)


def workspace_of(study: StudyContents, target: Target) -> ws.Workspace:
    """A new workspace. Only runs of the study are in it, with the run that holds its tables."""
    return ws.Workspace(
        entity=target.entity or "", project=target.project, name=title_of(study.name),
        sections=with_stable_ids([
            compared(target), learning_curves(study.series), cost_and_quality(target), where_it_looks(),
            knobs(study.knobs), without_result(), published(),
        ]),
        settings=ws.WorkspaceSettings(x_axis=IMAGES, max_runs=MOST_LINES),
        runset_settings=ws.RunsetSettings(
            filters=ws.And(ws.Metric("JobType").isin([*study.tags, COMPARISON]), ws.Tags().isin([*study.tags])),
            order=[ws.Ordering(ws.Metric("Name"), ascending=True)],
        ),
    )  # fmt: skip


def section(name: str, panels: Sequence[Any], columns: int, is_open: bool = True) -> ws.Section:
    return ws.Section(
        name=name, panels=list(panels), is_open=is_open,
        layout_settings=ws.SectionLayoutSettings(columns=columns, rows=2),
    )  # fmt: skip


def chart(drawn: CustomChart, target: Target) -> wr.CustomChart:
    """A custom chart over the table of results."""
    return wr.CustomChart(
        query={"summaryTable": {"tableKey": RESULTS}, "id": {}, "name": {}}, chart_name=f"{target.entity}/{drawn.name}",
        chart_fields={name: name for name in drawn.fields},
    )  # fmt: skip


def table(key: str) -> wr.WeavePanelSummaryTable:
    return wr.WeavePanelSummaryTable(table_name=key)


def compared(target: Target) -> ws.Section:
    return section(
        "Comparison", [chart(COMPARED, target), wr.MarkdownPanel(markdown=HOW_TO_READ), table(RESULTS),
                       table(MODES_KEY)], 2,
    )  # fmt: skip


def learning_curves(series: Sequence[Series]) -> ws.Section:
    """Each series against epochs and against images seen: the mean over the seeds of a mechanism, and their range."""
    panels = [
        wr.LinePlot(
            title=f"{each.title}, by {words}", x=axis, y=[each.key], title_x=words, groupby=wr.Metric("Group"),
            groupby_aggfunc="mean", groupby_rangefunc="minmax", max_runs_to_show=MOST_LINES,
        )
        for each in series for axis, words in ((EPOCH, "epoch"), (IMAGES, "images seen"))
    ]  # fmt: skip
    return section("Learning curves", panels, 2)


def cost_and_quality(target: Target) -> ws.Section:
    runs = wr.ScatterPlot(
        title="Single runs: test/primary_metric", x=wr.SummaryMetric(named("record", "cost", "multiply_adds")),
        y=wr.SummaryMetric(named(TEST, PRIMARY)), log_x=True,
    )  # fmt: skip
    return section("Cost against quality", [chart(COST_AND_QUALITY, target), runs, table(COST)], 2)


def where_it_looks() -> ws.Section:
    """The same validation images after every few epochs, one row for each run; and test images of finished runs."""
    return section("Where it looks", [
        wr.MediaBrowser(
            title="As it learns", media_keys=[vocabulary.PANEL], mode="grid", grid_x_axis="step", grid_y_axis="run",
        ),
        wr.MediaBrowser(
            title="Test images", media_keys=[named(PICTURES, "panel")], mode="gallery", gallery_axis="run",
        ),
        wr.MediaBrowser(
            title="Confusion", media_keys=[named(PICTURES, "confusion")], mode="gallery", gallery_axis="run",
        ),
        table(vocabulary.EXAMPLES),
    ], 1)  # fmt: skip


def knobs(differing: Sequence[str]) -> ws.Section:
    """The knobs that differ between runs, against the primary metric of the test."""
    names = [f"{IDENTITY}.attention", f"{IDENTITY}.data", *differing, f"{IDENTITY}.seed"]
    columns = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(name), display_name=name) for name in names]
    columns.append(wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(named(TEST, PRIMARY)), display_name="test"))
    return section("Knobs", [wr.ParallelCoordinatesPlot(title="Knobs and the primary metric", columns=columns)], 1)


def without_result() -> ws.Section:
    return section("Runs without a result", [table(UNFINISHED)], 1)


def published() -> ws.Section:
    return section("Published numbers", [table(PUBLISHED)], 1)
