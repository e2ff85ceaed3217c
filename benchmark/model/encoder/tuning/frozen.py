"""Never trained.

Axes: B images, C channels, H rows, W columns.
"""

from typing import final

from benchmark.model.encoder.tuning.base import Tuning


@final
class FrozenEncoder(Tuning):
    """Never: it stays as it starts."""

    rate = 1.0

    def learns(self, progress: float) -> bool:
        return False
