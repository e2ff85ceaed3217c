"""Forward and backward: one model reads left to right, one right to left, and what they say is merged (DRAM).

Axes: B images, S trajectories, T symbols, V symbols to choose from.
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
from benchmark.model.passes.base import Make, share, turned
from datamodules.contract import IGNORED, NO_KEY, ImageKey, TaskSpec


class DirectionMerge(ABC):
    """Two directions' scores of the digits of one sequence as one."""

    @abstractmethod
    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        """(B, T, V) log-probabilities, from both directions' at the same place of the sequence."""


@final
class BackwardFirst(DirectionMerge):
    """The paper's one sentence, as far as it goes: the digits are the backward model's, in reverse."""

    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        return back_BTV


@final
class Averaged(DirectionMerge):
    """The mean of both log-probabilities: of what the two agree on. Ours."""

    def __call__(self, forth_BTV: Tensor, back_BTV: Tensor) -> Tensor:
        return (forth_BTV + back_BTV) / 2


@final
class BothDirections(SequenceModel):
    """Two models of one kind. The second is taught the digits from right to left, and its end stays the end.

    In training their rollouts lie one after the other, as if of twice the images, each with its own targets: the loss
    is the mean of both models', so each learns at half the rate it would have alone. Running free, the sequence is as
    long as the shorter of the two say (DRAM: models that attend tend to read on too far), the first so many symbols of
    the backward model are turned around, and `merge` makes one of both; where is looked is the forward model's.
    shared: patterns of the weights they have in common. The paper shares the glimpse networks; its table of sizes
    counts them twice.
    """

    def __init__(self, make: Make, spec: TaskSpec, shared: list[str], merge: DirectionMerge):
        super().__init__()
        self.forth, self.back, self.merge = make(spec), make(spec), merge
        share(self.forth, self.back, shared)
        self.attention, self.end = self.forth.attention, spec.end
        self.query_size = self.forth.query_size + self.back.query_size

    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        backward = None if target is None else self._backwards(target)
        boxes_back = turned(boxes, (~boxes.isnan().any(-1)).sum(-1))
        forth = self.forth(image, boxes, target, samples, draw, key)
        back = self.back(image, boxes_back, backward, samples, draw, key)
        return self._merged(forth, back) if target is None else side_by_side(forth, back)

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return torch.cat([target_BT, self._backwards(target_BT)])

    def policy_parameters(self) -> list[nn.Parameter]:
        return [*self.forth.policy_parameters(), *self.back.policy_parameters()]

    def _backwards(self, target_BT: Tensor) -> Tensor:
        return turned(target_BT, lengths(target_BT, self.end))

    def _merged(self, forth: Rollout, back: Rollout) -> Rollout:
        long_B = torch.minimum(lengths(forth.symbol[:, 0], self.end), lengths(back.symbol[:, 0], self.end))
        forth_BTV, back_BTV = averaged(forth.logits), turned(averaged(back.logits), long_B)
        place_T = torch.arange(forth_BTV.shape[1], device=forth_BTV.device)
        within_BT = place_T < long_B[:, None]
        log_BTV = torch.where(within_BT[..., None], self.merge(forth_BTV, back_BTV), forth_BTV)
        symbol_BT = torch.where(within_BT, self._digits(log_BTV).argmax(-1), IGNORED)
        if self.end is not None:
            symbol_BT = symbol_BT.masked_fill(place_T == long_B[:, None], self.end)
        samples = forth.logits.shape[1]
        return forth._replace(
            logits=log_BTV[:, None].expand(-1, samples, -1, -1), symbol=symbol_BT[:, None].expand(-1, samples, -1)
        )

    def _digits(self, log_BTV: Tensor) -> Tensor:
        """Without the end, which the shorter length has decided."""
        if self.end is None:
            return log_BTV
        is_end_V = torch.arange(log_BTV.shape[-1], device=log_BTV.device) == self.end
        return log_BTV.masked_fill(is_end_V, -torch.inf)


def side_by_side(forth: Rollout, back: Rollout) -> Rollout:
    """Both as rows of one. Their queries are of different cores, so each has half of the width, and zeros beside it."""
    size = forth.query.shape[-1]
    fields = {name: torch.cat([value, getattr(back, name)]) for name, value in forth._asdict().items()
              if name != "query"}  # fmt: skip
    return Rollout(**fields, query=torch.cat([pad(forth.query, (0, size)), pad(back.query, (size, 0))]))
