"""Copies the finished runs of a study without their weights: what reports and claims read, some 50 kB a run.

    python scripts/copy_records.py runs/claims docs/records

gives docs/records/claims, which is a study like any other: `python -m benchmark.report docs/records/claims`. A run that
is there already stays as it is. Of the metrics the validations are copied, not the steps between them. Absolute paths
are cut to their last part, so that a copy names no folder of the machine; the checksums are those of the copy. Where a
record is older than its short list of choices (`told`), that is added.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rich.progress import track

from benchmark.config.compose import Composer, register_plugins
from benchmark.config.told import told
from benchmark.process.program import program
from benchmark.report.read.folders import Finished
from benchmark.report.read.runs import read_study
from benchmark.results.checksums import KEY, sealed
from benchmark.results.run_folder import RunFolder, explained, write_json, write_whole
from benchmark.trained import configuration

VALIDATION = '"val/'
"""In a line of metrics that is a validation's."""


@program
def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 copied, 1 some runs are damaged, 2 no such study."""
    parser = argparse.ArgumentParser(prog="copy_records.py", description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, help="folder of the study, runs/<study>")
    parser.add_argument("out", type=Path, help="folder to copy it to, under its name")
    given = parser.parse_args(arguments)
    try:
        study = read_study(given.study.resolve())
    except FileNotFoundError:
        print(f"copy_records: there is no folder {given.study}", file=sys.stderr)
        return 2
    copied = 0
    for run in track(study.finished, "runs", disable=not sys.stderr.isatty()):
        copied += copy_run(run, given.out / study.folder.name)
    unusable = [run for run in study.unfinished if run.state in ("damaged", "copy")]
    for each in unusable:
        print(f"left out: {each.address.folder}: {each.message}", file=sys.stderr)
    print(f"{copied} of {len(study.finished)} finished runs copied to {given.out / study.folder.name}")
    return 1 if unusable else 0


def copy_run(run: Finished, study: Path) -> bool:
    """Copies one run into a study's folder; returns whether it was not there yet. Raises RunFault for a full disk."""
    source = RunFolder(run.address.folder)
    target = RunFolder(study.joinpath(*run.address.folder.parts[-3:]))
    if target.record.exists():
        return False
    with explained(target.path):
        target.path.mkdir(parents=True, exist_ok=True)
        for path in source.sealed:
            if path.is_file() and path.parent == source.path:
                shutil.copyfile(path, target.path / path.name)
    if target.metrics.is_file():
        lines = target.metrics.read_text(encoding="utf-8").splitlines(keepends=True)
        write_whole(target.metrics, "".join(line for line in lines if VALIDATION in line).encode())
    if target.config.is_file():
        write_whole(target.config, portable_yaml(target.config.read_text(encoding="utf-8")).encode())
    record = {key: portable(value) for key, value in run.record.items() if key != KEY}
    record["told"] = record.get("told") or named(source, record.get("experiment", ""))
    write_json(target.record, sealed(record, target.path, target.sealed))
    return True


def named(run: RunFolder, experiment: str) -> dict[str, Any]:
    """The entry `told` of an older record. Raises RunFault where its configuration is no run's."""
    return told(composer(), configuration(run, composer()), experiment)._asdict()


@cache
def composer() -> Composer:
    register_plugins()
    return Composer()


def portable_yaml(text: str) -> str:
    """A configuration without absolute paths; as it is written where it has none."""
    values = yaml.safe_load(text)
    return text if portable(values) == values else yaml.safe_dump(portable(values), sort_keys=False)


def portable(value: Any) -> Any:
    """With the last part in place of each absolute path."""
    if isinstance(value, dict):
        return {key: portable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [portable(each) for each in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


if __name__ == "__main__":
    sys.exit(main())
