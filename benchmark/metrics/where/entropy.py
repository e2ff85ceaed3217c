"""Entropy of the distributions over items that glimpses are taken from.

Axes: B images, T time steps, M glimpses before each symbol, N items.
"""

import torch
from torch import Tensor

from datamodules.contract import IGNORED


def attention_entropy(item_probs_BTMN: Tensor, symbol_BT: Tensor) -> Tensor:
    """(B,) entropy in nats of the probabilities of the items, averaged over the glimpses of one trajectory: 0 where one
    item has them all, log N where all are equally probable. NaN for a mechanism without items.

    item_probs_BTMN: before sampling, N = 0 without items. symbol_BT: as emitted; time steps after the end, which are
    IGNORED, do not count. Of several passes the lengths can differ, and the steps that both have count.
    """
    if not item_probs_BTMN.shape[-1]:
        return item_probs_BTMN.new_full((len(item_probs_BTMN),), torch.nan)
    steps = min(item_probs_BTMN.shape[1], symbol_BT.shape[1])
    entropy_BT = torch.special.entr(item_probs_BTMN[:, :steps].float()).sum(-1).mean(-1)
    emitted_BT = symbol_BT[:, :steps] != IGNORED
    return (entropy_BT * emitted_BT).sum(-1) / emitted_BT.sum(-1)
