"""Reads the run folders of a study: finished, failed, unfinished or damaged; none of them stops the reading.

A folder is <study>/<attention>/<data>/seed=<n>[-<setting>]; a `record.json` in it means finished.
"""

import re
from pathlib import Path

from benchmark.report.read.folders import Finished, RunFolderName, Study, Unfinished
from benchmark.report.read.records import RecordError, read_record
from benchmark.report.read.status import read_unfinished
from benchmark.results.run_folder import name_of

SEED_FOLDER = re.compile(r"seed=(?P<seed>-?\d+)(?:-(?P<setting>[0-9a-zA-Z_]+))?")


def read_study(folder: Path) -> Study:
    """Every run under a study's folder, in the order of its paths.

    Raises FileNotFoundError where there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    runs = [read_run(address) for address in addresses(folder)]
    return Study(
        folder, [run for run in runs if isinstance(run, Finished)], [run for run in runs if isinstance(run, Unfinished)]
    )


def addresses(folder: Path) -> list[RunFolderName]:
    """The run folders of a study, by name alone."""
    found = []
    for path in sorted(folder.glob("*/*/seed=*")):
        match = SEED_FOLDER.fullmatch(path.name)
        if match and path.is_dir():
            found.append(
                RunFolderName(path, path.parts[-3], path.parts[-2], int(match["seed"]), match["setting"] or "")
            )
    return found


def read_run(address: RunFolderName) -> Finished | Unfinished:
    """One run; a record that cannot be used makes it a damaged run, not an error."""
    try:
        if not (address.folder / "record.json").exists():
            return read_unfinished(address)
        record = read_record(address.folder / "record.json")
        name = name_of(record)
        if name and name != "/".join(address.folder.parts[-3:]):
            told = f"its record is that of {name}: a copy of that run, or renamed, and no run of its own"
            return Unfinished(address, "copy", told, "", "")
        return Finished(address, record)
    except RecordError as fault:
        return Unfinished(address, "damaged", f"record.json: {fault}", "", "")
    except Exception as error:  # whatever its files hold, it costs this run and no other
        return Unfinished(address, "damaged", f"its files cannot be read ({type(error).__name__}: {error})", "", "")
