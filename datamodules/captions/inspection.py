"""Reports all faults of captioned photographs; reading the data set stops at the first kind of fault."""

from datamodules.captions.captioned import CaptionSource, MissingFault
from datamodules.photos.photo_stock import faults as photo_faults
from datamodules.photos.photographs import Photograph


def all_faults(source: CaptionSource, workers: int) -> tuple[list[str], list[str]]:
    """Lines on what was checked, and all faults, each with file and entry. Decodes every photograph.

    Boxes are checked where there are any. Raises DataFault where the captions are missing.
    """
    images, faults = source.images()
    seen = [f"{len(images):,} images, {sum(len(image.captions) for image in images):,} captions"]
    try:
        objects, wrong = source.objects()
        seen.append(f"{sum(map(len, objects.found.values())):,} boxes of {len(objects.names)} kinds of objects")
        faults = faults + wrong
    except MissingFault:
        seen.append("no boxes of objects")
    there = [image for image in images if image.path.is_file()]  # missing ones are among the faults already
    photos = [Photograph(image.path) for image in there]
    found = photo_faults(photos, workers, "looking at photographs")
    wrong = [f"{image.path} ({image.entry}) {fault}" for image, fault in zip(there, found, strict=True) if fault]
    return seen, faults + wrong
