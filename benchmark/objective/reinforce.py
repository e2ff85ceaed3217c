"""REINFORCE: the likelihood's bound when glimpses are drawn (eqs 43-50).

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols, Q query.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.baseline.base import Baseline
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import Reward, refuse_paid_mistakes
from datamodules.contract import IGNORED
from datamodules.ranges import Count, NonNegative


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
