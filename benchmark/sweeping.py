"""What a sweep of choices has to be told differently, so that Hydra can start it."""

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig

from benchmark.compose import Composer
from benchmark.overrides import has, values


def as_sweeps(composer: Composer, texts: Sequence[str]) -> dict[str, str]:
    """Overrides of a sweep by how they were typed, those that Hydra would stumble over as a sweep of one value: a=1 to
    a=choice(1).

    Hydra composes a sweep once without what is swept, before any job. Where choices are swept, a knob that only they
    have is not there then, and Hydra refuses it (-m data=mnist_pairs,mnist_translated data.root=FOLDER); at what is
    swept it looks in the jobs alone. Raises HydraException for what cannot be read or composed.
    """
    parser = OverridesParser.create(config_loader=composer.loader)
    parsed = parser.parse_overrides(list(texts))
    choices = [override for override in parsed if composer.choices(override.key_or_group)]
    if not any(override.is_sweep_override() for override in choices):
        return {}
    first = composer.compose([str(override.input_line) for override in parsed if is_composed_first(override, choices)])
    lone = [override for override in parsed if override not in choices and is_lone_value(override)]
    found = {str(override.input_line): as_sweep(parser, override) for override in lone if stumbles(override, first)}
    return {typed: told for typed, told in found.items() if told}


def is_composed_first(override: Override, choices: Sequence[Override]) -> bool:
    """Whether it decides what is there before any job: a choice that is not swept, or where choices are looked for."""
    chosen = override in choices and not override.is_sweep_override()
    return chosen or override.key_or_group == "hydra.searchpath"


def is_lone_value(override: Override) -> bool:
    return not (override.is_sweep_override() or override.is_delete() or override.is_hydra_override())


def stumbles(override: Override, config: DictConfig) -> bool:
    """Whether a configuration has no such knob, or has one already that is to be added."""
    return has(config, override.key_or_group) == override.is_add()


def as_sweep(parser: OverridesParser, override: Override) -> str:
    """The override as a sweep of its one value; "" where that cannot be written so."""
    key, _, value = str(override.input_line).partition("=")
    told = f"{key}=choice({value})"
    try:
        (found,) = parser.parse_overrides([told])
    except HydraException:
        return ""
    return told if found.is_sweep_override() and values(found) == [override.value()] else ""
