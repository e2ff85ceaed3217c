"""Reads the measurements of gradients that lie in the runs of a study. None of them raises."""

from pathlib import Path
from typing import NamedTuple

from benchmark.common.json_files import Damaged, read_object
from benchmark.gradients.findings import Findings, findings_of
from benchmark.results.checksums import is_intact
from benchmark.results.run_folder import GRADIENTS

MOST = 40
"""Most measurements of a study that are read."""


class StudyGradients(NamedTuple):
    """warnings: a sentence for each file that cannot be used."""

    found: list[Findings]
    warnings: list[str]


def read_gradients(study: Path) -> StudyGradients:
    """All measurements under the folders of a study's runs, sorted by path."""
    paths = sorted(study.glob(f"*/*/seed=*/{GRADIENTS}/[!.]*/record.json"))
    found, warnings = list[Findings](), list[str]()
    for path in paths[:MOST]:
        try:
            record = read_object(path)
            if not is_intact(record):
                raise Damaged("is damaged: its checksum does not match its content")
            found.append(findings_of(record))
        except Exception as error:  # a bad file costs this measurement only
            warnings.append(f"The gradients in {path.relative_to(study)} are not shown: the file {error}.")
    if len(paths) > MOST:
        warnings.append(f"Of {len(paths)} measurements of gradients the first {MOST} are shown.")
    return StudyGradients(found, warnings)
