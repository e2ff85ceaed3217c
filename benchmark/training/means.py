"""Means of scalars between two lines of the log."""

from collections.abc import Mapping
from typing import final

from torch import Tensor


@final
class Means:
    """Sums scalars where they are, so that no step waits for a device, and reads their means when a line is written.

    count: how often scalars were added since the last line.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self.count = 0

    def add(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self.count += 1

    def take(self) -> dict[str, float]:
        """The means by name, none where nothing was added; the sums begin anew."""
        means = {name: (value / self.count).item() for name, value in self._sums.items()}
        self._sums, self.count = {}, 0
        return means
