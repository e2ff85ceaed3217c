"""Jobs of a sweep with the same folder: duplicates, or jobs that differ only in knobs outside a run's identity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

SHOWN = 4
"""The most colliding jobs that a message lists."""


@final
class Jobs:
    """The jobs of a sweep by folder. twice: the number of exact duplicates."""

    def __init__(self) -> None:
        self._met: dict[Path, list[tuple[Sequence[str], Mapping[str, Any]]]] = {}
        self.twice = 0

    def is_new(self, folder: Path, overrides: Sequence[str], values: Mapping[str, Any]) -> bool:
        """Adds a job; returns False for an exact duplicate. overrides: as typed. values: of the whole configuration."""
        met = self._met.setdefault(folder, [])
        if any(values == known for _, known in met):
            self.twice += 1
            return False
        met.append((overrides, values))
        return True

    def faults(self) -> list[str]:
        """One line for each folder that different jobs share."""
        return [
            collision(folder, [overrides for overrides, _ in met]) for folder, met in self._met.items() if len(met) > 1
        ]


def collision(folder: Path, jobs: Sequence[Sequence[str]]) -> str:
    """The message for different jobs with one folder."""
    common = set(jobs[0]).intersection(*jobs)
    own = [" ".join(text for text in job if text not in common) for job in jobs]
    more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return (
        f"{'; '.join(own[:SHOWN])}{more}: these jobs have the same folder, {folder}, since they differ only in knobs "
        "that do not identify a run. Start them one after the other, each in a study of its own: study=NAME"
    )
