"""The values of configurations that differ only in the seed, resolved once."""

import copy
import pickle
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, final

from omegaconf import DictConfig

PROBE = 982_451_653
"""Stands for the seed while a configuration is resolved; a number that no knob has."""


@final
class Seeded:
    """A composed configuration, for any seed. Interpolating it for every job would take most of the time of a plan.

    resolve: gives the values of a configuration as dictionaries and lists.
    """

    def __init__(self, config: DictConfig, resolve: Callable[[DictConfig], dict[str, Any]]):
        self._pickled, self._resolve = pickle.dumps(config), resolve

    @cached_property
    def _resolved(self) -> tuple[dict[str, Any], list[tuple[Any, ...]], bool]:
        """The values for PROBE, the places where it is, and whether it is inside a text, too."""
        values = self._resolve(self.config(PROBE))
        leaves = list(_leaves(values, ()))
        places = [place for place, value in leaves if type(value) is int and value == PROBE]
        return values, places, any(isinstance(value, str) and str(PROBE) in value for _, value in leaves)

    def config(self, seed: int) -> DictConfig:
        """The configuration with a seed; a copy."""
        config: DictConfig = pickle.loads(self._pickled)
        config.seed = seed
        return config

    def values(self, seed: int) -> dict[str, Any]:
        """The resolved configuration with a seed; a copy."""
        resolved, places, is_within_text = self._resolved
        if is_within_text:
            return self._resolve(self.config(seed))
        values = copy.deepcopy(resolved)
        for *owners, last in places:
            node: Any = values
            for key in owners:
                node = node[key]
            node[last] = seed
        return values


def _leaves(node: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(place, value) of everything that is no mapping or list."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if items is None:
        yield place, node
    else:
        for key, value in items:
            yield from _leaves(value, (*place, key))
