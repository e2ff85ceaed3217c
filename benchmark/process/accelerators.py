"""The accelerator of a run: whether this machine has it, and which device it is."""

from collections.abc import Iterator

import torch
from pytorch_lightning.accelerators import AcceleratorRegistry

from benchmark.common.nearest import did_you_mean

GPUS = ("cuda", "mps")


def accelerator_faults(name: str) -> Iterator[str]:
    """Faults of an accelerator's name, as Lightning has them; "auto" is always valid."""
    known = sorted({"auto", "gpu", *AcceleratorRegistry})
    if name not in known:
        yield f"there is no accelerator {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}"
    elif name != "auto" and not any(available(one) for one in (GPUS if name == "gpu" else (name,))):
        yield f"PyTorch finds no {name} on this machine; auto takes what there is"


def chosen_device(name: str) -> torch.device:
    """The device of an accelerator's name; what there is, as for "auto", where this machine has no such."""
    wanted = (name,) if name in (*GPUS, "cpu") and available(name) else GPUS
    kind = next((one for one in wanted if available(one)), "cpu")
    return torch.device(kind) if kind == "cpu" else torch.device(kind, 0)


def available(name: str) -> bool:
    return bool(AcceleratorRegistry[name]["accelerator"].is_available())
