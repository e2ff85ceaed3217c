"""Scores a model on the test split: numbers for a record, predictions and pictures in a folder.

A run's own test and every later evaluation of it are this function, so that equal weights have equal numbers.
"""

import io
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmark.common.tones import Tones
from benchmark.evaluation import evaluate as evaluation
from benchmark.evaluation import pictures
from benchmark.evaluation.evaluate import Evaluation
from benchmark.metrics.where.named import naming
from benchmark.results.run_folder import RunFolder, write_whole
from benchmark.training.callbacks.builtin import seed_all
from benchmark.training.callbacks.later_batches import checked
from benchmark.training.module import AttentionModule
from datamodules.contract import Batch


class ScoringSettings(NamedTuple):
    """samples: trajectories of the mode "average". seed: of all draws. run_seed: of the run. tones: of its pictures."""

    samples: int
    seed: int
    run_seed: int
    tones: Tones


def scored(module: AttentionModule, data: Any, test: Iterable[Batch], settings: ScoringSettings,
           folder: RunFolder) -> Evaluation:  # fmt: skip
    """Evaluates the module, on its own device, and writes predictions.npz and pictures/ of the folder. data: the
    `TaskData`. test: batches of its test split. Raises DataFault for a batch that is not what the task says.
    """
    module.eval()
    seed_all(settings.run_seed, "evaluation")
    sources = partial(data.sources, "test")
    test = checked(test, "test", data.spec, module.device)
    found = evaluation.evaluate(module.rnn, test, module.measure, settings.samples, settings.seed, naming(data.spec),
                                sources, data.spec.background)  # fmt: skip
    _write_arrays(folder.predictions, found.predictions)
    pictures.panel(module, data, folder.pictures / "panel.png", settings.tones)
    pictures.confusions(data, found.predictions, module.device, folder.pictures, settings.tones)
    return found


def device_name(device: torch.device) -> str:
    """The name of a GPU; "cpu" for anything else."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    write_whole(path, content.getvalue())
