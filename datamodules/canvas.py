"""Digits and clutter on a canvas: the generator of DeepMind's mnist-cluttered, in batches.

Everything is laid on a clear canvas in whole numbers 0..255, which every device adds alike, and clipped once: of what
is never negative, clipping after the clutter as well, as theirs does, gives the same. Scaling to [0, 1] and normalising
come last, on the finished canvas. A generator that normalises the digits before pasting them leaves black of another
value inside a digit than around it, and a model finds the digit by that.

Differs from theirs: digits differ within a canvas but are drawn anew for the next one (theirs walks through a
permutation).

Axes: B canvases, K digits and P pieces of clutter of each, N digits in stock, S side of a digit, I of its ink, C of a
piece of clutter, L of a canvas; a last 2 is (x, y) in pixels.
"""

from dataclasses import dataclass
from functools import lru_cache
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


class Stock(NamedTuple):
    """Digits to lay on canvases. Only the square that holds a digit's ink is laid, equally large for all: what is
    around it adds nothing, and half of an MNIST digit's pixels are.

    whole: (N, S, S) uint8, the digits as they came. ink: (N, I, I) uint8. corner: (N, 2) long, where that lies in them.
    """

    whole: Tensor
    ink: Tensor
    corner: Tensor

    @classmethod
    def of(cls, whole_NSS: Tensor) -> "Stock":
        size = whole_NSS.shape[1]
        extents = [_extent(whole_NSS.amax(across) > 0) for across in (1, 2)]
        inner = max(int(length_N.max()) for _, length_N in extents)
        corner_N2 = torch.stack([first_N for first_N, _ in extents], -1).clamp(max=size - inner)
        blocks = torch.arange(len(whole_NSS)).split(4096)  # not all places at once: eight bytes for each byte of ink
        ink = [whole_NSS.take(squares(n_N[:, None], corner_N2[n_N, None], inner, size)) for n_N in blocks]
        return cls(whole_NSS, torch.cat(ink).view(-1, inner, inner), corner_N2)

    def to(self, device: torch.device) -> "Stock":
        return Stock(*(field.to(device) for field in self))


def _extent(line_NS: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) the first place where there is something, and how many from there to the last; 0 and 1 where nothing is."""
    first_N, after_N = line_NS.byte().argmax(1), line_NS.flip(1).byte().argmax(1)
    return first_N, torch.where(line_NS.any(1), line_NS.shape[1] - after_N - first_N, 1)


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

    def render(self, layout: Layout, stock: Stock) -> Tensor:
        """Canvases (B, L, L), whole numbers 0..255 as float. stock: on the layout's device."""
        count, device = len(layout.digit), stock.whole.device
        canvas_P = torch.zeros(count * self.canvas**2, device=device)
        on_canvas_B1 = torch.arange(count, device=device)[:, None]
        spot_Q = squares(on_canvas_B1, layout.spot, self.clutter_size, self.canvas)
        self.overlay.lay(canvas_P, spot_Q, self._pieces(layout, stock.whole).to(canvas_P.dtype))
        digit_R = layout.digit.flatten()
        ink_Q = stock.ink.index_select(0, digit_R).flatten()  # ten times as fast as indexing
        corner_BK2 = stock.corner.index_select(0, digit_R).view_as(layout.place)
        place_Q = squares(on_canvas_B1, layout.place + corner_BK2, stock.ink.shape[-1], self.canvas)
        self.overlay.lay(canvas_P, place_Q, ink_Q.to(canvas_P.dtype))
        self.overlay.clip(canvas_P)
        return canvas_P.view(count, self.canvas, self.canvas)

    def _pieces(self, layout: Layout, whole_NSS: Tensor) -> Tensor:
        """(B * P * C * C,) the pixels of all clutter, row by row: whole rows are copied faster than pixels."""
        first_BP = first_pixels(layout.piece, layout.cut, self.size)
        row_C = square(self.clutter_size, self.size, whole_NSS.device)[:, 0]
        rows_RC = whole_NSS.flatten().unfold(0, self.clutter_size, 1)
        return rows_RC.index_select(0, (first_BP[..., None] + row_C).flatten()).flatten()

    def boxes(self, layout: Layout) -> Tensor:
        """The squares the digits were put in, (B, K, 4), float, (x0, y0, x1, y1), half open."""
        return torch.cat([layout.place, layout.place + self.size], dim=-1).float()


def squares(image_BN: Tensor, corner_BN2: Tensor, size: int, side: int) -> Tensor:
    """(B * N * size * size,) the places of squares among the pixels of all images, `side` x `side` each, in a row."""
    first_BN = first_pixels(image_BN, corner_BN2, side)
    return (first_BN[..., None, None] + square(size, side, corner_BN2.device)).flatten()


def first_pixels(image_BN: Tensor, corner_BN2: Tensor, side: int) -> Tensor:
    """(B, N) the places of squares' upper left corners."""
    x_BN, y_BN = corner_BN2.unbind(-1)
    return torch.add(torch.add(x_BN, y_BN, alpha=side), image_BN, alpha=side * side)


@lru_cache
def square(size: int, side: int, device: torch.device) -> Tensor:
    """(size, size) the places of one square, in the upper left corner of an image of this side. Made once: on a GPU it
    is starting kernels that takes time, however small they are.
    """
    step = torch.arange(size, device=device)
    return step[:, None] * side + step
