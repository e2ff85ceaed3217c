"""What an interrupted run goes on from, and whether it can."""

import logging
from typing import Any

from torch import nn

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder
from benchmark.training.checkpoints import ANEW, read_checkpoint
from benchmark.training.start.checkpoint import misfits

KINDS = {"epoch": int, "global_step": int, "callbacks": dict, "loops": dict, "optimizer_states": list,
         "lr_schedulers": list}  # fmt: skip
"""What a checkpoint holds that training goes on from, besides weights."""
BEST = "Checkpoints"
"""Under which key of `callbacks` it stands which epoch was the best; -1 where none was judged yet."""

log = logging.getLogger("benchmark")


def read_last(folder: RunFolder) -> dict[str, Any] | None:
    """The checkpoint that a run goes on from; None where it begins anew: it has none, or its best one was deleted.

    A best checkpoint that was deleted takes the last one with it, or the run would end without the weights that it is
    to be judged by. Raises RunFault where it is damaged.
    """
    if not folder.last.exists():
        return None
    last = read_checkpoint(folder.last)
    for key, kind in KINDS.items():
        if not isinstance(last.get(key), kind):
            raise RunFault(f"{folder.last} lacks a usable {key}. {ANEW}")
    if has_best(last) and not folder.best.exists():
        log.info("%s was deleted: begins anew", folder.best)
        folder.last.unlink()
        return None
    return last


def has_best(last: dict[str, Any]) -> bool:
    """Whether some epoch was judged before a checkpoint was written."""
    return bool(last["callbacks"].get(BEST, {}).get("epoch", -1) >= 0)


def refuse_misfits(folder: RunFolder, module: nn.Module, last: dict[str, Any]) -> None:
    """Raises RunFault where the last checkpoint, or the best one, is of another model, or the best one is damaged."""
    if faults := misfits(module.state_dict(), last["state_dict"]):
        raise RunFault(f"{folder.last} does not fit this model: {'; '.join(faults[:5])}. {ANEW}")
    if has_best(last):
        read_best(folder, module)


def read_best(folder: RunFolder, module: nn.Module) -> dict[str, Any]:
    """The weights that a run is judged by. Raises RunFault where they are damaged, or of another model."""
    found: dict[str, Any] = read_checkpoint(folder.best)["state_dict"]
    if faults := misfits(module.state_dict(), found):
        raise RunFault(f"{folder.best} does not fit this model: {'; '.join(faults[:5])}. {ANEW}")
    return found
