"""The identity of a run: the choices and values that define it, their hash, and its folder."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.moved import CHOICES, TARGET, leaves

HOW = (TARGET, "_partial_", "_convert_", "_recursive_")
"""Keys that say how a part is built; they are no part of the identity, which has the name of the choice instead."""

FOLDER_NAME = re.compile(r"[\w.+=-]+")

Flat = dict[str, Any]
"""Values of a configuration by dotted key."""


class Told(NamedTuple):
    """The choices and knobs that give a run, without the values that come with a choice. differs: from the defaults;
    beyond: from its experiment.
    """

    differs: Flat
    beyond: Flat


class RunId(NamedTuple):
    """The identity and folder of a run: a function of its configuration only.

    attention, data: names of the two choices that name the folder.
    setting: "" for the default composition of the two, else 8 hexadecimal digits of `differs`.
    differs: knobs and choices that differ from the defaults, by dotted key or group; None where the key is absent.
    experiment: the experiment it follows, "" for none. beyond: knobs and choices that differ from that experiment.
    config_hash: of the whole identity, seed included. told: the same differences in few words, where they were asked
    for.
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
    told: Told | None = None

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
    """The RunId of a composed, resolved configuration.

    default: the composition of its attention and data only. protocol: that of its experiment, with the same attention
    and data; None without an experiment.
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
    """The fault of a study's name, which has to be the name of a folder; "" for none."""
    if FOLDER_NAME.fullmatch(study) and study.strip("."):
        return ""
    like = re.sub(r"[^\w.+=-]+", "_", study).strip("_.")
    fault = "is outside the folder of runs" if study and not study.strip(".") else "cannot be the name of a folder"
    return f"{study!r} {fault}; letters, digits and . _ - + = can be in it" + (f": study={like}" if like else "")


def difference(mine: Flat, usual: Flat) -> Flat:
    """The values of the first that differ from the second's; None where only the second has the key."""
    return {key: mine.get(key) for key in sorted({*mine, *usual}) if mine.get(key) != usual.get(key)}


def identity(config: Mapping[str, Any], excludes: Sequence[str]) -> Flat:
    """The values and choices that determine what is learned; choices by group (`cell: lstm`).

    Everything at or below an excluded key is left out, and so are the keys HOW, so that classes can be renamed. A class
    that was set by hand is among the choices, under the dotted key of its `_target_`.
    """
    values = {key: _bare(value) for key, value in flatten(config).items() if not _is_how(key)}
    chosen = {key: value for key, value in config.get(CHOICES, {}).items() if value is not None}
    found = {key: value for key, value in values.items() if not key.startswith(f"{CHOICES}.")} | chosen
    below = _below(excludes)
    return {key: value for key, value in found.items() if not _is_excluded(key, below)}


def built_identity(config: Mapping[str, Any], excludes: Sequence[str]) -> Flat:
    """The values and the classes, in place of the choices: the identity of a run whose saved configuration does not
    list its choices.
    """
    below = _below((*excludes, CHOICES))
    found = {key: value for key, value in flatten(config).items() if not _is_excluded(key, below)}
    return {key: value for key, value in found.items() if not _is_how(key) or key.rpartition(".")[2] == TARGET}


def _bare(value: Any) -> Any:
    """A value without the keys HOW, inside lists too."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _bare(each) for key, each in value.items() if key not in HOW}
    return value


def _is_how(key: str) -> bool:
    return key.rpartition(".")[2] in HOW


def _below(excludes: Sequence[str]) -> tuple[str, ...]:
    """How the dotted keys at or below excluded ones begin, each key with a full stop at its end."""
    return tuple(f"{exclude}." for exclude in excludes)


def _is_excluded(key: str, below: tuple[str, ...]) -> bool:
    """key: of a value, or a group, possibly with its package: encoder/tuning, optimizer@second."""
    return (key.partition("@")[0].replace("/", ".") + ".").startswith(below)


def flatten(config: Mapping[str, Any]) -> Flat:
    """Nested mappings as one mapping with dotted keys; lists and empty mappings are values."""
    return {".".join(place): value for place, value in leaves(config)}


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON of a plain value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
