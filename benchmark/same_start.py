"""Checks that a stored run began from the weights that its files hold now.

A run's identity has the path of the checkpoint that it starts from (`start.checkpoint`), not its content. After the
earlier stage of a training in stages has been trained anew, the later stage would otherwise count as finished.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from benchmark.common.errors import RunFault
from benchmark.common.listing import sha256_of


def refuse_other_start(config: DictConfig, made: Iterable[Mapping[str, Any]], what: str) -> None:
    """Raises RunFault if a file that a run started from has other weights now. Files that are gone are not compared.

    made: the initial weights in the run's record or status. what: beginning of the message, which names the run.
    """
    known = {str(each.get("name")): str(each.get("sha256")) for each in made}
    for knob, value in config.start.items() if known else ():
        path = Path(str(value))
        before = known.get(path.name)
        if before and path.is_file() and (now := _sum_of(path, path.stat().st_mtime_ns)) != before:
            raise RunFault(
                f"{what} that started from other weights: start.{knob}={path} had the SHA-256 {before[:8]} and has "
                f"{now[:8]} now. Give this run a study of its own, study=NAME"
            )


@cache
def _sum_of(path: Path, changed: int) -> str:
    """The SHA-256 of a file, read once for all jobs of a sweep. changed: when, so that a new content is read again."""
    return sha256_of(path)
