"""What a sweep of choices has to be told differently, so that Hydra can start it."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig

from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has
from benchmark.config.overrides import Overrides, values


def as_sweeps(composer: Composer, typed: Overrides) -> dict[str, str]:
    """Overrides of a sweep by how they were typed, those that Hydra would stumble over as a sweep of one value: a=1 to
    a=choice(1).

    Hydra composes a sweep once without what is swept, before any job. Where choices are swept, a knob that only they
    have is not there then, and Hydra refuses it (-m data=mnist_pairs,mnist_translated data.root=FOLDER); at what is
    swept it looks in the jobs alone. Raises HydraException for what cannot be composed.
    """
    settled = [str(override.input_line) for override in typed.groups if not override.is_sweep_override()]
    if len(settled) == len(typed.groups):
        return {}
    first = composer.compose([*typed.search, *settled])
    lone = [override for override in typed.keys if is_lone_value(override) and stumbles(override, first)]
    found = {str(override.input_line): as_sweep(composer, override) for override in lone}
    return {text: told for text, told in found.items() if told}


def is_lone_value(override: Override) -> bool:
    return not (override.is_sweep_override() or override.is_delete() or override.is_hydra_override())


def stumbles(override: Override, config: DictConfig) -> bool:
    """Whether a configuration has no such knob, or has one already that is to be added."""
    return has(config, override.key_or_group) == override.is_add()


def as_sweep(composer: Composer, override: Override) -> str:
    """The override as a sweep of its one value; "" where that cannot be written so."""
    key, _, value = str(override.input_line).partition("=")
    told = f"{key}=choice({value})"
    try:
        (found,) = OverridesParser.create(config_loader=composer.loader).parse_overrides([told])
    except HydraException:
        return ""
    return told if found.is_sweep_override() and values(found) == [override.value()] else ""
