"""Reads a run's saved configuration as untrusted data: bounded, without tags, interpolation or outside links."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from benchmark.common.errors import RunFault
from benchmark.common.json_files import Damaged, read_bytes
from benchmark.common.moved import moved, once

MOST_BYTES = 2**20
"""Largest config.yaml; typical ones have about 10,000 bytes."""
MOST_NODES = 20_000
"""Most YAML events (keys, values, brackets); typical files have about 500."""
MOST_DEPTH = 32
"""Deepest nesting; typical files have about 10."""
MOST = 2**53
"""Largest integer, which JSON and floats represent exactly."""

Node = tuple[str, Any]
"""(dotted key, value)."""


def within(folder: Path, path: Path) -> Path:
    """The path of a run's file. Raises RunFault if it is a link out of the run's folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RunFault(f"{path} is a link out of the run's folder, which is not followed. Put the file itself there")
    return path


def read_config(folder: Path, path: Path) -> DictConfig:
    """A configuration as a run saves it, with present names: plain values only, fully interpolated.

    Raises RunFault, which names the file, if it is damaged or has other content.
    """
    try:
        text = read_bytes(within(folder, path), MOST_BYTES).decode("utf-8")
        _refuse_yaml_features(text)
        config = OmegaConf.create(text)
        if not isinstance(config, DictConfig):
            raise Damaged("is no mapping")
        found: Any = OmegaConf.to_container(config, resolve=False)
        for where, value in nodes(found):
            _refuse_value(where, value)
        config = OmegaConf.create(moved().config(found, once))
    except Damaged as fault:
        raise RunFault(f"{path} is no configuration that a run has saved: it {fault}. Restore it from a copy") from None
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, TypeError, AttributeError, RecursionError,
            FileNotFoundError) as fault:  # fmt: skip
        reason = " ".join(str(fault).split())[:120]
        raise RunFault(f"{path} is damaged ({reason}). Restore it from a copy") from None
    return config


def nodes(value: Any, where: str = "") -> Iterator[Node]:
    """(dotted key, value) of every mapping, list and value of a plain configuration, the outermost first."""
    waiting: list[Node] = [(where, value)]
    while waiting:
        where, one = waiting.pop()
        yield where, one
        if isinstance(one, dict):
            waiting += [(f"{where}.{key}".lstrip("."), each) for key, each in one.items()]
        elif isinstance(one, list):
            waiting += [(f"{where}.{number}".lstrip("."), each) for number, each in enumerate(one)]


def _refuse_yaml_features(text: str) -> None:
    """Raises Damaged for YAML features that a saved configuration never uses, before it is constructed."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if number > MOST_NODES:
            raise Damaged(f"has more than {MOST_NODES:,} values")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Damaged("uses an alias or an anchor (& or *)")
        if tag := getattr(event, "tag", None):
            raise Damaged(f"uses a tag ({shown(tag)})")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise Damaged("is nested too deeply")


def _refuse_value(where: str, value: Any) -> None:
    """Raises Damaged for values that no resolved configuration has."""
    texts = [*value] if isinstance(value, dict) else [value]
    if any(not isinstance(text, str) for text in texts if isinstance(value, dict)):
        raise Damaged(f"has a key that is no text at {shown(where) or 'its top'}")
    if any("${" in text or text == "???" for text in texts if isinstance(text, str)):
        raise Damaged(f"holds a reference or no value at {shown(where)}, and a run saves none")
    if isinstance(value, int) and abs(value) > MOST:
        raise Damaged(f"holds a number of {len(str(value))} digits at {shown(where)}")


def shown(text: str) -> str:
    """Untrusted text for a message: without control characters, at most 80 characters."""
    safe = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return safe if len(safe) <= 80 else f"{safe[:77]}..."
