"""How many training images a run needs until its validation reaches a target."""

from typing import final

from benchmark.claims.measure.to_target import ToTarget
from benchmark.report.analysis.targets import Validated


@final
class ImagesToTarget(ToTarget):
    """Training images until the target."""

    spent = "images"

    def until(self, validation: Validated) -> float:
        return validation.images
