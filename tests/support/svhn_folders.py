"""Folders of house numbers for tests: photographs of one colour, with the digits that a test wants."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from run_helpers import ROOT

from datamodules.house_numbers.digit_struct import gathered
from datamodules.house_numbers.digit_struct_writer import write_digit_struct

SIZE = (120, 40)
"""Width and height of a photograph."""


def row_of(number: str, tall: int = 20) -> list[list[float]]:
    """The digits of a number side by side, 10 px wide, from (20, 10) on."""
    return [[float(digit) or 10.0, 20 + 10 * place, 10, 10, tall] for place, digit in enumerate(number[:20])]


def write_part(folder: Path, houses: list[tuple[str, list[list[float]]]], seed: int = 0) -> Path:
    """One photograph of noise for each name, and the annotation."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    for name, _ in houses:
        Image.fromarray(draw.integers(0, 256, (*SIZE[::-1], 3), np.uint8)).save(folder / name)
    write_digit_struct(folder / "digitStruct.mat", gathered(houses))
    return folder


def write_root(root: Path, train: list[str], test: list[str], **more: list[str]) -> Path:
    for seed, (part, numbers) in enumerate({"train": train, "test": test, **more}.items()):
        write_part(root / part, [(f"{n + 1}.png", row_of(number)) for n, number in enumerate(numbers)], seed)
    return root


def write_unofficial(folder: Path, numbers: list[str]) -> Path:
    (folder / "images").mkdir(parents=True)
    rows = [(f"{place:06}.png", number) for place, number in enumerate(numbers)]
    for place, (name, _) in enumerate(rows):
        Image.new("RGB", SIZE, (place, place, place)).save(folder / "images" / name)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("filename", "label"), *rows])
    return folder


@cache
def composed(name: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose(overrides=["+metrics=sequence", f"+data={name}", "+seed=3"])


def made(name: str, *overrides: str) -> Any:
    """The data set of a yaml, with other values; its own error where it refuses them."""
    try:
        return instantiate(OmegaConf.merge(composed(name), OmegaConf.from_dotlist(list(overrides))).data)
    except InstantiationException as fault:
        raise fault.__cause__ or fault from None


TRAIN = ["7", "42", "190", "1234", "98765", "10", "0", "55"]
TEST = ["31", "205", "6"]
GIVEN = ("data.batch_size=4", "data.evaluation_batch_size=2", "data.images_per_epoch=10")


def svhn(root: Path, *overrides: str, name: str = "svhn") -> Any:
    """The data set over a small folder, in small batches."""
    return made(name, f"data.root={root}", *GIVEN, *overrides)
