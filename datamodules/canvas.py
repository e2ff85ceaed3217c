"""Digits and clutter on a canvas: the generator of DeepMind's mnist-cluttered, in batches.

Order: clear canvas, clutter, clamp, digits, clamp. All of it in integers 0..255, which every device adds alike;
scaling to [0, 1] and normalising come last, on the finished canvas. A generator that normalises the digits before
pasting them leaves black of another value inside a digit than around it, and a model finds the digit by that.

Differs from theirs: digits differ within a canvas but are drawn anew for the next one (theirs walks through a
permutation).

Axes: B canvases, K digits and P pieces of clutter of each, N digits in stock, L side of a canvas; a last 2 is (x, y) in
pixels.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from datamodules.contract import DataFault
from datamodules.overlay import MOST_LAYERS, Overlay
from datamodules.placement import Placement, draw_below, draw_distinct


class Layout(NamedTuple):
    """All that was drawn for B canvases. Digits are in reading order: left to right, top to bottom where that ties.

    digit: (B, K) long, which of the stock. place: (B, K, 2) long, its upper left pixel.
    piece: (B, P) long, of which digit a piece of clutter is cut. cut: (B, P, 2) long, from where in it. spot: (B, P, 2)
        long, where it goes.
    """

    digit: Tensor
    place: Tensor
    piece: Tensor
    cut: Tensor
    spot: Tensor


@dataclass(frozen=True)
class Recipe:
    """How canvases are made. Raises DataFault where the sizes cannot be.

    canvas, size, clutter_size: sides in pixels of the canvas, of a digit and of a piece of clutter.
    digits, clutter: how many of each lie on a canvas.
    """

    canvas: int
    size: int
    digits: int
    clutter: int
    clutter_size: int
    overlay: Overlay
    placement: Placement

    def __post_init__(self) -> None:
        if self.size > self.canvas:
            raise DataFault(
                f"a digit of {self.size} x {self.size} pixels does not fit a canvas of {self.canvas} x {self.canvas}: "
                f"set data.canvas to {self.size} or more."
            )
        if not 1 <= self.clutter_size <= self.size:
            raise DataFault(
                f"clutter is cut from digits of {self.size} x {self.size} pixels: "
                f"data.clutter_size must be 1 to {self.size}, not {self.clutter_size}."
            )
        if self.clutter < 0 or self.digits < 1:
            raise DataFault(
                f"{self.digits} digits and {self.clutter} pieces of clutter on a canvas: "
                "data.labels.digits must be 1 or more, data.clutter 0 or more."
            )
        if self.clutter + self.digits > MOST_LAYERS:
            raise DataFault(
                f"{self.digits} digits and {self.clutter} pieces of clutter on a canvas: no more than {MOST_LAYERS} "
                "together can be added up; lower data.clutter."
            )
        self.placement.check(self.digits, self.size, self.canvas)

    def draw(self, count: int, stock: int, generator: Generator) -> Layout:
        """Draw `count` layouts from `stock` digits, on the generator's device."""
        if stock < self.digits:
            raise DataFault(
                f"a canvas needs {self.digits} different digits, and a split of the data has only {stock}: "
                "give it more (data.root, data.source)."
            )
        place_BK2 = self.placement.draw(count, self.digits, self.size, self.canvas, generator)
        reading_BK = (place_BK2[..., 0] * self.canvas + place_BK2[..., 1]).argsort(dim=1, stable=True)
        pieces = (count, self.clutter)
        return Layout(
            digit=draw_distinct(count, self.digits, stock, generator),
            place=place_BK2.gather(1, reading_BK[..., None].expand_as(place_BK2)),
            piece=draw_below(stock, pieces, generator),
            cut=draw_below(self.size - self.clutter_size + 1, (*pieces, 2), generator),
            spot=draw_below(self.canvas - self.clutter_size + 1, (*pieces, 2), generator),
        )

    def render(self, layout: Layout, stock_NHW: Tensor) -> Tensor:
        """Canvases (B, L, L), int16 in 0..255. stock_NHW: uint8, on the layout's device."""
        count = len(layout.digit)
        canvas_P = torch.zeros(count * self.canvas**2, dtype=torch.int16, device=stock_NHW.device)
        window = self.clutter_size
        windows = stock_NHW.unfold(1, window, 1).unfold(2, window, 1)
        piece_BPhw = windows[layout.piece, layout.cut[..., 1], layout.cut[..., 0]]
        self._lay(canvas_P, layout.spot, piece_BPhw)
        digit_Qhw = stock_NHW.index_select(0, layout.digit.flatten())  # ten times as fast as indexing
        self._lay(canvas_P, layout.place, digit_Qhw.view(count, self.digits, self.size, self.size))
        return canvas_P.view(count, self.canvas, self.canvas)

    def _lay(self, canvas_P: Tensor, corner_BN2: Tensor, patch_BNhw: Tensor) -> None:
        step = torch.arange(patch_BNhw.shape[-1], device=canvas_P.device)
        canvas_B1 = torch.arange(len(corner_BN2), device=canvas_P.device)[:, None]
        corner_BN = (canvas_B1 * self.canvas + corner_BN2[..., 1]) * self.canvas + corner_BN2[..., 0]
        place_BNhw = corner_BN[..., None, None] + (step[:, None] * self.canvas + step)
        self.overlay.lay(canvas_P, place_BNhw.flatten(), patch_BNhw.flatten().to(canvas_P.dtype))

    def boxes(self, layout: Layout) -> Tensor:
        """The squares the digits were put in, (B, K, 4), float, (x0, y0, x1, y1), half open."""
        return torch.cat([layout.place, layout.place + self.size], dim=-1).float()
