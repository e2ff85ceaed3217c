"""A policy over the cells of the window that was just seen: the step between item-wise and location-wise attention.

Axes: R rows, C channels, g side of a window, s narrower windows, h rows and w columns of places, N = h * w places, n
cells, D feature of a place, Q query.
"""

from collections.abc import Callable
from typing import Literal, final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.distribution import CategoricalItems, Evidence
from benchmark.model.attention.policy.base import Canvas, Policy, PolicyOutput, Seen
from benchmark.model.attention.policy.division import DividedCells, Division, WholeCells, centres, fine
from benchmark.model.encoder.base import Encoder
from datamodules.ranges import Count, Natural

FAINT = -60.0
"""Cells whose log-probability is lower than the highest by more than this weigh alike in a mean of places."""


@final
class MapPolicy(Policy):
    """k ~ Cat(softmax(e)), e_k = f_att(h, c_k), over the cells k of the widest window of a glimpse; the location is the
    mean of the places around that of k, weighed by their probabilities among these alone.

    These are eqs 15-16 with items c_k that move with the glimpse. What differs from item-wise hard attention is that
    the glimpse is not c_k, but a new window cut at k's location. The scores are an alignment of cells (eq 11), so an
    estimator for items works here too. It sees what RAM's retina sees, and nothing else, where RAM regresses eq 18's
    mean from the hidden state. Ours.

    A cell's feature is its column of a small convolutional map of the window, its place in the window and in the image,
    and for each narrower window whether that of an earlier glimpse covered its centre. Cells whose centre is outside
    the image cannot be drawn. Before the first glimpse the window is empty: the query and the places alone decide.
    The location is a function of the drawn cell and of the scores. It has no gradient, as a hard window has none of
    its place. So it is trained as the scores are, and without parameters of its own.

    encoder: of the window, reduced to at most `cells` pixels a side so that its cost does not grow with the window; the
    cells are those of its map. parts: of a cell on each side, into the places that are drawn; the probability of a
    place is its cell's times its own in the cell. around: places on each side of the drawn one that
    the location is a mean over; 0: its own centre.
    glimpse: whose window. "last": the one just taken, so that items move with it. "first": where its window covers the
    image, everything stays in reach of every later glimpse, as from the corner of an image the far corner is not.
    """

    drawn = True
    takes_expectation = True
    cell_n2: Tensor
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
        parts: Count,
        around: Natural,
        glimpse: Literal["last", "first"],
    ):
        super().__init__()
        self.canvas = canvas
        channels, *side = canvas.window.shape
        self.reduced = min(side[0], cells), min(side[1], cells)
        self.encoder = encoder((channels, *self.reduced))
        features, rows, columns = self.encoder.shape
        self.channels = features
        self.division: Division = DividedCells(features, parts) if parts > 1 else WholeCells()
        self.cells, self.grid, self.around = (rows, columns), (rows * parts, columns * parts), around
        self.items = rows * columns * parts**2
        self.glimpse = 0 if glimpse == "first" else -1
        self.item_size = features + 4 + len(canvas.window.finer)
        self.alignment: Alignment = alignment(item_size=self.item_size, query_size=query_size)
        self.register_buffer("cell_n2", centres(rows, columns), persistent=False)
        self.register_buffer("grid_N2", centres(*self.grid), persistent=False)
        half_2 = torch.tensor([canvas.side[1] / 2, canvas.side[0] / 2])
        self.register_buffer("half_2", half_2, persistent=False)
        self.register_buffer("finer_s", torch.tensor(canvas.window.finer), persistent=False)

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        corner_R12 = seen.corner(self.glimpse)[:, None]
        place_RN2 = corner_R12 + self.canvas.window.width * self.grid_N2
        item_RND, score_RN = self.scores(query_RQ, seen, corner_R12 + self.canvas.window.width * self.cell_n2)
        inside_RN = ((place_RN2 >= 0) & (place_RN2 <= 2 * self.half_2)).all(-1)
        where = CategoricalItems(score_RN, None, inside_RN).given(Evidence(item_RND, query_RQ))
        location_RN2 = (self.refined(where.log_RN.detach(), inside_RN, place_RN2) - self.half_2) / self.canvas.unit
        return PolicyOutput(
            where,
            lambda weights_RN: (weights_RN.detach()[:, None] @ location_RN2).squeeze(1),
            where.expectation(),
        )

    def scores(self, query_RQ: Tensor, seen: Seen, place_Rn2: Tensor) -> tuple[Tensor, Tensor]:
        """(R, N, D) features and (R, N) scores of the places of the cells at these pixels. The empty window before the
        first glimpse is encoded once for all rows, as one image with R trajectories; a window that is asked for again,
        once.
        """
        if seen.fixations:
            fixation_R2 = seen.fixations[self.glimpse]
            map_RnC = seen.kept(fixation_R2, lambda: self.map_of(seen.window(self.glimpse)))
            cell_RnD = self.cell_features(map_RnC, seen.fixations, place_Rn2)
            score_Rn = self.alignment(self.alignment.keys(cell_RnD), query_RQ[:, None]).squeeze(1)
        else:
            map_RnC = self.map_of(seen.window(self.glimpse)[:1])
            cell_RnD = self.cell_features(map_RnC, (), place_Rn2[:1])
            score_Rn = self.alignment(self.alignment.keys(cell_RnD), query_RQ[None]).squeeze(0)
        within_RnK = self.division(map_RnC)
        score_RN = fine((score_Rn[..., None] + within_RnK)[..., None], self.cells, self.division.parts).squeeze(-1)
        return self.place_features(cell_RnD, within_RnK.shape[-1]).expand(len(query_RQ), -1, -1), score_RN

    def map_of(self, window_RCgg: Tensor) -> Tensor:
        """(R, n, C) the columns of the convolutional map of windows."""
        map_RChw: Tensor = self.encoder(adaptive_avg_pool2d(window_RCgg, self.reduced))
        return map_RChw.flatten(2).transpose(1, 2)

    def cell_features(self, map_RnC: Tensor, fixations: tuple[Tensor, ...], place_Rn2: Tensor) -> Tensor:
        """(R, n, D) of the cells at these pixels."""
        grid_Rn2 = (2 * self.cell_n2 - 1).expand(len(map_RnC), -1, -1)
        looked_Rns = place_Rn2.new_zeros(*place_Rn2.shape[:2], len(self.finer_s))
        for fixation_R2 in fixations:
            far_Rn1 = (place_Rn2 - fixation_R2[:, None]).abs().amax(-1, keepdim=True)
            looked_Rns = looked_Rns.maximum((far_Rn1 <= self.finer_s / 2).to(looked_Rns.dtype))
        return torch.cat([map_RnC, grid_Rn2, place_Rn2 / self.half_2 - 1, looked_Rns], -1)

    def place_features(self, cell_RnD: Tensor, places: int) -> Tensor:
        """(R, N, D) of the places of cells: those of the cell, but for their own place in the window."""
        cell_RND = fine(cell_RnD[:, :, None].expand(-1, -1, places, -1), self.cells, self.division.parts)
        grid_RN2 = (2 * self.grid_N2 - 1).expand(len(cell_RND), -1, -1)
        return torch.cat([cell_RND[..., : self.channels], grid_RN2, cell_RND[..., self.channels + 2 :]], -1)

    def refined(self, log_RN: Tensor, inside_RN: Tensor, place_RN2: Tensor) -> Tensor:
        """(R, N, 2) the pixel that a draw of each place looks at: a softmax over its neighbours, by sums of squares."""
        weight_RN1 = ((log_RN - log_RN.amax(-1, keepdim=True)).clamp(min=FAINT).exp() * inside_RN)[..., None]
        both_R3hw = torch.cat([weight_RN1, weight_RN1 * place_RN2], -1).transpose(1, 2).unflatten(-1, self.grid)
        sum_RN3 = avg_pool2d(both_R3hw, 2 * self.around + 1, 1, self.around).flatten(2).transpose(1, 2)
        return sum_RN3[..., 1:] / sum_RN3[..., :1].clamp(min=torch.finfo(sum_RN3.dtype).tiny)
