"""A run's address is its configuration: which values make it the run it is, their hash and the folder that follows."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FOLDER_NAME = re.compile(r"[\w.+=-]+")

Flat = dict[str, Any]
"""Values of a configuration by dotted key."""


class Address(NamedTuple):
    """Where a run belongs. A function of its configuration, never of the clock.

    attention, data: names of the two choices the folder is called after.
    setting: "" for the default composition of the two, else 8 hexadecimal digits of `differs`.
    differs: dotted keys whose value is another than the default's; None where the key is absent.
    experiment: the name of the one it follows, "" for none. beyond: what differs from that one's values in turn.
    config_hash: of everything that makes the run, seed included.
    """

    root: str
    study: str
    attention: str
    data: str
    seed: int
    setting: str
    differs: Flat
    experiment: str
    beyond: Flat
    config_hash: str

    @property
    def name(self) -> str:
        return f"{self.attention}/{self.data}/seed={self.seed}" + (f"-{self.setting}" if self.setting else "")

    @property
    def folder(self) -> Path:
        return Path(self.root, self.study, self.name)


def address(
    config: Mapping[str, Any],
    default: Mapping[str, Any],
    experiment: str = "",
    protocol: Mapping[str, Any] | None = None,
) -> Address:
    """The address of a composed, resolved configuration; `default` is that of its attention and data alone, `protocol`
    that of the experiment it follows, with the same attention and data.
    """
    mine = identity(config, config["identity_excludes"])
    differs = difference(mine, identity(default, config["identity_excludes"]))
    beyond = difference(mine, identity(protocol or default, config["identity_excludes"]))
    setting = digest(differs)[:8] if differs else ""
    config_hash = digest({"identity": mine, "seed": config["seed"]})
    return Address(
        str(config["runs"]), str(config["study"]), config["attention"]["name"], config["data"]["name"], config["seed"],
        setting, differs, experiment, beyond, config_hash,
    )  # fmt: skip


def name_fault(study: str) -> str:
    """What is wrong with the name of a study, which is that of a folder; "" where nothing is."""
    if FOLDER_NAME.fullmatch(study) and study.strip("."):
        return ""
    like = re.sub(r"[^\w.+=-]+", "_", study).strip("_.")
    told = "leaves the folder of runs" if study and not study.strip(".") else "cannot be the name of a folder"
    return f"{study!r} {told}; letters, digits and . _ - + = can be in it" + (f": study={like}" if like else "")


def difference(mine: Flat, usual: Flat) -> Flat:
    """The values of the first that the second does not have alike; None where only the second has the key."""
    return {key: mine.get(key) for key in sorted({*mine, *usual}) if mine.get(key) != usual.get(key)}


def identity(config: Mapping[str, Any], excludes: Sequence[str]) -> Flat:
    """The values that decide what is learned: all but those at or below an excluded key."""
    return {
        key: value
        for key, value in flatten(config).items()
        if not any(key == exclude or key.startswith(exclude + ".") for exclude in excludes)
    }


def flatten(config: Mapping[str, Any], prefix: str = "") -> Flat:
    """Nested mappings as one, keys joined by dots; lists and empty mappings stay values."""
    flat: Flat = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON of a plain value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
