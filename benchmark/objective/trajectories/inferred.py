"""Trajectories sampled from an inference network instead of the policy.

Axes: B images, S trajectories, R = B * S rows, T time steps, N places.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Taken, Trajectories, rolled


@final
class InferredTrajectories(Trajectories):
    """Each glimpse is sampled from q. No glimpse is softened. The notes of a glimpse are log q of the sample, and
    KL(q || policy), both with gradient.

    infer: q, from the policy's distribution and each row's label (R,). glimpses: before each symbol. objective: the
    choice, for messages. Raises ConfigFault for several passes over an image, for another number of glimpses, and where
    places cannot be enumerated.
    """

    def __init__(
        self, infer: Callable[[FiniteDistribution, Tensor], FiniteDistribution], glimpses: int, objective: str
    ):
        self.infer, self.glimpses, self.objective = infer, glimpses, objective

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        symbol_RT = target_BT.repeat_interleave(samples, 0)

        def inferred(policy: FiniteDistribution, number: int) -> Taken:
            time_step = number // self.glimpses
            if len(policy.log_RN) != len(symbol_RT) or time_step >= symbol_RT.shape[1]:
                raise ConfigFault([f"passes: objective={self.objective} is for one pass. Use passes=single"])
            q = self.infer(policy, symbol_RT[:, time_step])
            weights_RN = q.sample()
            divergence_R = (q.log_RN.exp() * (q.log_RN - policy.log_RN)).sum(-1)
            return policy.place(weights_RN), torch.stack([q.log_prob(weights_RN), divergence_R], -1)

        rollout = rolled(roll, samples, inferred, self.objective)
        if rollout.log_prob.shape[3] != self.glimpses:
            raise ConfigFault(
                [f"objective.glimpses={self.glimpses}: a symbol has {rollout.log_prob.shape[3]} glimpses"]
            )
        return rollout
