"""The sweeper of a grid."""

from collections.abc import Mapping
from typing import Any, final

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from benchmark.config.hydra_internals import basic_sweeper
from benchmark.sweep.base import SweepLauncher


@final
class GridSweeper(Sweeper):
    """Hydra's basic sweeper, which leaves the check of all jobs to a launcher that checks them itself.

    Hydra would compose each job once more, a third of a second each. Other launchers check nothing, so that it does.
    max_batch_size: jobs that a launcher gets at once, None for all. params: values to sweep, by key.
    """

    def __init__(self, max_batch_size: int | None, params: Mapping[str, str] | None):
        self._basic: Any = basic_sweeper(max_batch_size, params)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._basic.setup(hydra_context=hydra_context, task_function=task_function, config=config)
        if isinstance(self._basic.launcher, SweepLauncher):
            self._basic.validate_batch_is_legal = lambda batch: None

    def sweep(self, arguments: list[str]) -> Any:
        return self._basic.sweep(arguments)
