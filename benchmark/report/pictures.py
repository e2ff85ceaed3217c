"""The panels of test images with where each mechanism looked, to be carried inside the page."""

import base64
import struct
from dataclasses import dataclass
from typing import final

from benchmark.report.folders import Finished
from benchmark.report.grouping import Group, Task

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@final
@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, with its size in pixels and what it shows, in words."""

    name: str
    caption: str
    alt: str
    uri: str
    width: int
    height: int


def gallery(task: Task) -> list[Picture]:
    """For each mechanism the panel of its first seed that has one."""
    return [picture for group in task.groups if (picture := first_panel(task, group))]


def first_panel(task: Task, group: Group) -> Picture | None:
    """A group's panel; None where no run has a readable one."""
    for run in group.runs:
        data = read_png(run)
        if data:
            width, height = struct.unpack(">II", data[16:24])
            error = run.error("mean")
            seen = f" Test error of this run {100 * error:.2f} %." if error is not None else ""
            return Picture(
                group.label,
                f"Seed {run.address.seed}.{seen}",
                f"Test images of {task.data} with the places where {group.label} looked, step by step",
                "data:image/png;base64," + base64.b64encode(data).decode("ascii"),
                width,
                height,
            )
    return None


def read_png(run: Finished) -> bytes:
    """The bytes of a run's panel, empty where it is missing or no PNG."""
    try:
        data = (run.address.folder / "pictures" / "panel.png").read_bytes()
    except OSError:
        return b""
    return data if data.startswith(SIGNATURE) and len(data) > 24 else b""
