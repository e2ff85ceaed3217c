"""What a rollout costs: the likelihood, and its bound when glimpses are drawn (eqs 8, 43-50).

The survey's printing is repaired (docs/design.md): the score is *summed* over a trajectory's glimpses and *averaged*
over trajectories. A reward other than the log-likelihood, or a weight other than one, changes what is optimised.

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols, Q query.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.masks import LossMask
from benchmark.objective.regularizer.regularizers import Regularizer
from benchmark.objective.reward.rewards import Reward, refuse_paid_mistakes
from datamodules.contract import IGNORED
from datamodules.ranges import Count, NonNegative, NotAll


def log_likelihood(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T) log p(y_t | y_<t, glimpses); zero where the target is IGNORED."""
    target_BST = target_BT[:, None].expand(rollout.logits.shape[:3])
    return -cross_entropy(rollout.logits.movedim(-1, 1), target_BST, ignore_index=IGNORED, reduction="none")


def mean_of(value_BSTM: Tensor, real_BSTM: Tensor) -> Tensor:
    """The mean over what is real."""
    return (value_BSTM * real_BSTM).sum() / real_BSTM.sum().clamp(min=1)


class Baseline(nn.Module, ABC):
    """What to expect of a trajectory; it must not depend on the draw it corrects."""

    @abstractmethod
    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        """((B, S, T, M) baseline without gradient, its own scalar loss). real: 1 for glimpses that count, else 0."""


@final
class NoBaseline(Baseline):
    """Expects nothing."""

    def __init__(self, query_size: int):
        super().__init__()

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(return_BSTM), return_BSTM.new_zeros(())


@final
class MovingAverage(Baseline):
    """The mean return so far, forgetting by `decay` each step (Show, Attend and Tell: 0.9)."""

    mean: Tensor

    def __init__(self, query_size: int, decay: NotAll):
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        expected_BSTM = self.mean.expand_as(return_BSTM).clone()
        if self.training:
            self.mean.lerp_(mean_of(return_BSTM, real_BSTM), 1 - self.decay)
        return expected_BSTM, return_BSTM.new_zeros(())


@final
class StateValue(Baseline):
    """Linear in the state before the glimpse, fitted to the return (RAM, DRAM); its loss never reaches the core."""

    def __init__(self, query_size: int):
        super().__init__()
        self.value = nn.Linear(query_size, 1)

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        expected_BSTM = self.value(rollout.query).squeeze(-1)
        return expected_BSTM.detach(), mean_of((expected_BSTM - return_BSTM).square(), real_BSTM)


@final
class LeaveOneOut(Baseline):
    """The mean return of the image's other trajectories: unbiased, and nothing to learn (Kool et al. 2019)."""

    def __init__(self, query_size: int):
        super().__init__()

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        others = return_BSTM.shape[1] - 1
        if others == 0:
            raise ConfigFault(["objective.baseline: leave_one_out needs objective.samples of 2 or more"])
        return (return_BSTM.sum(1, keepdim=True) - return_BSTM) / others, return_BSTM.new_zeros(())


class Objective(nn.Module, ABC):
    """Turns a rollout into a loss. samples: S, how many trajectories of each image it wants in training."""

    samples: int
    for_drawn: bool

    @abstractmethod
    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        """`loss`, to be minimised, and its terms, free of gradient."""


@final
class Likelihood(Objective):
    """-log p(y), summed over symbols, averaged over images (eq 8): exact where nothing is drawn. `nll`: of all symbols,
    whichever teach. penalty: on where is looked.
    """

    for_drawn = False

    def __init__(self, query_size: int, samples: Count, loss_mask: LossMask, regularizer: Regularizer):
        super().__init__()
        self.samples, self.loss_mask, self.regularizer = samples, loss_mask, regularizer

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        loss = regularizer - (log_BST * self.loss_mask(rollout, target_BT)).sum(-1).mean()
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), "penalty": regularizer.detach()}


@final
class Reinforce(Objective):
    """The bound's gradient by sampling (eqs 44-50, repaired; see above): likelihood of the drawn trajectories, the
    score of each glimpse weighed by what came after it less a baseline, and the baseline's own error.

    A glimpse that was not drawn has log-probability zero, so for soft attention this is the likelihood.
    weight: lambda of eq 49; other than 1 it changes what is optimised. credit: which symbols teach, by likelihood,
    reward and score; the term `nll` is of all. penalty: on where is looked. Raises ConfigFault where mistakes pay.
    """

    for_drawn = True

    def __init__(
        self, query_size: int, samples: Count, reward: Reward, baseline: Callable[..., Baseline], weight: NonNegative,
        loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_paid_mistakes(reward, loss_mask)
        self.samples, self.reward, self.weight, self.loss_mask, self.regularizer = (
            samples,
            reward,
            weight,
            loss_mask,
            regularizer,
        )
        self.baseline = baseline(query_size=query_size)

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        taught_BST = self.loss_mask(rollout, target_BT)
        earned_BST = self.reward(rollout, log_BST, target_BT) * taught_BST
        return_BSTM = earned_BST.flip(-1).cumsum(-1).flip(-1)[..., None].expand_as(rollout.log_prob)
        # Glimpses before a symbol that does not exist earn nothing and are no part of the sequence.
        real_BSTM = (taught_BST * (target_BT != IGNORED)[:, None])[..., None].expand_as(return_BSTM)
        expected_BSTM, baseline_loss = self.baseline(rollout, return_BSTM, real_BSTM)
        score_BS = ((return_BSTM - expected_BSTM) * rollout.log_prob * real_BSTM).sum((-2, -1))
        taught, regularizer = -(log_BST * taught_BST).sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = taught - self.weight * score_BS.mean() + baseline_loss + regularizer
        terms = {
            "reward": earned_BST.sum(-1).mean(),
            "baseline": baseline_loss.detach(),
            "penalty": regularizer.detach(),
        }
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), **terms}
