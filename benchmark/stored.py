"""Finds runs that were stored under old names of classes, knobs and choices.

A folder's name has a hash over the names of its time. A run is therefore searched among the folders of its mechanism,
data set and seed by their saved configurations, read with present names.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, final

import yaml
from omegaconf import DictConfig

from benchmark.common.json_files import Damaged, read_bytes
from benchmark.common.moved import CHOICES, moved, silent
from benchmark.config.compose import plain
from benchmark.config.saved_config import MOST_BYTES
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.run_id import Flat, RunId, built_identity, identity

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast if libyaml is installed."""
FOLDER = re.compile(r"seed=(\d+)(?:-([0-9a-f]{8}))?")


@final
class StoredRuns:
    """Finds stored runs; each saved configuration is read once."""

    def __init__(self) -> None:
        self._read: dict[Path, Mapping[str, Any]] = {}

    def address(self, address: RunId, config: DictConfig) -> RunId:
        """The RunId of the stored run with this configuration, finished or interrupted; the given one if there is none.

        A new seed of a stored setting gets a folder of the same name, or a report would take it for another setting.
        """
        if hash_of(RunFolder(address.folder)) == address.config_hash:
            return address
        candidates = list(_candidates(address))
        values = plain(config) if candidates else {}
        for found, folder in candidates:
            if self._is_same(folder.config, values) and (known := hash_of(folder)) and not folder.unusable():
                return found._replace(config_hash=known)
        return self._beside(address, config)

    def _beside(self, address: RunId, config: DictConfig) -> RunId:
        """The RunId with the folder name of other stored seeds of the same setting; the given one if there are none."""
        settings = {found.setting: (found, folder) for found, folder in _candidates(address, any_seed=True)}
        if not address.setting or address.setting in settings:
            return address
        reseeded = copy.deepcopy(config)
        for found, folder in settings.values():
            reseeded.seed = found.seed
            if self._is_same(folder.config, plain(reseeded)):
                return found._replace(seed=address.seed)
        return address

    def _is_same(self, path: Path, values: Mapping[str, Any]) -> bool:
        if path not in self._read:
            self._read[path] = saved(path)
        found = self._read[path]
        return bool(found) and found.get("seed") == values["seed"] and _identities(found, values)


def hash_of(folder: RunFolder) -> str:
    """The config_hash of a folder's run; "" if it is neither finished nor can be resumed."""
    if not folder.record.exists() and not folder.last.exists():
        return ""
    found = read_json(folder.record if folder.record.exists() else folder.status).get("config_hash")
    return found if isinstance(found, str) else ""


def saved(path: Path) -> Mapping[str, Any]:
    """A saved configuration with present names; empty if it cannot be read."""
    try:
        found = yaml.load(read_bytes(path, MOST_BYTES), Loader=LOADER)
        return moved().config(found, silent) if isinstance(found, dict) else {}
    except (Damaged, FileNotFoundError, yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _identities(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two configurations define the same run; by classes if the stored one does not list its choices."""
    excludes = wanted["identity_excludes"]
    alike = identity if CHOICES in stored else built_identity
    one: Flat = alike(stored, excludes)
    return one == alike(wanted, excludes)


def _candidates(address: RunId, any_seed: bool = False) -> Iterator[tuple[RunId, RunFolder]]:
    """The folders that may hold a run, its own first, each with its RunId."""
    for attention in _names("attention", address.attention):
        for data in _names("data", address.data):
            there = address._replace(attention=attention, data=data)
            own = there.folder.name
            for path in sorted(there.folder.parent.glob("seed=*"), key=lambda path: (path.name != own, path.name)):
                match = FOLDER.fullmatch(path.name)
                if match and (any_seed or int(match[1]) == address.seed):
                    found = there._replace(setting=match[2] or "", seed=int(match[1]))
                    yield found, RunFolder(found.folder)


def _names(group: str, name: str) -> list[str]:
    """The present name of a choice and its old names."""
    olds = [old.partition("=") for old in moved().choices]
    return [name, *(old for of, _, old in olds if of == group and moved().choice(group, old, silent)[1] == name)]
