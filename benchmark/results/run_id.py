"""A run's address is its configuration: which choices and values make it the run it is, their hash and its folder."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.moved import CHOICES, TARGET

HOW = (TARGET, "_partial_", "_convert_", "_recursive_")
"""Keys that say how a part is built. What it is, is said by the name of its choice."""

FOLDER_NAME = re.compile(r"[\w.+=-]+")

Flat = dict[str, Any]
"""Values of a configuration by dotted key."""


class RunId(NamedTuple):
    """Where a run belongs. A function of its configuration, never of the clock.

    attention, data: names of the two choices the folder is called after.
    setting: "" for the default composition of the two, else 8 hexadecimal digits of `differs`.
    differs: dotted keys whose value is another than the default's, and groups whose choice is; None where the key is
    absent.
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
) -> RunId:
    """The address of a composed, resolved configuration; `default` is that of its attention and data alone, `protocol`
    that of the experiment it follows, with the same attention and data.
    """
    mine = identity(config, config["identity_excludes"])
    differs = difference(mine, identity(default, config["identity_excludes"]))
    beyond = difference(mine, identity(protocol or default, config["identity_excludes"]))
    setting = digest(differs)[:8] if differs else ""
    config_hash = digest({"identity": mine, "seed": config["seed"]})
    return RunId(
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
    """What decides what is learned: the values, and the names of the choices, by group (`cell: lstm`).

    Left out is all at or below an excluded key, and how parts are built, so that a class may get another name. A class
    that was chosen by hand stands among the choices, under the dotted key of its `_target_`.
    """
    values = {key: _bare(value) for key, value in flatten(config).items() if not _is_how(key)}
    chosen = {key: value for key, value in config.get(CHOICES, {}).items() if value is not None}
    found = {key: value for key, value in values.items() if not key.startswith(f"{CHOICES}.")} | chosen
    return {key: value for key, value in found.items() if not _is_excluded(key, excludes)}


def built_identity(config: Mapping[str, Any], excludes: Sequence[str]) -> Flat:
    """The values and, in the place of the choices, the classes that they build: all that is known of a run whose saved
    configuration does not name its choices.
    """
    left_out = (*excludes, CHOICES)
    found = {key: value for key, value in flatten(config).items() if not _is_excluded(key, left_out)}
    return {key: value for key, value in found.items() if not _is_how(key) or key.rpartition(".")[2] == TARGET}


def _bare(value: Any) -> Any:
    """A list's parts without how they are built."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _bare(each) for key, each in value.items() if key not in HOW}
    return value


def _is_how(key: str) -> bool:
    return key.rpartition(".")[2] in HOW


def _is_excluded(key: str, excludes: Sequence[str]) -> bool:
    """key: of a value, or a group with the package it is put into: encoder/tuning, optimizer@second."""
    dotted = key.partition("@")[0].replace("/", ".")
    return any(dotted == exclude or dotted.startswith(f"{exclude}.") for exclude in excludes)


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
