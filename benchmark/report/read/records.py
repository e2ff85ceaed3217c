"""Reads and checks record.json, as far as the report relies on it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from benchmark.common.json_files import Damaged, read_object
from benchmark.report.read.folders import Study, number
from benchmark.results.checksums import is_intact, is_sealed
from benchmark.results.primary_metric import Headline
from benchmark.results.record import FORMAT

NEEDED = {
    "attention": str, "data": str, "origin": str, "seed": int, "differs": dict, "image_shape": list,
    "fingerprints": dict, "cost": dict, "measure": dict, "test": dict, "localisation": dict,
    "git": dict, "hardware": dict,
}  # fmt: skip


@final
class RecordError(Exception):
    """A record that cannot be used; the message gives the reason."""


def read_record(path: Path) -> Mapping[str, Any]:
    """A record, checked as far as the report relies on it. Raises RecordError."""
    try:
        record = read_object(path)
    except (Damaged, FileNotFoundError) as error:
        raise RecordError(f"cannot be used: it {error}") from error
    if not is_intact(record):
        raise RecordError("is damaged: its checksum does not match its content. Restore it from a copy")
    if record.get("format") != FORMAT:
        raise RecordError(fault_of_format(record.get("format")))
    wrong = [key for key, kind in NEEDED.items() if not isinstance(record.get(key), kind)]
    if wrong:
        raise RecordError(f"lacks a usable {', '.join(wrong)}")
    if not isinstance(record["fingerprints"].get("test"), str):
        raise RecordError("lacks the fingerprint of the test canvases")
    if not (number(record["test"], "images") or 0) >= 1:
        raise RecordError("lacks the number of test images")
    told = record.get("told", {})
    if not isinstance(told, dict) or not all(isinstance(entry, dict) for entry in told.values()):
        raise RecordError("lacks a usable told")
    headline = read_headline(record["measure"])
    for mode, scores in record["test"].items():
        share = number(scores, headline.key)
        if headline.percent and share is not None and not 0 <= share <= 1:
            raise RecordError(f"has a test {headline.name} ({mode}) of {share}, not a fraction between 0 and 1")
    return record


def unsealed(study: Study) -> list[str]:
    """A warning about records without a checksum, which an older version wrote."""
    bare = sum(not is_sealed(run.record) for run in study.finished)
    if not bare:
        return []
    whose = f"{bare} of {len(study.finished)} records carry" if bare > 1 else "A record carries"
    return [f"{whose} no checksum (an older version wrote them): damage to the files of these runs cannot be detected."]


def read_headline(found: Mapping[str, Any]) -> Headline:
    """The entry `measure`, with checked types. Raises RecordError."""
    kinds = Headline.__annotations__
    if set(found) != set(kinds) or not all(isinstance(found[key], kind) for key, kind in kinds.items()):
        raise RecordError("lacks a usable measure")
    return Headline(**found)


def fault_of_format(found: object) -> str:
    """The message for a record in another format."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < FORMAT:
        return f"was written by an older version (format {found}; this report reads format {FORMAT}): run it again"
    return f"has format {found!r}; this report reads format {FORMAT}"
