"""What makes a record useless for the program that would take its run for finished."""

from collections.abc import Mapping
from typing import Any

from benchmark.common.errors import RunFault
from benchmark.results.checksums import is_intact
from benchmark.results.primary_metric import Headline


def record_damage(record: Mapping[str, Any]) -> str:
    """What is wrong with a record, as the end of a sentence on it; "" where it can be used."""
    if not isinstance(record.get("config_hash"), str):
        return "is damaged"
    if not is_intact(record):
        return "is damaged: its checksum does not match its content"
    try:
        float(record["validation"][Headline.of(record).key])
    except (RunFault, KeyError, TypeError, ValueError):
        return "is damaged, or of an older version: it lacks the primary metric on the validation split"
    prints = record.get("fingerprints", {})
    if not isinstance(prints, Mapping) or not all(isinstance(value, str) for value in prints.values()):
        return "is damaged: its fingerprints are none"
    return ""
