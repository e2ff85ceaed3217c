"""Gumbel-softmax: samples relaxed to weights, through which the likelihood trains the policy (Jang et al. 2017).

Axes: R rows, N places.
"""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.objective.relaxed import RelaxedObjective
from benchmark.objective.trajectories.relaxed import gumbel_softmax


@final
class GumbelSoftmax(RelaxedObjective):
    """loss = -log p(y | relaxed glimpses), averaged over trajectories and images, plus a regulariser. A relaxed glimpse
    is the mean of the items with weights softmax((log p + G) / temperature), G ~ Gumbel(0, 1) (Jang et al. 2017, eq 2;
    Maddison et al. 2017).

    Its gradient is unbiased for the relaxed model, and biased for the one that samples items: the less, and the more
    variable, the lower the temperature. The place of the largest weight is a sample of the policy, and evaluation takes
    items as for any hard attention. Nothing is softened besides.
    temperature: a schedule over training.
    """

    choice = "gumbel"

    def weights(self, where: FiniteDistribution) -> Tensor:
        """(R, N) relaxed samples."""
        return gumbel_softmax(where.log_RN, self.temperature)
