"""How long a run trains until its validation reaches a target."""

from typing import final

from benchmark.claims.measure.to_target import ToTarget
from benchmark.report.analysis.targets import Validated


@final
class SecondsToTarget(ToTarget):
    """Seconds of training until the target. All that an image costs is in it: trajectories, glimpses, the encoder. Runs
    that share a machine disturb each other.
    """

    spent = "seconds"

    @property
    def depends_on_machine(self) -> bool:
        return True

    def until(self, validation: Validated) -> float:
        return validation.seconds
