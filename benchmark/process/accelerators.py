"""Whether this machine has what a run is to be trained on."""

from collections.abc import Iterator

from pytorch_lightning.accelerators import AcceleratorRegistry

from benchmark.common.nearest import did_you_mean

GPUS = ("cuda", "mps")


def accelerator_faults(name: str) -> Iterator[str]:
    """Of a name as Lightning has them; auto takes what there is, so nothing is wrong with it."""
    known = sorted({"auto", "gpu", *AcceleratorRegistry})
    if name not in known:
        yield f"there is no accelerator {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}"
    elif name != "auto" and not any(available(one) for one in (GPUS if name == "gpu" else (name,))):
        yield f"PyTorch finds no {name} on this machine; auto takes what there is"


def available(name: str) -> bool:
    return bool(AcceleratorRegistry[name]["accelerator"].is_available())
