"""The configuration in a run's folder, read as data: bounded, without tags, references or links out of the folder."""

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
"""Of config.yaml; ours have some 10,000."""
MOST_NODES = 20_000
"""Of keys, values and brackets; ours have some 500."""
MOST_DEPTH = 32
"""Of lists and mappings in each other; ours have some 10."""
MOST = 2**53
"""Of a number: what JSON and floats hold to the last digit."""

Node = tuple[str, Any]
"""Where a value stands, as a dotted key, and the value."""


def within(folder: Path, path: Path) -> Path:
    """A file of a run. Raises RunFault where it is a link to something outside of the run's folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RunFault(f"{path} is a link out of the run's folder, which is not followed. Put the file itself there")
    return path


def read_config(folder: Path, path: Path) -> DictConfig:
    """A configuration as a run saves it, under the names of now: plain values only, every reference resolved.

    Raises RunFault, in one line that names the file, where it is damaged or holds anything else.
    """
    try:
        text = read_bytes(within(folder, path), MOST_BYTES).decode("utf-8")
        _refuse_tricks(text)
        config = OmegaConf.create(text)
        if not isinstance(config, DictConfig):
            raise Damaged("is no mapping")
        found: Any = OmegaConf.to_container(config, resolve=False)
        for where, value in nodes(found):
            _refuse_value(where, value)
        config = OmegaConf.create(moved().config(found, once))
    except Damaged as fault:
        raise RunFault(f"{path} is no configuration that a run has saved: it {fault}. Put back a whole copy") from None
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, TypeError, AttributeError, RecursionError,
            FileNotFoundError) as fault:  # fmt: skip
        told = " ".join(str(fault).split())[:120]
        raise RunFault(f"{path} is damaged ({told}). Put back a whole copy") from None
    return config


def nodes(value: Any, where: str = "") -> Iterator[Node]:
    """Every mapping, list and value of a plain configuration, the outermost first."""
    waiting: list[Node] = [(where, value)]
    while waiting:
        where, one = waiting.pop()
        yield where, one
        if isinstance(one, dict):
            waiting += [(f"{where}.{key}".lstrip("."), each) for key, each in one.items()]
        elif isinstance(one, list):
            waiting += [(f"{where}.{number}".lstrip("."), each) for number, each in enumerate(one)]


def _refuse_tricks(text: str) -> None:
    """Raises Damaged for what YAML can do and a saved configuration never does, before anything is made of it."""
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
    """Raises Damaged for what no resolved configuration holds."""
    texts = [*value] if isinstance(value, dict) else [value]
    if any(not isinstance(text, str) for text in texts if isinstance(value, dict)):
        raise Damaged(f"has a key that is no text at {shown(where) or 'its top'}")
    if any("${" in text or text == "???" for text in texts if isinstance(text, str)):
        raise Damaged(f"holds a reference or no value at {shown(where)}, and a run saves none")
    if isinstance(value, int) and abs(value) > MOST:
        raise Damaged(f"holds a number of {len(str(value))} digits at {shown(where)}")


def shown(text: str) -> str:
    """A stranger's words for a message: without signs that a terminal acts on, and not endless."""
    safe = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return safe if len(safe) <= 80 else f"{safe[:77]}..."
