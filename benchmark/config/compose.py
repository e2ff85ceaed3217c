"""Composes configurations as hydra.main does, without running anything."""

import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from hydra.core.config_search_path import ConfigSearchPath
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import InterpolationToMissingValueError, MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from benchmark.common.errors import ConfigFault
from benchmark.common.moved import CHOICES, TARGET, moved, once
from benchmark.common.nearest import did_you_mean
from benchmark.config.choices import NAMED_PARTS, as_typed
from benchmark.config.hydra_internals import config_loader, register
from benchmark.config.seeded import Seeded
from benchmark.config.yamls import located, unset
from benchmark.results.run_id import RunId, address, flatten

ENTRY_POINTS = "attention_benchmark.configs"
"""Entry-point group in which installed packages register configurations: name = "its.module.of.yamls"."""

CONFIG_NAME = "config"
SEED = re.compile(r"seed=\d+")
STUDY = re.compile(r"study=(?!(?:null|true|false|nan|inf)$)[a-z][a-z_-]*", re.IGNORECASE)
OF_ONE_MECHANISM = re.compile(r"[+~]*(attention|match)[./@=]")
"""Overrides of a mechanism, and of a budget that is taken from another."""


def config_source() -> str:
    """The conf/ of this checkout, or the copy inside the wheel; never a user's own folder `conf`."""
    checkout = Path(__file__).resolve().parent.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "conf" / "config.yaml").is_file():
        return str(checkout / "conf")
    return "pkg://benchmark.conf"


@final
class EntryPointConfigs(SearchPathPlugin):
    """Adds the configurations that installed packages register in ENTRY_POINTS."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
            for folder in folders_of(entry):
                search_path.append(provider=entry.name, path=f"file://{folder}")


def folders_of(entry: importlib.metadata.EntryPoint) -> list[Path]:
    """The folders of a package's yamls, which need no `__init__.py`. Raises ConfigFault where there is none."""
    try:
        found = importlib.util.find_spec(entry.value)
        reason = "there is no such folder of yamls in it"
    except Exception as fault:  # whatever importing somebody's package raises
        found, reason = None, f"{type(fault).__name__}: {fault}"
    folders = [path for path in map(Path, (found and found.submodule_search_locations) or ()) if path.is_dir()]
    if not folders:
        package = entry.dist.name if entry.dist else entry.name
        raise ConfigFault(
            [f"{package}: the installed package names {entry.value} in its entry points, {ENTRY_POINTS}: {reason}. "
             f"Mend the package or its pyproject.toml and install it again, or pip uninstall {package}"]
        )  # fmt: skip
    return folders


def register_plugins() -> None:
    """Registers the project's Hydra plugins, without a package `hydra_plugins` on the import path.

    A launcher may be in any package: its yaml in conf/hydra/launcher names its class, as the yaml of any part does.
    """
    register(EntryPointConfigs)


