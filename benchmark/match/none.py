"""No budget."""

from typing import final

from omegaconf import DictConfig

from benchmark.match.base import Match, Reference


@final
class NoMatch(Match):
    """Leaves all widths as they are."""

    def apply(self, config: DictConfig, reference: Reference) -> None: ...
