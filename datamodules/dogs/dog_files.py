"""Reads and writes the lists and annotations of Stanford Dogs (Khosla, Jayadevaprakash, Yao and Fei-Fei 2011).

train_list.mat, test_list.mat and file_list.mat are MATLAB 5 files. In each, `file_list` holds names such as
n02085936-Maltese_dog/n02085936_3863.jpg, and `labels` the breed of each, from 1. Annotation/ holds an XML file for each
photograph, of the same name without .jpg, in PASCAL VOC's format: one object per dog, with its box in pixels.

Axes: N photographs, K dogs of a photograph.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from datamodules.contract import DataFault
from datamodules.dogs.matlab5 import MatlabError, read_matlab5
from datamodules.storage.stamps import is_passing

AGAIN = "Delete it and fetch it again (data.download=true, or attention-fetch dogs)."
MOST_BYTES = 1_000_000
"""Largest annotation that is read; an official one has about a thousand bytes."""
MOST_LISTED = 1 << 26
"""Bytes of a list that are read; the largest official one has 3 MB."""
SIDES = ("xmin", "ymin", "xmax", "ymax")


class Listed(NamedTuple):
    """A list as read, not validated. name: N file names. label: N labels; -1 for one that is no whole number."""

    name: list[str]
    label: list[int]


def read_list(path: Path) -> Listed:
    """The names and labels of a list, not validated. Raises DataFault for a missing file or one that is no list."""
    if not path.is_file():
        raise DataFault(f"{path} is missing.")
    try:
        with path.open("rb") as file:
            held = read_matlab5(file.read(MOST_LISTED), ("file_list", "labels"))
    except OSError as fault:
        raise DataFault(f"{path} cannot be read: {fault.strerror}.") from None
    except MatlabError as fault:
        raise DataFault(f"{path} is no sound MATLAB file with file_list and labels: {fault}.", AGAIN) from None
    names, labels = held["file_list"], held["labels"]
    names = [names] if isinstance(names, str) else names
    if not (
        isinstance(names, list) and all(isinstance(name, str) for name in names) and isinstance(labels, np.ndarray)
    ):
        raise DataFault(f"{path}: its file_list is no list of names, or its labels are no numbers.", AGAIN)
    if len(names) != len(labels) or not names or not np.isfinite(labels).all():
        raise DataFault(f"{path} has {len(names)} names and {len(labels)} labels.", AGAIN)
    return Listed(names, [int(label) if label == int(label) else -1 for label in labels.tolist()])


def list_faults(path: Path, listed: Listed, breeds: tuple[str, ...]) -> list[str]:
    """All faults of a list, each with file and entry. breeds: the folder of each label, from 1."""
    faults = []
    for number, (name, label) in enumerate(zip(*listed, strict=True), start=1):
        entry, parts = f"{path}: entry {number} ({name})", name.split("/")
        if not 1 <= label <= len(breeds):
            faults.append(f"{entry} has a label that is none of 1 to {len(breeds)}")
        elif len(parts) != 2 or parts[1] in ("", ".", "..") or "\\" in name or "\0" in name:
            faults.append(f"{entry} does not name a file as FOLDER/NAME.jpg")
        elif parts[0] != breeds[label - 1]:
            faults.append(f"{entry} has the label {label}, which is {breeds[label - 1]}")
    twice = [name for name, times in Counter(listed.name).items() if times > 1]
    return faults + [f"{path}: {name} is listed more than once" for name in twice]


def dog_boxes(path: Path) -> tuple[NDArray[np.float64], str]:
    """The boxes (K, 4) of an annotation in pixels, (x0, y0, x1, y1), and its fault, "" for none.

    With a fault there is no box. Raises DataFault where the system cannot read the file, whatever its content.
    """
    nothing = np.zeros((0, 4))
    try:
        if path.stat().st_size > MOST_BYTES:
            return nothing, f"has more than {MOST_BYTES:,} bytes"
        text = path.read_text("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:  # needed by no annotation; entities can expand without bound
            return nothing, "declares a document type or entities"
        objects = ElementTree.fromstring(text).findall("object")
        boxes = [[float(dog.findtext(f"bndbox/{side}", "")) for side in SIDES] for dog in objects]
    except FileNotFoundError:
        return nothing, "is missing"
    except (OSError, UnicodeDecodeError, ElementTree.ParseError) as fault:
        if is_passing(fault):  # must not be cached as a fault of the file
            raise DataFault(f"{path} cannot be read ({getattr(fault, 'strerror', fault)}). Mend that.") from None
        return nothing, f"is no readable XML ({fault})"
    except ValueError:
        return nothing, f"has an object whose box lacks one of {', '.join(SIDES)}, or has no number there"
    if not boxes:
        return nothing, "has no object with a box"
    boxes_K4 = np.array(boxes)
    for box in boxes_K4:
        if not (np.isfinite(box).all() and (box[2:] > box[:2]).all()):
            return nothing, f"has the empty box {', '.join(f'{side:g}' for side in box)}"
    return boxes_K4, ""


def write_list(path: Path, listed: Listed) -> None:
    """Writes a list in the official structure, for samples and tests."""
    import scipy.io  # importing takes half a second, and only samples and tests are written

    names = np.empty((len(listed.name), 1), object)
    names[:, 0] = [np.array([name]) for name in listed.name]
    bare = np.empty_like(names)
    bare[:, 0] = [np.array([name.removesuffix(".jpg")]) for name in listed.name]
    labels = np.array(listed.label)[:, None].astype(np.uint8)
    scipy.io.savemat(path, {"file_list": names, "annotation_list": bare, "labels": labels})


def write_annotation(path: Path, breed: str, size: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> None:
    """Writes an annotation. size: (width, height) of the photograph. boxes: (x0, y0, x1, y1), all in pixels."""
    root = ElementTree.Element("annotation")
    for tag, text in (("folder", path.parent.name.split("-")[0].removeprefix("n")), ("filename", path.name)):
        ElementTree.SubElement(root, tag).text = text
    sides = ElementTree.SubElement(root, "size")
    for tag, number in zip(("width", "height", "depth"), (*size, 3), strict=True):
        ElementTree.SubElement(sides, tag).text = str(number)
    for box in boxes:
        dog = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(dog, "name").text = breed
        bound = ElementTree.SubElement(dog, "bndbox")
        for tag, side in zip(SIDES, box, strict=True):
            ElementTree.SubElement(bound, tag).text = str(side)
    ElementTree.indent(root, "\t")
    path.write_bytes(ElementTree.tostring(root, "utf-8"))
