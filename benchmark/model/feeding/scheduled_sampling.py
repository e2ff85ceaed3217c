"""Scheduled sampling (Bengio et al. 2015).

Axes: R rows.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.common.schedule import Schedule, Scheduled
from benchmark.model.feeding.base import Feeding


@final
class ScheduledSampling(Feeding, Scheduled):
    """The model's own symbol, with a probability that grows in training (Bengio et al. 2015), so that it learns to go
    on from its own mistakes.

    Their own symbol is drawn from the model; here it is what the model says in evaluation, its most probable one. The
    coin is thrown for each row and symbol, and a row is told its own symbol, not what an image's trajectories agree on:
    what one earns would depend on another's draws, and a baseline of the others on the draw it corrects. What the loss
    asks for stays the true sequence, and no gradient flows through the choice.
    """

    share: Tensor

    def __init__(self, own: Schedule):
        super().__init__()
        self.schedule = own
        self.register_buffer("share", torch.tensor(own(0.0)))

    def at(self, progress: float) -> None:
        self.share.fill_(self.schedule(progress))

    def forward(self, true_R: Tensor, own_R: Tensor) -> Tensor:
        return torch.where(torch.rand(len(true_R), device=true_R.device) < self.share, own_R, true_R)
