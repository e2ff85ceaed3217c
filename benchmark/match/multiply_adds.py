"""An equal number of multiply-adds."""

from collections.abc import Sequence
from typing import final

from omegaconf import DictConfig

from benchmark.match.base import Match, Reference
from datamodules.ranges import Count, SomeShare


@final
class MatchMultiplyAdds(Match):
    """Multiply-adds of one image and one trajectory in evaluation: `cost.multiply_adds` of the record.

    to: their number, or the name of a mechanism. tolerance: share by which it may be missed. fixed: knobs whose widths
    are not scaled.
    """

    def __init__(self, to: Count | str, tolerance: SomeShare, fixed: Sequence[str]):
        self._to, self._tolerance, self._fixed = to, tolerance, fixed

    def apply(self, config: DictConfig, reference: Reference) -> None:
        from benchmark.evaluation.cost import multiply_adds
        from benchmark.match.scaling import Budget, scale_to

        scale_to(config, Budget("multiply-adds", multiply_adds, self._to, self._tolerance, self._fixed), reference)
