"""All uses of private names of Hydra and OmegaConf, each with a test.

A new version of Hydra may change any of them; tests/config/test_hydra_internals.py then shows which.
"""

import pickle
from argparse import Namespace
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from typing import Any, final

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.plugin import Plugin
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.common.moved import moved, once


def command_line() -> Namespace:
    """The program's arguments as `hydra.main` reads them: `overrides`, `config_dir`, `multirun`, `cfg`, ..."""
    return get_args_parser().parse_args()


def register(configs: type[SearchPathPlugin]) -> None:
    """Makes a search path plugin known, and every launcher and sweeper that a yaml names by the path of its class.

    Hydra itself builds only those of a package `hydra_plugins`, which it imports as a whole when it starts.
    """
    plugins = Plugins.instance()
    plugins.register(configs)
    plugins.is_in_toplevel_plugins_module = _is_plugin  # type: ignore[assignment]


def leave_checks_to(launchers: type[object]) -> None:
    """Lets Hydra's own sweeper compose no job to check it, where such a launcher checks all jobs itself.

    It takes Hydra a third of a second for each job. Under other launchers it checks them as ever.
    """
    Plugins.instance()  # executes the modules of Hydra's plugins again: only then the class is the one that is used

    def validate(self: Any, batch: Any) -> None:
        if not isinstance(self.launcher, launchers):
            Sweeper.validate_batch_is_legal(self, batch)

    get_object(f"{BasicSweeper.__module__}.{BasicSweeper.__name__}").validate_batch_is_legal = validate


def save_where_possible() -> None:
    """Makes Hydra's own sweeper go on where it cannot write its multirun.yaml, which nothing reads: a sweep whose runs
    are finished has nothing else to write.
    """
    Plugins.instance()  # as above
    sweeper = get_object(f"{BasicSweeper.__module__}.{BasicSweeper.__name__}")
    sweeper.sweep.__globals__["OmegaConf"] = _SavesWherePossible


@final
class _SavesWherePossible:
    """What of OmegaConf the sweeper's module uses."""

    @staticmethod
    def save(config: Any, path: Any) -> None:
        with suppress(OSError):
            OmegaConf.save(config, path)


def _is_plugin(target: str) -> bool:
    """Whether Hydra may build a target as a launcher or sweeper; makes its class known. Raises ConfigFault."""
    now = moved().path(target, once)
    if now == target and Plugins.is_in_toplevel_plugins_module(target):
        return True
    try:
        found = get_object(now)
    except ImportError as error:
        raise ConfigFault([f"hydra: {now} cannot be imported: {error}"]) from error
    if not (isinstance(found, type) and issubclass(found, Plugin)):
        return False
    Plugins.instance().class_name_to_class[target] = found
    return True


@final
class ReadOnce(ConfigRepository):
    """Reads each yaml once; Hydra itself parses all of them again in every composition, a third of its time."""

    def __init__(self, config_search_path: ConfigSearchPath):
        self._read: dict[str, bytes] = {}
        super().__init__(config_search_path)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ReadOnce":
        """A copy, which Hydra makes for every composition: with a list of sources of its own, which Hydra replaces, and
        what is read in common.
        """
        found = copy(self)
        found.sources = [*self.sources]
        return found

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        self._read = {}  # of other sources
        super().initialize_sources(config_search_path)

    def load_config(self, config_path: str) -> ConfigResult | None:
        """A copy each time, since Hydra changes what it is given."""
        if config_path not in self._read:
            self._read[config_path] = pickle.dumps(super().load_config(config_path))
        found: ConfigResult | None = pickle.loads(self._read[config_path])
        return found


def config_loader(source: str, folder: str | None) -> ConfigLoader:
    """A loader with a source and all search path plugins, as `hydra.main` has it. folder: that of --config-dir,
    searched after the source; None for none.
    """
    search_path = create_config_search_path(source)
    if folder is not None:
        search_path.prepend(provider="command-line", path=folder, anchor=SearchPathQuery(provider="schema"))
    loader = ConfigLoaderImpl(config_search_path=search_path)
    loader.repository = ReadOnce(search_path)
    return loader


def jobs_of_sweep(loader: ConfigLoader, config: DictConfig) -> list[list[str]]:
    """The overrides of each job of a sweep, as Hydra's own sweeper gives them to a launcher. config: composed in the
    mode of sweeps. Raises ConfigFault for another sweeper, which chooses a job after the results of others.
    """
    node = config.hydra.sweeper
    if not is_grid(str(node._target_)):
        raise ConfigFault(
            ["hydra/sweeper: a sweeper that optimises chooses jobs after the results of others; they cannot be listed"]
        )
    texts = [*(f"{key}={value}" for key, value in (node.params or {}).items()), *config.hydra.overrides.task]
    overrides = OverridesParser.create(config_loader=loader).parse_overrides(texts)
    return [job for batch in BasicSweeper.split_arguments(overrides, None) for job in batch]


def is_grid(sweeper: str) -> bool:
    """Whether the class of this path is Hydra's own sweeper, which lists all jobs before the first."""
    return sweeper.endswith(f".{BasicSweeper.__name__}")


def parsed_value(override: Override) -> Any:
    """The parsed value of an override. Quotes are preserved as a QuotedString; `Override.value()` drops them."""
    return override._value


def swept_values(override: Override) -> list[Any]:
    """The values of a discrete sweep, without quotes, as `Override.value()` returns a single one."""
    return [Override._convert_value(each) for each in override.sweep_iterator()]


def is_list_of_values(override: Override) -> bool:
    """Whether a sweep was typed as comma-separated values, not as choice(...), range(...) or glob(...)."""
    return bool(getattr(override._value, "simple_form", False))


def has(config: DictConfig, key: str) -> bool:
    """Whether a dotted key exists, even if its value is null, missing (???) or cannot be interpolated."""
    node: Any = config
    for part in key.split("."):
        if not OmegaConf.is_dict(node) or part not in node.keys():  # noqa: SIM118 - `in node` is False for a null
            return False
        node = node._get_node(part)
    return True


def keys(config: Any, prefix: str = "") -> Iterator[str]:
    """Every dotted key of a configuration, of nodes and leaves, without interpolation."""
    for key in config.keys():  # noqa: SIM118
        yield f"{prefix}{key}"
        node = config._get_node(key)
        if OmegaConf.is_dict(node) and not node._is_none() and not node._is_missing():
            yield from keys(node, f"{prefix}{key}.")
