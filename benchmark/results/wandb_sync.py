"""The command that sends runs to Weights & Biases which were logged offline."""

import shlex
from collections.abc import Iterable
from pathlib import Path

OFFLINE = "wandb/offline-run-*"
"""Inside a run's folder."""


def sync_line(folders: Iterable[Path]) -> str:
    """What to type to send all that is not sent yet, with one pattern for each study or run; "" where nothing waits.

    folders: studies, or folders of runs.
    """
    waiting = [pattern for folder in sorted(folders) for pattern in _waiting(folder)]
    return f"logged offline; to send it to Weights & Biases: wandb sync {' '.join(waiting)}" if waiting else ""


def _waiting(folder: Path) -> list[str]:
    for pattern in (OFFLINE, f"*/*/*/{OFFLINE}"):  # a run; a study's mechanism, data and seed
        if any(not list(place.glob("*.synced")) for place in folder.glob(pattern)):
            return [f"{shlex.quote(str(folder))}/{pattern}"]
    return []
