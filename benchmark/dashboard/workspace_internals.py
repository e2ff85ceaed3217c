"""The package wandb-workspaces: its import, and every private name of it that is used here. Tested with the version of
constraints.txt.

The package gives each panel a new random id and each new view a random name, and offers no way to see what it would
send. With ids that stay, a second call writes the same document, and what was set by hand in the app stays with its
panel.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from benchmark.common.errors import ConfigFault
from benchmark.results.run_id import digest

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package's own, of pydantic, while it is imported
        import wandb_workspaces.reports.v2 as wr
        import wandb_workspaces.workspaces as ws
        from wandb_workspaces.workspaces.errors import SpecVersionError
        from wandb_workspaces.workspaces.internal import View
except ImportError:
    raise ConfigFault(["the dashboard needs wandb-workspaces: pip install wandb-workspaces"]) from None

__all__ = ["SpecVersionError", "View", "name_view", "view_of", "with_stable_ids", "wr", "ws"]


def with_stable_ids(sections: Sequence[ws.Section]) -> list[ws.Section]:
    """Gives each section and panel an id that is a function of its place."""
    for section in sections:
        section._id = digest(section.name)[:12]
        panels: Sequence[Any] = section.panels
        for place, panel in enumerate(panels):
            panel._id = digest([section.name, place])[:12]
    return list(sections)


def name_view(workspace: ws.Workspace, key: str) -> None:
    """Gives a new workspace the name by which it is found again. key: letters and digits."""
    workspace._internal_name = f"nw-{key}-v"
    workspace._internal_runset_id = digest(key)[:12]


def view_of(workspace: ws.Workspace) -> View:
    """What saving a workspace would send."""
    return workspace._to_model()
