"""A policy over the cells of the window that was just seen: the step between item-wise and location-wise attention.

Axes: R rows, C channels, g side of a window, s narrower windows, h rows and w columns of cells, N = h * w cells, D
feature of a cell, Q query.
"""

from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.distribution import CategoricalItems, Evidence
from benchmark.model.attention.policy.base import Canvas, Policy, PolicyOutput, Seen
from benchmark.model.attention.policy.cell_weights import CellWeights, DrawnMap, box_sum, mean_place
from benchmark.model.attention.policy.map_window import WINDOWS, Whose
from benchmark.model.encoder.base import Encoder
from datamodules.ranges import Count, Natural


@final
class MapPolicy(Policy):
    """k ~ Cat(softmax(e)), e_k = f_att(h, c_k), over the cells k of the widest window of a glimpse; the location is the
    mean of the places of the cells around k, by `weights`.

    These are eqs 15-16 with items c_k that move with the glimpse. What differs from item-wise hard attention is that
    the glimpse is not c_k, but a new window cut at k's location. The scores are an alignment of cells (eq 11), so an
    estimator for items works here too. It sees what RAM's retina sees, and nothing else, where RAM regresses eq 18's
    mean from the hidden state. Ours.

    A cell's feature is its column of a small convolutional map of the window, its place in the window and in the image,
    and for each narrower window whether that of an earlier glimpse covered its centre. Cells whose centre is outside
    the image cannot be drawn. Before the first glimpse the window is empty: the query and the places alone decide.
    The location is a function of the drawn cell, of the scores and of the window. It has no gradient, as a hard window
    has none of its place. So it is trained as the scores are, and without parameters of its own.

    encoder: of the window, reduced to at most `cells` pixels a side so that its cost does not grow with the window; the
    cells are those of its map. around: cells on each side of the drawn one that the location is a mean over; with
    weights by scores 0 is its own centre. weights: of these cells, by the scores or by what the window shows.
    glimpse: whose window. "last": the one just taken, so that items move with it. "first": where its window covers the
    image, everything stays in reach of every later glimpse, as from the corner of an image the far corner is not.
    "context": that of a glimpse at the image's centre that is not taken, a coarse image, from the first glimpse on.
    This is what DRAM's context network reads; a mechanism without one sees more by it than its retina shows.
    """

    drawn = True
    takes_expectation = True
    grid_N2: Tensor
    half_2: Tensor
    finer_s: Tensor

    def __init__(
        self,
        canvas: Canvas,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        alignment: Callable[..., Alignment],
        cells: Count,
        around: Natural,
        weights: CellWeights,
        glimpse: Whose,
    ):
        super().__init__()
        self.canvas = canvas
        channels, *side = canvas.window.shape
        self.reduced = min(side[0], cells), min(side[1], cells)
        self.encoder = encoder((channels, *self.reduced))
        features, rows, columns = self.encoder.shape
        self.grid, self.items = (rows, columns), rows * columns
        self.around, self.weights = around, weights
        self.whose = WINDOWS[glimpse]
        self.item_size = features + 4 + len(canvas.window.finer)
        self.alignment: Alignment = alignment(item_size=self.item_size, query_size=query_size)
        y, x = (self.encoder.cells(n, side) / side for n, side in zip(self.grid, self.reduced, strict=True))
        self.register_buffer(
            "grid_N2", torch.stack([x.repeat(rows), y.repeat_interleave(columns)], 1), persistent=False
        )
        half_2 = torch.tensor([canvas.side[1] / 2, canvas.side[0] / 2])
        self.register_buffer("half_2", half_2, persistent=False)
        self.register_buffer("finer_s", torch.tensor(canvas.window.finer), persistent=False)

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        corner_R2 = self.whose.corner(seen)
        place_RN2 = corner_R2[:, None] + self.canvas.window.width * self.grid_N2
        cell_XND, score_RN = self.scores(query_RQ, seen, place_RN2)
        inside_RN = ((place_RN2 >= 0) & (place_RN2 <= 2 * self.half_2)).all(-1)
        evidence = Evidence(lambda: cell_XND.expand(len(query_RQ), -1, -1), query_RQ)
        where = CategoricalItems(score_RN, None, inside_RN).given(evidence)

        def location(weights_RN: Tensor) -> Tensor:
            weights_R1N = weights_RN.detach()[:, None]
            window = partial(self.whose.window, seen)
            width, background = self.canvas.window.width, self.canvas.background
            refined_RN2 = self.refined(
                DrawnMap(where.log_RN.detach(), inside_RN, place_RN2, window, corner_R2, width, background)
            )
            return (weights_R1N @ ((refined_RN2 - self.half_2) / self.canvas.unit)).squeeze(1)

        return PolicyOutput(where, location, where.expectation())

    def scores(self, query_RQ: Tensor, seen: Seen, place_RN2: Tensor) -> tuple[Tensor, Tensor]:
        """(X, N, D) features and (R, N) scores of the cells at these pixels. X is R, or 1 for the empty window before
        the first glimpse, which is encoded once for all rows, as one image with R trajectories.
        """
        map_XNC = self.whose.cells(seen, self.map_of)
        images = len(map_XNC)
        cell_XND = self.cell_features(map_XNC, seen.fixations, place_RN2[:images])
        query_XSQ = query_RQ.unflatten(0, (images, -1))
        return cell_XND, self.alignment(self.alignment.keys(cell_XND), query_XSQ).flatten(0, 1)

    def map_of(self, window_RCgg: Tensor) -> Tensor:
        """(R, N, C) the columns of the convolutional map of windows."""
        map_RChw: Tensor = self.encoder(adaptive_avg_pool2d(window_RCgg, self.reduced))
        return map_RChw.flatten(2).transpose(1, 2)

    def cell_features(self, map_RNC: Tensor, fixations: tuple[Tensor, ...], place_RN2: Tensor) -> Tensor:
        """(R, N, D) of the cells at these pixels."""
        grid_RN2 = (2 * self.grid_N2 - 1).expand(len(map_RNC), -1, -1)
        looked_RNs = place_RN2.new_zeros(*place_RN2.shape[:2], len(self.finer_s))
        for fixation_R2 in fixations:
            far_RN1 = (place_RN2 - fixation_R2[:, None]).abs().amax(-1, keepdim=True)
            looked_RNs = looked_RNs.maximum((far_RN1 <= self.finer_s / 2).to(looked_RNs.dtype))
        return torch.cat([map_RNC, grid_RN2, place_RN2 / self.half_2 - 1, looked_RNs], -1)

    def refined(self, drawn: DrawnMap) -> Tensor:
        """(R, N, 2) the pixel that a draw of each cell looks at: the mean place around, by sums over squares, and what
        `weights` makes of it.
        """
        moments_R3hw = self.weights.moments(drawn, self.grid).unflatten(-1, self.grid)
        sum_RN3 = box_sum(moments_R3hw, self.around).flatten(2).transpose(1, 2)
        return self.weights.settled(drawn, mean_place(sum_RN3, drawn.place_RN2, self.weights.least))
