"""The studies of a command line, read again and again."""

import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, final

from benchmark.common.errors import ConfigFault
from benchmark.report.read.folders import RunFolderName
from benchmark.report.read.runs import addresses, study_folder
from benchmark.results.run_folder import RunFolder
from benchmark.status.standing import ENDED_BADLY, STATES, Standing, standing_of
from datamodules.printable import printable


class Standings(NamedTuple):
    """All runs of some studies, those that need attention first."""

    runs: Sequence[Standing]

    @property
    def sums(self) -> Mapping[str, int]:
        """The number of runs in each state, of those states that occur."""
        counted = Counter(run.state for run in self.runs)
        return {state: counted[state] for state in STATES if counted[state]}

    @property
    def summary(self) -> str:
        """The sums on one line."""
        total = "1 run" if len(self.runs) == 1 else f"{len(self.runs)} runs"
        return ": ".join([total, ", ".join(f"{count} {state}" for state, count in self.sums.items())])

    @property
    def exit_code(self) -> int:
        """1 if a run failed, died or is damaged, else 0."""
        return int(any(run.state in ENDED_BADLY for run in self.runs))

    @property
    def running(self) -> bool:
        return "running" in self.sums


@final
class Studies:
    """Folders of studies. Finished runs are read once, and again only where their record has changed."""

    def __init__(self, folders: Sequence[Path]):
        self._folders = folders
        self._done: dict[Path, tuple[tuple[int, int, int], Standing]] = {}

    def read(self) -> Standings:
        """The standing of all runs. Raises ConfigFault where a folder is missing or holds no run."""
        found = {address.folder: address for folder in self._folders for address in runs_in(folder)}
        order = {state: place for place, state in enumerate(STATES)}
        runs = [self._standing(address) for address in found.values()]
        return Standings(sorted(runs, key=lambda run: (order[run.state], str(run.folder))))

    def _standing(self, address: RunFolderName) -> Standing:
        state = signature(RunFolder(address.folder).record)
        known = self._done.get(address.folder)
        if known and known[0] == state:
            return known[1]
        made = standing_of(address)
        if made.state == "done":
            self._done[address.folder] = (state, made)
        return made


def signature(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size if stat.S_ISREG(found.st_mode) else 0, found.st_mtime_ns


def runs_in(folder: Path) -> list[RunFolderName]:
    """The run folders in the folder of a study, or of studies. Raises ConfigFault where there are none."""
    there = study_folder(folder)
    if found := addresses(there):
        return found
    found = [address for study in sorted(there.iterdir()) for address in addresses(study)]
    if not found:
        raise ConfigFault([printable(
            f"{folder} holds no run: give the folder of a study, or of studies, in which runs are named "
            "<attention>/<data>/seed=<n>"
        )])  # fmt: skip
    return found
