"""Maps of attention, judged by hand."""

import math

import pytest
import torch

from benchmark.metrics.where.maps import CELLS, inside, map_scores

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


def test_a_box_apart_along_both_axes_is_not_overlapped_and_the_best_one_counts_alone():
    assert judged([window(0, 0, 8, 8)], [[12, 12, 20, 20]])["iou"] == 0
    assert judged([window(4, 0, 12, 8)], [[0, 0, 8, 8], [6, 0, 14, 8]])["iou"] == pytest.approx(48 / 80)


def test_a_pixel_is_attended_from_half_of_its_own_map_s_peak_on():
    faint = 0.1 * (window(0, 0, 4, 8) + 0.5 * window(4, 0, 8, 8) + 0.49 * window(8, 0, 12, 8))
    assert judged([faint, window(0, 0, 4, 8)], [[0, 0, 8, 8]])["iou"] == 1


def test_a_pixel_lies_where_its_centre_lies():
    pixel = window(8, 8, 9, 9)  # its centre is at 8.5
    for x0, x1, hit in ((8.4, 20, 1), (8.6, 20, 0), (0, 8.6, 1), (0, 8.5, 0)):
        for box in ([x0, 0, x1, 28], [0, x0, 28, x1]):
            found = judged([pixel], [box])
            assert (found["pointing"], found["mass"]) == (hit, hit)


def test_what_is_seen_far_off_does_not_move_the_middle_of_a_plateau():
    assert judged([window(0, 9, 10, 19), window(14, 12, 18, 16)], [[3, 12, 7, 16]])["pointing"] == 1


@pytest.mark.parametrize(("box", "hit"), [([9, 9, 13, 13], 1), ([0, 0, 6, 6], 0)])
def test_a_flat_peak_points_at_its_middle(box, hit):
    assert judged([window(4, 4, 18, 18)], [box])["pointing"] == hit


def test_entropy_and_change_between_extremes():
    cell = SIDE // CELLS
    corner, other = window(0, 0, cell, cell), window(cell, 0, 2 * cell, cell)
    found = judged([corner, corner, other], [[0, 0, 4, 4]])
    assert found["entropy"] == pytest.approx(0, abs=1e-6)
    assert found["change"] == pytest.approx(0.5)  # of two steps one went elsewhere
    assert judged([corner, other, other], [[0, 0, 4, 4]])["change"] == pytest.approx(0.5)  # from one to the next
    half = window(0, 0, SIDE, SIDE // 2)
    most = math.log(CELLS**2 / 2) / math.log(CELLS**2)
    assert judged([half], [[0, 0, 4, 4]])["entropy"] == pytest.approx(most)
    assert judged([half, half, corner], [[0, 0, 4, 4]])["entropy"] == pytest.approx(most * 2 / 3)


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


def test_a_pixel_is_inside_by_its_centre_and_boxes_are_half_open():
    boxes = torch.tensor([[[0.5, 1.5, 2.5, 3.5], [math.nan] * 4]])
    assert inside(boxes, torch.zeros(1, 4, 4))[0].nonzero().tolist() == [[y, x] for y in (1, 2) for x in (0, 1)]
