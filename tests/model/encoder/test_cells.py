"""Where cells look: the middle of what a feature depends on, by its gradient; and maps of their weights."""

from functools import partial

import pytest
import torch
from torch.nn.functional import interpolate

from benchmark.model.attention.grid import CellGrid, between, edges
from benchmark.model.encoder.cells import EvenCells, ResizedCells, StridedCells
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.deep_cnn import Local, NoNormaliser, PooledConv, Rectifier
from benchmark.model.encoder.residual import ResidualMap
from benchmark.model.encoder.torchvision import Torchvision
from benchmark.model.encoder.tuning.base import Tuned
from benchmark.model.encoder.tuning.frozen import FrozenEncoder
from benchmark.model.encoder.wrappers import MeanCell, Resized

POOLED = partial(
    PooledConv, layers=[(3, 5, 2, 2), (3, 3, 2, 2)], first=Rectifier(), normalise=NoNormaliser(), dropout=0.0
)
PLAIN = partial(Conv, layers=[(3, 5, 2), (3, 3, 2), (3, 3, 1)], pad=True)


def seen(encoder, shape):
    """(height, width) limits of the pixels that the cell in the middle of the map depends on."""
    torch.manual_seed(0)
    image = torch.randn(
        200 if shape[0] == 1 else 16, *shape, requires_grad=True
    )  # many, as pooling passes on maxima alone
    cell = tuple(length // 2 for length in encoder.shape[1:])
    encoder.eval()(image)[:, :, cell[0], cell[1]].sum().backward()
    used = image.grad.abs().sum((0, 1)) > 0
    return cell, [(line.nonzero().min().item(), line.nonzero().max().item() + 1) for line in (used.any(1), used.any(0))]


@pytest.mark.parametrize(("make", "shape"), [
    (PLAIN, (1, 40, 52)),
    (partial(Conv, layers=[(3, 4, 2), (3, 3, 3)], pad=False), (1, 40, 52)),
    (partial(ResidualMap, widths=[3, 4], stride=2), (1, 48, 64)),
    (POOLED, (1, 40, 52)),
    (partial(Local, body=POOLED, channels=3, kernel=3, dropout=0.0), (1, 48, 52)),
    (partial(Tuned, body=PLAIN, tuning=FrozenEncoder()), (1, 40, 52)),
    (partial(Torchvision, architecture="resnet18", layer="layer2", weights="none", seen=[]), (3, 128, 160)),
    (partial(Torchvision, architecture="vgg11", layer="features.10", weights="none", seen=[]), (3, 96, 96)),
    (partial(Torchvision, architecture="googlenet", layer="maxpool2", weights="none", seen=[]), (3, 96, 96)),
])  # fmt: skip
def test_a_cell_looks_at_the_middle_of_what_it_depends_on(make, shape):
    if getattr(make, "func", None) is Torchvision:
        pytest.importorskip("torchvision")
    torch.manual_seed(0)
    encoder = make(shape)
    cell, limits = seen(encoder, shape)
    for place, cells, side, (low, high) in zip(cell, encoder.shape[1:], shape[1:], limits, strict=True):
        assert low > 0 and high < side  # nothing of it is cut off
        assert encoder.cells(cells, side)[place].item() == pytest.approx((low + high) / 2, abs=0.51)


def test_cells_of_a_known_map_by_hand():
    assert PLAIN((1, 20, 20)).cells(5, 20).tolist() == [0.5, 4.5, 8.5, 12.5, 16.5]
    assert EvenCells()(5, 20).tolist() == [2, 6, 10, 14, 18]
    assert StridedCells(-3.0, 8.0)(4, 20).tolist() == [0, 5, 13, 20]
    assert ResizedCells(StridedCells(0.5, 4.0), 8)(2, 16).tolist() == [1.0, 9.0]
    resized = Resized((1, 16, 32), PLAIN, 8)
    assert resized.cells(2, 16).tolist() == [1.0, 9.0] and resized.cells(2, 32).tolist() == [2.0, 18.0]
    assert MeanCell((1, 20, 20), PLAIN).cells(1, 20).tolist() == [10.0]


def test_a_map_of_even_cells_is_an_interpolated_grid():
    encoder = PLAIN((1, 20, 28))
    encoder.cells = EvenCells()
    weights = torch.rand(3, 5 * 7)
    expected = interpolate(weights.view(3, 1, 5, 7), size=(20, 28), mode="bilinear", align_corners=False)[:, 0]
    found = CellGrid(encoder, (20, 28)).map(weights, (20, 28))
    torch.testing.assert_close(found, expected / expected.amax((1, 2), keepdim=True))


def test_a_map_peaks_where_its_cell_looks_at_any_size():
    grid = CellGrid(PLAIN((1, 20, 20)), (20, 20))
    for cell in range(25):
        x, y = grid.centre(torch.tensor([cell]))[0].tolist()
        weights = torch.nn.functional.one_hot(torch.tensor([cell]), 25).float()
        assert grid.map(weights, (20, 20))[0, int(y), int(x)] == 1
        assert grid.map(weights, (40, 40))[0, int(2 * y), int(2 * x)] > 0.8
    torch.testing.assert_close(between(torch.tensor([0.5, 4.5]), 6)[:, 1], torch.tensor([0, 0.25, 0.5, 0.75, 1, 1]))
    assert between(torch.tensor([3.0]), 4).tolist() == [[1.0]] * 4


def test_a_cell_ends_half_way_to_the_next():
    assert edges(PLAIN((1, 20, 20)).cells(5, 20), 20).tolist() == [0, 2.5, 6.5, 10.5, 14.5, 20]
    assert edges(EvenCells()(5, 20), 20).tolist() == [0, 4, 8, 12, 16, 20]
    assert edges(torch.tensor([10.0]), 20).tolist() == [0, 20]
