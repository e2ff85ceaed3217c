"""How many training images a run needs until its validation reaches a target."""

from typing import final

from benchmark.claims.measure.to_target import ToTarget
from benchmark.report.analysis.targets import Validated


@final
class ImagesToTarget(ToTarget):
    """Training images until the target."""

    spent = "images"

    @property
    def depends_on_machine(self) -> bool:
        return False

    def until(self, validation: Validated) -> float:
        return validation.images
