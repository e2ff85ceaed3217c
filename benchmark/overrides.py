"""Faults of what was typed on the command line: every one of them at once, each with the nearest right name."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from benchmark.compose import Composer
from benchmark.nearest import did_you_mean
from benchmark.program import first_line

MOST_COMBINATIONS = 64
"""Of choices in a sweep that are composed to look a key up; a larger sweep is left to Hydra's own check of each job."""


@final
class Overrides:
    """The overrides of one command line, read once.

    texts: as typed. sweep: whether several values may be given for one key. groups: the choices among them; keys: the
    knobs; search: where choices are looked for besides.
    """

    def __init__(self, composer: Composer, texts: Sequence[str], sweep: bool):
        self._composer, self.sweep = composer, sweep
        self._unread: list[str] = []
        parsed: list[Override] = []
        parser = OverridesParser.create(config_loader=composer.loader)
        for text in texts:
            try:
                parsed += parser.parse_overrides([text])
            except (HydraException, OmegaConfBaseException) as error:
                self._unread.append(f"{text}: cannot be read as key=value ({first_line(error)}){quoted(text)}")
        self.search = [o.input_line or "" for o in parsed if o.key_or_group == "hydra.searchpath"]
        rest = [o for o in parsed if o.key_or_group != "hydra.searchpath"]
        self.groups = [o for o in rest if composer.choices(o.key_or_group)]
        self.keys = [o for o in rest if not composer.choices(o.key_or_group)]

    def faults(self) -> list[str]:
        """One line for each fault; empty where there is none."""
        several = [o for o in (*self.groups, *self.keys) if o.is_sweep_override() and not self.sweep]
        found = [f"{o.input_line}: several values for one run; a sweep is started with -m" for o in several]
        wrong = [fault for o in self.groups for fault in self._choice_faults(o)]
        if not wrong and not self.search and not self._names_attention():
            wrong = [
                f"attention is not set. Name one, attention=<choice>: {', '.join(self._composer.choices('attention'))}"
            ]
        return [*self._unread, *found, *wrong, *self._key_faults(whole=not wrong)]

    def _names_attention(self) -> bool:
        return bool({"attention", "experiment"} & {o.key_or_group for o in self.groups})

    def _choice_faults(self, override: Override) -> list[str]:
        group, known = override.key_or_group, self._composer.choices(override.key_or_group)
        faults = []
        for value in values(override):
            if value is None or value in known or override.is_delete() or self.search:
                continue  # a search path may bring choices that are only known once it is composed
            if isinstance(value, list):
                faults.append(
                    f"{override.input_line}: one choice of {group} for a run; several make a sweep: -m {group}=a,b"
                )
            else:
                faults.append(f"{group}={value}: there is no {group} {value!r}{did_you_mean(str(value), known)}"
                              f" Choices: {', '.join(known)}")  # fmt: skip
        if override.is_sweep_override() and not values(override):
            faults.append(f"{override.input_line}: matches no choice. Choices: {', '.join(known)}")
        return faults

    def _key_faults(self, whole: bool) -> list[str]:
        """whole: the choices are right, so that a key has to exist in each of their combinations, else in any."""
        configs, broken = self._compositions(whole)
        if not configs:
            return broken
        faults = list(broken)
        for override in self.keys:
            missing = [config for config in configs if not has(config, override.key_or_group)]
            if override.is_add() or override.is_force_add():
                faults += added_to_nothing(override, configs[0])
            elif missing and (whole or len(missing) == len(configs)):
                faults.append(unknown_key(override, missing[0]))
            else:
                faults += type_faults(override, next(c for c in configs if has(c, override.key_or_group)))
        return faults

    def _compositions(self, whole: bool) -> tuple[list[DictConfig], list[str]]:
        groups = [(o.key_or_group, o.get_key_element(), [str(v) for v in values(o) if v is not None])
                  for o in self.groups if not self._choice_faults(o) and not o.is_delete()]  # fmt: skip
        if not whole and "attention" not in {name for name, _, _ in groups}:
            groups.append(("attention", "attention", self._composer.choices("attention")))
        if all(o.key_or_group.split(".")[0] in ("seed", "study", "runs", "threads", "hydra") for o in self.keys):
            groups = [(name, key, chosen[:1]) for name, key, chosen in groups]
        configs: list[DictConfig] = []
        for chosen in itertools.islice(itertools.product(*(c for _, _, c in groups)), MOST_COMBINATIONS):
            picked = [f"{key}={choice}" for (_, key, _), choice in zip(groups, chosen, strict=True)]
            try:
                configs.append(self._composer.compose([*self.search, *picked]))
            except (HydraException, OmegaConfBaseException) as error:
                return [], [f"{' '.join(picked)}: {first_line(error)}"] if whole else []
        return configs, []


