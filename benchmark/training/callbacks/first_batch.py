"""Checks a data set against the contract before training: its TaskSpec, and the first batch of each split.

All faults are reported at once, each with the expected and the found value. Later batches are not checked.
Axes: B images, C channels, H rows, W columns, T time steps, N boxes.
"""

from collections.abc import Callable, Iterator
from typing import Any, final

import pytorch_lightning as pl
import torch
from torch import Tensor

from benchmark.common.tensor_checks import axes, box_faults, image_faults, index_faults, target_faults
from datamodules.contract import SPLITS, Batch, DataFault, TaskSpec

HOOKS = "prepare_data setup train_dataloader val_dataloader transfer_batch_to_device"
REQUIRED = f"spec batches tickets batch fingerprints references each {HOOKS}"
"""Attributes of a data set: those of `TaskData`, and Lightning's hooks."""


def data_faults(data: Any) -> list[str]:
    """Faults of an object that is no data set: missing attributes, or an __init__ that does not call Lightning's."""
    missing = [name for name in REQUIRED.split() if not hasattr(type(data), name)]
    if missing:
        return [
            f"it is a {type(data).__qualname__} without {', '.join(missing)}: a data set is a subclass of "
            "datamodules.base.BaseData (CONTRIBUTING.md shows the smallest), or has all of contract.TaskData"
        ]
    if isinstance(data, pl.LightningDataModule) and "prepare_data_per_node" not in vars(data):
        return [f"{type(data).__qualname__}.__init__ has to begin with super().__init__()"]
    return []


def spec_faults(spec: Any) -> list[str]:
    """Faults of a TaskSpec, without looking at batches."""
    if callable(spec):
        return ["spec is a method, and has to be a property: put @property above it"]
    if not isinstance(spec, TaskSpec):
        return [f"spec is {a(spec)}, and has to be a datamodules.contract.TaskSpec"]
    found = list(_symbol_faults(spec))
    if not (
        isinstance(spec.image_shape, tuple) and len(spec.image_shape) == 3 and all(map(positive, spec.image_shape))
    ):
        found.append(
            f"spec.image_shape is {spec.image_shape!r}, and has to be three whole numbers (channels, rows, columns)"
        )
    if not positive(spec.max_steps):
        found.append(f"spec.max_steps is {spec.max_steps!r}, and has to be a whole number of at least 1")
    if not isinstance(spec.background, int | float) or not abs(spec.background) < float("inf"):
        found.append(f"spec.background is {spec.background!r}, and has to be a finite number")
    if spec.origin not in ("real", "sample", "synthetic"):
        found.append(f"spec.origin is {spec.origin!r}, and has to be real, sample or synthetic")
    if not (isinstance(spec.name, str) and spec.name):
        found.append(f"spec.name is {spec.name!r}, and has to be the name of the data's yaml")
    return found


def _symbol_faults(spec: TaskSpec) -> Iterator[str]:
    for field, values in (("symbols", spec.symbols), ("box_names", spec.box_names)):
        if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
            yield f"spec.{field} is {values!r:.80}, and has to be a tuple of words"
        elif field == "symbols" and len(set(values)) < len(values):
            twice = sorted({value for value in values if values.count(value) > 1})
            yield f"spec.{field} names {', '.join(map(repr, twice[:5]))} more than once"
    if len(spec.symbols) == 0:
        yield "spec.symbols is empty: there is nothing to predict"
    elif spec.end is not None and not (whole(spec.end) and 0 <= spec.end < len(spec.symbols)):
        yield (f"spec.end is {spec.end!r}, and has to be the index of a symbol, 0 to {len(spec.symbols) - 1}, or None "
               "where every sequence has max_steps symbols")  # fmt: skip


