"""Reweighted wake-sleep with the policy as its proposal (Bornschein and Bengio 2015; Ba, Grosse et al. 2015).

Axes: B images, S trajectories, T time steps.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood, trajectory_log_prob
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.vimco import multi_sample_bound
from datamodules.ranges import Several


@final
class ReweightedWakeSleep(Objective):
    """loss = -sum_s [w_s log p(y | glimpses_s) + (w_s - 1/S) log p(glimpses_s)], averaged over images, plus a
    regulariser; w_s is p(y | glimpses_s) divided by its sum over the image's trajectories, without gradient (the wake
    phase of Ba, Grosse, Salakhutdinov and Frey 2015, with 1/S, the mean of a weight, as control variate).

    It estimates the gradient of log p(y) itself by importance sampling with weights that add up to 1, so it is biased;
    the bias falls as 1/S. The paper's full method samples from an inference network that sees the label, and trains it
    with the same weights (objective=inferred_wake_sleep); here trajectories are samples of the policy, as in its
    variant without that network. The loss mask has to count all time steps. Terms: `bound`, log 1/S sum_s p(y |
    glimpses_s); `effective`, the effective number of trajectories, 1 / sum_s w_s^2.
    """

    for_drawn = True
    for_drawn_only = True

    def __init__(self, query_size: int, samples: Several, loss_mask: LossMask, regularizer: Regularizer):
        super().__init__()
        refuse_mistakes(loss_mask, "reweighted_wake_sleep")
        self.samples, self.regularizer = samples, regularizer

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BS = log_likelihood(rollout, target_BT).sum(-1)
        weight_BS = log_BS.detach().softmax(1)
        control_BS = weight_BS - 1 / log_BS.shape[1]
        wake_BS = weight_BS * log_BS + control_BS * trajectory_log_prob(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        return {
            "loss": regularizer - wake_BS.sum(1).mean(),
            "nll": -log_BS.detach().mean(),
            "bound": multi_sample_bound(log_BS.detach()).mean(),
            "effective": (1 / weight_BS.square().sum(1)).mean(),
            "penalty": regularizer.detach(),
        }
