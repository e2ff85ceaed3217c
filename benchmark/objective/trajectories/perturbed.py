"""Trajectories sampled as the largest of perturbed scores, with a control variate of these scores.

Axes: R rows, N places.
"""

from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.control_variate import ControlVariate
from benchmark.objective.trajectories.base import Roll, Taken, Trajectories, log_exponential, rolled


def conditional_scores(log_RN: Tensor, drawn_RN: Tensor, log_exponential_RN: Tensor) -> Tensor:
    """(R, N) z ~ p(z given argmax z = the drawn place), where z = log p + Gumbel(0, 1) (Tucker et al. 2017, appendix C;
    Grathwohl et al. 2018, appendix B): -log E_b for the drawn place b and -log(E_i / p_i + E_b) for others, E being
    exponential.
    """
    largest_R1 = (log_exponential_RN * drawn_RN).sum(-1, keepdim=True)
    others_RN = torch.logaddexp(log_exponential_RN - log_RN, largest_R1)
    return -torch.where(drawn_RN == 1, largest_R1, others_RN)


@final
class PerturbedTrajectories(Trajectories):
    """A glimpse is at b = argmax z, z = log p + Gumbel(0, 1), a sample of p. No glimpse is softened.

    The notes of a glimpse, 3 N + 1 numbers: log p, with the policy's gradient; b, one-hot; the slope of c(z) - c(z~) by
    log p, and c(z~), both with the gradient of the control variate c alone. z~ is drawn anew given b.
    control: c. objective: the choice, for messages.
    """

    def __init__(self, control: ControlVariate, objective: str):
        self.control, self.objective = control, objective

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        def perturbed(policy: FiniteDistribution, number: int) -> Taken:
            log_RN = policy.log_RN.detach().requires_grad_()
            with torch.enable_grad():
                score_RN = log_RN - log_exponential(log_RN)
                drawn_RN = one_hot(score_RN.argmax(-1), log_RN.shape[-1]).to(log_RN.dtype)
                again_RN = conditional_scores(log_RN, drawn_RN, log_exponential(log_RN))
                control_R = self.control(policy.evidence, again_RN)
                difference = (self.control(policy.evidence, score_RN) - control_R).sum()
                (slope_RN,) = torch.autograd.grad(difference, log_RN, create_graph=True)
            # c(z~) itself is to be differentiated by the weights of c, no longer by the scores.
            control_R1 = self.control(policy.evidence, again_RN.detach())[:, None]
            return policy.place(drawn_RN), torch.cat([policy.log_RN, drawn_RN, slope_RN, control_R1], -1)

        return rolled(roll, samples, perturbed, self.objective)
