"""Jobs of a sweep that fall on one folder: the same one typed twice, or two that differ in what makes no other run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

SHOWN = 4
"""Of the jobs that fall on one folder, those that a message spells out."""


@final
class Jobs:
    """The jobs of a sweep as they are met. twice: how many were there already, to the last value."""

    def __init__(self) -> None:
        self._met: dict[Path, list[tuple[Sequence[str], Mapping[str, Any]]]] = {}
        self.twice = 0

    def is_new(self, folder: Path, overrides: Sequence[str], values: Mapping[str, Any]) -> bool:
        """Whether it was not there yet, to the last value. overrides: as typed. values: of the whole configuration."""
        met = self._met.setdefault(folder, [])
        if any(values == known for _, known in met):
            self.twice += 1
            return False
        met.append((overrides, values))
        return True

    def faults(self) -> list[str]:
        """A line for each folder on which different jobs fall."""
        return [
            collision(folder, [overrides for overrides, _ in met]) for folder, met in self._met.items() if len(met) > 1
        ]


def collision(folder: Path, jobs: Sequence[Sequence[str]]) -> str:
    """What to say of jobs that fall on one folder."""
    common = set(jobs[0]).intersection(*jobs)
    own = [" ".join(text for text in job if text not in common) for job in jobs]
    more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return (
        f"{'; '.join(own[:SHOWN])}{more}: these jobs fall on one folder, {folder}, since what they differ in is no "
        "part of a run's address. Start them one after the other, each in a study of its own: study=NAME"
    )
