"""How soon a run reaches a value of its primary metric on the validation split; the values are in targets.yaml."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from statistics import median
from typing import NamedTuple, final

import yaml

from benchmark.common.json_files import objects_of
from benchmark.report.analysis.curves import is_intact
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.folders import Finished, number
from benchmark.results.run_folder import RunFolder

NEVER = float("inf")


@final
class Validated(NamedTuple):
    """A validation of a run. images: training images until then. seconds: of training, as its share of them."""

    images: float
    seconds: float
    value: float


@final
class Soon(NamedTuple):
    """How soon the runs of a group reach a target. images, seconds: medians over seeds, NEVER where half of them or
    more do not reach it. reached: the number of seeds that do, of `seeds`.
    """

    images: float
    seconds: float
    reached: int
    seeds: int


@cache
def targets() -> dict[str, list[float]]:
    """The values of targets.yaml, by the key of the metric."""
    text = files("benchmark.report.analysis").joinpath("targets.yaml").read_text(encoding="utf-8")
    found: dict[str, list[float]] = yaml.safe_load(text)
    return found


def validations(run: Finished) -> list[Validated]:
    """The validations of a run in their order; none where its metrics file is damaged, or names no images."""
    if not is_intact(run):
        return []
    found, last = [], 0.0
    for entry in objects_of(RunFolder(run.address.folder).metrics):
        images, value = number(entry, "images"), number(entry, run.headline.monitor)
        last = max(last, images or 0.0)
        if images is not None and value is not None:
            found.append((images, value))
    seconds = number(run.record["cost"], "train_seconds")
    if seconds is None or not last:
        return []
    return [Validated(images, seconds * images / last, value) for images, value in found]


def first(held: Sequence[Validated], target: float, quality: Quality) -> Validated:
    """The first validation that is at least as good as the target; NEVER where there is none."""
    good = (each for each in held if quality.loss(each.value) <= quality.loss(target))
    return next(good, Validated(NEVER, NEVER, target))


def soon(held: Sequence[Sequence[Validated]], target: float, quality: Quality) -> Soon | None:
    """How soon a group reaches a target. held: the validations of each of its runs; None where there are none."""
    firsts = [first(each, target, quality) for each in held if each]
    if not firsts:
        return None
    reached = sum(each.images < NEVER for each in firsts)
    if 2 * reached <= len(firsts):
        return Soon(NEVER, NEVER, reached, len(firsts))
    return Soon(median(e.images for e in firsts), median(e.seconds for e in firsts), reached, len(firsts))
