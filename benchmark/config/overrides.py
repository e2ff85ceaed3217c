"""Checks the overrides of a command line, and lists all faults at once, each with a suggestion."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from benchmark.common.errors import ConfigFault
from benchmark.common.nearest import did_you_mean
from benchmark.config.choices import NAMED, as_typed, choice_faults
from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has, keys, swept_values
from benchmark.config.kinds import fits, kind
from benchmark.config.typed import in_quotes, one_text
from benchmark.config.yamls import clash, header_faults, name_faults
from benchmark.process.program import first_line
from benchmark.results.run_id import name_fault

MOST_COMBINATIONS = 64
"""Most combinations of swept choices that are composed to check keys; Hydra checks each job of larger sweeps."""


OF_OBJECTIVE = ("baseline", "loss_mask", "regularizer", "reward")
"""The groups whose choices are parts of an objective, where it has such a part."""


@final
class Overrides:
    """The parsed overrides of one command line.

    texts: as typed. sweep: whether a key may have several values. groups: those of config groups; keys: those of knobs;
    search: those of hydra.searchpath.
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
                self._unread.append(f"{text}: cannot be read as key=value ({first_line(error)}){in_quotes(text)}")
        self.search = [o.input_line or "" for o in parsed if o.key_or_group == "hydra.searchpath"]
        rest = [o for o in parsed if o.key_or_group != "hydra.searchpath"]
        self.groups = [o for o in rest if composer.choices(o.key_or_group)]
        self.keys = [o for o in rest if not composer.choices(o.key_or_group)]

    @property
    def jobs(self) -> int:
        """The number of runs of the sweep."""
        return math.prod(len(values(override)) for override in (*self.groups, *self.keys) if not override.is_delete())

    @property
    def first_job(self) -> list[str]:
        """The overrides of the first run of the sweep."""
        return [first_value(o) for o in (*self.groups, *self.keys) if o.key_or_group != "hydra.mode"]

    def faults(self) -> list[str]:
        """One line for each fault."""
        several = [o for o in (*self.groups, *self.keys) if o.is_sweep_override() and not self.sweep]
        found = [
            f"{o.input_line}: several values for one run; a sweep is started with -m{one_text(o)}" for o in several
        ]
        found += [
            f"{o.input_line}: has no values, so that no run would start"
            for o in self.keys
            if (o.is_choice_sweep() or o.is_range_sweep()) and self.sweep and not values(o)
        ]
        wrong = [fault for o in self.groups for fault in self._choice_faults(o)]
        if not wrong and not self.search and not self._names_attention():
            wrong = [
                f"attention is not set. Name one, attention=<choice>: {', '.join(self._composer.choices('attention'))}"
            ]
        return [*self.name_faults(), *self._unread, *found, *wrong, *self._key_faults(whole=not wrong)]

    def unread_faults(self) -> list[str]:
        """Parts of an objective that are chosen where it does not read them: by no run, or with several values, of
        which some runs would be copies under other names.
        """
        found = []
        of_objective = [o for o in self.groups if o.key_or_group in OF_OBJECTIVE and not o.is_delete()]
        for override in of_objective:
            configs, _ = self._compositions(whole=True, every=True)
            without = [config for config in configs if not reads(config, override.key_or_group)]
            if without and (len(values(override)) > 1 or len(without) == len(configs)):
                objective = without[0].hydra.runtime.choices.get("objective")
                found.append(
                    f"{override.input_line}: objective={objective} has no {override.key_or_group}, so that this "
                    "chooses nothing. Leave it out, or run it apart from objectives that have one"
                )
        return found

    def name_faults(self) -> list[str]:
        """Faults of study names, whose folders Hydra creates before any job is checked."""
        names = [str(value) for o in self.keys if o.key_or_group == "study" for value in values(o)]
        return [f"study: {fault}" for fault in map(name_fault, names) if fault and "${" not in fault]

    def _names_attention(self) -> bool:
        return bool({"attention", "experiment"} & {o.key_or_group for o in self.groups})

    def _choice_faults(self, override: Override) -> list[str]:
        group, known = override.key_or_group, self._composer.choices(override.key_or_group)
        faults = []
        for value in values(override):
            if value in known:
                faults += clash(self._composer.loader, group, str(value))
                faults += header_faults(self._composer.loader, group, str(value))
            if value is None or value in known or override.is_delete() or self.search:
                continue  # a search path may add choices that are only known after composing
            faults += choice_faults(group, value, known, override.input_line or "")
        if override.is_sweep_override() and not values(override):
            faults.append(f"{override.input_line}: matches no choice. Choices: {', '.join(known)}")
        return faults

    def _key_faults(self, whole: bool) -> list[str]:
        """Faults of knobs. whole: all choices are valid, so that a key has to exist in each combination, not in any."""
        configs, broken = self._compositions(whole)
        if not configs:
            return broken
        named = [fault for config in configs for fault in name_faults(config, self._composer.loader)]
        faults = [*broken, *dict.fromkeys(named)]
        for override in self.keys:
            missing = [config for config in configs if not has(config, override.key_or_group)]
            if override.is_add() or override.is_force_add():
                faults += added_to_nothing(override, configs[0])
            elif missing and (whole or len(missing) == len(configs)):
                faults.append(unknown_key(override, missing[0]))
            else:
                faults += type_faults(override, next(c for c in configs if has(c, override.key_or_group)))
        return faults

    def _compositions(self, whole: bool, every: bool = False) -> tuple[list[DictConfig], list[str]]:
        """Of the combinations of choices, where a knob may depend on them, or for `every`; and why one cannot be."""
        groups = [(o.key_or_group, o.get_key_element(), [as_typed(v) for v in values(o) if v is not None])
                  for o in self.groups if not self._choice_faults(o) and not o.is_delete()]  # fmt: skip
        if not whole and "attention" not in {name for name, _, _ in groups}:
            groups.append(("attention", "attention", self._composer.choices("attention")))
        if not every and all(
            o.key_or_group.split(".")[0] in ("seed", "study", "runs", "threads", "hydra") for o in self.keys
        ):
            groups = [(name, key, chosen[:1]) for name, key, chosen in groups]
        configs: list[DictConfig] = []
        for chosen in itertools.islice(itertools.product(*(c for _, _, c in groups)), MOST_COMBINATIONS):
            picked = [f"{key}={choice}" for (_, key, _), choice in zip(groups, chosen, strict=True)]
            try:
                configs.append(self._composer.composed_once([*self.search, *picked]))
            except (HydraException, OmegaConfBaseException, ConfigFault) as error:
                if whole and isinstance(error, ConfigFault):
                    raise
                return [], [f"{' '.join(picked)}: {first_line(error)}"] if whole else []
        return configs, []


