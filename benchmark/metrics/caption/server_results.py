"""The submission format of COCO's caption server: a results.zip with one file for val2014 and one for test2014.

The files are captions_val2014_[alg]_results.json and captions_test2014_[alg]_results.json, both with the same algorithm
name and with one caption for every image. The format is checked here; whether a server still accepts it is not known.
"""

import json
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from benchmark.metrics.caption.coco_json import listed_results, parsed, read_json
from datamodules.contract import DataFault, printable

SPLITS = ("val2014", "test2014")
ARCHIVE = "results.zip"
ALGORITHM = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
MEMBER = re.compile(r"captions_(val2014|test2014)_([A-Za-z0-9][A-Za-z0-9.-]*)_results\.json")
LARGEST = 1 << 25
"""Maximum bytes of an unpacked file; forty thousand captions take 4 MB."""
SHOWN = 10
MIDNIGHT = (1980, 1, 1, 0, 0, 0)
"""The date of every file, so that equal results are equal archives."""


def image_ids(path: Path) -> set[int]:
    """The ids of all images that a captions_*.json or image_info_*.json lists. Raises DataFault."""
    content = read_json(path)
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list) or not images:
        raise DataFault(f'{path}: no captions_*.json or image_info_*.json: it has no list "images"')
    found: list[Any] = [entry.get("id") if isinstance(entry, dict) else None for entry in images]
    wrong = next((place for place, image in enumerate(found) if type(image) is not int), None)
    if wrong is not None:
        raise DataFault(f'{path}: images[{wrong}] has no whole number "id"')
    return set(found)


def write_results(
    folder: Path, algorithm: str, captions: Mapping[str, Mapping[int, str]], images: Mapping[str, Collection[int]]
) -> Path:
    """Writes results.zip into the folder and returns its path. captions: by split, the caption of each image id.
    images: by split, the ids that must have one.

    Raises DataFault with everything that a server would refuse, and then writes nothing.
    """
    faults = (
        [] if ALGORITHM.fullmatch(algorithm) else [f"the algorithm's name is {algorithm!r}: letters, digits, . and -"]
    )
    for split in SPLITS:
        faults += _coverage(split, captions.get(split, {}), images[split])
    if faults:
        raise DataFault("\n".join(faults))
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{ARCHIVE}.part"
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for split in SPLITS:
            rows = [{"image_id": image, "caption": captions[split][image]} for image in sorted(captions[split])]
            member = zipfile.ZipInfo(f"captions_{split}_{algorithm}_results.json", MIDNIGHT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, json.dumps(rows))
    return unfinished.replace(folder / ARCHIVE)


def results_faults(path: Path, images: Mapping[str, Collection[int]]) -> list[str]:
    """Everything that a server would refuse in an archive, a line each. images: by split, the ids that must have a
    caption. Raises DataFault where the file cannot be opened as an archive.
    """
    faults = [] if path.name == ARCHIVE else [f"{path}: has to be named {ARCHIVE}"]
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            known = {name: match for name in names if (match := MEMBER.fullmatch(name))}
            faults += [f"{path}: {name} is none of its files" for name in names if name not in known]
            faults += [f"{path}: {name} is there twice" for name in known if names.count(name) > 1]
            splits = [match[1] for match in known.values()]
            faults += [f"{path}: no captions_{split}_[alg]_results.json" for split in SPLITS if split not in splits]
            if len({match[2] for match in known.values()}) > 1 or len(splits) > len(set(splits)):
                faults.append(f"{path}: names of more than one algorithm: {', '.join(sorted(known))}")
            for name, match in known.items():
                faults += [f"{path}/{name}: {fault}" for fault in _member_faults(archive, name, images[match[1]])]
    except OSError as fault:
        raise DataFault(f"{path}: cannot be read: {fault.strerror or fault}") from None
    except Exception as fault:  # zipfile and its decompressors raise errors of many types for a damaged file
        raise DataFault(f"{path}: no zip archive, or a damaged one: {fault}. Write it again.") from None
    return [printable(fault) for fault in faults]


def _member_faults(archive: zipfile.ZipFile, name: str, images: Collection[int]) -> list[str]:
    with archive.open(name) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return [f"larger than {LARGEST >> 20} MB"]
    try:
        results: Any = parsed(content)
    except ValueError as fault:
        return [str(fault)]
    faults: list[str] = []
    found = listed_results(results, faults)
    return faults + (_coverage("", found, images) if found else [])


def _coverage(split: str, found: Collection[int], images: Collection[int]) -> list[str]:
    """Missing and unknown images, with the first few ids of each."""
    faults = []
    for ids, what in (
        (set(images) - set(found), "images have no result"),
        (set(found) - set(images), "ids are unknown"),
    ):
        if ids:
            some = ", ".join(map(str, sorted(ids)[:SHOWN])) + (", ..." if len(ids) > SHOWN else "")
            faults.append(f"{split} {len(ids)} {what}: {some}".strip())
    return faults
