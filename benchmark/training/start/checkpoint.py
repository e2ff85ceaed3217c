"""Initial weights from another run's checkpoint."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from benchmark.common.errors import RunFault
from benchmark.common.listing import sha256_of
from benchmark.common.name_patterns import matching
from benchmark.model.encoder.state_dicts import Weights, origins
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.training.checkpoints import COPY, network_weights, read_checkpoint
from benchmark.training.start.base import InitialWeights
from benchmark.training.symbols import KEY, difference


@final
class CheckpointWeights(InitialWeights):
    """Copies weights from another run's checkpoint: for fine-tuning, larger images, or training in stages.

    checkpoint: path of a .ckpt file. take: patterns of weight names, in which * matches any characters; weights that
    match none keep their own initialisation. Training in stages keeps the localiser of a recurrent spatial transformer
    and initialises its recogniser anew (Bartzi et al. 2017).
    """

    def __init__(self, checkpoint: str, take: list[str]):
        self.checkpoint, self.take = Path(checkpoint), take

    def __call__(self, model: nn.Module, symbols: Sequence[str]) -> None:
        """Raises RunFault where the file is missing or does not fit, ConfigFault where a pattern matches no weight."""
        if not self.checkpoint.is_file():
            raise RunFault(f"start.checkpoint: {self.checkpoint} is not there. Give the .ckpt file of a run")
        checkpoint = read_checkpoint(self.checkpoint, cure=COPY)
        there, here = network_weights(checkpoint), model.state_dict()
        wanted = {name: here[name] for name in matching(self.take, here, "start.take: {} matches no weights")}
        if (other := difference(checkpoint, symbols)) and (sized := of_symbols(there, checkpoint[KEY], wanted)):
            raise RunFault(
                f"{self.checkpoint} was trained on {other}, so {', '.join(sized)} would mean something else. "
                "start.take can leave weights out"
            )
        if faults := [*misfits(wanted, there)]:
            raise RunFault(
                f"{self.checkpoint} does not fit this model: {'; '.join(faults)}. start.take can leave weights out"
            )
        with torch.no_grad():
            for name, value in wanted.items():
                value.copy_(there[name])

    def weights(self) -> list[Weights]:
        """The checkpoint. `seen`: the data that the initial weights of its own run were trained on."""
        before = read_json(RunFolder(self.checkpoint.parent.parent).record).get("weights") or []
        seen = dict.fromkeys(name for each in before for name in each.get("seen", ()))
        return [Weights("a run of this benchmark", self.checkpoint.name, sha256_of(self.checkpoint), tuple(seen))]


def started_from(start: InitialWeights, model: nn.Module) -> list[dict[str, Any]]:
    """The provenance of all initial weights of a run, without duplicates, for its record."""
    return [each._asdict() for each in dict.fromkeys([*start.weights(), *origins(model)])]


def of_symbols(there: dict[str, Tensor], symbols: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """The names of a decoder's weights with one row per symbol, or one more for the start symbol.

    there: weights of the checkpoint. symbols: of the checkpoint. wanted: names of the weights to copy.
    """
    rows = ((len(symbols),), (len(symbols) + 1,))
    return [name for name in wanted if "decoder." in name and name in there and tuple(there[name].shape[:1]) in rows]


def misfits(wanted: dict[str, Tensor], there: dict[str, Tensor]) -> list[str]:
    """A line for each weight that is missing or has another shape."""
    faults = [f"{name} is not in it" for name in wanted if name not in there]
    return faults + [
        f"{name} is {list(there[name].shape)} there and {list(value.shape)} here"
        for name, value in wanted.items()
        if name in there and there[name].shape != value.shape
    ]
