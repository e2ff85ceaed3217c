"""The custom charts of the dashboard, as Vega-Lite over the table of results.

W&B groups runs by mean and standard deviation or error. The intervals of this project cover new seeds and new test
images (docs/statistics.md), so that they are computed here and drawn from a table.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmark.results.run_id import digest

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


class CustomChart(NamedTuple):
    """A chart. title: as W&B lists it. spec: Vega-Lite, in which `${field:x}` stands for a column of the table."""

    title: str
    spec: Mapping[str, Any]
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name among the charts of an account: another one for another drawing, so that none is overwritten."""
        words = "-".join(self.title.lower().split())
        return f"attention-benchmark-{words}-{digest(self.spec)[:8]}"


def field(name: str, kind: str, title: str | None, **more: Any) -> dict[str, Any]:
    """A channel of a chart, over a column of the table. kind: nominal or quantitative."""
    return {"field": f"${{field:{name}}}", "type": kind, "title": title, **more}


def tooltip(*names: str) -> list[dict[str, Any]]:
    kinds = {"mechanism": "nominal", "interval": "nominal"}
    return [field(name, kinds.get(name, "quantitative"), name.replace("_", " ")) for name in names]


COLOUR = field("mechanism", "nominal", None, legend=None)


def comparison() -> CustomChart:
    """Mechanism by task: a bar for the mean over seeds, a line for its 95 % interval; one panel for each task."""
    mechanism = field("mechanism", "nominal", None, sort=None, axis={"labelLimit": 280})  # in the order of the table
    said = tooltip("mechanism", "value", "low", "high", "interval", "seeds")
    value = field("value", "quantitative", None)
    interval = {"x": field("low", "quantitative", None), "x2": {"field": "${field:high}"}}
    layers = [
        {"mark": {"type": "bar", "opacity": 0.55}, "encoding": {"x": value, "color": COLOUR, "tooltip": said}},
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": interval},
        {"mark": {"type": "point", "filled": True, "color": "black"}, "encoding": {"x": value, "tooltip": said}},
    ]
    return panels(
        "Comparison", {"encoding": {"y": mechanism}, "layer": layers},
        ("chart", "mechanism", "value", "low", "high", "interval", "seeds"),
    )  # fmt: skip


def cost_against_quality() -> CustomChart:
    """Multiply-adds of an image against the primary metric, with its interval; one panel for each task."""
    adds = field("multiply_adds", "quantitative", "multiply-adds per image", scale={"type": "log"})
    adds["axis"] = {"format": "~s", "tickCount": 5}
    value = field("value", "quantitative", None, scale={"zero": False})
    colour = field("mechanism", "nominal", "mechanism", legend={"labelLimit": 280})
    said = tooltip("mechanism", "multiply_adds", "value", "low", "high", "interval")
    interval = {"y": field("low", "quantitative", None), "y2": {"field": "${field:high}"}}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": interval},
        {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"y": value, "tooltip": said}},
    ]
    return panels(
        "Cost against quality", {"encoding": {"x": adds, "color": colour}, "layer": layers},
        ("chart", "mechanism", "value", "low", "high", "interval", "multiply_adds"),
    )  # fmt: skip


def panels(title: str, drawing: Mapping[str, Any], fields: tuple[str, ...]) -> CustomChart:
    """A drawing once for each task, each with axes of its own: tasks differ in their measures."""
    spec = {
        "$schema": SCHEMA,
        "data": {"name": "wandb"},
        "facet": field("chart", "nominal", None, sort=None, header={"labelFontSize": 13, "labelLimit": 500}),
        "columns": 1,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "spec": {"width": 520, **drawing},
    }
    return CustomChart(title, spec, fields)


COMPARED, COST_AND_QUALITY = comparison(), cost_against_quality()
CHARTS = (COMPARED, COST_AND_QUALITY)
