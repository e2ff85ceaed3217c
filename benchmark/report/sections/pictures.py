"""The pictures of runs (glimpses on test images, confusion matrices), embedded in the page as data URIs."""

import base64
import struct
from dataclasses import dataclass
from typing import final

from benchmark.common.json_files import Damaged, read_bytes
from benchmark.report.analysis.grouping import Group, ReportTask
from benchmark.report.read.folders import Finished

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES, MOST_PIXELS = 16 * 2**20, 20_000
"""Largest file size in bytes, and largest side in pixels, of an embedded picture."""


@final
@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, with its size in pixels, caption and alternative text."""

    name: str
    caption: str
    alt: str
    uri: str
    width: int
    height: int


KINDS = {
    "panel": "Test images of {data} with the glimpses of {label}, step by step",
    "confusion": "Confusion matrix of {label} on {data}",
    "confused": "Examples of the classes of {data} that {label} confused most often",
}
"""Alternative text of a run's pictures, by file name."""


def gallery(task: ReportTask) -> list[Picture]:
    """For each mechanism the pictures of its first seed that has them; panels of glimpses first."""
    return [picture for kind in KINDS for group in task.groups if (picture := first_picture(task, group, kind))]


def first_picture(task: ReportTask, group: Group, kind: str) -> Picture | None:
    """A group's picture of one kind; None where no run has a readable one."""
    for run in group.runs:
        data = read_png(run, kind)
        if data:
            width, height = struct.unpack(">II", data[16:24])
            value, headline = run.score("mean"), run.headline
            seen = f" Test {headline.name} of this run: {headline.written(value)}." if value is not None else ""
            return Picture(
                group.label if kind == "panel" else f"{group.label}: {kind}",
                f"Seed {run.address.seed}.{seen}",
                KINDS[kind].format(data=task.data, label=group.label),
                "data:image/png;base64," + base64.b64encode(data).decode("ascii"),
                width,
                height,
            )
    return None


def read_png(run: Finished, kind: str) -> bytes:
    """The bytes of a run's picture, empty where it is missing, too large, a link out of the folder or no PNG."""
    path = run.address.folder / "pictures" / f"{kind}.png"
    try:
        within = path.resolve().is_relative_to(run.address.folder.resolve())
        data = read_bytes(path, MOST_BYTES) if within else b""
    except (Damaged, OSError):
        return b""
    if not data.startswith(SIGNATURE) or len(data) <= 24:
        return b""
    return data if all(1 <= side <= MOST_PIXELS for side in struct.unpack(">II", data[16:24])) else b""
