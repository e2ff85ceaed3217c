"""The settings of a search, from conf/search.yaml and the command line, and the ranges of conf/search/."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import yaml
from hydra.core.override_parser.types import Override
from hydra.utils import instantiate
from omegaconf import OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.common.nearest import did_you_mean
from benchmark.config.check import value_faults
from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has, keys
from benchmark.config.signatures import signature
from benchmark.config.yamls import file_of
from benchmark.process.program import first_line
from datamodules.ranges import Count, Natural, Positive, Share

GROUP = "search"
"""The name of the yaml with the settings, and of the group of yamls with ranges."""


class SearchSettings(NamedTuple):
    """Explained in conf/search.yaml."""

    budget: Count
    proposals: Natural
    together: Count | None
    warmup: Share
    poll_seconds: Positive
    out: str | None
    sampler: Mapping[str, Any]
    pruner: Mapping[str, Any]


def is_setting(key: str) -> bool:
    """Whether an override is of the search, and not of its runs."""
    return key.lstrip("+~").split(".")[0].split("@")[0] in (*SearchSettings._fields, GROUP)


def search_settings(composer: Composer, overrides: Sequence[Override]) -> SearchSettings:
    """Raises ConfigFault with all faults. overrides: those of the settings alone."""
    path = file_of(composer.loader, GROUP)
    assert path is not None  # it is a file of this package
    found, faults = OmegaConf.load(path), list[str]()
    for override in overrides:
        key = override.key_or_group
        if override.is_sweep_override() or override.is_delete():
            faults.append(f"{override.input_line}: a search has one value of {key}")
        elif not override.is_add() and not has(found, key):  # type: ignore[arg-type]
            faults.append(f"{override.input_line}: there is no setting {key!r}{did_you_mean(key, list(keys(found)))}")
        else:
            OmegaConf.update(found, key, override.value(), merge=False, force_add=True)
    values: Any = OmegaConf.to_container(found, resolve=True)
    faults += [f"{fault.knob}: {fault.message}" for fault in value_faults("", values, signature(SearchSettings).knobs)]
    if not faults:
        faults = [fault for part in ("sampler", "pruner") for fault in part_faults(part, values[part])]
    if faults:
        raise ConfigFault(faults)
    return SearchSettings(**values)


def part_faults(place: str, node: Mapping[str, Any]) -> list[str]:
    """What Optuna says of a sampler or a pruner that it does not take."""
    try:
        made(node) if place == "pruner" else made(node, seed=0)
    except Exception as error:  # whatever a library's class raises for a wrong argument
        return [f"{place}: {first_line(error)}"]
    return []


def made(node: Mapping[str, Any], **arguments: Any) -> Any:
    """The object that a node's `_target_` names."""
    return instantiate(dict(node), _convert_="all", **arguments)


def ranges_of(composer: Composer, names: Sequence[str]) -> dict[str, str]:
    """The ranges of yamls of conf/search/, by knob. Raises ConfigFault for a name without one, or a yaml of another
    form.
    """
    found: dict[str, str] = {}
    known, faults = composer.choices(GROUP), list[str]()
    for name in names:
        path = file_of(composer.loader, f"{GROUP}/{name}")
        if path is None:
            near = did_you_mean(name, known)
            faults.append(f"{GROUP}={name}: there is no such yaml of ranges{near} There are {', '.join(known)}")
            continue
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(node, dict) or not all(isinstance(text, str) for text in node.values()):
            faults.append(f"{path}: has to hold lines of `knob: range`, such as look.hidden: int(interval(32, 256))")
            continue
        found |= {str(knob): text for knob, text in node.items()}
    if faults:
        raise ConfigFault(faults)
    return found
