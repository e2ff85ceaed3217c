"""What to call a run: the choices and knobs that give it, without the values that come with a choice."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from benchmark.common.errors import ConfigFault
from benchmark.common.moved import CHOICES
from benchmark.config.compose import Composer, plain
from benchmark.results.run_id import Flat, Told, difference, identity


def told(composer: Composer, config: DictConfig, experiment: str = "") -> Told:
    """How a run differs from the defaults and from its experiment ("" for none), in as few words as give it.

    `objective=vimco` says that there are five trajectories; `objective.samples` is a difference from the defaults, and
    no word of its own unless it is another number.
    """
    usual = (f"attention={config.attention.name}", f"data={config.data.name}")
    own = words(composer, config, usual)
    return Told(own, words(composer, config, (f"experiment={experiment}", *usual)) if experiment else own)


def words(composer: Composer, config: DictConfig, usual: tuple[str, ...]) -> Flat:
    """The choices that a composition of `usual` has not, then the knobs that differ from the composition with these.

    All that differs, where the choices cannot be composed without the knobs.
    """
    excludes = config.identity_excludes
    mine = identity(plain(config), excludes)
    chosen: Flat = {}
    default = composer.completed(config, usual)
    try:
        there, said = default, usual
        for nested in (False, True):  # a choice may bring along choices inside itself
            added = {group: name for group, name in named(mine, config).items() if ("@" in group) == nested}
            added = {group: name for group, name in added.items() if there[CHOICES].get(group) != name}
            signs = {group: "" if group in there[CHOICES] else "+" for group in added}
            said = (*said, *(f"{signs[group]}{group}={name}" for group, name in added.items()))
            there, chosen = composer.completed(config, said), chosen | added
        rest = leading(composer.completed_config(config, said), mine, excludes)
    except (HydraException, OmegaConfBaseException, ConfigFault):
        return difference(mine, identity(default, excludes))
    return chosen | rest


def leading(known: DictConfig, mine: Flat, excludes: Sequence[str]) -> Flat:
    """The fewest knobs that turn a composed configuration into a run's, which differ in no choice: without those that
    are interpolated from others of them.
    """
    differs = difference(mine, identity(plain(known), excludes))
    own = {key: value for key, value in differs.items() if not is_interpolated(known, key)}
    for key, value in own.items():
        if key not in known[CHOICES]:
            OmegaConf.update(known, key, value, merge=False, force_add=True)
    return own | difference(mine, identity(plain(known), excludes))


def is_interpolated(composed: DictConfig, key: str) -> bool:
    """Whether a value, or a part that it lies in, is interpolated."""
    node: Any = composed
    for name in key.split("."):
        if not isinstance(node, DictConfig) or name not in node:
            return False
        if OmegaConf.is_interpolation(node, name):
            return True
        node = node[name] if not OmegaConf.is_missing(node, name) else None
    return False


def named(mine: Mapping[str, Any], config: DictConfig) -> dict[str, str]:
    """The choices of a run that are part of its identity, by group; without classes and lists of parts."""
    known = {str(group): mine.get(str(group)) for group in config[CHOICES]}
    return {group: name for group, name in known.items() if isinstance(name, str) and not group.endswith("._target_")}
