"""What a node of a Ray cluster has to have before the first run: asked on the node. It imports no PyTorch."""

import hashlib
import importlib.util
import os
from pathlib import Path

import benchmark
from benchmark.common.errors import RunFault
from benchmark.sweep.ray_runs import runs_of


def code_digest() -> str:
    """SHA-256 of this program's source files, so that all runs of a sweep are of one version."""
    found = hashlib.sha256()
    root = Path(benchmark.__path__[0])
    for path in sorted(root.rglob("*.py")):
        found.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return found.hexdigest()


def environment_faults(code: str) -> list[str]:
    """What this node's Python lacks. code: the driver's `code_digest`."""
    lacking = [name for name in ("torch", "pytorch_lightning", "hydra") if importlib.util.find_spec(name) is None]
    if lacking:
        return [f"its Python lacks {', '.join(lacking)}; start Ray there from the environment of this program"]
    if code_digest() != code:
        return [f"it has another version of this program, at {benchmark.__path__[0]}; bring both to the same"]
    return []


def shared_faults(cwd: str, probe: str, content: str, answer: str) -> list[str]:
    """Whether this node shares the driver's disk. cwd: the driver's working folder. probe: a file that the driver has
    written. answer: one that this node writes beside it, for the driver to see.
    """
    instead = "mount it there, or set hydra.launcher.results=returned"
    try:
        seen = Path(probe).read_text() == content
    except OSError:
        seen = False
    if not seen:
        return [f"it does not see the folder of runs, {Path(probe).parent}; {instead}"]
    try:
        Path(answer).write_text(content)
    except OSError as error:
        return [f"it cannot write into {Path(probe).parent} ({error.strerror}); mend that, or {instead}"]
    if not os.path.isdir(cwd):  # noqa: PTH112 - a node may not see it
        return [f"it does not see {cwd}, where the sweep was started; start it from a folder that all nodes see"]
    return []


def own_faults(place: str | None) -> list[str]:
    """Whether this node can keep runs of its own. place: as of `runs_of`."""
    if place is not None and not Path(place).is_dir():
        return [f"it has no folder {place}; make it, or set hydra.launcher.node_folder"]
    try:
        runs_of(place)
    except RunFault as fault:
        return [f"{fault}; set hydra.launcher.node_folder"]
    return []
