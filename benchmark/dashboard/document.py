"""All that is sent to Weights & Biases for a study's dashboard, as one JSON object."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmark.dashboard.charts import CHARTS
from benchmark.dashboard.study import StudyContents
from benchmark.dashboard.target import Target
from benchmark.dashboard.workspace import title_of, workspace_of
from benchmark.dashboard.workspace_internals import name_view, view_of, ws
from benchmark.results.vocabulary import COMPARISON, IDENTITY


class Document(NamedTuple):
    """charts: arguments of `create_custom_chart`. run: of `wandb.init`, for the run that holds the tables. tables: of
    `wandb.Table`, by the key of the run's summary. workspace: the view, which is saved as a whole.
    """

    charts: Sequence[Mapping[str, Any]]
    run: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    workspace: ws.Workspace

    @classmethod
    def of(cls, study: StudyContents, target: Target, key: str) -> "Document":
        """The document of a study. key: of its dashboard, by which a second call finds what the first has sent."""
        charts = [
            {"entity": target.entity, "name": chart.name, "display_name": f"Attention mechanisms: {chart.title}",
             "spec_type": "vega2", "access": "private", "spec": chart.spec}
            for chart in CHARTS
        ]  # fmt: skip
        run = {
            "entity": target.entity, "project": target.project, "id": key, "name": title_of(study.name),
            "job_type": COMPARISON, "tags": [*study.tags],
            "config": {IDENTITY: {"attention": COMPARISON, "study": study.name}},
        }  # fmt: skip
        tables = {table.key: {"columns": [*table.columns], "data": [*table.rows]} for table in study.tables}
        workspace = workspace_of(study, target)
        name_view(workspace, key)
        return cls(charts, run, tables, workspace)

    def as_json(self) -> str:
        """The document as JSON; of the workspace, the variables of W&B's mutation UpsertView2 of a first call."""
        view = view_of(self.workspace)
        saved = {
            "entityName": view.entity, "projectName": view.project, "name": view.name,
            "displayName": view.display_name, "type": "project-view", "description": "",
            "spec": view.spec.model_dump(by_alias=True, exclude_none=True),
        }  # fmt: skip
        return json.dumps({**self._asdict(), "workspace": saved}, indent=1, ensure_ascii=False) + "\n"
