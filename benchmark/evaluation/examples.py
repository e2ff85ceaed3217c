"""Test images with the truth, the answer, its probability and where the model looked, for tables.

Axes: B images of a batch, T time steps, M glimpses before each symbol, H rows, W columns.
"""

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.common.tones import Tones
from benchmark.evaluation.looking import Prediction, predict
from benchmark.evaluation.pictures import LOOK, words
from benchmark.training.logger.base import Example
from benchmark.training.module import AttentionModule
from datamodules.contract import IGNORED, Batch, ImageKey, TaskData

SMALLEST = 96
"""Pixels of the shorter side of a picture: smaller images are enlarged."""


@torch.inference_mode()
def examples(module: AttentionModule, data: TaskData, most: int, tones: Tones) -> list[Example]:
    """The first `most` test images, at the policy's mode; the generators are left as they were."""
    found: list[Example] = []
    with torch.random.fork_rng():
        for ticket in data.tickets("test") if most else ():
            batch = data.batch(ticket, module.device)
            key = ImageKey("test", batch.index)
            prediction = predict(module.rnn, data.spec, batch.image, batch.boxes, key=key)
            found += of_batch(batch, prediction, most - len(found), tones)
            if len(found) == most:
                break
    return found


def of_batch(batch: Batch, prediction: Prediction, most: int, tones: Tones) -> Iterator[Example]:
    """Of the first `most` images of a batch."""
    log_BT = prediction.log_prob.gather(-1, prediction.symbol.clamp(min=0)[..., None])[..., 0]
    log_B = log_BT.masked_fill(prediction.symbol == IGNORED, 0.0).sum(1)
    paths = prediction.pixels.flatten(1, 2).cpu().numpy()
    for image in range(min(most, len(batch.image))):
        truth = words(batch.target[image], prediction.spec)
        answer = words(prediction.symbol[image], prediction.spec)
        yield Example(
            int(batch.index[image]), truth, answer, float(log_B[image].exp()), answer == truth,
            looked(batch, prediction, image, paths[image], tones),
        )  # fmt: skip


def looked(batch: Batch, prediction: Prediction, image: int, path_G2: np.ndarray, tones: Tones) -> np.ndarray:
    """(H, W, 3) uint8, the image where it was not looked at darkened, and the fixations joined by a line."""
    picture_HW3 = tones.shown(batch.image[image])
    steps, each = prediction.where.shape[1:3]
    seen_HW = torch.zeros(prediction.side, device=batch.image.device)
    ended_T = (prediction.symbol[image] == IGNORED).tolist()
    used = [g for g in range(steps * each) if not ended_T[g // each]]
    for glimpse in used:
        seen_HW = torch.maximum(seen_HW, prediction.map_of(image, *divmod(glimpse, each)))
    shown_HW = adaptive_avg_pool2d(seen_HW[None], picture_HW3.shape[:2])[0].cpu().numpy()
    bytes_HW3 = (255 * picture_HW3 * (0.25 + 0.75 * shown_HW[..., None])).round().clip(0, 255).astype(np.uint8)
    scale = max(1.0, SMALLEST / min(bytes_HW3.shape[:2]))
    side = (round(bytes_HW3.shape[1] * scale), round(bytes_HW3.shape[0] * scale))
    drawn = Image.fromarray(bytes_HW3).resize(side, Image.Resampling.NEAREST)
    points = path_G2[used] * np.divide(side, prediction.side[::-1])
    if len(points) and not np.isnan(points).any():
        pen = ImageDraw.Draw(drawn)
        pen.line([tuple(point) for point in points.tolist()], fill=LOOK)
        x, y = points[-1].tolist()
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), outline=LOOK, width=2)
    return np.asarray(drawn)
