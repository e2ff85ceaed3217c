"""Reweighted wake-sleep with an inference network that sees the label (Ba, Grosse et al. 2015).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import (
    Objective,
    log_likelihood,
    refuse_without_items,
    trajectory_log_prob,
    within_sequence,
)
from benchmark.objective.inference_network import InferenceNetwork
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.trajectories.inferred import InferredTrajectories
from benchmark.objective.vimco import multi_sample_bound
from datamodules.ranges import Count, Several, Width


@final
class InferredWakeSleep(Objective):
    """loss = -sum_s [w_s log p(y, l_s) + (w_s - 1/S) log q(l_s)], averaged over images, plus a regulariser. The
    trajectories l_s are samples of q(l given y), an inference network; w_s is p(y, l_s) / q(l_s), divided by its sum
    over the image's trajectories, without gradient (the wake phases of p and of q of Ba, Grosse, Salakhutdinov and
    Frey 2015).

    For the model and the policy it estimates the gradient of log p(y), for q that of -KL(p(l given y) || q). Both are
    biased as 1/S, and not at all where q is the posterior. 1/S, the mean of a weight, is the control variate of q's
    score, whose mean under q is zero; that of p's score is not, so it has none. For glimpses at finitely many places
    whose features the mechanism gives (`Attention.item_size`); others are refused. The loss mask has to count all time
    steps. glimpses: before each symbol. Terms: `bound`, log 1/S sum_s p(y, l_s) / q(l_s); `nll`, of q's samples;
    `effective`, the effective number of trajectories, 1 / sum_s w_s^2.
    """

    for_drawn = True
    for_drawn_only = True

    def __init__(
        self, query_size: int, item_size: int, symbols: int, samples: Several, glimpses: Count,
        alignment: Callable[..., Alignment], label_size: Width, loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_mistakes(loss_mask, "inferred_wake_sleep")
        refuse_without_items(item_size, "inferred_wake_sleep", "its inference network scores them")
        self.samples, self.regularizer = samples, regularizer
        self.inference = InferenceNetwork(item_size, query_size, symbols, alignment, label_size)
        self.trajectories = InferredTrajectories(self.inference, glimpses, "inferred_wake_sleep")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        log_BS, log_q_BSTM = log_BST.sum(-1), rollout.notes[..., 0]
        mask_BSTM = within_sequence(target_BT, log_q_BSTM)
        log_q_BS = (log_q_BSTM * mask_BSTM).sum((-2, -1))
        joint_BS = log_BS + trajectory_log_prob(rollout, target_BT)
        ratio_BS = (joint_BS - log_q_BS).detach()
        weight_BS = ratio_BS.softmax(1)
        wake_BS = weight_BS * joint_BS + (weight_BS - 1 / weight_BS.shape[1]) * log_q_BS
        regularizer = self.regularizer(rollout, target_BT)
        return {
            "loss": regularizer - wake_BS.sum(1).mean(),
            "nll": -log_BS.detach().mean(),
            "bound": multi_sample_bound(ratio_BS).mean(),
            "effective": (1 / weight_BS.square().sum(1)).mean(),
            "penalty": regularizer.detach(),
        }
