"""Checks that a stored run was made on the same data as the present data.

A run's identity has the knobs of its data set, but not its location or content. Its record and status therefore hold
fingerprints of its splits, which are compared with those of the present data. Reading all data for that takes minutes,
so fingerprints are cached in the folder of runs, keyed by a listing of the files and by the code that reads them.
"""

import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, final

from omegaconf import DictConfig, OmegaConf

from benchmark.common.errors import RunFault, user_fault
from benchmark.common.listing import listing
from benchmark.results.checksums import is_intact, is_sealed, sealed
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.results.run_id import Flat, RunId, built_identity, digest
from benchmark.same_start import refuse_other_start

FOLDER = ".fingerprints"
"""The cache in the folder of runs; it can be deleted at any time."""
PACKAGES = ("numpy", "torch", "pillow", "scikit-learn")
"""Packages whose versions the data may depend on."""
ELSEWHERE = ("root", "cache")
"""Knobs of a data set that are locations."""

Fingerprints = Mapping[str, str]
"""SHA-256 by split."""


@final
class KnownData:
    """The fingerprints of the present data, each computed once. writes: whether they may be stored, and files unpacked;
    otherwise data in files whose fingerprints are not stored yet are not read.
    """

    def __init__(self, writes: bool = True) -> None:
        self._writes = writes
        self._listed: dict[tuple[Path, tuple[Path, ...]], str] = {}
        self._code: dict[str, str] = {}
        self._found: dict[Path, Fingerprints] = {}

    def fingerprints(self, config: DictConfig, data: Any = None) -> Fingerprints:
        """The fingerprints of a configuration's data. data: the data set, if it has been built. Raises DataFault."""
        place = self._place(config)
        if place not in self._found:
            self._found[place] = cached(place) or self._compute(config, data, place)
        return self._found[place]

    def refuse_others(self, config: DictConfig, made: Fingerprints, what: str) -> str:
        """Raises RunFault if a run was made on other data. made: fingerprints of the run's data. what: beginning of the
        message, which names the run. Returns why the data cannot be compared, "" if they are the same.
        """
        root = config.data.get("root")
        known = f"fingerprint {made.get('test', 'unknown')[:8]}"
        if root is not None and not Path(str(root)).exists():
            return f"made on data with the {known}; there are none at data.root={root} to compare them with"
        try:
            now = self.fingerprints(config)
        except Exception as error:
            fault = user_fault(error) or error
            return f"made on data with the {known}; the present data cannot be read to compare: {fault}"
        other = [split for split in made.keys() & now.keys() if made[split] != now[split]]
        if not other:
            return ""
        split, has_root = min(other), root is not None
        raise RunFault(
            f"{what} on other data: the {split} images and targets had the fingerprint {made[split][:8]}, "
            f"and those of {f'data.root={root}' if has_root else f'data={config.data.name}'} have {now[split][:8]} "
            "now. Give this run a study of its own, study=NAME"
            + (", or name the folder of the data it was made with, data.root=FOLDER" if has_root else "")
        )

    def _compute(self, config: DictConfig, data: Any, place: Path) -> Fingerprints:
        if not self._writes and any(config.data.get(knob) is not None for knob in ELSEWHERE):
            raise RunFault("reading them for the first time writes their fingerprints, which a dry run does not")
        if data is None:
            from benchmark.build import build_data  # imports PyTorch, which cached fingerprints do not need

            data = build_data(config)[0]
        data.prepare_data()
        found: Fingerprints = data.fingerprints()
        if not self._writes:
            return found
        place = self._place(config, anew=True)  # files may have just been created or unpacked
        with suppress(RunFault, OSError):  # the disk is full, or the folder is read-only
            place.parent.mkdir(parents=True, exist_ok=True)
            write_json(place, sealed({"fingerprints": found}, place.parent, ()))
        return found

    def _place(self, config: DictConfig, anew: bool = False) -> Path:
        """The cache file of the fingerprints of a configuration's data. anew: list the files again."""
        values: Any = OmegaConf.to_container(config.data, resolve=True)
        excludes = [*config.identity_excludes, *(f"data.{knob}" for knob in (*ELSEWHERE, "seed"))]
        store = OmegaConf.select(config, "features.store.folder")
        ours = tuple(Path(str(path)) for path in (config.runs, values.get("cache"), store) if path is not None)
        root = [] if values.get("root") is None else [Path(str(values["root"]))]
        if anew:
            self._listed.clear()
        key = {
            "data": built_identity({"data": values}, excludes),
            "files": [self._listing(path, ours) for path in (*root, *_paths(values))],
            "code": self._code_of(values["_target_"]),
        }
        return Path(config.runs, FOLDER, f"{digest(key)[:32]}.json")

    def _listing(self, path: Path, without: tuple[Path, ...]) -> str:
        if (path, without) not in self._listed:
            self._listed[path, without] = listing(path, without)
        return self._listed[path, without]

    def _code_of(self, target: str) -> str:
        package = target.partition(".")[0]
        if package not in self._code:
            self._code[package] = code_of(package)
        return self._code[package]


def cached(place: Path) -> Fingerprints:
    """The fingerprints in a cache file; empty where there are none, or they do not match their checksum: a record
    would hold a damaged one for good, and sound data would be taken for others.
    """
    stored = read_json(place)
    found = stored.get("fingerprints")
    return found if isinstance(found, dict) and is_sealed(stored) and is_intact(stored) else {}


def code_of(package: str) -> str:
    """SHA-256 over the modules of a package and the versions of PACKAGES."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    files = sorted(path for place in places or () for path in Path(place).rglob("*.py"))
    total = sha256()
    for path in files:
        total.update(path.name.encode() + path.read_bytes())
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            total.update(f"{name} {importlib.metadata.version(name)}".encode())
    return total.hexdigest()


def _paths(values: Flat) -> Iterator[Path]:
    """Other existing paths among a data set's values, in lists too."""
    for key, value in values.items():
        for text in value if isinstance(value, list) else [value]:
            if key not in ELSEWHERE and isinstance(text, str) and "/" in text and Path(text).exists():
                yield Path(text)


@final
class StoredJobs:
    """The stored runs of a sweep. Those of other settings or data are faults, one line for all with the same fault.
    not_compared: reasons why data could not be compared. writes: as of KnownData.
    """

    def __init__(self, writes: bool = True) -> None:
        self.not_compared: dict[str, None] = {}
        self._known = KnownData(writes)
        self._faults: dict[str, list[Path]] = {}

    def is_finished(self, config: DictConfig, address: RunId) -> bool:
        """Whether a job's run is finished; notes faults of its folder."""
        folder, done = RunFolder(address.folder), False
        try:
            done = folder.is_finished(address.config_hash)
            if not done:
                folder.refuse_another(address.config_hash)
            begun = done or folder.last.exists()
            stored = read_json(folder.record if done else folder.status) if begun else {}
            what = f"{{}} holds {'a finished' if done else 'an unfinished'} run"
            if done or folder.best.exists():  # without its best weights a run begins anew
                refuse_other_start(config, stored.get("weights") or (), what)
            made = stored.get("fingerprints")
            if made and (reason := self._known.refuse_others(config, made, what)) and done:
                self.not_compared[reason] = None
        except RunFault as fault:
            self._faults.setdefault(str(fault), []).append(folder.path)
        return done

    def faults(self) -> list[str]:
        """One line for each fault."""
        return [
            fault.replace("{}", f"{paths[0]}" + (f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""), 1)
            for fault, paths in self._faults.items()
        ]
