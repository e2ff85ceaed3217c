"""DRAM's focus: a first pass over a large image locates the number, a second pass reads a crop around it.

Axes: B images, S trajectories, T symbols, M glimpses, N boxes.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample

from benchmark.common.constants import constant
from benchmark.model.attention.distribution import Draw
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.loop import SequenceModel
from benchmark.model.passes.base import Make, copy_buffers, share
from datamodules.contract import IGNORED, NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Count, NonNegative


def cropped(image_BCHW: Tensor, frame_B4: Tensor, size: int) -> Tensor:
    """(B, C, size, size) the crop of each frame (x0, y0, x1, y1) in pixels, bilinear on a finer grid, then averaged."""
    side_2 = constant([image_BCHW.shape[-1], image_BCHW.shape[-2]], frame_B4)
    low_B2, extent_B2 = frame_B4[:, :2], frame_B4[:, 2:] - frame_B4[:, :2]
    line = (torch.arange(2 * size, device=image_BCHW.device) + 0.5) / (2 * size)
    unit_HW2 = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    place_BHW2 = low_B2[:, None, None] + unit_HW2 * extent_B2[:, None, None]
    grid_BHW2 = 2 * place_BHW2 / side_2 - 1
    return avg_pool2d(grid_sample(image_BCHW, grid_BHW2, "bilinear", "border", align_corners=False), 2)


@final
class Focused(SequenceModel):
    """A model trained on small images reads a large one in two passes: over the large image, then over a crop around
    its fixations, resized to the size it was trained on.

    Both passes share all weights, so these must not depend on the image's size, and the second pass takes the
    statistics of batch normalisation that the first was trained with. The crop's frame is the smallest that holds all
    fixations up to the end, its corners averaged over trajectories, plus `margin` on all sides, which the paper does
    not give. Training is of the first pass only, and glimpses in the rollout are the first pass's.
    size: pixels a side of the crop. margin: pixels of the large image.
    """

    def __init__(self, make: Make, spec: TaskSpec, size: Count, margin: NonNegative):
        super().__init__()
        self.size, self.margin, self.end = size, margin, spec.end
        near = TaskSpec(**{**spec.__dict__, "image_shape": (spec.image_shape[0], size, size)})
        self.far, self.near = make(spec), make(near)
        share(self.far, self.near, ["*"])
        # Under the parameter names of a run with passes=single, so that its checkpoint can be loaded.
        self.attention, self.decoder, self.context = self.far.attention, self.far.decoder, self.far.context
        self.query_size, self.symbols = self.far.query_size, self.far.symbols

    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        first = self.far(image, boxes, target, samples, draw, key)
        if target is not None:
            return first
        copy_buffers(self.far, self.near)
        frame_B4 = self.frame(first, (image.shape[-1], image.shape[-2]))
        scale_B2 = self.size / (frame_B4[:, 2:] - frame_B4[:, :2])
        boxes = (boxes - frame_B4[:, None, :2].repeat(1, 1, 2)) * scale_B2[:, None].repeat(1, 1, 2)
        second = self.near(cropped(image, frame_B4, self.size), boxes, None, samples, draw)
        return first._replace(logits=second.logits, symbol=second.symbol)

    def frame(self, rollout: Rollout, side: tuple[int, int]) -> Tensor:
        """(B, 4) the crop's frame (x0, y0, x1, y1), inside the image of this (width, height); the whole image where
        there is no fixation.
        """
        fixation_BSTM2 = self.attention.fixation(rollout.where.flatten(0, 3)).unflatten(0, rollout.where.shape[:4])
        emitted_BST11 = (rollout.symbol != IGNORED)[..., None, None]
        low_B2 = fixation_BSTM2.masked_fill(~emitted_BST11, torch.inf).flatten(2, 3).amin(2).mean(1) - self.margin
        high_B2 = fixation_BSTM2.masked_fill(~emitted_BST11, -torch.inf).flatten(2, 3).amax(2).mean(1) + self.margin
        side_2 = constant(side, low_B2)
        low_B2 = low_B2.nan_to_num(0.0).clamp(min=0).minimum(side_2 - 1)
        return torch.cat([low_B2, torch.where(high_B2.isnan(), side_2, high_B2).minimum(side_2).maximum(low_B2 + 1)], 1)

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return target_BT

    def policy_parameters(self) -> list[nn.Parameter]:
        return self.far.policy_parameters()