def reads(config: DictConfig, group: str) -> bool:
    """Whether anything in a configuration refers to the part that is chosen in a group."""
    return f"${{{group}}}" in OmegaConf.to_yaml(config, resolve=False)


def values(override: Override) -> list[Any]:
    """The values of an override, one for each job of a sweep."""
    if override.is_sweep_override():
        return swept_values(override) if override.is_discrete_sweep() else []
    return [override.value()]


def first_value(override: Override) -> str:
    """An override with the first of its values; as typed where it has one, or none that can be listed."""
    if not override.is_discrete_sweep():
        return str(override.input_line)
    first = next(iter(override.sweep_string_iterator()), "")
    return f"{override.get_key_element()}={first}"


def unknown_key(override: Override, config: DictConfig) -> str:
    """The message for a knob that does not exist."""
    key = override.key_or_group
    if not override.is_delete() and (is_asked_for(key, config) or is_argument(key, config)):
        return f"{override.input_line}: {key!r} is in no yaml, so it is added: +{override.input_line}"
    known = [k for k in keys(config) if k.startswith("hydra.") == key.startswith("hydra.")]
    return f"{override.input_line}: there is no knob {key!r}{did_you_mean(key, known) or '; --cfg job shows them all'}"


def is_asked_for(key: str, config: DictConfig) -> bool:
    """Whether it is an optional knob of the task, which a mechanism reads where it is set."""
    return f"oc.select:{key}," in OmegaConf.to_yaml(config, resolve=False)


def is_argument(key: str, config: DictConfig) -> bool:
    """Whether it is an argument of the constructor of a part."""
    from benchmark.config.check import find  # imports PyTorch, which --help does not need
    from benchmark.config.signatures import signature

    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else None
    try:
        return isinstance(node, DictConfig) and name in signature(find(node.get("_target_", ""))).knobs
    except (ImportError, AttributeError, TypeError, ValueError):  # no class, or one without a readable signature
        return False


def added_to_nothing(override: Override, config: DictConfig) -> list[str]:
    """Faults of +key=value: only arguments of a part may be added. Whether the part takes it is checked later."""
    key = override.key_or_group
    parent = OmegaConf.select(config, key.rpartition(".")[0]) if "." in key else None
    if key.startswith(tuple(f"{where}." for where in NAMED)):
        return []  # named parts may have any name and are checked with all other parts
    if key.startswith("hydra.") or has(config, key) or (isinstance(parent, DictConfig) and "_target_" in parent):
        return []
    if is_asked_for(key, config):
        return []
    known = [k for k in keys(config) if not k.startswith("hydra")]
    return [f"{override.input_line}: nothing reads {key!r}{did_you_mean(key, known)}"]


def type_faults(override: Override, config: DictConfig) -> list[str]:
    """Values of another kind than the default."""
    key = override.key_or_group
    if key.startswith("hydra.") or override.is_delete():
        return []
    try:
        usual = OmegaConf.select(config, key)
    except OmegaConfBaseException:
        return []
    wrong = [value for value in values(override) if not fits(value, usual)]
    return [f"{key}={value}: has to be {kind(usual)} like {usual!r}, and not {kind(value)}" for value in wrong]
