"""Which symbol the model is told after each step of training: the true one, or its own.

Axes: R rows.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.schedule import Schedule, Scheduled


class Feeding(nn.Module, ABC):
    """Chooses between the true symbol and the model's own. Without a target there is nothing to choose."""

    @abstractmethod
    def forward(self, true_R: Tensor, own_R: Tensor) -> Tensor:
        """(R,) the symbol that the next step is told."""


@final
class TeacherForcing(Feeding):
    """Teacher forcing, eqs 7-8: always the true one."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, true_R: Tensor, own_R: Tensor) -> Tensor:
        return true_R


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
