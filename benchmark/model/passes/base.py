"""In how many passes an image is read. A choice takes `make` and the task, and returns a SequenceModel.

Axes: B images, T symbols of a sequence (or N boxes of an image).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.common.name_patterns import matching
from benchmark.model.loop import AttentionRNN
from datamodules.contract import TaskSpec

Make = Callable[[TaskSpec], AttentionRNN]
"""Builds a model, with weights of its own, for a task."""


def share(of: nn.Module, by: nn.Module, weights: list[str]) -> None:
    """Replaces the parameters of `by` whose names match a pattern by those of `of`, so that both models share them.

    Raises ConfigFault for a pattern that matches nothing, and for parameters of different shapes.
    """
    theirs, mine = (dict(model.named_parameters(remove_duplicate=False)) for model in (of, by))
    for name in matching(weights, mine, "passes: no weights are called {}"):
        if theirs[name].shape != mine[name].shape:
            raise ConfigFault([f"passes: {name} depends on the image's size; its model cannot read another"])
        owner, _, leaf = name.rpartition(".")
        setattr(by.get_submodule(owner), leaf, theirs[name])


def copy_buffers(of: nn.Module, by: nn.Module) -> None:
    """Copies the values of buffers that belong to a checkpoint, such as the statistics of batch normalisation, where
    both models have them in one shape. Unlike parameters, buffers cannot be shared: a move to a device separates them.
    """
    theirs, kept = dict(of.named_buffers()), by.state_dict()
    for name, mine in by.named_buffers():
        if name in kept and name in theirs and theirs[name].shape == mine.shape:
            mine.copy_(theirs[name])


def reversed_prefix(values: Tensor, length_B: Tensor) -> Tensor:
    """(B, T, ...) with the first `length` entries of each row reversed, the rest unchanged."""
    place_BT = torch.arange(values.shape[1], device=values.device).expand(len(values), -1)
    from_BT = torch.where(place_BT < length_B[:, None], length_B[:, None] - 1 - place_BT, place_BT)
    return values[torch.arange(len(values), device=values.device)[:, None], from_BT]
