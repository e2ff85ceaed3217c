"""The allow-list for saved configurations: only classes that installed yamls name are built, with known arguments.

Installed are the yamls of this project, of installed packages, and of --config-dir. The user has chosen to run these; a
run's folder may come from anywhere.
"""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigSource
from hydra.utils import get_object
from omegaconf import OmegaConf
from yaml import YAMLError

from benchmark.common.moved import TARGET, moved, silent
from benchmark.config.compose import Composer
from benchmark.config.saved_config import nodes, shown

PARTIAL = "_partial_"
OWN = "hydra"
"""Hydra's own config group (launchers and the like), which has no parts of a run."""
NEVER_BUILT = ("hydra.", "builtins.")
"""Modules whose functions are never built, as they would call what their arguments name."""


Parts = dict[str, set[str]]
"""Arguments that installed yamls use, by `_target_`."""


@cache
def known_parts(composer: Composer) -> Parts:
    """Everything that an installed yaml may build."""
    found: Parts = {}
    for source in composer.loader.get_sources():
        if source.provider in ("hydra", "schema") or not source.available():
            continue
        for content in _contents(source, ""):
            for _, node in nodes(content):
                if isinstance(node, dict) and isinstance(node.get(TARGET), str):
                    target = moved().path(node[TARGET], silent)
                    found.setdefault(target, set()).update(key for key in node if not _is_special(key))
    return {target: names for target, names in found.items() if not target.startswith(NEVER_BUILT)}


def _contents(source: ConfigSource, group: str) -> Iterator[Any]:
    for name in source.list(group, ObjectType.CONFIG):
        with suppress(YAMLError, UnicodeDecodeError):  # no run was made of what cannot be read
            yield OmegaConf.to_container(source.load_config(f"{group}/{name}".lstrip("/")).config, resolve=False)
    for name in source.list(group, ObjectType.GROUP):
        if (inner := f"{group}/{name}".lstrip("/")) != OWN:
            yield from _contents(source, inner)


def foreign_parts(config: Any, known: Parts) -> list[str]:
    """One line for each part or argument of a plain configuration that no installed yaml would have built."""
    faults = []
    for where, node in nodes(config):
        if isinstance(node, dict):
            faults += [f"{shown(where) or 'its top'}: {fault}" for fault in _faults(node, known)]
    return faults


def _faults(node: Mapping[str, Any], known: Parts) -> list[str]:
    special = [key for key in node if _is_special(key)]
    target = node.get(TARGET)
    if target is None and not special:
        return []
    if not isinstance(target, str) or target not in known:
        return [f"{TARGET}: {shown(str(target))} is named by no installed choice"]
    faults = [f"{shown(key)} is not for a saved configuration" for key in special if key not in (TARGET, PARTIAL)]
    if not isinstance(node.get(PARTIAL, False), bool):
        faults.append(f"{PARTIAL}: {shown(str(node[PARTIAL]))} is neither true nor false")
    try:
        made = get_object(target)
    except ImportError as error:
        return [*faults, f"{target} cannot be imported ({shown(str(error))})"]
    hints = _hints(made)
    names = known[target] | {*_parameters(made)}
    given = {key: value for key, value in node.items() if key not in special}
    faults += [f"{shown(key)} is no argument of {target}" for key in given if key not in names]
    return faults + [
        f"{key} of {target} takes a plain value"
        for key, value in given.items()
        if is_plain(hints.get(key)) and any(isinstance(one, dict) and TARGET in one for _, one in nodes(value))
    ]


def _is_special(key: str) -> bool:
    """Whether a key is one of Hydra's own: _target_, _args_, _partial_, _recursive_, _convert_."""
    return key.startswith("_") and key.endswith("_")


def _parameters(made: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        return [name for name, one in inspect.signature(made).parameters.items() if one.kind in kinds]
    except (TypeError, ValueError):  # written in C
        return []


def _hints(made: Any) -> dict[str, Any]:
    try:
        return get_type_hints(getattr(made, "__init__", made) if isinstance(made, type) else made)
    except (NameError, TypeError, AttributeError):  # without readable annotations
        return {}


def is_plain(hint: Any) -> bool:
    """Whether a type has plain values only: numbers, strings, and lists and mappings of them."""
    if hint in (int, float, str, bool, type(None)):
        return True
    if get_origin(hint) in (list, tuple, dict, Sequence, Mapping, Union, types.UnionType):
        return all(is_plain(inner) for inner in get_args(hint) if inner is not Ellipsis)
    return False
