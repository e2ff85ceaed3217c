"""Tickets, (split, epoch, batch number), which loaders yield in place of batches."""

from collections.abc import Iterator
from typing import NamedTuple, final


class Ticket(NamedTuple):
    """Identifies a batch: its number within an epoch of a split ("train", "validation" or "test")."""

    split: str
    epoch: int
    number: int


@final
class Tickets:
    """A stateful loader of the tickets of one split, in order.

    It is no torch DataLoader, which would draw from the global generator in every epoch. Lightning calls
    `sampler.set_epoch` before an epoch, and the two state methods when it saves and resumes.
    """

    def __init__(self, split: str, count: int) -> None:
        self._split, self._count = split, count
        self._epoch, self._given, self._start = 0, 0, 0
        self.sampler, self.batch_sampler = self, None  # Lightning checks both for shuffling

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Ticket]:
        start, self._start = self._start, 0
        for number in range(start, self._count):
            self._given = number + 1
            yield Ticket(self._split, self._epoch, number)

    def state_dict(self) -> dict[str, int]:
        return {"given": self._given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Resume after the last ticket yielded; from the first one if the epoch was complete."""
        self._start = state["given"] % self._count
