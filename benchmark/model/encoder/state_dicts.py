"""Files of pretrained weights: read safely, and checked against the network they are for."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from benchmark.common.errors import RunFault
from benchmark.common.weight_files import read_weights, refuse_not_finite

SHOWN = 4
"""How many weights a message names; it counts the others."""
WRAPPED = ("state_dict", "model")
"""Keys under which training scripts save the state dict, beside the optimiser's."""
PARALLEL = "module."
"""The prefix of each name that DataParallel adds."""
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
"""Names of torchvision's densenet weights from before PyTorch forbade the dot: norm.1 is norm1."""


class Weights(NamedTuple):
    """The provenance of a network's initial weights, for a run's record.

    network: the architecture. name: of the weights or of their file, or "none". sha256: of the file, or "none".
    seen: names of the data sets they were trained on.
    """

    network: str
    name: str
    sha256: str
    seen: tuple[str, ...]


def origins(model: nn.Module) -> list[Weights]:
    """The provenance of all networks in a model that have one."""
    return [weights for part in model.modules() if isinstance(weights := getattr(part, "weights", None), Weights)]


def read(path: Path) -> dict[str, Tensor]:
    """The state dict in a file, unwrapped where a training script saved it with other objects.

    Raises RunFault for a file that cannot be read, holds no state dict, or holds weights that are not finite.
    """
    try:
        content = read_weights(path)
    except RunFault as fault:
        raise RunFault(f"{fault}. Save the weights alone: torch.save(model.state_dict(), FILE)") from None
    for key in WRAPPED:
        content = content[key] if isinstance(content, Mapping) and isinstance(content.get(key), Mapping) else content
    if not _is_state_dict(content):
        raise RunFault(f"{path} is no state dict, names and tensors, but {_described(content)}")
    refuse_not_finite(path, content)
    return {OLD_DENSENET.sub(r"\1\2", name.removeprefix(PARALLEL)): value for name, value in content.items()}


def _is_state_dict(content: object) -> bool:
    return isinstance(content, Mapping) and bool(content) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    )  # fmt: skip


def _described(content: object) -> str:
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__}"
    kinds = {f"{name}: {type(value).__name__}" for name, value in list(content.items())[:SHOWN]}
    return f"a dictionary of {', '.join(sorted(kinds)) or 'nothing'}"


def fill(network: nn.Module, known: Collection[str], path: Path, called: str, there: Mapping[str, Tensor]) -> None:
    """Loads a file's weights into the network.

    known: names of the whole network's weights, with those of layers that were cut off here, which may have any shape,
    as a head for other classes has. called: the architecture. there: the file's state dict.
    Raises RunFault where a weight is missing, has another shape, or is of no such architecture.
    """
    here = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    missing = [f"{name} is not in it" for name in here if name not in there]
    other = [
        f"{name} is {list(there[name].shape)} there and {list(value.shape)} here"
        for name, value in here.items()
        if name in there and there[name].shape != value.shape
    ]
    foreign = [f"{name} is of no {called}" for name in there if name not in known]
    if faults := [*other, *missing, *foreign]:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise RunFault(f"{path} does not hold weights of {called}: {'; '.join(faults[:SHOWN])}{more}")
    network.load_state_dict({name: there[name] for name in network.state_dict() if name in there}, strict=False)
