"""Writes checkpoint files atomically, and validates them when they are read."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import torch
from pytorch_lightning.plugins.io import CheckpointIO
from torch import Tensor

from benchmark.common.errors import RunFault
from benchmark.common.weight_files import read_weights, refuse_not_finite
from benchmark.results.run_folder import write_whole

ANEW = "Put back a whole copy, or delete it to start this run anew."
"""The remedy where a run's own checkpoint is damaged, for messages."""
COPY = "Put back a whole copy, or name another run."
"""The remedy where another run's checkpoint is damaged."""
NETWORK = "rnn."
"""How the names of the network's weights begin in a checkpoint."""


@final
class WholeCheckpoints(CheckpointIO):
    """Writes a checkpoint to the disk and then renames it, so that a kill or a full disk leaves the old one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), content.getvalue())

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(Path(path), map_location or "cpu")

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path, map_location: Any = "cpu", cure: str = ANEW) -> dict[str, Any]:
    """A checkpoint's tensors and plain values. Its `state_dict` has finite weights by name.

    cure: the remedy, the end of each message. Raises RunFault for a file that is missing, truncated, damaged or no
    checkpoint.
    """
    try:
        checkpoint = read_weights(path, map_location)
        if not isinstance(checkpoint, dict) or not _is_of_weights(checkpoint.get("state_dict")):
            raise RunFault(f"{path} is no checkpoint of a run")
        refuse_not_finite(path, checkpoint["state_dict"])
        if not _is_of_symbols(checkpoint.get("symbols", [])):
            raise RunFault(f"{path} is damaged (its symbols are no list of words)")
    except RunFault as fault:
        raise RunFault(f"{fault}. {cure}") from None
    return checkpoint


def network_weights(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights of the network in a checkpoint, by their names in it; without those of the objective."""
    found = checkpoint["state_dict"]
    return {name.removeprefix(NETWORK): value for name, value in found.items() if name.startswith(NETWORK)}


def _is_of_weights(found: object) -> bool:
    return isinstance(found, Mapping) and bool(found) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    )  # fmt: skip


def _is_of_symbols(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(symbol, str) for symbol in found)
