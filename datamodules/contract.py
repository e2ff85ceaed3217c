"""The interface between data sets and models: the batch, the task's specification, and DataFault.

Axes: B images, C channels, H rows, W columns, T time steps, N boxes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from datamodules.printable import printable

IGNORED = -100
"""The target of time steps after a sequence's last symbol; losses and metrics ignore it (as `ignore_index` in
`torch.nn.functional.cross_entropy`).
"""
DIGITS = tuple("0123456789")
"""The symbols of tasks whose targets are digits; the index of each is its value."""


class Batch(NamedTuple):
    """One mini-batch. A NamedTuple, since Lightning's transfer and pinning preserve those.

    image: (B, C, H, W) float, normalised.
    target: (B, T) long, indices into `TaskSpec.symbols`; IGNORED after the last symbol.
    boxes: (B, N, 4) float, annotations (x0, y0, x1, y1) in pixels, half open, in reading order; N = 0 for data without
        annotations, rows of NaN where an image has fewer than N objects. For metrics of localisation; no model but
        the oracle reads them.
    index: (B,) long, the image's index in its split, so that models can be compared image by image. It may stay on the
        CPU whatever the device of the rest, so that cached features are looked up without synchronisation.
    """

    image: Tensor
    target: Tensor
    boxes: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which nobody calls on a batch


SPLITS = ("train", "validation", "test")


class ImageKey(NamedTuple):
    """Identifies the images of a batch, for feature caches. split: one of SPLITS. index: as `Batch.index`."""

    split: str
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, as a batch's does


NO_KEY = ImageKey("", torch.empty(0, dtype=torch.long))
"""The key of images that are not of a data set, or that were changed (crops, augmentation): never cached."""


@dataclass(frozen=True)
class TaskSpec:
    """The specification of a task, from which a model is built.

    name: of the data configuration, e.g. "mnist_pairs".
    origin: "real", "sample" or "synthetic"; real, sample and synthetic data are never mixed under one name.
    image_shape: (C, H, W).
    symbols: the vocabulary, by index, in readable form.
    max_steps: T, the maximum length of a sequence, its end symbol included.
    end: index of the end symbol, None where every sequence has T symbols.
    background: pixel value of padding outside an image, after normalisation.
    box_names: what the N boxes hold, in order; empty for data without annotations.
    cut_by_boxes: whether images, the test's included, were cropped around annotated objects. Results on such images are
        not comparable with those of models that have to find the object; reports mark them.
    """

    name: str
    origin: str
    image_shape: tuple[int, int, int]
    symbols: tuple[str, ...]
    max_steps: int
    end: int | None
    background: float
    box_names: tuple[str, ...]
    cut_by_boxes: bool = False


class FixedImages(Protocol):
    """The images of a split in a fixed order, without augmentation; no batch is larger than batch 0."""

    @property
    def batches(self) -> int:
        """Number of batches."""

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        """Batch `number`, on the device."""

    def fingerprint(self) -> str:
        """The sha256 of the images (or what they are made from) and their targets."""


class TaskData(Protocol):
    """The interface of a data set, besides Lightning's hooks."""

    @property
    def spec(self) -> TaskSpec:
        """The task, known before any file is read; where the vocabulary comes from files, DataFault names those that
        are missing.
        """

    def batches(self, split: str, device: torch.device) -> Iterator[Batch]:
        """All batches of an epoch of "train", "validation" or "test", on the device."""

    def tickets(self, split: str) -> Iterable[Any]:
        """The tickets of a split's batches, in order; `batch` makes a batch from each."""

    def batch(self, ticket: Any, device: torch.device) -> Batch:
        """The batch of a ticket, on the device."""

    def fingerprints(self) -> dict[str, str]:
        """The sha256 of the evaluation splits, by name, and of the training images' material where it is known."""

    def references(self, split: str) -> Sequence[Sequence[str]]:
        """The reference captions of each image of a split, by its index; empty for data without captions."""

    def sources(self, split: str, index_N: Tensor) -> Tensor:
        """(N, P) long: ids of the items that these images of a split are composed of, -1 for none. Images that share a
        source are not independent; where none is shared, P = 1 and each image is its own source.
        """

    def each(self, split: str) -> FixedImages:
        """The images of a split in the order of `Batch.index`. Raises DataFault where training images never recur."""


References = Callable[[str], Sequence[Sequence[str]]]
"""The type of `TaskData.references`; called only after the files have been read."""


@runtime_checkable
class Photographic(Protocol):
    """A data set that can preprocess any image file as it does its own images."""

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, C, H, W) float, preprocessed as for evaluation; no file of the data set is read. Raises DataFault that
        lists all unreadable files.
        """


@runtime_checkable
class Outlined(Protocol):
    """A data set whose vocabulary comes from its files, while the rest of its task is known without them."""

    def outline(self, symbols: Sequence[str]) -> TaskSpec:
        """The task with this vocabulary, whose last symbol is the end symbol; reads no file."""


class DataFault(Exception):  # noqa: N818  # the fault is in the user's data, not in the program
    """A fault in the data that the user can fix. The message names the fault, the file and the remedy; it is shown
    without a traceback.

    fault: what is wrong, and where. cure: the remedy, where it depends on where the files came from; a caller may
    re-raise the fault with another.
    """

    def __init__(self, fault: str, cure: str = ""):
        super().__init__(printable(f"{fault} {cure}".strip()))
        self.fault = fault

    @classmethod
    def of(cls, faults: Sequence[str], check: str, cure: str) -> "DataFault":
        """The first of several faults, and how many more there are. check: the command that lists them all."""
        more = f" And {len(faults) - 1} more: {check} lists them all." if len(faults) > 1 else ""
        return cls(f"{faults[0]}.{more}", cure)


def overlap_share(boxes_BN4: Tensor) -> Tensor:
    """(B,) how much the boxes of an image overlap, in [0, 1]: the maximum over pairs of intersection / smaller area.

    Zero for images with fewer than two boxes; rows of NaN are no boxes.
    """
    low_BN2, high_BN2 = boxes_BN4[..., :2], boxes_BN4[..., 2:]
    left_top_BNN2 = torch.maximum(low_BN2[:, :, None], low_BN2[:, None])
    right_bottom_BNN2 = torch.minimum(high_BN2[:, :, None], high_BN2[:, None])
    area_BN = (high_BN2 - low_BN2).prod(-1)
    share_BNN = (right_bottom_BNN2 - left_top_BNN2).clamp(min=0).prod(-1) / torch.minimum(
        area_BN[:, :, None], area_BN[:, None]
    )
    share_BNN = share_BNN.nan_to_num() * ~torch.eye(boxes_BN4.shape[1], dtype=torch.bool, device=boxes_BN4.device)
    none_B1 = boxes_BN4.new_zeros(len(boxes_BN4), 1)
    return torch.cat([share_BNN.flatten(1), none_B1], dim=1).amax(1)
