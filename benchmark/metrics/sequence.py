"""Whole-sequence error.

Axes: B images, T symbols.
"""

from torch import Tensor

from datamodules.contract import IGNORED


def sequence_correct(symbol_BT: Tensor, target_BT: Tensor) -> Tensor:
    """(B,) whether every symbol of the target was emitted: no partial credit; nothing counts after the target's end."""
    return ((symbol_BT == target_BT) | (target_BT == IGNORED)).all(-1)
