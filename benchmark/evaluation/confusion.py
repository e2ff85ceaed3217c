"""What was taken for what, as pictures: the table of all categories, and examples of the pairs most often confused.

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
"""Up to so many categories the table's rows and columns bear their names."""
PAPER, INK, QUIET = "#161616", "#f4f4f4", "#c6c6c6"


class Pair(NamedTuple):
    """Two categories; how many images of `true` were called `said`; the first of them, and a true one of `said`."""

    true: int
    said: int
    images: int
    example: int
    other: int | None


def most_confused(true_N: np.ndarray, said_N: np.ndarray) -> list[Pair]:
    """The most frequent mistakes, of images by their place in the arrays."""
    wrong = np.flatnonzero(true_N != said_N)
    counts = Counter(zip(true_N[wrong].tolist(), said_N[wrong].tolist(), strict=True))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    found = []
    for (true, said), images in ordered:
        mistaken = np.flatnonzero((true_N == true) & (said_N == said))
        others = np.flatnonzero(true_N == said)
        found.append(Pair(true, said, images, int(mistaken[0]), int(others[0]) if len(others) else None))
    return found


def matrix(true_N: np.ndarray, said_N: np.ndarray, names: tuple[str, ...]) -> Figure:
    """The share of each category's images that was called each; only categories that occur."""
    occurring = np.unique(np.concatenate([true_N, said_N]))
    place = np.full(int(occurring.max()) + 1, -1)
    place[occurring] = np.arange(len(occurring))
    share_KK = np.zeros((len(occurring), len(occurring)))
    np.add.at(share_KK, (place[true_N], place[said_N]), 1)
    share_KK /= share_KK.sum(1, keepdims=True).clip(1)
    figure = Figure(figsize=(7, 6.4), layout="constrained", facecolor=PAPER)
    axis = figure.subplots()
    picture = axis.imshow(share_KK, vmin=0, vmax=1, cmap="magma", interpolation="nearest")
    axis.set_xlabel("called", color=QUIET)
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
    """Side by side an image that was mistaken, and one of what it was taken for."""
    figure = Figure(figsize=(4.4, 2.1 * len(pairs)), layout="constrained", facecolor=PAPER)
    grid = figure.subplots(len(pairs), 2, squeeze=False)
    for row, pair in enumerate(pairs):
        times = f"{pair.images} time{'s' if pair.images > 1 else ''}"
        bare(grid[row, 0], image[pair.example], f"{names[pair.true]}\ncalled {names[pair.said]}, {times}", tones)
        if pair.other is None:
            grid[row, 1].set_axis_off()
        else:
            bare(grid[row, 1], image[pair.other], f"{names[pair.said]}\n", tones)
    return figure


def bare(axis: Axes, image_CHW: Tensor, title: str, tones: Tones) -> None:
    axis.imshow(tones.shown(image_CHW), interpolation="nearest")
    axis.set_title(title, fontsize=8, color=INK, parse_math=False)
    axis.set_axis_off()


def fetched(batches: Iterable[Batch], places: set[int]) -> dict[int, Tensor]:
    """The images at these places of a split."""
    found: dict[int, Tensor] = {}
    start = 0
    for batch in batches:
        found |= {place: batch.image[place - start] for place in places if start <= place < start + len(batch.image)}
        start += len(batch.image)
        if len(found) == len(places):
            break
    return found
