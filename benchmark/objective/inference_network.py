"""The inference network of variational attention: a distribution over items that has seen the label.

Axes: R rows, B images or rows with items of their own, S trajectories, N items, V symbols, Q query.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.distribution import IMPOSSIBLE, CategoricalItems, FiniteDistribution
from datamodules.contract import IGNORED
from datamodules.ranges import Width


@final
class InferenceNetwork(nn.Module):
    """q(l_k given y, l_<k) = softmax_i f([h_k, E y_t], c_i) over the items c_i that the policy has, where y_t is the
    symbol that the glimpse comes before and h_k the state before the glimpse (Deng et al. 2018, section 3).

    f is an alignment with weights of its own, and E an embedding of symbols. It reads items and state without gradient:
    what is inferred does not shape what the classifier sees. Where the policy cannot draw an item, it cannot either.
    Unlike in the paper: it sees the symbol at hand, and of the others what the state holds, not the whole sequence.
    """

    def __init__(
        self, item_size: int, query_size: int, symbols: int, alignment: Callable[..., Alignment], label_size: Width
    ):
        super().__init__()
        self.embedding = nn.Embedding(symbols, label_size)
        self.alignment = alignment(item_size=item_size, query_size=query_size + label_size)

    def forward(self, policy: FiniteDistribution, symbol_R: Tensor) -> CategoricalItems:
        """symbol_R: the label; its value does not matter where it is IGNORED."""
        item_BND, query_RQ = policy.evidence.detached()
        label_RL = self.embedding(symbol_R.masked_fill(symbol_R == IGNORED, 0))
        query_BSQ = torch.cat([query_RQ, label_RL], -1).unflatten(0, (len(item_BND), -1))
        score_RN = self.alignment(self.alignment.keys(item_BND), query_BSQ).flatten(0, 1)
        return CategoricalItems(score_RN, None, policy.log_RN.detach() > IMPOSSIBLE / 2)
