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
    """The model's own symbol with a probability that grows over training, so that it learns to recover from its own
    mistakes (Bengio et al. 2015).

    Theirs is sampled from the model; here it is the most probable one, as in greedy decoding. There is one Bernoulli
    draw for each row and symbol. A row gets its own most probable symbol, not that of the image's mean probability:
    else a trajectory's reward would depend on the samples of others, and a leave-one-out baseline on the sample that it
    corrects. Targets stay the true sequence, and no gradient flows through the choice.
    own: schedule of that probability, 0 to 1.
    """

    repeats = False
    share: Tensor

    def __init__(self, own: Schedule):
        super().__init__()
        self.schedule = own
        self.register_buffer("share", torch.tensor(own(0.0)))

    def at(self, progress: float) -> None:
        self.share.fill_(self.schedule(progress))

    def forward(self, true_R: Tensor, own_R: Tensor) -> Tensor:
        return torch.where(torch.rand(len(true_R), device=true_R.device) < self.share, own_R, true_R)
