"""The files of a run's folder, for `measure_damage.py`: weights, features, records, predictions and others."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from damage import FormatReader
from omegaconf import OmegaConf
from torch import Tensor, nn

from benchmark.common.errors import RunFault
from benchmark.common.weight_files import tensors
from benchmark.config.known_parts import foreign_parts
from benchmark.config.saved_config import read_config
from benchmark.model.encoder.state_dicts import read as read_state_dict
from benchmark.report.analysis.curves import read_curves
from benchmark.report.analysis.predictions import PredictionsError, read_predictions
from benchmark.report.read.records import RecordError, read_record
from benchmark.report.read.status import read_status
from benchmark.results.checksums import sealed
from benchmark.training.checkpoints import read_checkpoint
from datamodules.storage.feature_store import FeatureStore

IMAGES, BATCH, WIDTH = 12, 5, 3
PARTS = {"benchmark.model.decoding.beam.Beam": {"width"}, "benchmark.model.decoding.greedy.Greedy": set[str]()}


def digest(*values: Any) -> str:
    """Of tensors, arrays and plain values."""
    total = sha256()
    for value in values:
        plain = value.numpy() if isinstance(value, Tensor) else value
        total.update(np.ascontiguousarray(plain).tobytes() if isinstance(plain, np.ndarray) else repr(plain).encode())
    return total.hexdigest()


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def checkpoint(folder: Path) -> Path:
    weights = {f"rnn.{name}": value for name, value in network().state_dict().items()}
    torch.save({"state_dict": weights, "epoch": 3, "symbols": [*"abc"]}, folder / "best.ckpt")
    return folder / "best.ckpt"


def read_a_checkpoint(path: Path) -> object:
    found = read_checkpoint(path)
    return digest(*found["state_dict"], *tensors(found["state_dict"]), found.get("epoch"), found.get("symbols"))


def state_dict(folder: Path) -> Path:
    torch.save(network().state_dict(), folder / "weights.pth")
    return folder / "weights.pth"


def read_a_state_dict(path: Path) -> object:
    found = read_state_dict(path)
    return digest(*found, *found.values())


def features(folder: Path) -> Path:
    read_features(folder / "features.npy")
    (kept,) = folder.glob("split-*/features.npy")
    return kept


def read_features(path: Path) -> object:
    """Through the store: what is damaged is made anew, so the rows are always right."""
    folder = path.parent.parent if path.parent.name.startswith("split-") else path.parent

    def make(number: int) -> np.ndarray:
        return np.arange(IMAGES * WIDTH, dtype=np.float32).reshape(IMAGES, WIDTH)[number * BATCH : (number + 1) * BATCH]

    return digest(np.array(FeatureStore(str(folder), "float32").rows("split", {}, IMAGES, BATCH, (WIDTH,), make)))


RECORD: dict[str, Any] = {
    "format": 2, "attention": "dram", "data": "digit_pairs", "origin": "real", "seed": 0, "differs": {"look.size": 12},
    "image_shape": [1, 60, 60], "fingerprints": {"test": "a" * 64}, "cost": {"multiply_adds": 2_000_000},
    "measure": {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True},
    "test": {"images": 2000, "mean": {"error": 0.12345}}, "localisation": {}, "git": {}, "hardware": {"cores": 2},
}  # fmt: skip


def record(folder: Path) -> Path:
    (folder / "record.json").write_text(json.dumps(sealed(RECORD, folder, []), indent=1))
    return folder / "record.json"


def read_a_record(path: Path) -> object:
    try:
        found = read_record(path)
    except RecordError as fault:
        raise RunFault(f"{path} {fault}") from None
    return json.dumps({key: value for key, value in found.items() if key != "sha256"}, sort_keys=True)


def predictions(folder: Path) -> Path:
    right = np.arange(200) % 7 == 0
    np.savez_compressed(folder / "predictions.npz", index=np.arange(200), overlap=right / 3, value_mean=right * 1.0)
    return folder / "predictions.npz"


def read_the_predictions(path: Path) -> object:
    try:
        found = read_predictions(path)
    except PredictionsError as fault:
        raise RunFault(f"{path}: {fault}") from None
    return digest(found.index, found.overlap, sorted(found.value), *found.value.values())


def metrics(folder: Path) -> Path:
    lines = [json.dumps({"step": step, "epoch": step // 4, "val/error": 1 / (step + 2)}) for step in range(40)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "metrics.jsonl"


def status(folder: Path) -> Path:
    told = {"state": "running", "pid": 1, "host": "h", "epoch": 3, "epochs": 20, "message": "", "config_hash": "0" * 64}
    (folder / "status.json").write_text(json.dumps(told, indent=1))
    return folder / "status.json"


def config(folder: Path) -> Path:
    beam = {"_target_": "benchmark.model.decoding.beam.Beam", "width": 3}
    held = {"decoding": beam, "seed": 0, "data": {"mean": [0.5, 1]}}
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(held))
    return folder / "config.yaml"


def read_a_config(path: Path) -> object:
    plain: Any = OmegaConf.to_container(read_config(path.parent, path))
    if faults := foreign_parts(plain, PARTS):
        raise RunFault(f"{path} {faults[0]}")
    return json.dumps(plain, sort_keys=True, default=str)


READERS: dict[str, FormatReader] = {
    "checkpoint": FormatReader(checkpoint, read_a_checkpoint),
    "state dict": FormatReader(state_dict, read_a_state_dict),
    "feature store": FormatReader(features, read_features),
    "record": FormatReader(record, read_a_record),
    "predictions": FormatReader(predictions, read_the_predictions),
    "metrics": FormatReader(metrics, lambda path: json.dumps(read_curves(path.parent, ["val/error"]))),
    "status": FormatReader(status, lambda path: json.dumps(read_status(path), sort_keys=True)),
    "config.yaml": FormatReader(config, read_a_config),
}
