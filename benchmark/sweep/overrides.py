"""Rewrites overrides of a sweep over choices that Hydra would refuse."""

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has
from benchmark.config.overrides import Overrides, values
from benchmark.config.typed import parsed_override


def as_sweeps(composer: Composer, typed: Overrides) -> dict[str, str]:
    """Overrides that Hydra would refuse, as typed, mapped to a sweep over their one value: a=1 to a=choice(1).

    Before any job Hydra composes a sweep once without what is swept. Where choices are swept, what only they have is
    then missing, and Hydra refuses it: a knob (-m data=mnist_pairs,mnist_translated data.root=FOLDER), or the group of
    a part (-m attention=ram,dram attention/policy=map). Swept knobs are checked in the jobs only. Raises HydraException
    for what cannot be composed.
    """
    fixed = [override for override in typed.groups if not override.is_sweep_override()]
    if len(fixed) == len(typed.groups):
        return {}
    given = {override.key_or_group for override in fixed}
    inner = [override for override in fixed if "/" in override.key_or_group and whole_of(override) not in given]
    first = composer.compose([*typed.search, *(str(each.input_line) for each in fixed if each not in inner)])
    lone = [each for each in (*inner, *typed.keys) if is_lone_value(each) and is_refused(each, first)]
    found = {str(override.input_line): as_sweep(composer, override) for override in lone}
    return {text: sweep for text, sweep in found.items() if sweep}


def whole_of(override: Override) -> str:
    """The group whose choices have the part that an override chooses: attention, of attention/policy."""
    return str(override.key_or_group.rpartition("/")[0])


def is_lone_value(override: Override) -> bool:
    return not (override.is_sweep_override() or override.is_delete() or override.is_hydra_override())


def is_refused(override: Override, config: DictConfig) -> bool:
    """Whether a configuration lacks the knob or the group, or already has a knob that is to be added."""
    if whole_of(override):
        return override.key_or_group not in {str(group).partition("@")[0] for group in config.hydra.runtime.choices}
    return has(config, override.key_or_group) == override.is_add()


def as_sweep(composer: Composer, override: Override) -> str:
    """The override as a sweep over its one value; "" where it cannot be written as one."""
    key, _, value = str(override.input_line).partition("=")
    sweep = f"{key}=choice({value})"
    found = parsed_override(composer, sweep)
    return sweep if found and found.is_sweep_override() and values(found) == [override.value()] else ""
