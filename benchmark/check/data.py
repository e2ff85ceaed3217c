"""What a data set promises: its task, and batches that are a function of split, epoch and number alone."""

from collections.abc import Iterator
from itertools import islice

import torch

from benchmark.check.contract import Contract
from benchmark.check.given import CPU, SPLITS, Given
from benchmark.check.repeatable import REPEATABLE
from benchmark.training.callbacks.first_batch import batch_faults, first_batch_faults, reference_faults, spec_faults

MOST_BATCHES = 64
"""Of a split, that are gone through for symbols."""
NEAR = 3.0
"""Standard deviations of pixels: what lies outside is no further from them."""
NEXT = 3
"""Batches after the first that are looked at, and the last."""
LOOK = ("glimpses", "size", "crop", "oversample", "scales", "unit", "explore", "hidden", "symbol_size")


def poses_a_task(given: Given) -> Iterator[str]:
    spec = given.spec
    yield from spec_faults(spec)
    if spec.name != given.config.data.name:
        yield f"spec.name is {spec.name!r} and data.name {given.config.data.name!r}; they are one"
    missing = [key for key in LOOK if not given.has(f"look.{key}")]
    if missing:
        yield f"its yaml lacks {', '.join(f'look.{key}' for key in missing)}"
    elif given.config.look.size > min(spec.image_shape[1:]):
        yield f"look.size={given.config.look.size} px is more than an image has: {spec.image_shape[1:]}"


def gives_what_the_task_says(given: Given) -> Iterator[str]:
    yield from first_batch_faults(given.data, CPU)


def every_batch_is_as_the_first(given: Given) -> Iterator[str]:
    for split in SPLITS:
        tickets, size = list(given.data.tickets(split)), len(given.first(split).image)
        for number in sorted({*range(1, len(tickets))[:NEXT], len(tickets) - 1}):
            batch, seen = given.data.batch(tickets[number], CPU), number * size
            if faults := batch_faults(split, batch, given.spec, CPU):
                yield f"{split}, batch {number}: {'; '.join(faults)}"
                break
            if len(batch.image) > size:
                yield f"{split}: batch {number} has {len(batch.image)} images and batch 0, as large as any, {size}"
            if split != "train" and batch.index.tolist() != list(range(seen, seen + len(batch.index))):
                yield (f"{split}, batch {number}: index has to go on with {seen}, {seen + 1}, ...: it is the image's "
                       "place in its split, by which models are compared")  # fmt: skip
                break


def references_for_all_or_none(given: Given) -> Iterator[str]:
    for split in SPLITS:
        yield from (f"{split}: {fault}" for fault in reference_faults(given.data.references(split), given.first(split)))


def boxes_lie_inside_and_hold_something(given: Given) -> Iterator[str]:
    height, width = given.spec.image_shape[1:]
    for split in SPLITS if given.spec.box_names else ():
        batch = given.first(split)
        for place, (image, boxes) in enumerate(zip(batch.image, batch.boxes, strict=True)):
            real = boxes[~boxes.isnan().any(1)].int().tolist()
            if not real:
                yield f"{split}: image {place} has no box at all"
            for x0, y0, x1, y1 in real:
                box = f"box {x0, y0, x1, y1} of image {place}"
                if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
                    yield f"{split}: {box} is less than a pixel, or goes beyond the image's {width} x {height}"
                elif not image[:, y0:y1, x0:x1].max() > image.min():
                    yield f"{split}: {box} holds nothing: the image is empty there"


def images_differ(given: Given) -> Iterator[str]:
    for split in SPLITS:
        image = given.first(split).image
        if not image.std() > 0:
            yield f"{split}: all pixels of the first batch are {image.flatten()[0]:.4g}"
        elif len(image) > 2 and not (image != image[:1]).any():
            yield f"{split}: all images of the first batch are the same"


def background_is_a_pixel(given: Given) -> Iterator[str]:
    image = given.first("validation").image
    low, high, background = float(image.min()), float(image.max()), given.spec.background
    if not low - NEAR <= background <= high + NEAR:
        yield f"spec.background, what lies outside, is {background:.4g}, and pixels go from {low:.4g} to {high:.4g}"


def symbols_occur(given: Given) -> Iterator[str]:
    if any(not symbol for symbol in given.spec.symbols):
        yield "a symbol is empty; each has a name that a person can read"
    split = "train" if given.data.references("test") else "test"  # words are counted in what is trained on
    batches = list(islice(given.data.batches(split, CPU), MOST_BATCHES + 1))
    told = torch.cat([batch.target.flatten() for batch in batches]).unique()
    never = [symbol for place, symbol in enumerate(given.spec.symbols) if place not in told.tolist()]
    if len(batches) <= MOST_BATCHES and len(never) > 1:
        yield f"{len(never)} of {len(given.spec.symbols)} symbols never occur in {split}: {', '.join(never[:8])}"


CONTRACTS = (
    Contract("it poses a task, and its yaml says how finely models look at it", poses_a_task, first=True),
    Contract("the first batch of each split is what the task says", gives_what_the_task_says, first=True),
    Contract("so are the next batches and the last, and each image has its place", every_batch_is_as_the_first),
    Contract("people wrote of every image, or of none", references_for_all_or_none),
    Contract("boxes lie inside and hold something", boxes_lie_inside_and_hold_something),
    Contract("images differ", images_differ),
    Contract("the background is a pixel as others are", background_is_a_pixel),
    Contract("every symbol has a name, and occurs", symbols_occur),
    *REPEATABLE,
)
