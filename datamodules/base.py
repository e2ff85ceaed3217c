"""The base of every data set: its splits, its loaders, and the Lightning hooks.

Loaders yield tickets, (split, epoch, batch number), and a batch is made from its ticket on the target device. A batch
is a function of its ticket alone, so an interrupted run resumes with exactly the batches it would have seen.

Axes: N images, P sources of an image.
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
    """A 63-bit seed hashed from the parts, the same on every machine and in every version of Python."""
    return int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:8], "big") >> 1


def content_of(*parts: Tensor) -> str:
    """The sha256 of the concatenated bytes of CPU tensors."""
    total = sha256()
    for part in parts:
        total.update(part.contiguous().numpy().data)
    return total.hexdigest()


class Split(ABC):
    """One split of a data set, with random access to its batches."""

    @property
    @abstractmethod
    def batches(self) -> int:
        """Number of batches per epoch."""

    @abstractmethod
    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        """Batch `number` of an epoch, on the device. The same arguments always give the same batch."""


class FixedSplit(Split):
    """A split for evaluation: the same images in every epoch, identified by a fingerprint."""

    @abstractmethod
    def fingerprint(self) -> str:
        """The sha256 of the images and targets, independent of the batch size."""


class RepeatingSplit(Split):
    """A training split whose images recur and can be iterated without augmentation, as in evaluation."""

    @abstractmethod
    def each(self) -> FixedSplit:
        """Every image once, in the order of `Batch.index`. Raises DataFault where augmentation changes the images."""


class Splits(NamedTuple):
    """The splits of a data set.

    references: by split, the reference captions of each image; empty for data without captions. training: computes a
    checksum of what the training images are made of, "" where the data set has none. sources: by split, (N, P) long:
    the ids, within the split, of the items that each image is composed of (the digits on a canvas), -1 where it has
    fewer than P. A split is left out where no two images share an item. Images that share a source are not
    statistically independent.
    """

    train: Split
    validation: FixedSplit
    test: FixedSplit
    references: Mapping[str, Sequence[Sequence[str]]] = MappingProxyType({})
    training: Callable[[], str] = str
    sources: Mapping[str, Tensor] = MappingProxyType({})


def _refuse_no_splits(what: str, found: Any) -> None:
    """Raises DataFault where `read` of a data set did not return valid splits."""
    if not isinstance(found, Splits):
        raise DataFault(f"{what} gives a {type(found).__name__}, and has to give a datamodules.base.Splits.")
    kinds = {"train": Split, "validation": FixedSplit, "test": FixedSplit}
    wrong = [f"{name} is a {type(getattr(found, name)).__name__}" for name, kind in kinds.items()
             if not isinstance(getattr(found, name), kind)]  # fmt: skip
    if wrong:
        raise DataFault(f"{what}: {', '.join(wrong)} and no Split or, for validation and test, no FixedSplit.")


class BaseData(LightningDataModule, ABC):
    """A data set as a LightningDataModule. A subclass implements `fetch`, `read` and `spec`."""

    def __init__(self) -> None:
        super().__init__()
        self._splits: Splits | None = None

    @property
    @abstractmethod
    def spec(self) -> TaskSpec:
        """The task, known at construction, before any file is read. Where the vocabulary comes from files, these are
        fetched and read first (no more of them than needed); then it may raise DataFault.
        """

    @abstractmethod
    def fetch(self) -> None:
        """Download the files if download is enabled. Raises DataFault."""

    @abstractmethod
    def read(self) -> Splits:
        """Read the files and return the splits. Raises DataFault."""

    @final
    def prepare_data(self) -> None:
        self.fetch()

    @final
    def setup(self, stage: str | None = None) -> None:
        """Read all splits on the first call, whatever the stage."""
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
        """The sha256 of each evaluation split, {"validation": ..., "test": ...}, and that of "train" where the data set
        has one. They do not depend on the run's seed or on batch sizes. Computed on call.
        """
        splits, training = self.splits(), self.splits().training()
        evaluated = {"validation": splits.validation.fingerprint(), "test": splits.test.fingerprint()}
        return {"train": training, **evaluated} if training else evaluated

    @final
    def references(self, split: str) -> Sequence[Sequence[str]]:
        """The reference captions of each image of a split, by its index; empty for data without captions."""
        return self.splits().references.get(split, ())

    @final
    def sources(self, split: str, index_N: Tensor) -> Tensor:
        """(N, P) source ids of these images of a split; (N, 1) the index itself where no source is shared."""
        held = self.splits().sources.get(split)
        return index_N[:, None] if held is None else held[index_N]

    @final
    def each(self, split: str) -> FixedSplit:
        """Every image of a split once, in the order of `Batch.index`. Raises DataFault where images never recur."""
        found = self.split(split)
        if isinstance(found, FixedSplit):
            return found
        if isinstance(found, RepeatingSplit):
            return found.each()
        raise DataFault(
            f"data={self.spec.name} draws its training images anew in every batch, or crops them at random places: "
            "none ever recurs."
        )

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
        """Lightning's only hook that receives the device: makes the batch of a ticket."""
        return self.batch(batch, device)

    @final
    def batch(self, ticket: Ticket, device: torch.device) -> Batch:
        return self.split(ticket.split).batch(ticket.epoch, ticket.number, device)

    @final
    def batches(self, split: str, device: torch.device) -> Iterator[Batch]:
        """All batches of a split's first epoch, for use without a Trainer."""
        return (self.batch(ticket, device) for ticket in self.tickets(split))
