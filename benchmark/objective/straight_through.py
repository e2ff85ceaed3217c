"""The straight-through estimator: an item in the forward pass, its relaxed weights in the backward pass.

Axes: R rows, N places.
"""

from typing import final

from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.objective.relaxed import RelaxedObjective
from benchmark.objective.trajectories.relaxed import gumbel_softmax


@final
class StraightThrough(RelaxedObjective):
    """loss = -log p(y | sampled glimpses), averaged over trajectories and images, plus a regulariser. A glimpse is an
    item, sampled as the largest of softmax((log p + G) / temperature), G ~ Gumbel(0, 1); its gradient is that of these
    weights (Bengio et al. 2013; straight-through Gumbel-softmax of Jang et al. 2017).

    The loss is the bound's. Its gradient is biased, at every temperature, for all weights that the policy depends on,
    and exact for the others. Nothing is softened besides.
    temperature: a schedule over training.
    """

    choice = "straight_through"

    def weights(self, where: FiniteDistribution) -> Tensor:
        """(R, N) one-hot samples with the gradient of their relaxed weights."""
        soft_RN = gumbel_softmax(where.log_RN, self.temperature)
        hard_RN = one_hot(soft_RN.argmax(-1), soft_RN.shape[-1]).to(soft_RN.dtype)
        return hard_RN + (soft_RN - soft_RN.detach())  # the difference is 0 to the bit
