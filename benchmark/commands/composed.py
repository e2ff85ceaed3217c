"""Composes a data set by the name of its yaml, for commands that need nothing else."""

from collections.abc import Sequence

from omegaconf import DictConfig

from benchmark.common.errors import ConfigFault
from benchmark.config.check import config_faults
from benchmark.config.compose import Composer, plain, register_plugins, written
from benchmark.config.overrides import Overrides

SHORT = {"mnist": "mnist28", "dogs": "stanford_dogs"}
"""Short names for files that several data sets share; any other name is a choice of the config group `data`."""


def composed(name: str, overrides: Sequence[str]) -> DictConfig:
    """The composed node `data` of a data set, with further overrides as for a run. Raises ConfigFault."""
    register_plugins()
    composer = Composer()
    texts = ["attention=none", f"data={SHORT.get(name, name)}", *overrides]
    if faults := Overrides(composer, texts, sweep=False).faults():
        raise ConfigFault(faults)
    config = composer.job(texts)
    if faults := config_faults(plain(config), written(config)):
        raise ConfigFault(faults)
    node: DictConfig = config.data
    return node
