"""Reads the checkpoints from which an interrupted run resumes, and refuses those that do not fit."""

import logging
from typing import Any

from torch import nn

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder
from benchmark.training.callbacks.own_checkpoints import KEY, refuse_foreign
from benchmark.training.checkpoints import ANEW, read_checkpoint
from benchmark.training.start.checkpoint import misfits

KINDS = {"epoch": int, "global_step": int, "callbacks": dict, "loops": dict, "optimizer_states": list,
         "lr_schedulers": list}  # fmt: skip
"""What a checkpoint needs for resuming, besides weights."""
BEST = "Checkpoints"
"""The key of `callbacks` that holds the best epoch so far; -1 before the first validation."""

log = logging.getLogger("benchmark")


def read_last(folder: RunFolder, config_hash: str) -> dict[str, Any] | None:
    """The checkpoint to resume from; None where the run starts anew: there is none, or the best one was deleted.

    If the best checkpoint was deleted the last one is deleted too, or the run might end without weights to evaluate.
    config_hash: of the run. Raises RunFault for a damaged checkpoint, and for another run's.
    """
    if not folder.last.exists():
        return None
    last = read_checkpoint(folder.last)
    for key, kind in KINDS.items():
        if not isinstance(last.get(key), kind):
            raise RunFault(f"{folder.last} lacks a usable {key}. {ANEW}")
    refuse_foreign(folder.last, last, config_hash)
    if has_best(last) and not folder.best.exists():
        log.info("%s was deleted: begins anew", folder.best)
        folder.last.unlink()
        return None
    return last


def has_best(last: dict[str, Any]) -> bool:
    """Whether some epoch was validated before the checkpoint was written."""
    return bool(last["callbacks"].get(BEST, {}).get("epoch", -1) >= 0)


def refuse_misfits(folder: RunFolder, module: nn.Module, last: dict[str, Any]) -> None:
    """Raises RunFault where the last checkpoint, or the best one, is of another model, or the best one is damaged or of
    another run.
    """
    if faults := misfits(module.state_dict(), last["state_dict"]):
        raise RunFault(f"{folder.last} does not fit this model: {'; '.join(faults[:5])}. {ANEW}")
    if has_best(last):
        read_best(folder, module, last.get(KEY))


def read_best(folder: RunFolder, module: nn.Module, config_hash: object) -> dict[str, Any]:
    """The weights of the best checkpoint. config_hash: of the run, None if it is not known. Raises RunFault where they
    are damaged, of another model, or of another run.
    """
    best = read_checkpoint(folder.best)
    refuse_foreign(folder.best, best, config_hash)
    found: dict[str, Any] = best["state_dict"]
    if faults := misfits(module.state_dict(), found):
        raise RunFault(f"{folder.best} does not fit this model: {'; '.join(faults[:5])}. {ANEW}")
    return found
