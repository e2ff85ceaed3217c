"""Metrics by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics.localisation import localisation
from benchmark.metrics.sequence import sequence_correct
from datamodules.contract import IGNORED

NAN = float("nan")


def judged(fixations, boxes):
    found = localisation(torch.tensor(fixations, dtype=torch.float32), torch.tensor(boxes, dtype=torch.float32))
    return {name: value.tolist() for name, value in found._asdict().items()}


def test_localisation_by_hand():
    boxes = [[[0, 0, 10, 10], [20, 20, 30, 30]]]
    found = judged([[[5, 9], [15, 15], [25, 25], [26, 20]]], boxes)
    assert found == {"hit_rate": [0.75], "first_distance": [4.0], "coverage": [1.0], "all_covered": [1.0]}
    found = judged([[[15, 13], [5, 5]]], boxes)
    assert found["hit_rate"] == [0.5] and found["coverage"] == [0.5] and found["all_covered"] == [0.0]
    assert found["first_distance"] == pytest.approx([math.hypot(10, 8)])


def test_a_box_is_half_open():
    boxes = [[[0, 0, 10, 10]]] * 4
    found = judged([[[0, 0]], [[10, 5]], [[5, 10]], [[9.99, 9.99]]], boxes)
    assert found["hit_rate"] == [1, 0, 0, 1]


def test_boxes_that_do_not_exist_are_not_missed():
    boxes = [[[0, 0, 10, 10], [NAN] * 4], [[NAN] * 4, [NAN] * 4]]
    found = judged([[[5, 5], [50, 50]], [[5, 5], [6, 6]]], boxes)
    assert found["hit_rate"][0] == 0.5 and found["coverage"][0] == 1 and found["all_covered"][0] == 1
    assert found["first_distance"][0] == 0
    assert all(math.isnan(values[1]) for values in found.values())


def test_who_looks_nowhere_is_not_judged():
    found = judged([[[NAN, NAN], [NAN, NAN]]], [[[0, 0, 10, 10]]])
    assert all(math.isnan(values[0]) for values in found.values())


def test_data_without_boxes_are_not_judged():
    found = localisation(torch.zeros(2, 3, 2), torch.zeros(2, 0, 4))
    assert all(value.isnan().all() and value.shape == (2,) for value in found)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6))
def test_localisation_against_a_slow_reading(glimpses, count, seed):
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(2, count, 2, generator=generator) * 10
    boxes = torch.cat([low, low + 5], -1)
    points = torch.rand(2, glimpses, 2, generator=generator) * 16
    found = localisation(points, boxes)
    for b in range(2):
        hits = [[all(low[b, n, d] <= points[b, g, d] < low[b, n, d] + 5 for d in (0, 1)) for n in range(count)]
                for g in range(glimpses)]  # fmt: skip
        assert found.hit_rate[b].item() == pytest.approx(sum(map(any, hits)) / glimpses)
        assert found.coverage[b].item() == pytest.approx(sum(map(any, zip(*hits, strict=True))) / count)
        nearest = min(math.dist(points[b, 0].tolist(), (low[b, n] + 2.5).tolist()) for n in range(count))
        assert found.first_distance[b].item() == pytest.approx(nearest, rel=1e-4)


def test_a_sequence_is_right_as_a_whole():
    target = torch.tensor([[1, 2, 3], [1, 2, IGNORED], [1, 2, IGNORED], [1, IGNORED, IGNORED], [1, 2, IGNORED]])
    symbol = torch.tensor([[1, 2, 3], [1, 2, 9], [1, IGNORED, IGNORED], [2, IGNORED, IGNORED], [1, 2, IGNORED]])
    assert sequence_correct(symbol, target).tolist() == [True, True, False, False, True]
