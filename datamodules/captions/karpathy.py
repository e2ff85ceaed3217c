"""Karpathy's dataset_coco.json, dataset_flickr8k.json and dataset_flickr30k.json: captions and the split papers report.

Source: Karpathy and Fei-Fei (2015). {images: [{filename, filepath, imgid, cocoid, split, sentences: [{raw, ...}]}]};
`filepath` and `cocoid` exist for COCO alone. A sentence's `tokens` are his own tokenisation and are not read: captions
are tokenised and scored from `raw`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datamodules.captions.captioned import SHOWN, CaptionedImage, clean, is_plain, lacks, listed, lost, read_json
from datamodules.contract import DataFault

WHAT = "one of Karpathy's files (dataset_coco.json, dataset_flickr8k.json, dataset_flickr30k.json)"
NOWHERE = "nowhere"
"""The split of parts that are left out."""


def read_karpathy(
    file: Path, folder: Path, splits: Mapping[str, str]
) -> tuple[dict[str, list[CaptionedImage]], list[str]]:
    """The images of each split, in the file's order, and all faults, each with file and entry.

    splits: the split of each part of the file (COCO's are train, restval, val and test), or "nowhere". Raises DataFault
    for a file of another format, or with a part that `splits` does not have.
    """
    records = read_json(file, ("images",), WHAT)["images"]
    _refuse_unmapped(file, records, splits)
    faults: list[str] = []
    found: dict[str, list[CaptionedImage]] = {split: [] for split in splits.values()}
    keys: dict[Any, str] = {}
    folders: dict[str, set[str]] = {}
    for place, record in enumerate(records):
        entry = f"images[{place}]"
        if lack := lacks(record, {"filename": str, "split": str, "sentences": list}) or _numberless(record):
            faults.append(f"{entry} {lack}")
            continue
        key: int = _key(record)
        entry += f" (id {key})"
        under, name = record.get("filepath", ""), record["filename"]
        if fault := _file_fault(folder, under, name, folders):
            faults.append(f"{entry} {fault}")
            continue
        for unique in (key, (under, name)):
            if keys.setdefault(unique, entry) != entry:
                faults.append(f"{entry} has the id or the file of {keys[unique]}")
        captions, wrong = _captions(record["sentences"])
        faults += [f"{entry} {fault}" for fault in wrong]
        found[splits[record["split"]]].append(CaptionedImage(key, folder / under / name, entry, captions))
    found.pop(NOWHERE, None)
    return found, [f"{file}: {fault}" for fault in faults]


def _refuse_unmapped(file: Path, records: list[Any], splits: Mapping[str, str]) -> None:
    names = [record.get("split") for record in records if isinstance(record, dict)]
    unknown = sorted({name for name in names if isinstance(name, str) and name not in splits})
    if unknown:
        raise DataFault(
            f"{file} has images of the part {', '.join(map(repr, unknown[:SHOWN]))}, and data.splits does not say "
            f"what for: train, validation, test or {NOWHERE}. (In papers on COCO, 'restval' is trained on.)"
        )


def _key(record: dict[str, Any]) -> Any:
    return record.get("cocoid", record.get("imgid"))


def _numberless(record: dict[str, Any]) -> str:
    return "has no whole number 'cocoid' or 'imgid'" if lacks({"id": _key(record)}, {"id": int}) else ""


def _file_fault(folder: Path, under: Any, name: str, folders: dict[str, set[str]]) -> str:
    """What is wrong with the path of an image, or "". folders: the files of each folder, listed on first use."""
    if not (is_plain(name) and (under == "" or (isinstance(under, str) and is_plain(under)))):
        return f"names the file {under!r}, {name!r}, which is none in a folder of images"
    if under not in folders:
        folders[under] = listed(folder / under)
        if not folders[under]:  # reported once for all images of the folder
            return f"and others should be in {(folder / under).absolute()}, {lost(folder / under, name)}"
    there = name in folders[under] or not folders[under]
    return "" if there else f"names the file {name}, which is not in {(folder / under).absolute()}"


def _captions(sentences: list[Any]) -> tuple[tuple[str, ...], list[str]]:
    faults, captions = [], []
    for number, sentence in enumerate(sentences):
        lack = lacks(sentence, {"raw": str})
        text = "" if lack else clean(sentence["raw"])
        if lack or not text:
            faults.append(f"sentences[{number}] {lack or 'is an empty caption'}")
        else:
            captions.append(text)
    return tuple(captions), faults if sentences else ["has no caption"]