@final
class Composer:
    """Composes from the project's configurations, those of installed packages, and one more folder.

    config_dir: that folder. search: overrides of `hydra.searchpath`, applied to every composition.
    """

    def __init__(self, config_dir: str | None = None, search: Sequence[str] = ()):
        self._search = list(search)
        folder = None if config_dir is None else f"file://{Path(config_dir).resolve()}"
        self.loader = config_loader(config_source(), folder)
        self._choices: dict[str, list[str]] = {}
        self._jobs: dict[tuple[str, ...], DictConfig] = {}
        self._seeds: dict[tuple[str, ...], Seeded] = {}
        self._set: set[tuple[str, ...]] = set()
        self._lacking: dict[tuple[str, ...], list[str]] = {}
        self._cache: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str], mode: RunMode = RunMode.RUN) -> DictConfig:
        """The composed configuration with its `hydra` node. mode: that of sweeps lets an override have several values,
        and leaves them out. Raises ConfigFault with file and line of a yaml's fault.
        """
        try:
            return self.loader.load_configuration(CONFIG_NAME, [*self._search, *overrides], run_mode=mode)
        except (YAMLError, UnicodeDecodeError, HydraException, OmegaConfBaseException) as fault:
            if message := located(fault, self.loader, overrides):
                raise ConfigFault([message]) from fault
            raise

    def composed_once(self, overrides: Sequence[str]) -> DictConfig:
        """The same, cached: the result must not be changed."""
        if tuple(overrides) not in self._cache:
            self._cache[tuple(overrides)] = self.compose(overrides)
        return self._cache[tuple(overrides)]

    def job(self, overrides: Sequence[str]) -> DictConfig:
        """The configuration of a run, see `as_job`. Jobs that differ only in seed or study are composed once."""
        split = without_names(overrides)
        if split is None:
            config = self.compose(overrides)
            return self.as_job(config, config.hydra)
        common, seed, study = split
        found = self._seeded(common).config(seed)
        if study is not None:
            found.study = study
        return found

    def values(self, overrides: Sequence[str]) -> dict[str, Any]:
        """`plain` of the configuration of a run, interpolated once for jobs that differ only in seed or study.

        Raises ConfigFault for knobs that are not set.
        """
        split = without_names(overrides)
        if split is None:
            config = self.job(overrides)
            self._refuse_unset(config)
            return plain(config)
        common, seed, study = split
        if common not in self._set:
            self._refuse_unset(self._seedless(common))
            self._set.add(common)
        found = self._seeded(common).values(seed)
        return found if study is None else found | {"study": study}

    def _seedless(self, overrides: tuple[str, ...]) -> DictConfig:
        if overrides not in self._jobs:
            config = self.compose(overrides)
            self._jobs[overrides] = self.as_job(config, config.hydra)
        return self._jobs[overrides]

    def _seeded(self, overrides: tuple[str, ...]) -> Seeded:
        if overrides not in self._seeds:
            self._seeds[overrides] = Seeded(self._seedless(overrides), plain)
        return self._seeds[overrides]

    def _refuse_unset(self, config: DictConfig) -> None:
        if lacking := unset(config, self.loader):
            raise ConfigFault(lacking)

    def as_job(self, config: DictConfig, hydra: Any) -> DictConfig:
        """A composed configuration without its `hydra` node, with present class names. hydra: that node.

        `choices` holds the names of its choices by group; for groups of named parts the parts' names where a list was
        given. A class that the command line or an experiment sets is listed there too, under its dotted key.
        """
        for place, target in targets(config, ""):
            if (new := moved().path(target, once)) != target:
                OmegaConf.update(config, place, new)
        chosen: dict[str, Any] = {
            str(group): choice
            for group, choice in hydra.runtime.choices.items()
            if choice is not None and not str(group).startswith("hydra/")
        }
        chosen |= {group: sorted(config.get(group, ())) for group in NAMED_PARTS if group not in chosen}
        if "experiment" in chosen or any(TARGET in text for text in hydra.overrides.task):
            usual = dict(targets(self._of_choices(chosen), ""))
            chosen |= {place: target for place, target in targets(config, "") if usual.get(place) != target}
        with open_dict(config):
            config.pop("hydra", None)
            config[CHOICES] = chosen
        self._match(config, hydra.overrides.task)
        return config

    def _match(self, config: DictConfig, overrides: Sequence[str]) -> None:
        """Scales the widths of a run to an equal budget, where `match` names one. overrides: those of the run."""
        if lacking := sorted(OmegaConf.missing_keys(config.match)):
            raise ConfigFault([f"{key}: has no value, and needs one: {key}=..." for key in lacking])
        others = [text for text in overrides if not OF_ONE_MECHANISM.match(text)]
        instantiate(config.match).apply(config, lambda name: self._other_mechanism(name, others))

    def _other_mechanism(self, name: str, others: Sequence[str]) -> DictConfig:
        """The configuration of the mechanism that a budget is taken from. others: overrides that it shares."""
        if name not in (known := self.choices("attention")):
            raise ConfigFault([f"match.to={name}: is neither a number nor a mechanism{did_you_mean(name, known)}"])
        try:
            return self.job([*others, f"attention={name}"])
        except (HydraException, OmegaConfBaseException) as fault:
            words = str(fault).splitlines()[0]
            raise ConfigFault(
                [f"match.to={name}: cannot be composed with the other overrides ({words}). Give a number"]
            ) from fault

    def _of_choices(self, chosen: dict[str, Any]) -> DictConfig:
        """The composition of the choices only, without the experiment that names them and sets further values."""
        names = {group: choice for group, choice in chosen.items() if group != "experiment"}
        for group in NAMED_PARTS:  # a list may include parts that were added on the command line
            if isinstance(names[group], list):
                names[group] = [name for name in names[group] if name in self.choices(group)]
        return self.composed_once([f"{group}={as_typed(choice)}" for group, choice in names.items()])

    def choices(self, group: str) -> list[str]:
        """All choices of a config group; empty for anything else."""
        if group not in self._choices:
            self._choices[group] = self.loader.get_group_options(group)
        return list(self._choices[group])

    def address(self, config: DictConfig, experiment: str = "", values: Mapping[str, Any] | None = None) -> RunId:
        """The RunId of a composed configuration. experiment: the choice of that group, "" for none. values: `plain` of
        the configuration, where it is known.
        """
        if values is None:
            self._refuse_unset(config)
            values = plain(config)
        usual = (f"attention={config.attention.name}", f"data={config.data.name}")
        protocol = self.completed(config, (f"experiment={experiment}", *usual)) if experiment else None
        return address(values, self.completed(config, usual), experiment, protocol)

    def completed(self, config: DictConfig, overrides: tuple[str, ...]) -> dict[str, Any]:
        """The values of a composition with the run's seed, and with the run's values where it has ???."""
        if overrides not in self._lacking:
            self._lacking[overrides] = missing(self._seedless(overrides))
        if not self._lacking[overrides]:
            return self._seeded(overrides).values(config.seed)
        return plain(self.completed_config(config, overrides))

    def completed_config(self, config: DictConfig, overrides: tuple[str, ...]) -> DictConfig:
        """The same, not interpolated; a copy."""
        found = self._seeded(overrides).config(config.seed)
        for key in missing(found):
            OmegaConf.update(found, key, OmegaConf.select(config, key), force_add=True)
        return found


