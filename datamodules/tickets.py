"""What a loader yields in place of batches: tickets, (split, epoch, number), in order."""

from collections.abc import Iterator
from typing import NamedTuple, final


class Ticket(NamedTuple):
    """Which batch: number `number` of epoch `epoch` of split `split` ("train", "validation" or "test")."""

    split: str
    epoch: int
    number: int


@final
class Tickets:
    """A loader that loads nothing: the tickets of one split, in order.

    No torch DataLoader: there is nothing to load, and it would draw from the global generator at every pass.
    Lightning looks for `sampler.set_epoch` before an epoch, and for the two state methods when it saves and resumes.
    """

    def __init__(self, split: str, count: int) -> None:
        self._split, self._count = split, count
        self._epoch, self._given, self._start = 0, 0, 0
        self.sampler, self.batch_sampler = self, None  # Lightning asks both whether the order is random

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
        """Go on after the last ticket given; from the first one if that pass was complete."""
        self._start = state["given"] % self._count
