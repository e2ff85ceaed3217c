"""RELAX: REINFORCE with a learned control variate whose mean is known by a second path (Grathwohl et al. 2018).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N places, Q query.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood, logged_terms, refuse_without_items, within_sequence
from benchmark.objective.baseline.base import masked_mean
from benchmark.objective.control_variate import ControlVariate
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import returns_to_go
from benchmark.objective.trajectories.perturbed import PerturbedTrajectories
from datamodules.ranges import Count, Positive, Width


@final
class Relax(Objective):
    """The gradient for the policy's scores is sum_k [return_k - c(z~_k)] grad log p(l_k) + grad c(z_k) - grad c(z~_k),
    with l_k = argmax z_k, z_k = log p + Gumbel(0, 1), and z~_k drawn anew given l_k (Grathwohl et al. 2018, section
    3.2; Tucker et al. 2017). For others the loss is -log p(y | l). The return is the likelihood from the glimpse's time
    step on; all is averaged over trajectories and images.

    It is unbiased for the gradient of the bound, whatever c is. c is trained to make the squared norm of the gradient
    by each glimpse's scores small, as there, where it is that by all parameters. Unlike there, a glimpse of a sequence
    has a c of its own, that of the state before it: a c of all relaxed glimpses would be biased, as what is drawn later
    jumps with z. REBAR's c, the loss itself at relaxed glimpses, is not here for the same reason.

    For glimpses at finitely many places whose features the mechanism gives (`Attention.item_size`); others are refused.
    The loss mask has to count all time steps. hidden, temperature: of c. The term `baseline` is c's loss.
    """

    for_drawn = True
    for_drawn_only = True
    second_gradients = True  # the control variate's loss

    def __init__(
        self, query_size: int, item_size: int, samples: Count, hidden: Width, temperature: Positive,
        loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_mistakes(loss_mask, "relax")
        refuse_without_items(item_size, "relax", "its control variate is of their features")
        self.samples, self.regularizer = samples, regularizer
        self.control = ControlVariate(item_size, query_size, hidden, temperature)
        self.trajectories = PerturbedTrajectories(self.control, "relax")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        places = rollout.notes.shape[-1] // 3
        policy_BSTMN, drawn_BSTMN, slope_BSTMN, control_BSTM1 = rollout.notes.split([places, places, places, 1], -1)
        mask_BSTM = within_sequence(target_BT, rollout.log_prob)
        return_BSTM = returns_to_go(log_BST.detach(), rollout.log_prob)
        gradient_BSTMN = (return_BSTM[..., None] - control_BSTM1) * drawn_BSTMN + slope_BSTMN  # by log p
        policy_BSTM = (gradient_BSTMN.detach() * policy_BSTMN).sum(-1)
        by_score_BSTMN = gradient_BSTMN - policy_BSTMN.detach().exp() * gradient_BSTMN.sum(-1, keepdim=True)
        control_loss = masked_mean(by_score_BSTMN.square().sum(-1), mask_BSTM)
        nll, regularizer = -log_BST.sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - (policy_BSTM * mask_BSTM).sum((-2, -1)).mean() + control_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, log_BST.detach(), control_loss, regularizer)}
