"""What a map's drawn cell is refined by: how the cells around it weigh in the mean place that is looked at.

Axes: R rows, C channels, h rows and w columns of cells, N = h * w, g side of a window, 3: a weight, and that times x
and y.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pad

FAINT = -60.0
"""Cells whose log-probability is lower than the highest by more than this weigh alike."""


class DrawnMap(NamedTuple):
    """What the places around a drawn cell may depend on.

    log_RN: log-probabilities of the cells. inside_RN: which have their centre inside the image. place_RN2: pixels
    (x, y) of their centres. window: gives (R, C, g, g), the window that they divide. corner_R2: pixel of its upper left
    corner. width: pixels of the image on its side. background: value of an empty pixel.
    """

    log_RN: Tensor
    inside_RN: Tensor
    place_RN2: Tensor
    window: Callable[[], Tensor]
    corner_R2: Tensor
    width: int
    background: float


class CellWeights(ABC):
    """Weights of cells in the mean place of a drawn cell and its neighbours.

    least: what the drawn cell's own centre weighs besides, so that there is a mean where nothing else weighs.
    """

    least: float

    @abstractmethod
    def moments(self, drawn: DrawnMap, grid: tuple[int, int]) -> Tensor:
        """(R, 3, N) of each cell its weight, and the sums over it of weight times x and times y. grid: (h, w)."""

    @abstractmethod
    def settled(self, drawn: DrawnMap, place_RN2: Tensor) -> Tensor:
        """(R, N, 2) the pixel that a draw of each cell looks at, given the mean place around it."""


@final
class ScoreWeights(CellWeights):
    """softmax(e) over the cells: where the policy itself would rather look. Learned, and the same for any image.

    As a policy becomes sure of one cell, its place comes near that cell's centre: aim is no finer than the cells then.
    """

    least = torch.finfo(torch.float32).tiny

    def moments(self, drawn: DrawnMap, grid: tuple[int, int]) -> Tensor:
        relative_RN = drawn.log_RN - drawn.log_RN.amax(-1, keepdim=True)
        weight_RN1 = (relative_RN.clamp(min=FAINT).exp() * drawn.inside_RN)[..., None]
        return torch.cat([weight_RN1, weight_RN1 * drawn.place_RN2], -1).transpose(1, 2)

    def settled(self, drawn: DrawnMap, place_RN2: Tensor) -> Tensor:
        return place_RN2


@final
class InkWeights(CellWeights):
    """|x - background| of the pixels of the window in the cells around: the place is the centre of what is drawn there.

    For digits and other figures on an empty ground. In a photograph no pixel is empty, and the place is near the drawn
    cell's centre whatever it shows. It aims as finely as the window's pixels allow, from the first image on; nothing is
    learned, and nothing is seen that the policy does not see.
    """

    least = 1e-4

    def moments(self, drawn: DrawnMap, grid: tuple[int, int]) -> Tensor:
        return in_pixels(drawn, adaptive_avg_pool2d(ink_moments(drawn), grid).flatten(2))

    def settled(self, drawn: DrawnMap, place_RN2: Tensor) -> Tensor:
        return place_RN2


def ink_moments(drawn: DrawnMap) -> Tensor:
    """(R, 3, g, g) the ink of each pixel of the window, and that times its place (x, y) as shares of the window."""
    ink_Rgg = (drawn.window().detach() - drawn.background).abs().mean(1)
    rows, columns = ink_Rgg.shape[-2:]
    y_g1 = (torch.arange(rows, device=ink_Rgg.device) + 0.5)[:, None] / rows
    x_g = (torch.arange(columns, device=ink_Rgg.device) + 0.5) / columns
    return torch.stack([ink_Rgg, ink_Rgg * x_g, ink_Rgg * y_g1], 1)


def in_pixels(drawn: DrawnMap, moments_R3N: Tensor) -> Tensor:
    """(R, 3, N) moments whose places are pixels of the image, from those by `ink_moments`."""
    ink_R1N, at_R2N = moments_R3N.split([1, 2], 1)
    return torch.cat([ink_R1N, drawn.corner_R2[..., None] * ink_R1N + drawn.width * at_R2N], 1)


def mean_place(sum_RN3: Tensor, place_RN2: Tensor, least: float) -> Tensor:
    """(R, N, 2) the mean of sums of weight, weight times x and times y, where `place_RN2` weighs `least` besides."""
    return (sum_RN3[..., 1:] + least * place_RN2) / (sum_RN3[..., :1] + least)


def box_sum(value_RChw: Tensor, around: int) -> Tensor:
    """The sums over the squares of so many neighbours on each side; zeros beyond the border. By shifted additions, as
    pooling over few channels is slow on a CPU.
    """
    rows, columns = value_RChw.shape[-2:]
    padded = pad(value_RChw, [around] * 4)
    across = sum_of([padded[..., shift : shift + columns] for shift in range(2 * around + 1)])
    return sum_of([across[..., shift : shift + rows, :] for shift in range(2 * around + 1)])


def sum_of(parts: Sequence[Tensor]) -> Tensor:
    return reduce(torch.add, parts)
