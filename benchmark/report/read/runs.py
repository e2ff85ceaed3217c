"""Reads the run folders of a study: finished, failed, unfinished or damaged. None of them raises.

A folder is <study>/<attention>/<data>/seed=<n>[-<setting>]; a `record.json` in it means finished.
"""

import re
from pathlib import Path

from benchmark.common.errors import ConfigFault
from benchmark.report.read.folders import Finished, RunFolderName, Study, Unfinished
from benchmark.report.read.records import RecordError, read_record
from benchmark.report.read.status import read_unfinished
from benchmark.results.run_folder import EVALUATIONS, GRADIENTS, RunFolder, name_of
from datamodules.printable import printable

SEED_FOLDER = re.compile(r"seed=(?P<seed>-?\d+)(?:-(?P<setting>[0-9a-zA-Z_]+))?")


def read_study(folder: Path) -> Study:
    """Every run under a study's folder, sorted by path.

    Raises FileNotFoundError where there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    runs = [read_run(address) for address in addresses(folder)]
    return Study(
        folder, [run for run in runs if isinstance(run, Finished)], [run for run in runs if isinstance(run, Unfinished)]
    )


def study_folder(folder: Path) -> Path:
    """The absolute path of a folder of a command line. Raises ConfigFault where there is none."""
    if not (there := folder.resolve()).is_dir():
        raise ConfigFault([printable(f"there is no folder {folder}; give the folder of a study, such as runs/compare")])
    return there


def addresses(folder: Path) -> list[RunFolderName]:
    """The run folders of a study, by their names only; without evaluations of runs, whatever they are called."""
    found = []
    for path in sorted(folder.glob("*/*/seed=*")):
        match = SEED_FOLDER.fullmatch(path.name)
        if match and path.is_dir() and path.parent.name not in (EVALUATIONS, GRADIENTS):
            found.append(
                RunFolderName(path, path.parts[-3], path.parts[-2], int(match["seed"]), match["setting"] or "")
            )
    return found


def read_run(address: RunFolderName) -> Finished | Unfinished:
    """One run; an unusable record makes it a damaged run, not an error."""
    try:
        if not (address.folder / "record.json").exists():
            return read_unfinished(address)
        record = read_record(address.folder / "record.json")
        if RunFolder(address.folder).is_copy_of(name := name_of(record)):
            reason = f"its record is that of {name}: it is a copy of that run, or was renamed"
            return Unfinished(address, "copy", reason, "", "")
        return Finished(address, record)
    except RecordError as fault:
        return Unfinished(address, "damaged", f"record.json: {fault}", "", "")
    except Exception as error:  # a bad file costs this run only
        return Unfinished(address, "damaged", f"its files cannot be read ({type(error).__name__}: {error})", "", "")
