"""Digits and clutter on a canvas: the generator of DeepMind's mnist-cluttered, in batches.

Everything is laid on a clear canvas in whole numbers 0..255, which every device adds alike, and clipped once: of what
is never negative, clipping after the clutter as well, as theirs does, gives the same. Scaling to [0, 1] and normalising
come last, on the finished canvas and in one pass. A generator that normalises the digits before pasting them leaves
black of another value inside a digit than around it, and a model finds the digit by that.

Differs from theirs: digits differ within a canvas but are drawn anew for the next one (theirs walks through a
permutation).

Axes: B canvases, K digits and P pieces of clutter of each, C side of a piece of clutter, L of a canvas, Q pixels laid
on a canvas, R rows of pixels; a last 2 is (x, y) in pixels.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from datamodules.contract import DataFault
from datamodules.digits.digit_stock import DigitStock, corners, square
from datamodules.digits.overlay import MOST_LAYERS, Overlay
from datamodules.digits.placement import Placement, draw_below, draw_distinct

NEAR = 2**18
"""Pixels worked on from clearing to normalising before the next ones are: a megabyte, which stays in the cache of one
core. A GPU works on all at once; it is starting kernels that takes time there.
"""


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


class CanvasPlan(NamedTuple):
    """A layout worked out: which pixels go where. A place is that of an upper left corner among the pixels of a canvas.

    digit: (B, K) long, which of the stock. place: (B, K) long, where its ink goes.
    cut: (B, P) long, where a piece of clutter is among the pixels of the stock. spot: (B, P) long, where it goes.
    """

    digit: Tensor
    place: Tensor
    cut: Tensor
    spot: Tensor

    def part(self, of: slice) -> "CanvasPlan":
        return CanvasPlan(*(field[of] for field in self))


@dataclass(frozen=True)
class CanvasGenerator:
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
        x_BK, y_BK = place_BK2.unbind(-1)
        reading_BK = torch.add(y_BK, x_BK, alpha=self.canvas).argsort(dim=1, stable=True)
        pieces = (count, self.clutter)
        return Layout(
            digit=draw_distinct(count, self.digits, stock, generator),
            place=place_BK2.gather(1, reading_BK[..., None].expand_as(place_BK2)),
            piece=draw_below(stock, pieces, generator),
            cut=draw_below(self.size - self.clutter_size + 1, (*pieces, 2), generator),
            spot=draw_below(self.canvas - self.clutter_size + 1, (*pieces, 2), generator),
        )

    def plan(self, layout: Layout, stock: DigitStock) -> CanvasPlan:
        """Work out a layout. stock: on its device."""
        corner_BK2 = stock.corner.index_select(0, layout.digit.flatten()).view_as(layout.place)
        return CanvasPlan(
            digit=layout.digit,
            place=corners(layout.place + corner_BK2, self.canvas),
            cut=torch.add(corners(layout.cut, self.size), layout.piece, alpha=self.size**2),
            spot=corners(layout.spot, self.canvas),
        )

    def render(self, plan: CanvasPlan, stock: DigitStock, scale: float = 1.0, shift: float = 0.0) -> Tensor:
        """Canvases (B, L, L), whole numbers 0..255, times `scale` plus `shift`. stock: on the plan's device."""
        count, pixels, device = len(plan.digit), self.canvas**2, stock.whole.device
        near = max(1, NEAR // pixels) if device.type == "cpu" else count
        first_B1 = firsts(count, near, pixels, device)
        spot_Q = self._pixels(plan.spot + first_B1, self.clutter_size)
        place_Q = self._pixels(plan.place + first_B1, stock.ink.shape[-1])
        ink_Q = stock.ink.index_select(0, plan.digit.flatten()).flatten()  # ten times as fast as indexing
        piece_Q = self._pieces(plan.cut, stock)
        canvas_Q = torch.empty(count * pixels, device=device)
        added, sizes = torch.tensor(shift), [len(all_Q) // count for all_Q in (canvas_Q, spot_Q, place_Q)]
        for start in range(0, count, near):
            canvas, clutter, digits = (slice(start * size, (start + near) * size) for size in sizes)
            clear_Q = canvas_Q[canvas].zero_()
            self.overlay.lay(clear_Q, spot_Q[clutter], piece_Q[clutter])
            self.overlay.lay(clear_Q, place_Q[digits], ink_Q[digits].float())
            self.overlay.clip(clear_Q)
            torch.add(added, clear_Q, alpha=scale, out=clear_Q)
        return canvas_Q.view(count, self.canvas, self.canvas)

    def _pixels(self, corner_BN: Tensor, size: int) -> Tensor:
        """(B * N * size * size,) the places of squares' pixels, given those of their corners."""
        return (corner_BN[..., None] + square(size, self.canvas, corner_BN.device).flatten()).flatten()

    def _pieces(self, cut_BP: Tensor, stock: DigitStock) -> Tensor:
        """(B * P * C * C,) the pixels of all clutter. Strips of digits from a piece's first pixel to its last are
        copied faster than the pixels one by one, and the piece is what lies in one at its rows.
        """
        side = self.clutter_size
        strip_NR = stock.whole.flatten().unfold(0, (side - 1) * self.size + side, 1)
        piece_RR = strip_NR.index_select(0, cut_BP.flatten())
        return piece_RR.unfold(1, side, self.size).float().flatten()

    def boxes(self, layout: Layout) -> Tensor:
        """The squares the digits were put in, (B, K, 4), float, (x0, y0, x1, y1), half open."""
        return torch.cat([layout.place, layout.place + self.size], dim=-1).float()


@lru_cache
def firsts(count: int, near: int, pixels: int, device: torch.device) -> Tensor:
    """(B, 1) the place of each canvas's first pixel among those of its part. Made once, as a square's places are."""
    return (torch.arange(count, device=device) % near)[:, None] * pixels
