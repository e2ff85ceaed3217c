"""Sends the dashboard of a study to Weights & Biases, or updates what an earlier call has sent."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import wandb

from benchmark.common.errors import RunFault, is_a
from benchmark.dashboard.document import Document
from benchmark.dashboard.memory import DashboardFolder
from benchmark.dashboard.target import Target
from benchmark.dashboard.workspace_internals import SpecVersionError, ws
from benchmark.results.wandb_client import has_account, inside, server

SECONDS = 20
"""How long an answer of the server is waited for."""
FAILED = (("wandb.errors", "Error"), ("wandb.sdk.lib.service.service_connection", "WandbApiFailedError"))
"""What the client raises where the server can't be reached, or refuses: module and class."""

PRIVATE: Mapping[str, Any] = dict.fromkeys(("x_disable_meta", "x_disable_stats", "disable_git"), True)
"""The run of the tables says nothing of the machine that has sent it."""


@final
class Connection:
    """W&B's server, for the user's account. Raises RunFault where there is no account, or no answer."""

    def __init__(self) -> None:
        if not has_account():
            raise RunFault(
                "there is no W&B account: `wandb login`, or set WANDB_API_KEY. --dry-run FILE needs none and writes "
                "what would be sent"
            )
        wandb.setup(wandb.Settings(silent=True))
        with explained("can't be reached, or does not accept the key"):
            self._api = wandb.Api(timeout=SECONDS)

    def full(self, target: Target) -> Target:
        """The target with the account's default entity, where none is named."""
        if target.entity:
            return target
        with explained("does not name the account's default entity"):
            entity = self._api.default_entity
        if not entity:
            raise RunFault(f"the W&B account has no default entity: give entity/project, <entity>/{target.project}")
        return Target(entity, target.project)

    def send(self, document: Document, folder: DashboardFolder, note: Callable[[str], None]) -> str:
        """Sends all parts; those of an earlier call are replaced. Returns the address of the workspace."""
        for chart in document.charts:
            self._send_chart(chart, folder, note)
        with explained("did not take the tables"):
            send_tables(document)
        with explained("did not take the workspace"):
            return str(updated(document.workspace).save().url)

    def _send_chart(self, chart: Mapping[str, Any], folder: DashboardFolder, note: Callable[[str], None]) -> None:
        """Stores a chart in the account, once: W&B can't be asked which charts there are."""
        name = f"{chart['entity']}/{chart['name']}"
        if folder.has_chart(f"{server()}/{name}"):
            return
        try:
            self._api.create_custom_chart(**chart)
            folder.add_chart(f"{server()}/{name}")
        except Exception as error:
            if not is_of_wandb(error):
                raise
            note(
                f"W&B did not store the custom chart {name} ({error}). If another study has stored it, nothing is "
                "missing"
            )


def send_tables(document: Document) -> None:
    """The tables as the summary of a run of their own. A summary has one value by each name, so that the tables of an
    earlier call are replaced.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, inside(Path(place), "online"):
        wandb.finish()  # init would silently reuse a run that is open in this process
        settings = wandb.Settings(silent=True, console="off", **PRIVATE)
        with wandb.init(**document.run, mode="online", resume="allow", dir=place, settings=settings) as run:
            for key, table in document.tables.items():
                run.summary[key] = wandb.Table(**table)


def updated(fresh: ws.Workspace) -> ws.Workspace:
    """The workspace of an earlier call with new sections and filters; the new one where there is none.

    What was set by hand stays: colours, hidden runs, columns, changes of a panel, and sections of other names.
    """
    try:
        found = ws.Workspace.from_url(fresh.url)
    except (ValueError, SpecVersionError) as error:
        if type(error) is not ValueError:  # a stored view that this version of wandb-workspaces can't read
            raise RunFault(f"the workspace {fresh.url} can't be read ({str(error).splitlines()[0]}). Delete it in W&B, "
                           "or take a newer wandb-workspaces") from error  # fmt: skip
        return fresh
    names = {section.name for section in fresh.sections}
    found.name = fresh.name
    found.sections = [*fresh.sections, *(section for section in found.sections if section.name not in names)]
    found.runset_settings.filters = fresh.runset_settings.filters
    return found


@contextmanager
def explained(fault: str) -> Iterator[None]:
    """Turns what W&B's client raises into a RunFault. fault: what the server does not do."""
    try:
        yield
    except Exception as error:
        if not is_of_wandb(error):
            raise
        reason = " ".join(str(error).split())[:300]
        raise RunFault(f"W&B at {server()} {fault}: {reason}") from error


def is_of_wandb(error: Exception) -> bool:
    return any(is_a(error, *kind) for kind in FAILED)
