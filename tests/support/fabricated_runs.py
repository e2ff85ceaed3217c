"""Writes run folders as the harness would, with chosen errors, so that the report can be tested without training.

Axes: N test images.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ERROR = {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True}
"""What digits and house numbers are judged by, as a record says it."""

MODES = ("mean", "sample", "average", "random")


def png(width: int, height: int) -> bytes:
    """A small valid grey picture, darker towards the right."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes(255 - 200 * x // width for x in range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def run_folder(study: Path, attention: str, data: str, seed: int, setting: str = "") -> Path:
    """The folder of a run, made."""
    folder = study / attention / data / (f"seed={seed}-{setting}" if setting else f"seed={seed}")
    folder.mkdir(parents=True)
    return folder


def record(
    attention: str,
    data: str,
    seed: int,
    value: Mapping[str, NDArray[Any]],
    measure: Mapping[str, Any] = ERROR,
    **changes: Any,
) -> dict[str, Any]:
    """A record whose headline is the mean of each image's value; changes replace its top-level entries."""
    key = measure["key"]
    images = len(next(iter(value.values())))
    made = {
        "format": 2, "study": "fabricated", "attention": attention, "data": data, "origin": "sample",
        "objective": "reinforce", "seed": seed, "setting": "", "differs": {}, "config_hash": "0" * 64,
        "git": {"revision": "2f347f7c0ffee", "dirty": False}, "versions": {"python": "3.11.2", "torch": "2.13.0"},
        "hardware": {"cpu": "A CPU", "cores": 2, "threads": 1, "accelerator": "cpu", "device": "cpu"},
        "started": "2026-01-01T10:00:00", "finished": "2026-01-01T10:05:00", "image_shape": [1, 100, 100],
        "glimpses": 4, "windows": [12, 24],
        "fingerprints": {"validation": "b" * 64, "test": "a" * 64},
        "cost": {"parameters": 1_250_000, "multiply_adds": 2_000_000,
                 "multiply_adds_by_side": {"60": 2_000_000, "100": 2_000_000, "200": 2_000_000},
                 "train_seconds": 100.0 + seed, "train_images_per_second": 1500.0,
                 "inference_images_per_second": 4000.0, "peak_memory_bytes": 400 * 2**20, "seconds_to_best": 80.0,
                 "best_epoch": 8, "epochs": 10, "steps": 1000},
        "measure": dict(measure),
        "validation": {key: 0.1},
        "test": {"images": images, **{
            mode: {key: float(found.mean()), "standard_error": float(found.std() / images**0.5)}
            for mode, found in value.items()}},
        "localisation": {mode: {"hit_rate": 0.8, "first_distance": 12.5, "coverage": 0.7}
                         for mode in ("mean", "random")},
    }  # fmt: skip
    return made | changes


def finished(
    study: Path, made: Mapping[str, Any], value: Mapping[str, NDArray[Any]], overlap_N: NDArray[np.float64]
) -> Path:
    """A finished run: record, predictions, metrics and a picture."""
    folder = run_folder(study, made["attention"], made["data"], made["seed"], made["setting"])
    arrays = {f"value_{mode}": found.astype(float) for mode, found in value.items()}
    np.savez(
        folder / "predictions.npz",
        index=np.arange(len(overlap_N)),
        overlap=overlap_N,
        target=np.zeros((len(overlap_N), 1), int),
        **arrays,
    )
    (end,) = made["validation"].values()
    curve(folder, made["cost"]["epochs"], end, f"val/{made['measure']['key']}")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "panel.png").write_bytes(png(640, 160))
    (folder / "record.json").write_text(json.dumps(made))
    return folder


def curve(folder: Path, epochs: int, end: float, key: str = "val/error") -> None:
    """Metrics of a number falling, or rising, towards its end."""
    lines = []
    for epoch in range(epochs):
        error = end + (0.9 - end) * float(np.exp(-4 * epoch / max(epochs - 1, 1)))
        lines.append(json.dumps({"step": 10 * epoch, "epoch": epoch, "train/loss": 2 * error}))
        lines.append(json.dumps({"step": 10 * epoch + 9, "epoch": epoch, key: error}))
    (folder / "metrics.jsonl").write_text("\n".join([*lines, '{"step": 99, "epo']))


def unfinished(study: Path, attention: str, data: str, seed: int, **status: Any) -> Path:
    """A run without a record, with a status."""
    folder = run_folder(study, attention, data, seed)
    (folder / "status.json").write_text(json.dumps({"epochs": 20, "updated": "2026-01-01T10:00:00", **status}))
    return folder
