"""Figures of a classifier's confusions: the confusion matrix, and example images of the most confused pairs.

Axes: N images, K categories.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from benchmark.common.tones import Tones
from datamodules.contract import Batch

PAIRS = 6
NAMED = 40
"""Maximum number of categories whose names label the matrix's rows and columns."""
PAPER, INK, QUIET = "#161616", "#f4f4f4", "#c6c6c6"


class Pair(NamedTuple):
    """A confused pair: `images` images of category `true` were classified as `predicted`. example: index of the first
    of them. other: index of an image whose true category is `predicted`, None where there is none.
    """

    true: int
    predicted: int
    images: int
    example: int
    other: int | None


def most_confused(true_N: np.ndarray, predicted_N: np.ndarray) -> list[Pair]:
    """The PAIRS most frequent confusions; images are indices into the arrays."""
    wrong = np.flatnonzero(true_N != predicted_N)
    counts = Counter(zip(true_N[wrong].tolist(), predicted_N[wrong].tolist(), strict=True))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    found = []
    for (true, predicted), images in ordered:
        mistaken = np.flatnonzero((true_N == true) & (predicted_N == predicted))
        others = np.flatnonzero(true_N == predicted)
        found.append(Pair(true, predicted, images, int(mistaken[0]), int(others[0]) if len(others) else None))
    return found


def matrix(true_N: np.ndarray, predicted_N: np.ndarray, names: tuple[str, ...]) -> Figure:
    """The confusion matrix with rows normalised to 1, of the categories that occur as true or predicted."""
    occurring = np.unique(np.concatenate([true_N, predicted_N]))
    place = np.full(int(occurring.max()) + 1, -1)
    place[occurring] = np.arange(len(occurring))
    share_KK = np.zeros((len(occurring), len(occurring)))
    np.add.at(share_KK, (place[true_N], place[predicted_N]), 1)
    share_KK /= share_KK.sum(1, keepdims=True).clip(1)
    figure = Figure(figsize=(7, 6.4), layout="constrained", facecolor=PAPER)
    axis = figure.subplots()
    picture = axis.imshow(share_KK, vmin=0, vmax=1, cmap="magma", interpolation="nearest")
    axis.set_xlabel("predicted", color=QUIET)
    axis.set_ylabel("true", color=QUIET)
    axis.tick_params(colors=QUIET, labelsize=6)
    if len(occurring) <= NAMED:
        labels = [names[category] for category in occurring]
        axis.set_xticks(range(len(labels)), labels, rotation=90, parse_math=False)
        axis.set_yticks(range(len(labels)), labels, parse_math=False)
    bar = figure.colorbar(picture, ax=axis, shrink=0.7)
    bar.ax.tick_params(colors=QUIET, labelsize=7)
    bar.set_label("share of the true category", color=QUIET)
    return figure


def examples(pairs: list[Pair], image: Mapping[int, Tensor], names: tuple[str, ...], tones: Tones) -> Figure:
    """A row for each pair: a misclassified image, and an image of the category it was classified as."""
    figure = Figure(figsize=(4.4, 2.1 * len(pairs)), layout="constrained", facecolor=PAPER)
    grid = figure.subplots(len(pairs), 2, squeeze=False)
    for row, pair in enumerate(pairs):
        times = f"{pair.images} time{'s' if pair.images > 1 else ''}"
        bare(
            grid[row, 0], image[pair.example], f"{names[pair.true]}\npredicted {names[pair.predicted]}, {times}", tones
        )
        if pair.other is None:
            grid[row, 1].set_axis_off()
        else:
            bare(grid[row, 1], image[pair.other], f"{names[pair.predicted]}\n", tones)
    return figure


def bare(axis: Axes, image_CHW: Tensor, title: str, tones: Tones) -> None:
    """Draws an image with its title and without axes."""
    axis.imshow(tones.shown(image_CHW), interpolation="nearest")
    axis.set_title(title, fontsize=8, color=INK, parse_math=False)
    axis.set_axis_off()


def fetched(batches: Iterable[Batch], places: set[int]) -> dict[int, Tensor]:
    """The images (C, H, W) at these indices of a split; reads no more batches than needed."""
    found: dict[int, Tensor] = {}
    start = 0
    for batch in batches:
        found |= {place: batch.image[place - start] for place in places if start <= place < start + len(batch.image)}
        start += len(batch.image)
        if len(found) == len(places):
            break
    return found
