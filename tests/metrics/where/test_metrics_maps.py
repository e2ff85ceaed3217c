"""Maps of attention, judged by hand."""

import math

import pytest
import torch

from benchmark.metrics.where.maps import CELLS, map_scores

SIDE = 28


def window(x0, y0, x1, y1):
    map_HW = torch.zeros(SIDE, SIDE)
    map_HW[y0:y1, x0:x1] = 1
    return map_HW


def judged(maps_GHW, boxes, said=None):
    """Of one image whose looks have these maps, one a symbol."""
    where = torch.arange(len(maps_GHW), dtype=torch.float32)[None, :, None, None]
    said_BT = torch.ones(1, len(maps_GHW), dtype=torch.bool) if said is None else torch.tensor([said])
    stack = torch.stack(maps_GHW)
    found = map_scores(
        lambda place: stack[place[:, 0].long()], where, said_BT, torch.tensor([boxes], dtype=torch.float32)
    )
    return {name: value.item() for name, value in found._asdict().items()}


def test_the_box_around_all_that_was_seen():
    found = judged([window(0, 0, 8, 8), window(8, 0, 16, 8)], [[4, 0, 20, 8]])
    assert found["iou"] == pytest.approx((12 * 8) / (20 * 8))
    assert found["mass"] == pytest.approx(0.75)
    assert judged([window(4, 0, 20, 8)], [[4, 0, 20, 8]])["iou"] == 1


def test_the_box_that_is_overlapped_best_counts():
    found = judged([window(4, 0, 20, 8)], [[20, 20, 28, 28], [4, 0, 20, 8], [math.nan] * 4])
    assert found["iou"] == 1 and found["pointing"] == 1 and found["mass"] == 1


@pytest.mark.parametrize(("box", "hit"), [([9, 9, 13, 13], 1), ([0, 0, 6, 6], 0)])
def test_a_flat_peak_points_at_its_middle(box, hit):
    assert judged([window(4, 4, 18, 18)], [box])["pointing"] == hit


def test_entropy_and_change_between_extremes():
    cell = SIDE // CELLS
    corner, other = window(0, 0, cell, cell), window(cell, 0, 2 * cell, cell)
    found = judged([corner, corner, other], [[0, 0, 4, 4]])
    assert found["entropy"] == pytest.approx(0, abs=1e-6)
    assert found["change"] == pytest.approx(0.5)  # of two steps one went elsewhere
    half = judged([window(0, 0, SIDE, SIDE // 2)], [[0, 0, 4, 4]])
    assert half["entropy"] == pytest.approx(math.log(CELLS**2 / 2) / math.log(CELLS**2))


def test_looks_after_the_end_count_for_nothing():
    first, last = window(0, 0, 8, 8), window(20, 20, 28, 28)
    found = judged([first, first, last], [[0, 0, 8, 8]], said=[True, True, False])
    assert found == pytest.approx(judged([first, first], [[0, 0, 8, 8]]))
    assert found["change"] == 0 and found["iou"] == 1


def test_who_sees_all_alike_or_has_no_box_is_not_judged():
    assert all(math.isnan(value) for value in judged([torch.ones(SIDE, SIDE)], [[0, 0, 8, 8]]).values())
    found = judged([window(0, 0, 8, 8)] * 2, [[math.nan] * 4])
    assert all(math.isnan(found[name]) for name in ("pointing", "iou", "mass")) and found["change"] == 0


def test_a_single_look_does_not_change():
    assert math.isnan(judged([window(0, 0, 8, 8)], [[0, 0, 8, 8]])["change"])
