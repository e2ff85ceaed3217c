"""The sweeper of a grid."""

from typing import Any, final

from benchmark.config.hydra_internals import BasicSweeper
from benchmark.sweep.base import SweepLauncher


@final
class GridSweeper(BasicSweeper):
    """Hydra's basic sweeper, which leaves the check of all jobs to a launcher that checks them itself.

    Hydra would compose each job once more, a third of a second each. Other launchers check nothing, so that it does.
    """

    def validate_batch_is_legal(self, batch: Any) -> None:
        if not isinstance(self.launcher, SweepLauncher):
            super().validate_batch_is_legal(batch)
