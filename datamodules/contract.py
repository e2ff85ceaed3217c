"""What a dataset promises a model: the batch, and the task it answers for.

Axes: B images, C channels, H rows, W columns, T symbols of a sequence, N boxes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

IGNORED = -100
"""The target of a step after the last symbol of a sequence; no loss and no metric counts it."""
DIGITS = tuple("0123456789")
"""The symbols of a task whose answers are digits; each stands at its own value."""


class Batch(NamedTuple):
    """One mini-batch. A NamedTuple, because collation, pinning and Lightning's transfer pass those on.

    image: (B, C, H, W) float, normalised.
    target: (B, T) long, indices into `TaskSpec.symbols`; IGNORED after the last symbol.
    boxes: (B, N, 4) float, (x0, y0, x1, y1) in pixels, half open; N = 0 where the data know none, a row of NaN
        where this image has fewer than N objects. Boxes are in reading order. For judging where a model looked;
        no model but the oracle reads them.
    index: (B,) long, the image's place in its split, so that two models can be compared image by image. It may stay on
        the CPU whatever the device of the rest: features that are cached are then looked up without waiting for it.
    """

    image: Tensor
    target: Tensor
    boxes: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which nobody calls on a batch


class ImageKey(NamedTuple):
    """Which images of a data set a tensor holds. split: "train", "validation" or "test". index: as `Batch.index`."""

    split: str
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, as a batch's does


NO_KEY = ImageKey("", torch.empty(0, dtype=torch.long))
"""Of images that are of no data set, or that are not shown as the data set has them."""


@dataclass(frozen=True)
class TaskSpec:
    """What a model must know of its task. The datamodule answers, the model is built from the answer.

    name: of the data configuration, e.g. "mnist_pairs".
    origin: "real", "sample" or "synthetic"; real, sample and synthetic data are never mixed under one name.
    image_shape: (C, H, W).
    symbols: what may be emitted, by index, as a person would read it.
    max_steps: T, the most symbols of a sequence.
    end: index of the symbol that ends a sequence, None where every sequence has T symbols.
    background: pixel value of what lies outside an image, after normalisation.
    box_names: what the N boxes hold, in order; empty where the data know none.
    cut_by_boxes: whether images were cut around annotated objects, the test's too. Numbers on such images do not
        compare with those of whoever has to find the object; a report marks them.
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
    """A split's images, the same and in the same order whenever they are asked for; batch 0 is as large as any."""

    @property
    def batches(self) -> int:
        """How many batches hold them."""

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        """One of them, made on the device."""

    def fingerprint(self) -> str:
        """The sha256 of what they are made from, and of their targets."""


class TaskData(Protocol):
    """What the benchmark asks of a data set, besides Lightning's hooks."""

    @property
    def spec(self) -> TaskSpec:
        """The task; known before any file is read, but where symbols are words that stand in files: then DataFault says
        which are missing.
        """

    def batches(self, split: str, device: torch.device) -> Iterator[Batch]:
        """All batches of "train", "validation" or "test", made on the device."""

    def tickets(self, split: str) -> Iterable[Any]:
        """Of each batch of a split, in order, what `batch` makes it from."""

    def batch(self, ticket: Any, device: torch.device) -> Batch:
        """One batch, made on the device."""

    def fingerprints(self) -> dict[str, str]:
        """The sha256 of what is evaluated on, by split, and of what training images are made of where it is known."""

    def references(self, split: str) -> Sequence[Sequence[str]]:
        """What people wrote of each image of a split, by its index; empty where nobody was asked."""

    def sources(self, split: str, index_N: Tensor) -> Tensor:
        """(N, P) long: which things these images of a split are composed of, -1 for none. Images of one source are not
        independent; where nothing is shared, P = 1 and each image is its own.
        """

    def each(self, split: str) -> FixedImages:
        """The images of a split in the order of `Batch.index`. Raises DataFault where they are drawn anew each time."""


References = Callable[[str], Sequence[Sequence[str]]]
"""`TaskData.references`, for those who need no more of a data set. Not asked before the files are read."""


@runtime_checkable
class Photographic(Protocol):
    """A data set that can show a model anyone's pictures as it shows its own."""

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, C, H, W), as in a batch to be judged by; no file of the data set is read. Raises DataFault with all that
        can't be read.
        """


@runtime_checkable
class Outlined(Protocol):
    """A data set whose symbols stand in its files, and that knows the rest of its task without them."""

    def outline(self, symbols: Sequence[str]) -> TaskSpec:
        """The task if its symbols were these, the last of which ends a sequence; no file is read for it."""


UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys instead of showing it, and what it cannot be sent."""
LONGEST = 1000
"""Letters of a line of a message."""


def printable(said: str) -> str:
    """A message with names and values out of damaged files, as any terminal can show it: what is no letter is escaped,
    and the middle of a line without end left out.
    """
    lines = UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], said).split("\n")
    half = LONGEST // 2
    return "\n".join(line if len(line) <= LONGEST else f"{line[:half]} ... {line[-half:]}" for line in lines)


class DataFault(Exception):  # noqa: N818  # the user's data have a fault; the program has no error
    """Something wrong with the data that a user can mend: says what, where, and what to do. Shown without traceback.

    fault: what and where. cure: what to do, where that depends on how the data came here; whoever knows better may
    raise the fault again with another.
    """

    def __init__(self, fault: str, cure: str = ""):
        super().__init__(printable(f"{fault} {cure}".strip()))
        self.fault = fault


def overlap_share(boxes_BN4: Tensor) -> Tensor:
    """How much the boxes of an image cover each other, (B,): the largest share of a box that lies in one no smaller.

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
