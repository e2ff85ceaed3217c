"""What a data set promises of batches that are asked for again: in another order, run, epoch or folder."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import torch

from benchmark.check.contract import Contract
from benchmark.check.given import CPU, SPLITS, Given
from benchmark.training.callbacks.first_batch import first_batch_faults
from datamodules.contract import Batch, DataFault


def a_batch_is_a_function_of_its_ticket(given: Given) -> Iterator[str]:
    """Asked for twice, in another order, of another instance, whatever the global generators are at: the same."""
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
            yield (f"{split}: batch {differs[0]} is another one when it is asked for again. It has to be made from "
                   "split, epoch and number alone: a generator of its own, seeded by derived_seed(...)")  # fmt: skip
        elif drew:
            yield f"{split}: it draws from PyTorch's global generator, which is the model's. Use one of its own"


def alike(one: Batch, other: Batch) -> bool:
    return all(
        a.shape == b.shape and bool(torch.isclose(a, b, equal_nan=True).all()) for a, b in zip(one, other, strict=True)
    )


def evaluation_depends_on_no_seed(given: Given) -> Iterator[str]:
    """Runs of several seeds are compared image by image; training is what differs."""
    data = given.data
    for split in SPLITS[1:]:
        ticket = next(iter(data.tickets(split)))
        if hasattr(ticket, "_replace") and not alike(
            data.batch(ticket, CPU), data.batch(ticket._replace(epoch=3), CPU)
        ):
            yield f"{split}: its images are others in another epoch"
    if not given.has("data.seed"):
        return  # then it trains on the same in every run
    other = given.made(seed=given.config.data.seed + 1)
    for split in SPLITS:
        ticket = next(iter(data.tickets(split)))
        if alike(data.batch(ticket, CPU), other.batch(ticket, CPU)) != (split != "train"):
            told = "is the same with another data.seed, which nothing reads then" if split == "train" else (
                "is another one with another data.seed: give it a seed that is no run's")  # fmt: skip
            yield f"{split}: its first batch {told}"


def fingerprints_are_of_content(given: Given) -> Iterator[str]:
    found = given.data.fingerprints()
    fixed = {"validation", "test"}
    if not fixed <= set(found) <= {"train", *fixed} or not all(
        isinstance(value, str) and value for value in found.values()
    ):
        yield f"fingerprints are {found!r:.100}, and have to be of validation and test, and may be of train"
    elif found["validation"] == found["test"]:
        yield "validation and test have the same fingerprint: they are the same images, or it does not tell of them"
    elif found != given.made().fingerprints():
        yield "fingerprints of the same images differ from one time to the next"


def index_names_the_training_images(given: Given) -> Iterator[str]:
    """Where the same images come again: `each("train")` has them in the order of a training batch's index."""
    with suppress(DataFault):  # it draws its images anew each time
        every, batch = given.data.each("train"), given.first("train")
        size, place = len(every.batch(0, 0, CPU).image), int(batch.index[0])
        if int(batch.index.max()) // size >= every.batches:
            yield f"train: index goes to {int(batch.index.max())}, and each('train') has not so many images"
        elif not torch.equal(every.batch(0, place // size, CPU).image[place % size], batch.image[0]):
            yield f"train: index calls the first image number {place}, and number {place} of each('train') is another"


def missing_files_are_told(given: Given) -> Iterator[str]:
    if not given.has("data.root") or given.has("data.sample"):
        return
    with tempfile.TemporaryDirectory() as empty:
        nowhere = Path(empty) / "nowhere"
        try:
            given.unread(nowhere).setup("fit")
        except DataFault as fault:
            if str(nowhere) not in str(fault):
                yield f"data.root names a folder that is not there, and it says {str(fault)!r:.100}: name the folder"
        else:
            yield "data.root names a folder that is not there, and it reads all the same"


def batches_are_made_on_the_device(given: Given) -> Iterator[str]:
    if torch.cuda.is_available():
        yield from first_batch_faults(given.data, torch.device("cuda", torch.cuda.current_device()))


REPEATABLE = (
    Contract("a batch is a function of split, epoch and number", a_batch_is_a_function_of_its_ticket),
    Contract("what is evaluated on is the same in every run", evaluation_depends_on_no_seed),
    Contract("fingerprints tell images apart", fingerprints_are_of_content),
    Contract("what a training batch shows is told", index_names_the_training_images),
    Contract("missing files are told of by folder", missing_files_are_told),
    Contract("batches are made on the device that asks", batches_are_made_on_the_device),
)
