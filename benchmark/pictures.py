"""Pictures of where a model looked, step by step: one drawing for all mechanisms, by their attention maps.

Axes: B images shown, G glimpses in order, T symbols.
"""

from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from benchmark.attention.distribution import mode
from benchmark.module import AttentionModule
from datamodules.contract import IGNORED, Batch, TaskData

matplotlib.use("Agg")

SHOWN = 6
MOST_GLIMPSES = 18  # of a sequence, so that a row stays readable
LOOK, TRUE, WRONG = "#ffb000", "#3ddbd9", "#fa4d56"


def words(symbol_T: Tensor, names: tuple[str, ...]) -> str:
    """A sequence as a person would read it."""
    return " ".join(names[index] for index in symbol_T.tolist() if index != IGNORED)


def greyscale(image_CHW: Tensor) -> np.ndarray:
    """(H, W, 3) in [0, 1] from the image's darkest to its brightest value, whatever it was normalised by."""
    low, high = image_CHW.amin(), image_CHW.amax()
    image_HWC = ((image_CHW - low) / (high - low).clamp(min=1e-6)).permute(1, 2, 0).cpu().numpy()
    return np.broadcast_to(image_HWC, (*image_HWC.shape[:2], 3)) if image_HWC.shape[2] == 1 else image_HWC


def bare(axis: Axes, picture: np.ndarray) -> None:
    axis.imshow(picture, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def boxes_on(axis: Axes, boxes_N4: Tensor) -> None:
    for x0, y0, x1, y1 in boxes_N4[~boxes_N4.isnan().any(-1)].tolist():
        axis.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor=TRUE, linewidth=1))


def look_on(axis: Axes, picture: np.ndarray, map_HW: np.ndarray, path_G2: np.ndarray) -> None:
    """The image, dark where it was not looked at; the path of fixations so far, the last one as a ring."""
    bare(axis, picture * (0.25 + 0.75 * map_HW[..., None]))
    if not np.isnan(path_G2).any():
        x, y = path_G2[:, 0] - 0.5, path_G2[:, 1] - 0.5
        axis.plot(x, y, color=LOOK, linewidth=1, alpha=0.8)
        axis.plot(x[-1], y[-1], "o", color=LOOK, markersize=7, fillstyle="none", markeredgewidth=1.6)
    axis.set_xlim(-0.5, picture.shape[1] - 0.5)
    axis.set_ylim(picture.shape[0] - 0.5, -0.5)


@torch.inference_mode()
def draw(module: AttentionModule, batch: Batch, names: tuple[str, ...]) -> Figure:
    """One row an image: the image with the true boxes, then what was seen at each glimpse, taking the policy's mode."""
    rnn = module.rnn.eval()
    shown = Batch(*(field[:SHOWN] for field in batch))
    rollout = rnn(shown.image, shown.boxes, None, 1, mode)
    where = rollout.where[:, 0].flatten(1, 2)[:, :MOST_GLIMPSES]
    side = (shown.image.shape[-2], shown.image.shape[-1])
    maps = rnn.attention.attention_map(where.flatten(0, 1), side).unflatten(0, where.shape[:2]).cpu().numpy()
    paths = rnn.attention.fixation(where.flatten(0, 1)).unflatten(0, where.shape[:2]).cpu().numpy()
    images, glimpses = maps.shape[:2]
    figure = Figure(figsize=(1.35 * (glimpses + 1), 1.55 * images), layout="constrained", facecolor="#161616")
    grid = figure.subplots(images, glimpses + 1, squeeze=False)
    for i in range(images):
        picture = greyscale(shown.image[i])
        bare(grid[i, 0], picture)
        boxes_on(grid[i, 0], shown.boxes[i])
        said, true = words(rollout.symbol[i, 0], names), words(shown.target[i], names)
        colour = TRUE if said == true else WRONG
        grid[i, 0].set_title(f"{true} · read {said}", fontsize=8, color=colour)
        for g in range(glimpses):
            look_on(grid[i, g + 1], picture, maps[i, g], paths[i, : g + 1])
            if i == 0:
                grid[i, g + 1].set_title(f"glimpse {g + 1}", fontsize=8, color="#c6c6c6")
    return figure


def panel(module: AttentionModule, data: TaskData, path: Path) -> None:
    """Writes the panel of the first test images."""
    batch = next(data.batches("test", module.device))
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(module, batch, data.spec.symbols).savefig(path, dpi=110)
