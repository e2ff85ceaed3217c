"""The formats of data sets, archives, results and scoring files, each with a sound tiny sample and its reader."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from hashlib import md5
from pathlib import Path

import numpy as np
from damage import FormatReader
from PIL import Image

from benchmark.metrics.caption.files import score_files
from benchmark.metrics.caption.server_results import results_faults, write_results
from datamodules.captions.captioned import CaptionSource
from datamodules.captions.coco_files import Download, HeldOut, Karpathy, Official
from datamodules.captions.coco_sample import write_coco_sample
from datamodules.contract import DataFault
from datamodules.digits.mnist import MnistFiles
from datamodules.digits.mnist_sample import write_mnist_sample
from datamodules.dogs.dog_photos import DogFolder, breeds
from datamodules.dogs.dogs_sample import FOLDERS, write_dogs_sample
from datamodules.house_numbers.annotated import Format1, LabelsOnly
from datamodules.house_numbers.crops import AroundDigits, Middle
from datamodules.house_numbers.digit_struct import gathered
from datamodules.house_numbers.digit_struct_writer import write_digit_struct
from datamodules.house_numbers.numbers import Cutting
from datamodules.house_numbers.numbers import NumberReader as Numbers
from datamodules.photos.framing import WholePhotograph
from datamodules.photos.photo_stock import PhotoReading, sound, stock
from datamodules.photos.photographs import Photograph
from datamodules.storage.archives import Tar, Zip, unpack
from datamodules.storage.cache import Cache
from datamodules.storage.download import Wanted, fetch
from datamodules.storage.samples import SampleSettings

TINY = SampleSettings(train=4, test=2, seed=0)
READING = PhotoReading(short=48, workers=1, keep=False, skip=False)


def _mnist(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_mnist_sample(folder, train=20, test=10)
        return folder / name

    return make


def _read_mnist(path: Path) -> object:
    return MnistFiles(path.parent, download=False, mirrors=[], validation_one_in=4, split_seed=0).read()


def _numbers(name: str) -> Callable[[Path], Path]:
    """A part of SVHN's format 1 with numbers of one to three digits."""

    def make(folder: Path) -> Path:
        (folder / "train").mkdir(parents=True)
        draw, houses = np.random.default_rng(0), []
        for place, number in enumerate(("7", "42", "190", "5"), start=1):
            pixels = draw.integers(0, 256, (24, 60, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "train" / f"{place}.png")
            digits = [[float(digit) or 10.0, 10.0 + 10 * n, 4.0, 10.0, 16.0] for n, digit in enumerate(number)]
            houses.append((f"{place}.png", digits))
        write_digit_struct(folder / "train" / "digitStruct.mat", gathered(houses))
        return folder / "train" / name

    return make


def _read_numbers(path: Path) -> object:
    cache = Cache(path.parent / "cache")
    return Numbers(Cutting(5, 16, 3, 1), cache).read(
        Format1(path.parent.parent, "train", cache), AroundDigits(0.3), "train"
    )


def _labelled(folder: Path) -> Path:
    (folder / "images").mkdir(parents=True)
    rows = [(f"{number}.png", str(10 + number)) for number in range(3)]
    for number, (name, _) in enumerate(rows):
        Image.new("RGB", (60, 30), (40 * number, 99, 99)).save(folder / "images" / name)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("filename", "label"), *rows])
    return folder / "labels.csv"


def _read_labelled(path: Path) -> object:
    cache = Cache(path.parent / "cache")
    return Numbers(Cutting(5, 16, 3, 1), cache).read(LabelsOnly(path.parent), Middle(0.8, 0.9), "unofficial")


