"""A frozen encoder.

Axes: B images, C channels, H rows, W columns.
"""

from typing import final

from benchmark.model.encoder.tuning.base import Tuning


@final
class FrozenEncoder(Tuning):
    """Never trained: the encoder keeps its initial weights."""

    rate = 1.0

    def learns(self, progress: float) -> bool:
        return False
