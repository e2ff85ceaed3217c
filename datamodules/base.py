"""The common parts of every data set: its splits, its loaders, and the order in which batches are asked for.

What a loader yields is a ticket, and the batch is made from the ticket on the device that wants it. A batch is a
function of its ticket alone, so a run that was interrupted goes on with the very batches it would have seen.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple, final

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor

from datamodules.contract import Batch, DataFault, TaskSpec
from datamodules.tickets import Ticket, Tickets


def derived_seed(*parts: object) -> int:
    """A 63-bit seed that is a function of the parts, alike on every machine and in every version of Python."""
    return int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:8], "big") >> 1


def content_of(*parts: Tensor) -> str:
    """The sha256 of tensors on the CPU, one after another."""
    total = sha256()
    for part in parts:
        total.update(part.contiguous().numpy().data)
    return total.hexdigest()


class Split(ABC):
    """One part of a data set, able to make any of its batches at any time."""

    @property
    @abstractmethod
    def batches(self) -> int:
        """How many batches an epoch has."""

    @abstractmethod
    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        """Batch `number` of an epoch, made on the device. The same arguments give the same batch, always."""


class FixedSplit(Split):
    """A split to evaluate on: it has the same images in every epoch, and a name for exactly those."""

    @abstractmethod
    def fingerprint(self) -> str:
        """The sha256 of the images and targets, whatever the batch size."""


class RepeatingSplit(Split):
    """A split to train on that can show the same images again and again, as evaluation would see them."""

    @abstractmethod
    def each(self) -> FixedSplit:
        """Each of them once, in the order of `Batch.index`. Raises DataFault where they are drawn anew each time after
        all.
        """


class Splits(NamedTuple):
    """references: by split, what people wrote of each of its images; none where nobody was asked. training: a sum over
    what training images are made of, by which others are told from them; "" where nobody works it out.

    sources: by split, (N, P) whole numbers: which things each image is composed of, of those of that split, -1 where it
    has fewer than P. None where no two images have anything in common. Images of one source are not independent.
    """

    train: Split
    validation: FixedSplit
    test: FixedSplit
    references: Mapping[str, Sequence[Sequence[str]]] = MappingProxyType({})
    training: Callable[[], str] = str
    sources: Mapping[str, Tensor] = MappingProxyType({})


def _refuse_no_splits(what: str, found: Any) -> None:
    """Raises DataFault with what a data set read in place of its splits."""
    if not isinstance(found, Splits):
        raise DataFault(f"{what} gives a {type(found).__name__}, and has to give a datamodules.base.Splits.")
    asked = {"train": Split, "validation": FixedSplit, "test": FixedSplit}
    wrong = [f"{name} is a {type(getattr(found, name)).__name__}" for name, kind in asked.items()
             if not isinstance(getattr(found, name), kind)]  # fmt: skip
    if wrong:
        raise DataFault(f"{what}: {', '.join(wrong)} and no Split, or, to be judged by, no FixedSplit.")


class BaseData(LightningDataModule, ABC):
    """A data set as Lightning wants it. A subclass says what to fetch, what its splits are, and what task they pose."""

    def __init__(self) -> None:
        super().__init__()
        self._splits: Splits | None = None

    @property
    @abstractmethod
    def spec(self) -> TaskSpec:
        """The task; known at construction, before any file is read. Where symbols are words of the files, it fetches
        and reads those first, as little of them as will do; raises DataFault.
        """

    @abstractmethod
    def fetch(self) -> None:
        """Bring the files here if that was asked for. Raises DataFault."""

    @abstractmethod
    def read(self) -> Splits:
        """The splits. Raises DataFault."""

    @final
    def prepare_data(self) -> None:
        self.fetch()

    @final
    def setup(self, stage: str | None = None) -> None:
        """Read everything once, whatever the stage; Lightning calls this before each of them."""
        self.splits()

    @final
    def splits(self) -> Splits:
        if self._splits is None:
            found = self.read()
            _refuse_no_splits(f"{type(self).__name__}.read()", found)
            self._splits = found
        return self._splits

    @final
    def split(self, name: str) -> Split:
        split: Split = getattr(self.splits(), name)
        return split

    @final
    def fingerprints(self) -> dict[str, str]:
        """The sha256 of what is evaluated on, {"validation": ..., "test": ...}, and that of "train" where the data set
        works it out. None depends on the run's seed or on sizes of batches. Computed when asked for.
        """
        splits, training = self.splits(), self.splits().training()
        told = {"validation": splits.validation.fingerprint(), "test": splits.test.fingerprint()}
        return {"train": training, **told} if training else told

    @final
    def references(self, split: str) -> Sequence[Sequence[str]]:
        """What people wrote of each image of a split, by its index; empty where nobody was asked."""
        return self.splits().references.get(split, ())

    @final
    def sources(self, split: str, index_N: Tensor) -> Tensor:
        """(N, P) what these images of a split are composed of; where nothing is shared each is its own source."""
        held = self.splits().sources.get(split)
        return index_N[:, None] if held is None else held[index_N]

    @final
    def each(self, split: str) -> FixedSplit:
        """The images of a split in the order of `Batch.index`. Raises DataFault where they are drawn anew each time."""
        found = self.split(split)
        if isinstance(found, FixedSplit):
            return found
        if isinstance(found, RepeatingSplit):
            return found.each()
        raise DataFault(f"data={self.spec.name} draws every image that it trains on anew: none ever comes again.")

    @final
    def tickets(self, split: str) -> Tickets:
        return Tickets(split, self.split(split).batches)

    @final
    def train_dataloader(self) -> Tickets:
        return self.tickets("train")

    @final
    def val_dataloader(self) -> Tickets:
        return self.tickets("validation")

    @final
    def test_dataloader(self) -> Tickets:
        return self.tickets("test")

    @final
    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Batch:
        """Lightning's hook, the only one that is told the device: here a ticket becomes a batch."""
        return self.batch(batch, device)

    @final
    def batch(self, ticket: Ticket, device: torch.device) -> Batch:
        return self.split(ticket.split).batch(ticket.epoch, ticket.number, device)

    @final
    def batches(self, split: str, device: torch.device) -> Iterator[Batch]:
        """All batches of a split's first epoch, for whoever works without a Trainer."""
        return (self.batch(ticket, device) for ticket in self.tickets(split))
