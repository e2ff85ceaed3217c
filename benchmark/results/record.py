"""record.json of a finished run: its configuration, hardware, cost and results. Format 2."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.moved import CHOICES, TARGET
from benchmark.results.primary_metric import Headline
from benchmark.results.run_id import RunId
from benchmark.results.version import PROJECT

FORMAT = 2
PACKAGES = (PROJECT, "torch", "pytorch-lightning", "hydra-core", "torchmetrics", "numpy", "scikit-learn", "wandb")


class Result(NamedTuple):
    """The measurements of a run, as they go into the record. See `assemble` for the units."""

    headline: Headline
    validation: Mapping[str, Any]
    test: Mapping[str, Any]
    localisation: Mapping[str, Any]
    cost: Mapping[str, Any]


class RecordTask(NamedTuple):
    """The task of a run. origin: real, sample or synthetic data. weights: pretrained weights that it started from.
    windows: side lengths in pixels of a glimpse's windows. fingerprints: hashes of the splits. reads_annotations: what
    reads annotations at test time: "mechanism" if it looks at true boxes, "images" if they are cropped around these.
    """

    origin: str
    weights: Sequence[Mapping[str, Any]]
    windows: tuple[int, ...]
    image_shape: tuple[int, ...]
    fingerprints: Mapping[str, str]
    reads_annotations: Sequence[str]


def annotations_read(mechanism: bool, images: bool) -> list[str]:
    """What reads annotations at test time, for `RecordTask.reads_annotations`."""
    return [what for what, does in (("mechanism", mechanism), ("images", images)) if does]


def assemble(
    address: RunId, config: Mapping[str, Any], task: RecordTask, code: Mapping[str, Any], hardware: Mapping[str, Any],
    result: Result, started: str, finished: str,
) -> dict[str, Any]:  # fmt: skip
    """The content of record.json. code: `git_state` when the run started. `measure` is the primary metric. Units:
    errors as fractions, times in seconds, sizes in bytes, distances in pixels. `control` names the mechanism that
    differs only in where it looks, or is None; `is_control` marks a mechanism that is a control itself. `match` is
    there where `match=` scaled widths to a budget.
    """
    return {
        "format": FORMAT,
        "study": address.study,
        "attention": address.attention,
        "data": address.data,
        "origin": task.origin,
        "objective": config[CHOICES]["objective"],
        "seed": address.seed,
        "setting": address.setting,
        "differs": dict(address.differs),
        "experiment": address.experiment,
        "beyond": dict(address.beyond),
        **({"told": address.told._asdict()} if address.told else {}),
        "config_hash": address.config_hash,
        "git": dict(code),
        "versions": versions(),
        "hardware": dict(hardware),
        "started": started,
        "finished": finished,
        "image_shape": list(task.image_shape),
        "weights": [dict(each) for each in task.weights],
        "glimpses": config["attention"]["glimpses"],
        "control": config["attention"].get("control"),
        "is_control": bool(config["attention"].get("is_control", False)),
        "reads_annotations": list(task.reads_annotations),
        "windows": list(task.windows),
        **matched(config),
        "fingerprints": dict(task.fingerprints),
        "cost": dict(result.cost),
        "measure": result.headline._asdict(),
        "validation": dict(result.validation),
        "test": dict(result.test),
        "localisation": dict(result.localisation),
    }


def matched(config: Mapping[str, Any]) -> dict[str, Any]:
    """The entry `match` of a run whose widths were scaled to an equal budget: what was asked, and what was chosen."""
    match = config.get("match", {})
    if "chosen" not in match:
        return {}
    asked = {key: value for key, value in match.items() if key not in ("chosen", TARGET)}
    return {"match": {"by": config[CHOICES]["match"], **asked, **match["chosen"]}}


def git_state(folder: Path) -> dict[str, Any]:
    """The git revision of the code and whether it has uncommitted changes; None for both outside a checkout of it. A
    wheel that is installed inside another repository counts as outside, as git does not track its files.
    """
    if _git(folder, "ls-files", "--error-unmatch", ".") is None:
        return {"revision": None, "dirty": None}
    revision = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"revision": revision, "dirty": None if changed is None else bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def versions() -> dict[str, str]:
    """The versions of Python and of the installed PACKAGES."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware(threads: int, accelerator: str, device: str) -> dict[str, Any]:
    """accelerator: Lightning's name of it, e.g. "cpu" or "cuda"; device: the device's own name."""
    return {
        "cpu": cpu_name(), "cores": os.cpu_count(), "threads": threads, "accelerator": accelerator, "device": device,
    }  # fmt: skip


def cpu_name() -> str:
    """The model name of the processor; its architecture where the system does not provide a name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
