"""Positions of the digits on a canvas.

Axes: B canvases, K digits of a canvas, C candidate arrangements; a position is (x, y) of a digit's upper left pixel.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Generator, Tensor

from datamodules.contract import DataFault
from datamodules.ranges import Positive, Share

CANDIDATES = 32
"""Two 28-pixel digits on 100 pixels intersect in 37.4 % of all draws, so all 32 candidates fail once in 10^13."""


def draw_below(high: int, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform integers 0..high-1, on the generator's device."""
    return torch.randint(high, shape, generator=generator, device=generator.device)


def draw_distinct(count: int, each: int, stock: int, generator: Generator) -> Tensor:
    """(count, each): `count` samples of `each` integers below `stock`, without replacement within a sample.

    The k-th is drawn from 0..stock-k-1, then incremented past the earlier ones in ascending order.
    """
    drawn = [draw_below(stock, (count,), generator)]
    for taken in range(1, each):
        next_B = draw_below(stock - taken, (count,), generator)
        for earlier_B in torch.stack(drawn).sort(dim=0).values:
            next_B = next_B + (next_B >= earlier_B)
        drawn.append(next_B)
    return torch.stack(drawn, 1)


def deal(count: int, each: int, stock: int, generator: Generator) -> Tensor:
    """(count, each): distinct integers below `stock` for each of `count` canvases, dealt from shuffled decks: all are
    used once before any is used again, so that the numbers of uses differ by one at most.

    Where a canvas starts at the end of a deck, the integers that it already has are moved to the end of the next deck.
    """
    decks: list[Tensor] = []
    dealt = 0
    while dealt < count * each:
        deck_N = torch.randperm(stock, generator=generator, device=generator.device)
        begun = dealt % each
        held_N = torch.isin(deck_N, decks[-1][stock - begun :]) if begun else torch.zeros_like(deck_N, dtype=torch.bool)
        decks.append(torch.cat([deck_N[~held_N], deck_N[held_N]]))
        dealt += stock
    return torch.cat(decks)[: count * each].view(count, each)


class Placement(ABC):
    """Samples positions of K squares of side `size`, all inside a canvas of side `canvas`.

    in_training: the placement of the training stream; itself, unless one trains on other canvases than it tests.
    """

    def __init__(self) -> None:
        self.in_training: Placement = self

    @abstractmethod
    def check(self, digits: int, size: int, canvas: int) -> None:
        """Raise DataFault where no arrangement exists. A single digit is known to fit."""

    @abstractmethod
    def draw(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        """(B, K, 2) long positions, each coordinate in 0..canvas-size."""


@final
class Anywhere(Placement):
    """Uniform and independent; digits may overlap, as in DeepMind's mnist-cluttered."""

    def check(self, digits: int, size: int, canvas: int) -> None:
        pass

    def draw(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        return draw_below(canvas - size + 1, (count, digits, 2), generator)


@final
class Apart(Placement):
    """Uniform over the arrangements whose squares do not intersect.

    CANDIDATES independent arrangements are drawn and the first valid one is taken: rejection sampling with bounded work
    and without device synchronisation. Where all fail, the digits go to random positions in different cells of a grid,
    which always exists but is not uniform.
    """

    def check(self, digits: int, size: int, canvas: int) -> None:
        room = (canvas // size) ** 2
        if digits > room:
            raise DataFault(
                f"{digits} digits of {size} x {size} pixels cannot lie apart on a canvas of {canvas} x {canvas}: "
                f"there is room for {room}. Enlarge data.canvas, or let digits overlap: "
                "data.placement._target_=datamodules.digits.placement.Anywhere."
            )

    def draw(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        drawn_BCK2 = draw_below(canvas - size + 1, (count, CANDIDATES, digits, 2), generator)
        grid_BK2 = self._in_cells(count, digits, size, canvas, generator)
        place_BCK2 = torch.cat([drawn_BCK2, grid_BK2[:, None]], dim=1)
        one, other = torch.triu_indices(digits, digits, offset=1, device=generator.device).unbind(0)
        distance_BCQ = (place_BCK2[:, :, one] - place_BCK2[:, :, other]).abs().amax(-1)
        first_B = (distance_BCQ >= size).all(-1).int().argmax(1)  # argmax returns the first maximum
        return place_BCK2[torch.arange(count, device=generator.device), first_B]

    def _in_cells(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        cells = canvas // size
        pitch = canvas // cells
        cell_BK = draw_distinct(count, digits, cells**2, generator)
        corner_BK2 = torch.stack([cell_BK % cells, cell_BK // cells], dim=-1) * pitch
        return corner_BK2 + draw_below(pitch - size + 1, (count, digits, 2), generator)


@final
class SomeClose(Placement):
    """Of a share of the canvases all digits are near the first; the others, and of them uniformly, are `Anywhere`.

    share: of the canvases, in [0, 1]. within: at most so many digits' sides from the first on each axis, uniformly.
    """

    def __init__(self, share: Share, within: Positive):
        super().__init__()
        self.share, self.within = share, within

    def check(self, digits: int, size: int, canvas: int) -> None:
        pass

    def draw(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        place_BK2 = draw_below(canvas - size + 1, (count, digits, 2), generator)
        reach = int(self.within * size)
        low_B12 = (place_BK2[:, :1] - reach).clamp(min=0)
        high_B12 = (place_BK2[:, :1] + reach).clamp(max=canvas - size)
        far_BK2 = torch.rand(place_BK2.shape, generator=generator, device=generator.device)
        near_BK2 = low_B12 + (far_BK2 * (high_B12 - low_B12 + 1)).long()
        near_BK2[:, 0] = place_BK2[:, 0]
        close_B = torch.rand(count, generator=generator, device=generator.device) < self.share
        return torch.where(close_B[:, None, None], near_BK2, place_BK2)


@final
class CloseInTraining(Placement):
    """`Anywhere`, but the training stream draws by `SomeClose`: more of its digits overlap than in validation and test,
    whose canvases stay as they are.

    Ours, for MNIST pairs of 100 px, where the few images with much overlap are a large part of a trained reader's
    errors (docs/hard_attention.md). Labels are the same; no box is shown. share, within: see `SomeClose`.
    """

    def __init__(self, share: Share, within: Positive):
        super().__init__()
        self._anywhere, self.in_training = Anywhere(), SomeClose(share, within)

    def check(self, digits: int, size: int, canvas: int) -> None:
        self._anywhere.check(digits, size, canvas)

    def draw(self, count: int, digits: int, size: int, canvas: int, generator: Generator) -> Tensor:
        return self._anywhere.draw(count, digits, size, canvas, generator)
