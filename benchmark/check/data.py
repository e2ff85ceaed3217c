"""Contracts of a data set: its task, and batches that are a function of split, epoch and batch number alone."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from benchmark.check.contract import Contract
from benchmark.check.given import CPU, Given
from benchmark.check.repeatable import REPEATABLE
from benchmark.training.callbacks.first_batch import batch_faults, first_batch_faults, reference_faults, spec_faults
from datamodules.contract import SPLITS, Photographic

MOST_BATCHES = 64
"""Batches of a split that are read to see which symbols occur."""
NEAR = 3.0
"""The background may lie this far beyond the range of pixel values (normalised: in standard deviations)."""
PICTURE = (70, 50)
"""Width and height of a picture to be framed."""
NEXT = 3
"""Batches after the first that are checked, besides the last."""
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


def first_batches_fit_the_spec(given: Given) -> Iterator[str]:
    yield from first_batch_faults(given.data, CPU)


def later_batches_fit_the_spec(given: Given) -> Iterator[str]:
    for split in SPLITS:
        tickets, size = list(given.data.tickets(split)), len(given.first(split).image)
        for number in sorted({*range(1, len(tickets))[:NEXT], len(tickets) - 1}):
            batch, before = given.data.batch(tickets[number], CPU), number * size
            if faults := batch_faults(split, batch, given.spec, CPU):
                yield f"{split}, batch {number}: {'; '.join(faults)}"
                break
            if len(batch.image) > size:
                yield f"{split}: batch {number} has {len(batch.image)} images and batch 0, as large as any, {size}"
            if split != "train" and batch.index.tolist() != list(range(before, before + len(batch.index))):
                yield (f"{split}, batch {number}: index has to go on with {before}, {before + 1}, ...: it is the "
                       "image's place in its split, by which models are compared")  # fmt: skip
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
                yield f"{split}: image {place} has no box"
            for x0, y0, x1, y1 in real:
                box = f"box {x0, y0, x1, y1} of image {place}"
                if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
                    yield f"{split}: {box} is smaller than a pixel, or exceeds the image's {width} x {height} px"
                elif not image[:, y0:y1, x0:x1].max() > image.min():
                    yield f"{split}: {box} is empty: its pixels all have the image's lowest value"


def images_differ(given: Given) -> Iterator[str]:
    for split in SPLITS:
        image = given.first(split).image
        if not image.std() > 0:
            yield f"{split}: all pixels of the first batch are {image.flatten()[0]:.4g}"
        elif len(image) > 2 and not (image != image[:1]).any():
            yield f"{split}: all images of the first batch are the same"


def background_is_in_range(given: Given) -> Iterator[str]:
    image = given.first("validation").image
    low, high, background = float(image.min()), float(image.max()), given.spec.background
    if not low - NEAR <= background <= high + NEAR:
        yield f"spec.background, the padding value, is {background:.4g}, and pixels go from {low:.4g} to {high:.4g}"


def symbols_occur(given: Given) -> Iterator[str]:
    if any(not symbol for symbol in given.spec.symbols):
        yield "a symbol is empty; each has a name that a person can read"
    split = "train" if given.data.references("test") else "test"  # a vocabulary is counted on training captions
    batches = list(islice(given.data.batches(split, CPU), MOST_BATCHES + 1))
    occurring = torch.cat([batch.target.flatten() for batch in batches]).unique().tolist()
    never = [symbol for place, symbol in enumerate(given.spec.symbols) if place not in occurring]
    if len(batches) <= MOST_BATCHES and len(never) > 1:
        yield f"{len(never)} of {len(given.spec.symbols)} symbols never occur in {split}: {', '.join(never[:8])}"


def pictures_are_framed_as_its_images(given: Given) -> Iterator[str]:
    """Of data sets that frame image files at all, on a picture of another size and aspect ratio."""
    if not isinstance(given.data, Photographic):
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "picture.png")
        Image.linear_gradient("L").resize(PICTURE).convert("RGB").save(path)
        image = given.data.pictures([path, path])
    if tuple(image.shape) != (wanted := (2, *given.spec.image_shape)):
        yield f"pictures of two files has the shape {tuple(image.shape)}, and has to have {wanted}"
    elif not (image.is_floating_point() and image.isfinite().all() and image.std() > 0):
        yield f"pictures gives {image.dtype} from {image.min():.4g} to {image.max():.4g}, and has to give finite floats"


CONTRACTS = (
    Contract("its spec is a task, and its yaml sets all knobs of look", poses_a_task, first=True),
    Contract("the first batch of each split fits the spec", first_batches_fit_the_spec, first=True),
    Contract("the next batches and the last fit it too, and images are indexed in order", later_batches_fit_the_spec),
    Contract("every image has reference captions, or none has", references_for_all_or_none),
    Contract("boxes lie inside the image and are not empty", boxes_lie_inside_and_hold_something),
    Contract("images differ", images_differ),
    Contract("the background is in the range of pixels", background_is_in_range),
    Contract("every symbol has a name, and occurs", symbols_occur),
    Contract("pictures of any size are framed as its images", pictures_are_framed_as_its_images),
    *REPEATABLE,
)
