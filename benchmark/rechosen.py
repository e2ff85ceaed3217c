"""A saved run's configuration with other knobs of its data set or its decoding, or another choice of these two groups.

The saved configuration may be a stranger's. What is chosen otherwise is composed from installed yamls alone, and where
a data set's derived files are written, or whether it is downloaded, is never taken from the saved one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.moved import CHOICES, TARGET, renamed
from benchmark.config.check import part_faults
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides
from benchmark.config.saved_config import shown
from benchmark.config.typed import as_text
from benchmark.process.program import first_line

WRITTEN = ("data.cache", "data.download")
"""Knobs of a data set that say what is written, and where; a saved configuration does not set them."""


class Rechosen(NamedTuple):
    """config: the run's, with what was chosen. differs: what is not as in the run, by group or dotted key."""

    config: DictConfig
    differs: dict[str, Any]


def rechosen(config: DictConfig, group: str, typed: Sequence[str], composer: Composer) -> Rechosen:
    """Another choice, or other knobs, of a group. typed: overrides of this group. A choice that is the run's own keeps
    the run's knobs. Raises ConfigFault for invalid overrides, RunFault where the run's own choice is not installed.
    """
    if not typed:
        return Rechosen(config, {})
    return _composed(config, group, typed, composer)


def placed_data(config: DictConfig, typed: Sequence[str], composer: Composer) -> Rechosen:
    """The data set of a run, to be read: its own, or with overrides of `data`. The saved data.root is followed to a
    folder that is there. Raises as `rechosen`, and RunFault where it is not there.
    """
    return _composed(config, "data", typed, composer)


def _composed(config: DictConfig, group: str, typed: Sequence[str], composer: Composer) -> Rechosen:
    texts = [*renamed(typed).values()]
    own = _own_choice(config, group)
    named = [text.partition("=")[2] for text in texts if text.partition("=")[0] == group]
    name = (named or [own])[-1]
    _refuse_not_installed({"attention": str(config.attention.name)} | ({} if named else {group: own}), group, composer)
    choices = [f"attention={config.attention.name}", f"{group}={name}"]
    knobs = [text for text in texts if text.partition("=")[0] != group]
    quoted = as_text(composer, [*choices, *knobs], sweep=False)
    parsed = Overrides(composer, [*choices, *(quoted.get(text, text) for text in knobs)], sweep=False)
    if faults := parsed.faults():
        raise ConfigFault(faults)
    whole = composer.job(choices)
    whole.seed = config.get("seed") if type(config.get("seed")) is int else 0
    new = {each.key_or_group: each.value() for each in parsed.keys}
    if name == own:
        _follow(whole, config, group, rooted="data.root" in new)
    beside = {*whole.identity_excludes} - {"data.root"}  # other data may lie elsewhere
    differs: dict[str, Any] = {} if name == own else {group: name}
    differs |= {key: value for key, value in new.items() if OmegaConf.select(whole, key) != value and key not in beside}
    for key, value in new.items():
        OmegaConf.update(whole, key, value, merge=False, force_add=True)
    node: Any = OmegaConf.to_container(whole[group], resolve=True)
    if wrong := [f"{fault.knob}: {fault.message}" for fault in part_faults({group: node})]:
        raise ConfigFault(wrong)
    found = config.copy()
    with open_dict(found):
        found[group] = OmegaConf.create(node)
    return Rechosen(found, differs)


def _own_choice(config: DictConfig, group: str) -> str:
    chosen = config.get(CHOICES)
    return str((chosen.get(group) if isinstance(chosen, DictConfig) else None) or config[group].get("name", ""))


def _refuse_not_installed(choices: Mapping[str, str], group: str, composer: Composer) -> None:
    for of, choice in choices.items():
        if choice not in composer.choices(of):  # an untrusted name may be a path
            raise RunFault(
                f"{of}={shown(choice)} of that run is no installed choice, so {group}= cannot be chosen. Name the "
                "folder of its yamls, if you trust them: --config-dir FOLDER"
            )


def _follow(whole: DictConfig, saved: DictConfig, group: str, rooted: bool) -> None:
    """Gives a group the saved values. rooted: whether another data.root was named."""
    root, usual = saved[group].get("root"), whole[group].get("root")
    if root is not None and root != usual and not rooted and not Path(str(root)).is_dir():
        raise RunFault(
            f"{group}.root={shown(str(root))} of that run is no folder here. Say where its data are: data.root=FOLDER"
        )
    values: Any = OmegaConf.to_container(saved[group], resolve=True)
    values = {key: value for key, value in values.items() if f"{group}.{key}" not in WRITTEN}
    try:
        with open_dict(whole):
            _set(whole[group], values, references=False)  # those that others are interpolated from come first
            _set(whole[group], values, references=True)
    except (OmegaConfBaseException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunFault(f"{group} of that run is not what its choice can be ({shown(first_line(error))})") from None


def _set(node: DictConfig, values: Mapping[str, Any], references: bool) -> None:
    """Sets plain values, or else those that are interpolated and do not come to the same. So a value that is
    interpolated from another follows what is chosen otherwise later.
    """
    for key, value in values.items():
        if key in node and OmegaConf.is_interpolation(node, key):
            if references and node[key] != value:
                node[key] = value
        elif isinstance(value, dict) and isinstance(node.get(key), DictConfig) and value.get(TARGET) == node[key].get(
            TARGET
        ):  # fmt: skip
            _set(node[key], value, references)
        elif not references:
            node[key] = value
