"""Figures of a model's glimpses, step by step, drawn from attention maps and fixations, alike for all mechanisms.

Axes: B images shown, G glimpses in temporal order, T time steps, M glimpses before each symbol.
"""

import io
from itertools import accumulate
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pad

from benchmark.common.tones import Tones
from benchmark.evaluation import confusion
from benchmark.evaluation.looking import Prediction, joined, predict
from benchmark.results.run_folder import write_whole
from benchmark.training.module import AttentionModule
from datamodules.contract import IGNORED, Batch, ImageKey, TaskData, TaskSpec

matplotlib.use("Agg")

SHOWN = 6
MOST_GLIMPSES = 18  # per image, so that the figure stays readable
ACROSS = 9
"""Pictures per row; a longer trajectory continues in the next row."""
LINE = 26
"""Characters per line of a title, at a picture's width."""
LOOK, TRUE, WRONG, OTHER = "#ffb000", "#3ddbd9", "#fa4d56", "#c6c6c6"
COLOURS = 256
"""Palette size of a saved figure: not distinguishable by eye from full colour, at a third of the bytes."""


def words(symbol_T: Tensor, spec: TaskSpec) -> str:
    """A symbol sequence as text, without the end symbol."""
    return " ".join(spec.symbols[index] for index in symbol_T.tolist() if index not in (IGNORED, spec.end))


def bare(axis: Axes, picture: np.ndarray, extent: tuple[int, int]) -> None:
    """Draws a picture without axes. extent: height and width of the pixel coordinates of boxes and fixations."""
    axis.imshow(picture, interpolation="nearest", extent=(-0.5, extent[1] - 0.5, extent[0] - 0.5, -0.5))
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def boxes_on(axis: Axes, boxes_N4: Tensor) -> None:
    """Draws boxes; rows of NaN are none."""
    for x0, y0, x1, y1 in boxes_N4[~boxes_N4.isnan().any(-1)].tolist():
        axis.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor=TRUE, linewidth=1))


def look_on(axis: Axes, picture: np.ndarray, map_HW: Tensor, path_G2: np.ndarray) -> None:
    """Draws the image, darkened by its attention map, and the fixations so far; the current one is a ring."""
    extent = (map_HW.shape[0], map_HW.shape[1])
    seen_HW = adaptive_avg_pool2d(map_HW[None], picture.shape[:2])[0].cpu().numpy()
    bare(axis, picture * (0.25 + 0.75 * seen_HW[..., None]), extent)
    if not np.isnan(path_G2).any():
        x, y = path_G2[:, 0] - 0.5, path_G2[:, 1] - 0.5
        axis.plot(x, y, color=LOOK, linewidth=1, alpha=0.8)
        axis.plot(x[-1], y[-1], "o", color=LOOK, markersize=7, fillstyle="none", markeredgewidth=1.6)
    axis.set_xlim(-0.5, extent[1] - 0.5)
    axis.set_ylim(extent[0] - 0.5, -0.5)


class PanelImages(NamedTuple):
    """A batch of images and the model's predictions for them."""

    batch: Batch
    prediction: Prediction


