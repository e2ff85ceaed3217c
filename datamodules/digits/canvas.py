"""A batched generator of digits and clutter on a canvas, after DeepMind's mnist-cluttered.

Digits and clutter are added onto an empty canvas as integers 0..255, which gives equal sums on every device, and
clipped once at the end; mnist-cluttered also clips after the clutter, which is equivalent for non-negative values.
Normalisation is applied last, to the finished canvas. (Normalising digits before pasting would give the black pixels
inside a digit's square another value than the background, which reveals the digit's position.)

Difference from mnist-cluttered: digits are distinct within a canvas, but drawn independently for each canvas (there,
from a permutation).

Axes: B canvases, K digits and P pieces of clutter per canvas, C side of a piece of clutter, L side of a canvas, Q
pixels written to a canvas, R length of a strip of pixels; a last 2 is (x, y) in pixels.
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
"""Pixels of the chunks in which a CPU renders: one megabyte, which fits the cache of a core. A GPU renders the whole
batch at once, since kernel launches dominate there.
"""


class Layout(NamedTuple):
    """The random draws of B canvases. Digits are in reading order: left to right, then top to bottom.

    digit: (B, K) long, index of each digit in the stock. place: (B, K, 2) long, its upper left pixel on the canvas.
    piece: (B, P) long, index of the digit that a piece of clutter is cut from. cut: (B, P, 2) long, its upper left
        pixel in that digit. spot: (B, P, 2) long, its upper left pixel on the canvas.
    """

    digit: Tensor
    place: Tensor
    piece: Tensor
    cut: Tensor
    spot: Tensor


class CanvasPlan(NamedTuple):
    """A layout with positions as flat pixel indices of upper left corners.

    digit: (B, K) long, index of each digit in the stock. place: (B, K) long, position of its ink on the canvas.
    cut: (B, P) long, position of a piece of clutter among the pixels of the whole stock. spot: (B, P) long, its
        position on the canvas.
    """

    digit: Tensor
    place: Tensor
    cut: Tensor
    spot: Tensor

    def part(self, of: slice) -> "CanvasPlan":
        return CanvasPlan(*(field[of] for field in self))


@dataclass(frozen=True)
class CanvasGenerator:
    """Generates canvases. Raises DataFault for impossible sizes.

    canvas, size, clutter_size: sides in pixels of the canvas, a digit and a piece of clutter.
    digits, clutter: number of each per canvas. overlay: how overlapping pixels combine. placement: where digits go.
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
        if self.clutter + self.digits > MOST_LAYERS:
            raise DataFault(
                f"{self.digits} digits and {self.clutter} pieces of clutter on a canvas: no more than {MOST_LAYERS} "
                "together can be added up; lower data.clutter."
            )
        self.placement.check(self.digits, self.size, self.canvas)

    def draw(self, count: int, stock: int, generator: Generator) -> Layout:
        """Draw `count` layouts with digits from a stock of that size, on the generator's device."""
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
        """The flat pixel positions of a layout. stock: on the layout's device."""
        corner_BK2 = stock.corner.index_select(0, layout.digit.flatten()).view_as(layout.place)
        return CanvasPlan(
            digit=layout.digit,
            place=corners(layout.place + corner_BK2, self.canvas),
            cut=torch.add(corners(layout.cut, self.size), layout.piece, alpha=self.size**2),
            spot=corners(layout.spot, self.canvas),
        )

    def render(self, plan: CanvasPlan, stock: DigitStock, scale: float = 1.0, shift: float = 0.0) -> Tensor:
        """(B, L, L) float canvases: integers 0..255, times `scale` plus `shift`. stock: on the plan's device."""
        count, pixels, device = len(plan.digit), self.canvas**2, stock.whole.device
        near = max(1, NEAR // pixels) if device.type == "cpu" else count
        first_B1 = firsts(count, near, pixels, device)
        spot_Q = self._pixels(plan.spot + first_B1, self.clutter_size)
        place_Q = self._pixels(plan.place + first_B1, stock.ink.shape[-1])
        ink_Q = stock.ink.index_select(0, plan.digit.flatten()).flatten()  # index_select: ten times as fast as indexing
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
        """(B * N * size * size,) flat indices of the pixels of squares, given those of their corners."""
        return (corner_BN[..., None] + square(size, self.canvas, corner_BN.device).flatten()).flatten()

    def _pieces(self, cut_BP: Tensor, stock: DigitStock) -> Tensor:
        """(B * P * C * C,) the pixels of all clutter. The strip of a digit from a piece's first pixel to its last is
        copied in one go, which is faster than gathering single pixels; the piece's rows are then cut from it.
        """
        side = self.clutter_size
        strip_NR = stock.whole.flatten().unfold(0, (side - 1) * self.size + side, 1)
        piece_RR = strip_NR.index_select(0, cut_BP.flatten())
        return piece_RR.unfold(1, side, self.size).float().flatten()

    def boxes(self, layout: Layout) -> Tensor:
        """(B, K, 4) float: the digits' squares on the canvas, (x0, y0, x1, y1) in pixels, half open."""
        return torch.cat([layout.place, layout.place + self.size], dim=-1).float()


@lru_cache
def firsts(count: int, near: int, pixels: int, device: torch.device) -> Tensor:
    """(B, 1) flat index of each canvas's first pixel within its chunk. Cached, as in `square`."""
    return (torch.arange(count, device=device) % near)[:, None] * pixels