def _dogs(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_dogs_sample(folder / "dogs", SampleSettings(train=8, test=8, seed=0))
        return next((folder / "dogs").glob(name))

    return make


def _read_dogs(path: Path) -> object:
    root = next(parent for parent in path.parents if parent.name == "dogs")
    cache = Cache(root / "cache")
    found = DogFolder(root, breeds(FOLDERS, []), 1, WholePhotograph(), READING, cache).read()
    stocks = [stock(part.photos, "part", READING, cache) for part in found]
    return [
        (part.label, [held.get(n) for n in range(len(part.label))]) for part, held in zip(found, stocks, strict=True)
    ]


def _coco(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_coco_sample(folder / "coco", TINY)
        return next((folder / "coco").glob(name))

    return make


def _read_captions(source: CaptionSource, root: Path) -> object:
    parts, cache = source.parts(), Cache(root / "cache")
    objects, faults = source.objects()
    if faults:
        raise DataFault("\n".join(faults[:10]))
    photos = [Photograph(image.path, boxes=objects.largest(image.key, 1)) for part in parts for image in part]
    places = sound(photos, "coco", READING, cache, "scripts/check_coco.py")
    held = stock(photos, "coco", READING, cache)
    return [(image.key, image.captions) for part in parts for image in part], [held.get(place) for place in places]


def _read_coco(path: Path) -> object:
    root = next(parent for parent in path.parents if parent.name == "coco")
    return _read_captions(Official(root, 2017, HeldOut(1, 0.5, 0), Download([], {})), root)


def _karpathy(folder: Path) -> Path:
    write_coco_sample(folder / "coco", TINY)
    splits, images = ["train", "restval", "val", "test"], []
    for number, split in enumerate(splits, start=1):
        sentences = [{"tokens": ["a"], "raw": f"a square {number}"}, {"tokens": ["b"], "raw": "two circles"}]
        images.append({"filepath": "train2017", "filename": f"{number:012d}.jpg", "imgid": number, "cocoid": number,
                       "split": split, "sentences": sentences})  # fmt: skip
    path = folder / "coco" / "dataset_coco.json"
    path.write_text(json.dumps({"images": images, "dataset": "coco"}))
    return path


SPLITS = {"train": "train", "restval": "train", "val": "validation", "test": "test"}


def _read_karpathy(path: Path) -> object:
    instances = ["annotations/instances_train2017.json"]
    return _read_captions(Karpathy(path.parent, path.name, "", SPLITS, instances, Download([], {})), path.parent)


REFERENCES = {"images": [{"id": 1}, {"id": 2}], "annotations": [
    {"id": n, "image_id": 1 + n % 2, "caption": f"a dog on {n} beaches"} for n in range(4)]}  # fmt: skip
RESULTS = [{"image_id": 1, "caption": "a dog on a beach"}, {"image_id": 2, "caption": "a beach"}]
SCORED = {"references": REFERENCES, "results": RESULTS}
TOKENIZED = {"1": ["a dog", "a big dog"], "2": ["a beach"]}


def _json(name: str, **files: object) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for title, content in files.items():
            (folder / f"{title}.json").write_text(json.dumps(content))
        return folder / name

    return make


def _read_scores(path: Path) -> object:
    tokenized = path.name.startswith("words")
    ours = ("words_true.json", "words_said.json") if tokenized else ("references.json", "results.json")
    found = score_files(*(path.parent / name for name in ours), tokenized, False, None)
    return found.images, found.scores


IMAGES = {"val2014": {1, 2}, "test2014": {5}}


def _server(folder: Path) -> Path:
    said = {"val2014": {1: "a dog", 2: "a café"}, "test2014": {5: "no"}}
    return write_results(folder, "ours", said, IMAGES)


def _read_server(path: Path) -> object:
    faults = results_faults(path, IMAGES)
    if faults:
        raise DataFault("\n".join(faults))
    with zipfile.ZipFile(path) as archive:
        return [json.loads(archive.read(name)) for name in sorted(archive.namelist())]


def _held(folder: Path) -> list[tuple[str, bytes]]:
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


def _tar(folder: Path) -> Path:
    path = folder / "train.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("1.png", b"one" * 400), ("digitStruct.mat", b"two")):
            info = tarfile.TarInfo(f"train/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def _read_tar(path: Path) -> object:
    (path.parent / "into").mkdir()
    unpack(path, path.parent / "into", Tar(path.name, ("train",), 2, ""))
    return _held(path.parent / "into")


def _zip(folder: Path) -> Path:
    path = folder / "train2014.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("train2014/1.jpg", b"one" * 400), ("train2014/2.jpg", b"two"), ("a/b.json", b"{}")):
            archive.writestr(name, content)
    return path


def _read_zip(path: Path) -> object:
    (path.parent / "into").mkdir()
    unpack(path, path.parent / "into", Zip("", "", path.name, "", ["train2014/", "a/b.json"]))
    return _held(path.parent / "into")


SERVED = b"what a mirror holds\n" * 50


def _mirror(folder: Path) -> Path:
    (folder / "served.gz").write_bytes(SERVED)
    return folder / "served.gz"


def _read_mirror(path: Path) -> object:
    fetch([Wanted(path.name, md5(SERVED).hexdigest())], path.parent / "into", [path.parent.as_uri()])
    return _held(path.parent / "into")


def _sum(folder: Path) -> Path:
    archive = Tar(_tar(folder).name, ("train",), 2, "")
    archive.whole(folder / archive.name)
    return folder / f"{archive.name}.sha256"


def _read_sum(path: Path) -> object:
    """The archive is there, its kept sum is damaged, and the only mirror has the very same archive."""
    (path.parent / "mirror").mkdir()
    (path.parent / "train.tar.gz").rename(path.parent / "mirror" / "train.tar.gz")
    fetch([Tar("train.tar.gz", ("train",), 2, "")], path.parent, [(path.parent / "mirror").as_uri()])
    return (path.parent / "train.tar.gz").read_bytes()


def _entry(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        _read_entry(folder / "cache" / "entry" / name)
        return folder / "cache" / "entry" / name

    return make


def _read_entry(path: Path) -> object:
    def work(made: Path) -> None:
        np.save(made / "pixels.npy", np.arange(60).reshape(5, 12))

    return Cache(path.parent.parent).arrays("entry", {"from": ["a", 1]}, work)


READERS: Mapping[str, FormatReader] = {
    "MNIST images (idx.gz)": FormatReader(_mnist("train-images-idx3-ubyte.gz"), _read_mnist),
    "MNIST labels (idx.gz)": FormatReader(_mnist("t10k-labels-idx1-ubyte.gz"), _read_mnist),
    "SVHN photograph (png)": FormatReader(_numbers("2.png"), _read_numbers),
    "SVHN digitStruct.mat (HDF5)": FormatReader(_numbers("digitStruct.mat"), _read_numbers),
    "house numbers, labels.csv": FormatReader(_labelled, _read_labelled),
    "Dogs list (MATLAB 5)": FormatReader(_dogs("train_list.mat"), _read_dogs),
    "Dogs annotation (XML)": FormatReader(_dogs("Annotation/*bar/*_1"), _read_dogs),
    "Dogs photograph (jpg)": FormatReader(_dogs("Images/*bar/*_1.jpg"), _read_dogs),
    "COCO captions (JSON)": FormatReader(_coco("annotations/captions_train2017.json"), _read_coco),
    "COCO instances (JSON)": FormatReader(_coco("annotations/instances_val2017.json"), _read_coco),
    "COCO photograph (jpg)": FormatReader(_coco("train2017/*1.jpg"), _read_coco),
    "Karpathy's captions (JSON)": FormatReader(_karpathy, _read_karpathy),
    "scoring: references (JSON)": FormatReader(_json("references.json", **SCORED), _read_scores),
    "scoring: results (JSON)": FormatReader(_json("results.json", **SCORED), _read_scores),
    "scoring: words (JSON)": FormatReader(
        _json("words_said.json", words_true=TOKENIZED, words_said={"1": ["a dog"], "2": ["beach"]}), _read_scores
    ),
    "results.zip for a server": FormatReader(_server, _read_server),
    "archive (tar.gz)": FormatReader(_tar, _read_tar),
    "archive (zip)": FormatReader(_zip, _read_zip),
    "download from a mirror": FormatReader(_mirror, _read_mirror),
    "sum kept of an archive": FormatReader(_sum, _read_sum),
    "cache entry (npy)": FormatReader(_entry("pixels.npy"), _read_entry),
    "cache entry (about.json)": FormatReader(_entry("about.json"), _read_entry),
}
"""By the name of the format."""