@torch.inference_mode()
def seen(module: AttentionModule, data: TaskData, split: str = "test", shown: int = SHOWN) -> PanelImages:
    """So many images, evenly spaced over the split (which may be sorted by label), with predictions at the policy's
    mode.
    """
    tickets = list(data.tickets(split))
    count = min(shown, len(tickets))
    picked = [tickets[place * len(tickets) // count] for place in range(count)]
    most, batches, predictions = -(-shown // len(picked)), [], []
    for ticket in picked:
        batch = data.batch(ticket, module.device)
        # On the whole batch, since features may be cached by batch.
        found = predict(module.rnn, data.spec, batch.image, batch.boxes, key=ImageKey(split, batch.index))
        whole = batch._replace(
            target=pad(batch.target, (0, data.spec.max_steps - batch.target.shape[1]), value=IGNORED)
        )
        batches.append([field[:most] for field in whole])
        predictions.append(found.some(slice(most)))
    fields = (torch.cat(parts)[:shown] for parts in zip(*batches, strict=True))
    return PanelImages(Batch(*fields), joined(predictions).some(slice(shown)))


@torch.inference_mode()
def draw(module: AttentionModule, found: PanelImages, spec: TaskSpec, tones: Tones, shown: int = SHOWN) -> Figure:
    """For each image a picture with the annotated boxes, then one for each glimpse, with the symbol emitted after it
    where the task is a sequence. The title is coloured by whether the prediction equals the target; a caption that
    differs from the first reference is not marked wrong.
    """
    other = WRONG if module.measure.headline.percent else OTHER
    batch, symbol_BT, each = found.batch, found.prediction.symbol, found.prediction.where.shape[2]
    glimpses = [min(symbols * each, MOST_GLIMPSES) for symbols in (symbol_BT != IGNORED).sum(1).tolist()]
    side = (batch.image.shape[-2], batch.image.shape[-1])
    columns = min(ACROSS, max(glimpses) + 1)
    lines = [max(1, -(-many // max(1, columns - 1))) for many in glimpses]
    images = min(shown if max(lines) == 1 else shown // 2, len(symbol_BT))
    tops = [0, *accumulate(lines[:images])]
    # One map at a time: all maps of large images together may need more memory than the model.
    maps = [[found.prediction.map_of(i, *divmod(g, each)) for g in range(glimpses[i])] for i in range(images)]
    paths = found.prediction.pixels.flatten(1, 2).cpu().numpy()
    figure = Figure(figsize=(1.45 * columns, 1.8 * tops[-1]), layout="constrained", facecolor=confusion.PAPER)
    grid = figure.subplots(tops[-1], columns, squeeze=False)
    for axis in grid.flat:
        axis.set_axis_off()
    for i in range(images):
        picture, top = tones.shown(batch.image[i]), grid[tops[i], 0]
        top.set_axis_on()
        bare(top, picture, side)
        boxes_on(top, batch.boxes[i])
        predicted, true = words(symbol_BT[i], spec), words(batch.target[i], spec)
        title = "\n".join(fill(line, LINE) for line in (true, f"predicted {predicted}"))
        top.set_title(title, fontsize=7, parse_math=False, color=TRUE if predicted == true else other)
        for g in range(glimpses[i]):
            axis = grid[tops[i] + g // (columns - 1), 1 + g % (columns - 1)]
            symbol = int(symbol_BT[i, g // each])
            axis.set_axis_on()
            look_on(axis, picture, maps[i][g], paths[i, : g + 1])
            emitted = f": {spec.symbols[symbol]}" if spec.max_steps > 1 and g % each == each - 1 else ""
            axis.set_title(fill(f"{g + 1}{emitted}", LINE), fontsize=8, parse_math=False, color=OTHER)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as a PNG with a palette, small enough for reports with many of them."""
    whole, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(whole, dpi=110, format="png")
    with Image.open(whole) as picture:
        picture.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            packed, "png", optimize=True
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, packed.getvalue())


def panel(
    module: AttentionModule, data: TaskData, path: Path, tones: Tones, split: str = "test", shown: int = SHOWN
) -> None:
    """Writes the figure of so many images of a split with the model's glimpses."""
    save(draw(module, seen(module, data, split, shown), data.spec, tones, shown), path)


def confusions(data: TaskData, found: dict[str, np.ndarray], device: Any, folder: Path, tones: Tones) -> None:
    """Writes the confusion matrix and the most confused pairs, for tasks of one symbol. found: the predictions of the
    test split, as in `Evaluation`.
    """
    if data.spec.max_steps != 1:
        return
    true_N, predicted_N = found["target"][:, 0], found["prediction_mean"][:, 0]
    save(confusion.matrix(true_N, predicted_N, data.spec.symbols), folder / "confusion.png")
    pairs = confusion.most_confused(true_N, predicted_N)
    if pairs:
        wanted = {place for pair in pairs for place in (pair.example, pair.other) if place is not None}
        image = confusion.fetched(data.batches("test", device), wanted)
        save(confusion.examples(pairs, image, data.spec.symbols, tones), folder / "confused.png")
