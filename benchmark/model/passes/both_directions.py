"""DRAM's forward-backward model: one model reads left to right, one right to left, their predictions are merged.

Axes: B images, S trajectories, T time steps, V symbols.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from benchmark.metrics.sequence import lengths
from benchmark.model.attention.distribution import Draw
from benchmark.model.decoding.rollout import Rollout, averaged
from benchmark.model.loop import SequenceModel
from benchmark.model.passes.base import Make, reversed_prefix, share
from datamodules.contract import IGNORED, NO_KEY, ImageKey, TaskSpec


class DirectionMerge(ABC):
    """Merges the log-probabilities of the two directions."""

    @abstractmethod
    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        """(B, T, V) log-probabilities (or their mean), from both directions' at the same positions of the sequence."""


@final
class BackwardFirst(DirectionMerge):
    """The digits of the backward model, reversed: what the one sentence of the paper says."""

    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        return back_BTV


@final
class Averaged(DirectionMerge):
    """The mean of both log-probabilities, a product of experts. Ours."""

    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        return (forth_BTV + back_BTV) / 2


@final
class BothDirections(SequenceModel):
    """Two models of the same architecture. The targets of the second are the digits from right to left, then the end.

    In training their rollouts are concatenated along the batch axis, each with its own targets: the loss is the mean of
    both, so each has half the gradient it would have alone. In free running the length is the shorter of the two
    predicted ones (DRAM: attention models tend to read on too far); that many symbols of the backward model are
    reversed and merged with the forward model's. Glimpses, in the rollout, are the forward model's.
    shared: patterns of the names of shared parameters. The paper shares the glimpse networks, though its table of model
    sizes counts them twice.
    """

    def __init__(self, make: Make, spec: TaskSpec, shared: list[str], merge: DirectionMerge):
        super().__init__()
        self.forth, self.back, self.merge = make(spec), make(spec), merge
        share(self.forth, self.back, shared)
        self.attention, self.end, self.symbols = self.forth.attention, spec.end, self.forth.symbols
        self.query_size = self.forth.query_size + self.back.query_size

    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        backward = None if target is None else self._backwards(target)
        boxes_back = reversed_prefix(boxes, (~boxes.isnan().any(-1)).sum(-1))
        forth = self.forth(image, boxes, target, samples, draw, key)
        back = self.back(image, boxes_back, backward, samples, draw, key)
        return self._merged(forth, back) if target is None else concatenated(forth, back)

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return torch.cat([target_BT, self._backwards(target_BT)])

    def policy_parameters(self) -> list[nn.Parameter]:
        both = [*self.forth.policy_parameters(), *self.back.policy_parameters()]
        return list(dict.fromkeys(both))  # those that both share once

    def _backwards(self, target_BT: Tensor) -> Tensor:
        return reversed_prefix(target_BT, lengths(target_BT, self.end))

    def _merged(self, forth: Rollout, back: Rollout) -> Rollout:
        long_B = torch.minimum(lengths(forth.symbol[:, 0], self.end), lengths(back.symbol[:, 0], self.end))
        forth_BTV, back_BTV = averaged(forth.logits), reversed_prefix(averaged(back.logits), long_B)
        place_T = torch.arange(forth_BTV.shape[1], device=forth_BTV.device)
        within_BT = place_T < long_B[:, None]
        log_BTV = torch.where(within_BT[..., None], self.merge(forth_BTV, back_BTV), forth_BTV)
        symbol_BT = torch.where(within_BT, self._without_end(log_BTV).argmax(-1), IGNORED)
        if self.end is not None:
            symbol_BT = symbol_BT.masked_fill(place_T == long_B[:, None], self.end)
        samples = forth.logits.shape[1]
        return forth._replace(
            logits=log_BTV[:, None].expand(-1, samples, -1, -1), symbol=symbol_BT[:, None].expand(-1, samples, -1)
        )

    def _without_end(self, log_BTV: Tensor) -> Tensor:
        """The log-probabilities with the end masked out, since the length is known."""
        if self.end is None:
            return log_BTV
        is_end_V = torch.arange(log_BTV.shape[-1], device=log_BTV.device) == self.end
        return log_BTV.masked_fill(is_end_V, -torch.inf)


def concatenated(forth: Rollout, back: Rollout) -> Rollout:
    """Both rollouts, along the batch axis. Queries come from different decoders, so each is padded with zeros to its
    own half of the width.
    """
    size = forth.query.shape[-1]
    fields = {name: torch.cat([value, getattr(back, name)]) for name, value in forth._asdict().items()
              if name != "query"}  # fmt: skip
    return Rollout(**fields, query=torch.cat([pad(forth.query, (0, size)), pad(back.query, (size, 0))]))
