"""Where configurations come from, and how one is put together without running anything."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from hydra.core.config_search_path import ConfigSearchPath
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from benchmark.address import Address, address
from benchmark.faults import ConfigFault
from benchmark.hydra_internals import config_loader, register
from benchmark.yamls import located, unset

ENTRY_POINTS = "attention_benchmark.configs"
"""The entry-point group by which an installed package brings its own configurations: name = "its.module.of.yamls"."""

CONFIG_NAME = "config"

LAUNCHER = "hydra_plugins.attention_benchmark.PoolLauncher"


def config_source() -> str:
    """The checkout's conf/ where this is a checkout, the wheel's copy elsewhere; never a `conf` of the user's own."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "conf" / "config.yaml").is_file():
        return str(checkout / "conf")
    return "pkg://benchmark.conf"


@final
class EntryPointConfigs(SearchPathPlugin):
    """Adds the configurations of every installed package that names some in the entry-point group."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
            search_path.append(provider=entry.name, path=f"pkg://{entry.value}")


def register_plugins(launcher: type[Launcher]) -> None:
    """Makes the project's Hydra plugins known, without a package `hydra_plugins` on the import path.

    A launcher has to bear a name from that package all the same; LAUNCHER is what pool.yaml calls it.
    """
    register(launcher, LAUNCHER, EntryPointConfigs)


@final
class Composer:
    """Composes configurations from the project's, the installed packages' and one more folder, as Hydra's main does.

    config_dir: one more folder of configurations. search: `hydra.searchpath=` overrides, part of every composition.
    """

    def __init__(self, config_dir: str | None = None, search: Sequence[str] = ()):
        self._search = list(search)
        folder = None if config_dir is None else f"file://{Path(config_dir).resolve()}"
        self.loader = config_loader(config_source(), folder)
        self._defaults: dict[tuple[str, ...], Any] = {}
        self._looked_at: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The composition of a run, with its `hydra` node. Raises ConfigFault with file and line of a yaml's fault."""
        try:
            return self.loader.load_configuration(CONFIG_NAME, [*self._search, *overrides], run_mode=RunMode.RUN)
        except (YAMLError, UnicodeDecodeError, HydraException, OmegaConfBaseException) as fault:
            if told := located(fault, self.loader, overrides):
                raise ConfigFault([told]) from fault
            raise

    def looked_at(self, overrides: Sequence[str]) -> DictConfig:
        """The same, composed once; to look at, never to change."""
        if tuple(overrides) not in self._looked_at:
            self._looked_at[tuple(overrides)] = self.compose(overrides)
        return self._looked_at[tuple(overrides)]

    def job(self, overrides: Sequence[str]) -> DictConfig:
        """The composition of a run as the run sees it, without the `hydra` node."""
        config = self.compose(overrides)
        with open_dict(config):
            config.pop("hydra", None)
        return config

    def choices(self, group: str) -> list[str]:
        return list(self.loader.get_group_options(group))

    def address(self, config: DictConfig, experiment: str = "") -> Address:
        """Where the run of a composed configuration belongs. experiment: what it says it follows."""
        if lacking := unset(config, self.loader):
            raise ConfigFault(lacking)
        usual = (f"attention={config.attention.name}", f"data={config.data.name}", f"seed={config.seed}")
        if usual not in self._defaults:
            self._defaults[usual] = self._completed(config, usual)
        protocol = self._completed(config, (f"experiment={experiment}", *usual)) if experiment else None
        return address(plain(config), self._defaults[usual], experiment, protocol)

    def _completed(self, config: DictConfig, overrides: Sequence[str]) -> dict[str, Any]:
        """The values of a composition; what it leaves open is as the run has it."""
        found = self.job(overrides)
        for key in OmegaConf.missing_keys(found):
            OmegaConf.update(found, key, OmegaConf.select(config, key), force_add=True)
        return plain(found)


def plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as dictionaries and lists, its references resolved. Raises ConfigFault for what has no value."""
    if left_open := sorted(OmegaConf.missing_keys(config)):
        raise ConfigFault([f"{key}: has no value, and needs one: {key}=..." for key in left_open])
    found = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items() if key != "hydra"}


def written(config: DictConfig) -> dict[str, Any]:
    """A configuration as dictionaries and lists, its references as they stand in the yamls."""
    found = OmegaConf.to_container(config, resolve=False)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items() if key != "hydra"}