def batch_faults(split: str, batch: Any, spec: TaskSpec, device: torch.device) -> list[str]:
    """Faults of the first batch of a split; None for a split without batches. spec: a valid TaskSpec."""
    if batch is None:
        return ["has no batch: no image, or fewer than one batch holds. A smaller data.batch_size, or keep the last, "
                "smaller batch"]  # fmt: skip
    found = []
    if not isinstance(batch, Batch):
        found.append(f"gives {a(batch)}, and has to give a Batch(image, target, boxes, index)")
        if not isinstance(batch, tuple | list) or len(batch) != 4:
            return found
        batch = Batch(*batch)
    tensors = {name: value for name, value in batch._asdict().items() if isinstance(value, Tensor)}
    found += [no_tensor(name, value) for name, value in batch._asdict().items() if name not in tensors]
    checks: dict[str, Callable[[Tensor, TaskSpec, str], Iterator[str]]] = {
        "image": image_faults, "target": target_faults, "boxes": box_faults, "index": index_faults,
    }  # fmt: skip
    for name, value in tensors.items():
        if not same_device(value.device, device) and not (name == "index" and value.device.type == "cpu"):
            found.append(f"{name} is on {value.device}, and was asked for on {device}")
        if not value.is_meta:
            found += [f"{name} {fault}" for fault in checks[name](value, spec, split)]
    sizes = {name: len(value) for name, value in tensors.items() if value.dim()}
    if len(set(sizes.values())) > 1:
        sizes_text = ", ".join(f"{name} {size}" for name, size in sizes.items())
        found.append(f"has fields of different numbers of images: {sizes_text}")
    elif 0 in sizes.values():
        found.append("holds no image")
    return found


def no_tensor(name: str, value: Any) -> str:
    """The fault of a field that is no tensor."""
    empty = ". Where no objects are known: image.new_zeros(len(image), 0, 4)" if name == "boxes" else ""
    return f"{name} is {a(value)}, and has to be a tensor {axes(name)}{empty}"


def reference_faults(references: Any, batch: Any) -> list[str]:
    """Faults of the reference captions of a batch's images. Either each image has one, or the split has none."""
    index = batch.index if isinstance(batch, Batch) else None
    if len(references) == 0 or not isinstance(index, Tensor) or index.dim() != 1:
        return []
    without = [place for place in index.tolist() if not 0 <= place < len(references) or not references[place]]
    return (
        [f"references: {len(without)} of {len(index)} images have none, the first at index {without[0]}"]
        if without
        else []
    )


def first_batch_faults(data: Any, device: torch.device) -> list[str]:
    """Faults of the first batches, a line each, beginning with the splits that share it.

    data: after `setup`. device: that of training.
    """
    spec = data.spec
    found: dict[str, list[str]] = {}
    for split in SPLITS:
        batch = next(iter(data.batches(split, device)), None)
        faults = batch_faults(split, batch, spec, device)
        for fault in faults or reference_faults(data.references(split), batch):
            found.setdefault(fault, []).append(split)
    return [f"{', '.join(splits)}: {fault}" for fault, splits in found.items()]


def refuse(name: str, faults: list[str]) -> None:
    """Raises DataFault with all faults, if there are any. name: of the data set."""
    if faults:
        raise DataFault("\n  ".join([f"data={name} is not what its task says:", *faults]))


@final
class FirstBatches(pl.Callback):
    """Checks the first batch of each split once, before training, on the training device. Raises DataFault."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        refuse(data.spec.name, first_batch_faults(data, pl_module.device))


def a(value: Any) -> str:
    """The type of a value with an article, for messages."""
    if isinstance(value, tuple | list):
        return f"a plain {type(value).__name__} of {len(value)}"
    return (
        "None" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
    )


def whole(value: Any) -> bool:
    """Whether a value is an integer, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def positive(value: Any) -> bool:
    """Whether a value is an integer of at least 1."""
    return whole(value) and value >= 1


def same_device(one: torch.device, other: torch.device) -> bool:
    """Whether two devices are the same; one without an index is the first of its type."""
    return one.type == other.type and (one.index or 0) == (other.index or 0)
