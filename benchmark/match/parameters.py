"""An equal number of parameters."""

from collections.abc import Sequence
from typing import final

from omegaconf import DictConfig

from benchmark.match.base import Match, Reference
from datamodules.ranges import Count, SomeShare


@final
class MatchParameters(Match):
    """Parameters of the model, frozen ones included, a learned baseline not: `cost.parameters` of the record.

    to: their number, or the name of a mechanism. tolerance: share by which it may be missed. fixed: knobs whose widths
    are not scaled.
    """

    def __init__(self, to: Count | str, tolerance: SomeShare, fixed: Sequence[str]):
        self._to, self._tolerance, self._fixed = to, tolerance, fixed

    def apply(self, config: DictConfig, reference: Reference) -> None:
        from benchmark.evaluation.cost import parameters
        from benchmark.match.scaling import Budget, scale_to

        budget = Budget("parameters", lambda rnn, spec: parameters(rnn), self._to, self._tolerance, self._fixed)
        scale_to(config, budget, reference)