def values(override: Override) -> list[Any]:
    """The values an override gives its key, one for each job of a sweep."""
    if override.is_sweep_override():
        return list(override.sweep_iterator()) if override.is_discrete_sweep() else []
    return [override.value()]


def has(config: DictConfig, key: str) -> bool:
    """Whether a dotted key is there, also where its value is null."""
    node: Any = config
    for part in key.split("."):
        if not OmegaConf.is_dict(node) or part not in node.keys():  # noqa: SIM118 - `in node` is False for a null
            return False
        node = node._get_node(part)
    return True


def keys(config: Any, prefix: str = "") -> Iterable[str]:
    """Every dotted key of a configuration, branches and leaves."""
    for key in config.keys():  # noqa: SIM118
        yield f"{prefix}{key}"
        node = config._get_node(key)
        if OmegaConf.is_dict(node) and not node._is_none() and not node._is_missing():
            yield from keys(node, f"{prefix}{key}.")


def unknown_key(override: Override, config: DictConfig) -> str:
    key = override.key_or_group
    known = [k for k in keys(config) if k.startswith("hydra.") == key.startswith("hydra.")]
    return f"{override.input_line}: there is no knob {key!r}{did_you_mean(key, known) or '; --cfg job shows them all'}"


def added_to_nothing(override: Override, config: DictConfig) -> list[str]:
    """An added key is read by nobody unless it is an argument of a part; whether the part takes it is checked there."""
    key = override.key_or_group
    parent = OmegaConf.select(config, key.rpartition(".")[0]) if "." in key else None
    if key.startswith("hydra.") or has(config, key) or (isinstance(parent, DictConfig) and "_target_" in parent):
        return []
    if f"oc.select:{key}," in OmegaConf.to_yaml(config, resolve=False):
        return []  # a mechanism asks whether the task has it
    known = [k for k in keys(config) if not k.startswith("hydra")]
    return [f"{override.input_line}: nothing reads {key!r}{did_you_mean(key, known)}"]


def type_faults(override: Override, config: DictConfig) -> list[str]:
    """Values of another kind than what stands in the configuration."""
    key = override.key_or_group
    if key.startswith("hydra.") or override.is_delete():
        return []
    try:
        usual = OmegaConf.select(config, key)
    except OmegaConfBaseException:
        return []
    wrong = [value for value in values(override) if not fits(value, usual)]
    return [f"{key}={value}: has to be {kind(usual)} like {usual!r}, and not {kind(value)}" for value in wrong]


def fits(value: Any, usual: Any) -> bool:
    """Whether a value is of the usual one's kind. Null fits where null or a structure stands, anything fits null."""
    value = str(value) if type(value).__name__ == "QuotedString" else value
    if usual is None or (isinstance(value, str) and value.startswith("${")):
        return True
    if value is None:
        return not isinstance(usual, bool | int | float)
    if isinstance(usual, float) and not isinstance(usual, bool):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(usual, str):
        return not isinstance(value, list | dict)
    return kind(value) == kind(usual)


KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"), (int, "a whole number"), (float, "a number"), (dict, "a group of values"), (str, "a word"),
)  # fmt: skip


def kind(value: Any) -> str:
    if OmegaConf.is_dict(value):
        return "a group of values"
    if OmegaConf.is_list(value) or isinstance(value, list):
        return "a list"
    return next((name for type_, name in KINDS if isinstance(value, type_)), "a word")


def quoted(text: str) -> str:
    """How to type a value with = in it, as every path of a run has; "" for one without."""
    key, _, value = text.partition("=")
    wants = "=" in value and not value.startswith(("'", '"'))
    return f""". A value with = in it wants quotes of its own: '{key}="{value}"'""" if wants else ""