def without_names(overrides: Sequence[str]) -> tuple[tuple[str, ...], int, str | None] | None:
    """The overrides without `seed=NUMBER` and `study=NAME`, and these two; None where there is not one seed.

    A study is None where none is given, or one that Hydra might not read as a text: that stays among the overrides.
    """
    seeds = [text for text in overrides if SEED.fullmatch(text)]
    studies = [text for text in overrides if STUDY.fullmatch(text)]
    if len(seeds) != 1 or len(studies) > 1:
        return None
    common = tuple(text for text in overrides if text not in (*seeds, *studies))
    study = studies[0].partition("=")[2] if studies else None
    return common, int(seeds[0].partition("=")[2]), study


def targets(node: Any, place: str) -> Iterator[tuple[str, str]]:
    """(dotted key, class) of every `_target_` of a configuration, in lists too; interpolated nodes are skipped."""
    if OmegaConf.is_config(node):
        node = OmegaConf.to_container(node, resolve=False)
    if isinstance(node, dict):
        for key, value in node.items():
            where = f"{place}.{key}".lstrip(".")
            if key == TARGET:
                yield where, str(value)
            elif not where.startswith(("hydra", CHOICES)):
                yield from targets(value, where)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from targets(value, f"{place}.{number}")


def plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as dictionaries and lists, interpolated. Raises ConfigFault for missing values."""
    try:
        found = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (MissingMandatoryValue, InterpolationToMissingValueError):
        faults = [f"{key}: has no value, and needs one: {key}=..." for key in sorted(OmegaConf.missing_keys(config))]
        raise ConfigFault(faults) from None
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items() if key != "hydra"}


def missing(config: DictConfig) -> list[str]:
    """Dotted keys whose value is ???; much faster than OmegaConf.missing_keys, which resolves interpolations."""
    return [key for key, value in flatten(written(config)).items() if value == "???"]


def written(config: DictConfig) -> dict[str, Any]:
    """A configuration as dictionaries and lists, without interpolation."""
    found = OmegaConf.to_container(config, resolve=False)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items() if key != "hydra"}
