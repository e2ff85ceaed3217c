"""A learned control variate of relaxed glimpses (RELAX).

Axes: R rows, B images or rows with items of their own, N items, D size of an item, Q query.
"""

from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.attention.distribution import Evidence
from datamodules.ranges import Positive, Width


@final
class ControlVariate(nn.Module):
    """c(z) = w . tanh(W [h, sum_i softmax(z / temperature)_i c_i]), of the state h before a glimpse and the items c_i:
    what a glimpse at relaxed weights is worth. It reads state and items without gradient. w starts at zero, so that the
    estimator starts as REINFORCE.
    """

    def __init__(self, item_size: int, query_size: int, hidden: Width, temperature: Positive):
        super().__init__()
        self.temperature = temperature
        self.body = nn.Sequential(nn.Linear(query_size + item_size, hidden), nn.Tanh())
        self.worth = nn.Linear(hidden, 1)
        nn.init.zeros_(self.worth.weight)
        nn.init.zeros_(self.worth.bias)

    def forward(self, evidence: Evidence, score_RN: Tensor) -> Tensor:
        """(R,) the control variate at these perturbed scores."""
        item_BND, query_RQ = evidence.detached()
        weight_BSN = (score_RN / self.temperature).softmax(-1).unflatten(0, (len(item_BND), -1))
        glimpse_RD = (weight_BSN @ item_BND).flatten(0, 1)
        worth_R: Tensor = self.worth(self.body(torch.cat([query_RQ, glimpse_RD], -1))).squeeze(-1)
        return worth_R
