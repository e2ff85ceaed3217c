"""Whether a run is asked for on the data that it was made on.

A run's address says how its data are read, and not where they lie or what is in them. So its record and its status hold
the fingerprints of its splits, and these are held against those of the data as they are now. To read all data for that
would take minutes: what came of it is kept in the folder of runs, under what a listing tells of the files and under the
code that reads them.
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
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.results.run_id import Flat, RunId, built_identity, digest

FOLDER = ".fingerprints"
"""In the folder of runs; it can be deleted at any time."""
PACKAGES = ("numpy", "torch", "pillow", "scikit-learn")
"""Whose versions data may depend on."""
ELSEWHERE = ("root", "cache")
"""Knobs of a data set that say where things lie."""

Fingerprints = Mapping[str, str]
"""By split."""


@final
class KnownData:
    """The fingerprints of data as they are now, each worked out once."""

    def __init__(self) -> None:
        self._listed: dict[tuple[Path, tuple[Path, ...]], str] = {}
        self._code: dict[str, str] = {}
        self._found: dict[Path, Fingerprints] = {}

    def fingerprints(self, config: DictConfig, data: Any = None) -> Fingerprints:
        """Of what a configuration's data are now. data: the data set, where it has been made. Raises DataFault."""
        place = self._place(config)
        if place not in self._found:
            kept = read_json(place).get("fingerprints")
            self._found[place] = kept if isinstance(kept, dict) and kept else self._work_out(config, data, place)
        return self._found[place]

    def refuse_others(self, config: DictConfig, made: Fingerprints, what: str) -> str:
        """Raises RunFault where a run was made on other data. made: their fingerprints. what: is there already, and in
        which folder. Returns why they cannot be compared, "" where they can, and are the same.
        """
        root = config.data.get("root")
        told = f"fingerprint {made.get('test', 'unknown')[:8]}"
        if root is not None and not Path(str(root)).exists():
            return f"made on data with the {told}; there are none at data.root={root} to compare them with"
        try:
            now = self.fingerprints(config)
        except Exception as error:
            fault = user_fault(error) or error
            return f"made on data with the {told}; those of now cannot be read to be compared: {fault}"
        other = [split for split in made.keys() & now.keys() if made[split] != now[split]]
        if not other:
            return ""
        split, has_root = min(other), root is not None
        raise RunFault(
            f"{what} on other data: the {split} images and answers had the fingerprint {made[split][:8]}, "
            f"and those of {f'data.root={root}' if has_root else f'data={config.data.name}'} have {now[split][:8]} "
            "now. Give this run a study of its own, study=NAME"
            + (", or name the folder of the data it was made with, data.root=FOLDER" if has_root else "")
        )

    def _work_out(self, config: DictConfig, data: Any, place: Path) -> Fingerprints:
        if data is None:
            from benchmark.build import build_data  # imports PyTorch, which what is known does not need

            data = build_data(config)[0]
        data.prepare_data()
        found: Fingerprints = data.fingerprints()
        place = self._place(config, anew=True)  # a sample may have been drawn just now, an archive unpacked
        with suppress(RunFault, OSError):  # no room to keep it, or no right to
            place.parent.mkdir(parents=True, exist_ok=True)
            write_json(place, {"fingerprints": found})
        return found

    def _place(self, config: DictConfig, anew: bool = False) -> Path:
        """Where the fingerprints of a configuration's data are kept."""
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


def code_of(package: str) -> str:
    """One sum over the modules of a package and the versions of those that data depend on."""
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
    """Further paths among a data set's values, in lists too, that exist."""
    for key, value in values.items():
        for text in value if isinstance(value, list) else [value]:
            if key not in ELSEWHERE and isinstance(text, str) and "/" in text and Path(text).exists():
                yield Path(text)


@final
class Met:
    """The runs of a sweep that are there already: finished ones are counted, those of other settings or data are
    faults, each said once for all runs it holds of. untold: why data could not be compared.
    """

    def __init__(self) -> None:
        self.finished = 0
        self.untold: dict[str, None] = {}
        self._known = KnownData()
        self._faults: dict[str, list[Path]] = {}

    def is_finished(self, config: DictConfig, address: RunId) -> bool:
        """Whether a job's record is there."""
        folder, done = RunFolder(address.folder), False
        try:
            done = folder.is_finished(address.config_hash)
            if not done:
                folder.refuse_another(address.config_hash)
            begun = done or folder.last.exists()
            made = read_json(folder.record if done else folder.status).get("fingerprints") if begun else None
            what = f"{{}} holds {'a finished' if done else 'an unfinished'} run"
            if made and (untold := self._known.refuse_others(config, made, what)) and done:
                self.untold[untold] = None
        except RunFault as fault:
            self._faults.setdefault(str(fault), []).append(folder.path)
        self.finished += done
        return done

    def faults(self) -> list[str]:
        """A line for each."""
        return [
            fault.replace("{}", f"{paths[0]}" + (f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""), 1)
            for fault, paths in self._faults.items()
        ]
