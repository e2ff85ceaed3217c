"""Checkpoint files that are whole or not there."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any, final

import torch
from pytorch_lightning.plugins.io import CheckpointIO

from benchmark.faults import RunFault
from benchmark.folder import write_whole


@final
class WholeCheckpoints(CheckpointIO):
    """Replaces a checkpoint by rename, once it is on the disk: a kill or a full disk leaves the old one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), content.getvalue())

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(Path(path), map_location or "cpu")

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """A checkpoint's tensors and plain values. Raises RunFault where the file is cut off or damaged."""
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise RunFault(
            f"{path} is damaged or cut off ({str(error).splitlines()[0][:100] if str(error) else 'empty'}). "
            "Put back a whole copy, or delete it to start this run anew."
        ) from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise RunFault(
            f"{path} is no checkpoint of a run. Put back the right one, or delete it to start this run anew."
        )
    return checkpoint
