"""Rewrites overrides of a sweep over choices that Hydra would refuse."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig

from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has
from benchmark.config.overrides import Overrides, values


def as_sweeps(composer: Composer, typed: Overrides) -> dict[str, str]:
    """Overrides that Hydra would refuse, as typed, mapped to a sweep over their one value: a=1 to a=choice(1).

    Before any job Hydra composes a sweep once without what is swept. Where choices are swept, a knob that only they
    have is then missing, and Hydra refuses it (-m data=mnist_pairs,mnist_translated data.root=FOLDER). So is a group
    that only they have (-m attention=ram,dram attention/policy=map). Swept knobs are checked in the jobs only. Raises
    HydraException for what cannot be composed.
    """
    swept = [override.key_or_group for override in typed.groups if override.is_sweep_override()]
    if not swept:
        return {}
    below = [
        override for override in typed.groups if override.key_or_group.startswith(tuple(f"{key}/" for key in swept))
    ]
    settled = [str(each.input_line) for each in typed.groups if not each.is_sweep_override() and each not in below]
    first = composer.compose([*typed.search, *settled])
    lone = [override for override in below if is_lone_value(override)]
    lone += [override for override in typed.keys if is_lone_value(override) and is_refused(override, first)]
    found = {str(override.input_line): as_sweep(composer, override) for override in lone}
    return {text: sweep for text, sweep in found.items() if sweep}


def is_lone_value(override: Override) -> bool:
    return not (override.is_sweep_override() or override.is_delete() or override.is_hydra_override())


def is_refused(override: Override, config: DictConfig) -> bool:
    """Whether a configuration lacks the knob, or already has a knob that is to be added."""
    return has(config, override.key_or_group) == override.is_add()


def as_sweep(composer: Composer, override: Override) -> str:
    """The override as a sweep over its one value; "" where it cannot be written as one."""
    key, _, value = str(override.input_line).partition("=")
    sweep = f"{key}=choice({value})"
    try:
        (found,) = OverridesParser.create(config_loader=composer.loader).parse_overrides([sweep])
    except HydraException:
        return ""
    return sweep if found.is_sweep_override() and values(found) == [override.value()] else ""
