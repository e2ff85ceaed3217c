"""Contracts of a data set's reproducibility: batches in another order, run, epoch or folder."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from benchmark.check.contract import Contract
from benchmark.check.given import CPU, Given
from benchmark.training.callbacks.first_batch import first_batch_faults
from datamodules.contract import SPLITS, Batch, DataFault

MOST_BATCHES = 16
"""Batches of a split whose images are compared with those of the other splits."""


def a_batch_is_a_function_of_its_ticket(given: Given) -> Iterator[str]:
    """The same ticket must give the same batch: in another order, from another instance, with other global seeds."""
    other = given.made()
    for split in SPLITS:
        tickets = list(islice(given.data.tickets(split), 2))
        torch.manual_seed(1)
        before = torch.random.get_rng_state()
        once = [given.data.batch(ticket, CPU) for ticket in tickets]
        drew = not torch.equal(before, torch.random.get_rng_state())
        torch.manual_seed(2)
        again = [other.batch(ticket, CPU) for ticket in reversed(tickets)][::-1]
        differs = [number for number, pair in enumerate(zip(once, again, strict=True)) if not alike(*pair)]
        if differs:
            yield (f"{split}: batch {differs[0]} differs when it is made again. It has to depend on split, epoch and "
                   "number alone: use a generator of its own, seeded by derived_seed(...)")  # fmt: skip
        elif drew:
            yield f"{split}: it draws from PyTorch's global generator, which the model uses. Use a generator of its own"


def alike(one: Batch, other: Batch) -> bool:
    """Whether two batches have equal shapes and (up to rounding) equal values."""
    return all(
        a.shape == b.shape and bool(torch.isclose(a, b, equal_nan=True).all()) for a, b in zip(one, other, strict=True)
    )


def evaluation_depends_on_no_seed(given: Given) -> Iterator[str]:
    """Validation and test images must not depend on the epoch or data.seed, since runs are compared image by image;
    training images must depend on data.seed.
    """
    data = given.data
    for split in SPLITS[1:]:
        ticket = next(iter(data.tickets(split)))
        if hasattr(ticket, "_replace") and not alike(
            data.batch(ticket, CPU), data.batch(ticket._replace(epoch=3), CPU)
        ):
            yield f"{split}: its images depend on the epoch"
    if not given.has("data.seed"):
        return  # then every run trains on the same stream
    other = given.made(seed=given.config.data.seed + 1)
    for split in SPLITS:
        ticket = next(iter(data.tickets(split)))
        if alike(data.batch(ticket, CPU), other.batch(ticket, CPU)) != (split != "train"):
            what = "does not depend on data.seed, which then has no effect" if split == "train" else (
                "depends on data.seed: give it a seed that no run changes")  # fmt: skip
            yield f"{split}: its first batch {what}"


def fingerprints_are_of_content(given: Given) -> Iterator[str]:
    found = given.data.fingerprints()
    fixed = {"validation", "test"}
    if not fixed <= set(found) <= {"train", *fixed} or not all(
        isinstance(value, str) and value for value in found.values()
    ):
        yield f"fingerprints are {found!r:.100}, and have to be of validation and test, and may be of train"
    elif found["validation"] == found["test"]:
        yield "validation and test have the same fingerprint: the images are the same, or it does not depend on them"
    elif found != given.made().fingerprints():
        yield "fingerprints of the same images differ from one instance to the next"


def splits_share_no_image(given: Given) -> Iterator[str]:
    """Of the first MOST_BATCHES batches of each split, images that are equal to the last bit. Training images are
    compared before they are augmented, where they recur.
    """
    known: dict[bytes, str] = {}
    for split in SPLITS:
        found: dict[bytes, str] = {}
        for number, image in enumerate(images_of(given, split)):
            found.setdefault(sha256(image.numpy().tobytes()).digest(), f"image {number} of {split}")
        shared = [place for place in found if place in known]
        if shared:
            count = f"{len(shared)} images are" if len(shared) > 1 else "an image is"
            yield f"{split}: {count} in another split too: {found[shared[0]]} is {known[shared[0]]}"
        known = found | known


def images_of(given: Given, split: str) -> Iterator[Tensor]:
    """(C, H, W) the images of the first batches of a split, in the order of their index where they recur."""
    try:
        every = given.data.each(split)
    except DataFault:  # training images never recur
        batches = given.data.batches(split, CPU)
    else:
        batches = (every.batch(0, number, CPU) for number in range(every.batches))
    for batch in islice(batches, MOST_BATCHES):
        yield from batch.image


def index_names_the_training_images(given: Given) -> Iterator[str]:
    """If training images recur, `each("train")` must have them in the order of `Batch.index`."""
    with suppress(DataFault):  # training images never recur
        every, batch = given.data.each("train"), given.first("train")
        size, place = len(every.batch(0, 0, CPU).image), int(batch.index[0])
        if int(batch.index.max()) // size >= every.batches:
            yield f"train: index goes to {int(batch.index.max())}, and each('train') has fewer images"
        elif not torch.equal(every.batch(0, place // size, CPU).image[place % size], batch.image[0]):
            yield f"train: the first image has the index {place}, and image {place} of each('train') is another"


def missing_files_are_reported(given: Given) -> Iterator[str]:
    if not given.has("data.root") or given.has("data.sample"):
        return
    with tempfile.TemporaryDirectory() as empty:
        nowhere = Path(empty) / "nowhere"
        try:
            given.unread(nowhere).setup("fit")
        except DataFault as fault:
            if str(nowhere) not in str(fault):
                yield f"data.root names a missing folder, and the message is {str(fault)!r:.100}: name the folder"
        else:
            yield "data.root names a missing folder, and no DataFault is raised"


def batches_are_made_on_the_device(given: Given) -> Iterator[str]:
    if torch.cuda.is_available():
        yield from first_batch_faults(given.data, torch.device("cuda", torch.cuda.current_device()))


REPEATABLE = (
    Contract("a batch is a function of split, epoch and number", a_batch_is_a_function_of_its_ticket),
    Contract("validation and test are the same in every run", evaluation_depends_on_no_seed),
    Contract("fingerprints depend on the images", fingerprints_are_of_content),
    Contract("no image is in two splits", splits_share_no_image),
    Contract("index identifies the training images", index_names_the_training_images),
    Contract("missing files are reported with their folder", missing_files_are_reported),
    Contract("batches are made on the requested device", batches_are_made_on_the_device),
)
