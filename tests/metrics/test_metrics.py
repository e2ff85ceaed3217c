"""Metrics by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import no_boxes, no_references, task

from benchmark.common.errors import RunFault
from benchmark.metrics.base import numbers
from benchmark.metrics.sequence import WholeSequence, errors, lengths, reading, sequence_correct
from benchmark.metrics.where.entropy import attention_entropy
from benchmark.metrics.where.localisation import localisation
from benchmark.metrics.where.order import order
from benchmark.results.primary_metric import Headline
from datamodules.contract import IGNORED, Batch

NAN = float("nan")


def all_of(fixation):
    return torch.ones(fixation.shape[:-1], dtype=torch.bool)


def judged(fixations, boxes, taken=None):
    fixation = torch.tensor(fixations, dtype=torch.float32)
    counts = all_of(fixation) if taken is None else torch.tensor(taken)
    found = localisation(fixation[:, :, None], torch.tensor(boxes, dtype=torch.float32), counts)
    return {name: value.tolist() for name, value in found._asdict().items()}


def test_localisation_by_hand():
    boxes = [[[0, 0, 10, 10], [20, 20, 30, 30]]]
    found = judged([[[5, 9], [15, 15], [25, 25], [26, 20]]], boxes)
    assert found == {"hit_rate": [0.75], "first_distance": [4.0], "aim_distance": [2.0], "coverage": [1.0],
                     "all_covered": [1.0], "switches": [1.0]}  # fmt: skip
    found = judged([[[15, 13], [5, 5]]], boxes)
    assert found["hit_rate"] == [0.5] and found["coverage"] == [0.5] and found["all_covered"] == [0.0]
    assert found["first_distance"] == pytest.approx([math.hypot(10, 8)])
    assert found["aim_distance"] == pytest.approx([math.hypot(10, 12) / 2])


@pytest.mark.parametrize(
    ("looks", "count"),
    [
        ("abab", 3), ("aabb", 1), ("a-b-a", 2), ("--ab", 1), ("a--a", 0), ("----", 0), ("b", 0), ("abcba", 4),
    ],
)  # fmt: skip
def test_switches_between_boxes(looks, count):
    """a, b, c: a glimpse in the middle of that box; -: one outside of all."""
    middle = {"a": [5, 5], "b": [25, 25], "c": [45, 45], "-": [60, 60]}
    boxes = [[[0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50]]]
    assert judged([[middle[look] for look in looks]], boxes)["switches"] == [count]


def test_a_glimpse_in_two_boxes_is_in_the_nearer():
    boxes = [[[0, 0, 10, 10], [4, 0, 14, 10]]]
    assert judged([[[5, 5], [8, 5], [6, 5], [12, 5]]], boxes)["switches"] == [3.0]


def test_a_glimpse_outside_of_a_box_is_not_in_it_however_near_its_centre_is():
    wide, small = [0, 0, 40, 10], [40, 0, 44, 10]
    assert judged([[[20, 5], [39, 5]]], [[wide, small]])["switches"] == [0.0]


def test_the_glimpses_of_a_symbol_count_where_it_does():
    fixation = torch.tensor([[[[5.0, 5], [25, 5]], [[5, 6], [6, 5]]]])  # two before each of two symbols
    found = localisation(fixation, torch.tensor([[[0.0, 0, 10, 10]]]), torch.tensor([[True, False]]))
    assert found.hit_rate.tolist() == [0.5] and found.aim_distance.tolist() == [0.0]


def test_a_box_is_half_open():
    boxes = [[[0, 0, 10, 10]]] * 4
    found = judged([[[0, 0]], [[10, 5]], [[5, 10]], [[9.99, 9.99]]], boxes)
    assert found["hit_rate"] == [1, 0, 0, 1]


def test_boxes_that_do_not_exist_are_not_missed():
    boxes = [[[0, 0, 10, 10], [NAN] * 4], [[NAN] * 4, [NAN] * 4]]
    found = judged([[[5, 5], [50, 50]], [[5, 5], [6, 6]]], boxes)
    assert found["hit_rate"][0] == 0.5 and found["coverage"][0] == 1 and found["all_covered"][0] == 1
    assert found["first_distance"][0] == 0 and found["aim_distance"][0] == 0
    assert all(math.isnan(values[1]) for values in found.values())


def test_who_looks_nowhere_is_not_judged():
    found = judged([[[NAN, NAN], [NAN, NAN]]], [[[0, 0, 10, 10]]])
    assert all(math.isnan(values[0]) for values in found.values())


def test_glimpses_after_a_sequence_s_end_are_not_judged():
    boxes, taken = [[[0, 0, 10, 10], [20, 20, 30, 30]]], [[True, True, False, False]]
    alone = judged([[[5, 9], [15, 15]]], boxes)
    for after in ([25.0, 25.0], [5.0, 5.0], [90.0, 90.0], [NAN, NAN]):
        assert judged([[[5, 9], [15, 15], after, after]], boxes, taken) == alone
    assert all(math.isnan(value[0]) for value in judged([[[5, 9]]], boxes, [[False]]).values())


def test_data_without_boxes_are_not_judged():
    found = localisation(torch.zeros(2, 3, 1, 2), torch.zeros(2, 0, 4), all_of(torch.zeros(2, 3, 2)))
    assert all(value.isnan().all() and value.shape == (2,) for value in found)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6))
def test_localisation_against_a_slow_reading(glimpses, count, seed):
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(2, count, 2, generator=generator) * 10
    boxes = torch.cat([low, low + 5], -1)
    points = torch.rand(2, glimpses, 2, generator=generator) * 16
    found = localisation(points[:, :, None], boxes, all_of(points))
    for b in range(2):
        hits = [[all(low[b, n, d] <= points[b, g, d] < low[b, n, d] + 5 for d in (0, 1)) for n in range(count)]
                for g in range(glimpses)]  # fmt: skip
        assert found.hit_rate[b].item() == pytest.approx(sum(map(any, hits)) / glimpses)
        assert found.coverage[b].item() == pytest.approx(sum(map(any, zip(*hits, strict=True))) / count)
        nearest = min(math.dist(points[b, 0].tolist(), (low[b, n] + 2.5).tolist()) for n in range(count))
        assert found.first_distance[b].item() == pytest.approx(nearest, rel=1e-4)
        aims = [min(math.dist(point, (low[b, n] + 2.5).tolist()) for point in points[b].tolist()) for n in range(count)]
        assert found.aim_distance[b].item() == pytest.approx(sum(aims) / count, rel=1e-4)
        held = [min((math.dist(point, (low[b, n] + 2.5).tolist()), n) for n in range(count) if hit[n])[1]
                for point, hit in zip(points[b].tolist(), hits, strict=True) if any(hit)]  # fmt: skip
        assert found.switches[b].item() == sum(one != other for one, other in pairwise(held))


def test_a_sequence_is_right_as_a_whole():
    target = torch.tensor([[1, 2, 3], [1, 2, IGNORED], [1, 2, IGNORED], [1, IGNORED, IGNORED], [1, 2, IGNORED]])
    symbol = torch.tensor([[1, 2, 3], [1, 2, 9], [1, IGNORED, IGNORED], [2, IGNORED, IGNORED], [1, 2, IGNORED]])
    assert sequence_correct(symbol, target).tolist() == [True, True, False, False, True]


END = 9
I = IGNORED  # noqa: E741


@pytest.mark.parametrize(
    "end, symbols, expected",
    [(END, [1, 2, END], 2), (END, [END, 1, 2], 0), (END, [1, 2, 3], 3), (END, [1, I, I], 1), (None, [1, 9, 3], 3)],
)
def test_a_length_is_what_comes_before_the_end(end, symbols, expected):
    assert lengths(torch.tensor([symbols]), end).tolist() == [expected]


TRUTH = [[1, 2, END, I], [3, END, I, I], [4, 5, 6, END], [7, 8, END, I]]
READ = [[1, 2, END, I], [3, 3, END, I], [4, END, I, I], [8, 7, END, I]]
"""Right; one too many; two too few; as long as it should be, and both wrong."""


def test_a_reading_by_hand():
    found = reading(torch.tensor(READ), torch.tensor(TRUTH), END)
    assert found.length.tolist() == [2, 1, 3, 2]
    assert found.length_wrong.tolist() == [False, True, True, False]
    assert found.digits_wrong.tolist() == [0, 0, 2, 2]


def test_errors_of_a_split_by_hand():
    symbol, target = torch.tensor(READ), torch.tensor(TRUTH)
    read = {name: value.numpy() for name, value in reading(symbol, target, END)._asdict().items()}
    found = errors(sequence_correct(symbol, target).numpy(), read)
    assert found == {
        "error": 0.75, "digit_error": 4 / 8, "length_error": 0.5,
        "by_length": {"1": {"images": 1, "error": 1.0}, "2": {"images": 2, "error": 0.5},
                      "3": {"images": 1, "error": 1.0}},
    }  # fmt: skip


NUMBER = st.lists(st.integers(0, 8), max_size=5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=1))
def test_errors_against_a_slow_reading(pairs):
    def written(digits):
        return [*digits, END, *[I] * (5 - len(digits))]

    truth, said = (torch.tensor([written(pair[side]) for pair in pairs]) for side in (0, 1))
    read = {name: value.numpy() for name, value in reading(said, truth, END)._asdict().items()}
    found = errors(sequence_correct(said, truth).numpy(), read)
    digits = sum(len(a) for a, _ in pairs)
    wrong = sum(not (place < len(b) and b[place] == digit) for a, b in pairs for place, digit in enumerate(a))
    assert found["error"] == pytest.approx(sum(a != b for a, b in pairs) / len(pairs))
    assert found["digit_error"] == pytest.approx(wrong / max(1, digits))
    assert found["length_error"] == pytest.approx(sum(len(a) != len(b) for a, b in pairs) / len(pairs))
    assert sum(entry["images"] for entry in found["by_length"].values()) == len(pairs)


def ordered(fixations, boxes, emitted=None):
    fixation = torch.tensor(fixations, dtype=torch.float32)
    counts = torch.ones(fixation.shape[:2], dtype=torch.bool) if emitted is None else torch.tensor(emitted)
    found = order(fixation, torch.tensor(boxes, dtype=torch.float32), counts)
    return found.on_its_digit.tolist(), found.in_order.tolist()


ROW = [[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10]]


def test_looks_in_turn_by_hand():
    along = [[[5, 5], [9, 9]], [[15, 5], [5, 5]], [[25, 5], [29, 9]], [[0, 0], [0, 0]]]
    # Of the second digit's two looks one fell on the first digit; for the end there is no box.
    assert ordered([along], [ROW]) == ([pytest.approx(5 / 6)], [1.0])
    assert ordered([along[2::-1]], [ROW]) == ([pytest.approx(1 / 6)], [0.0])
    still = [[[15, 5], [15, 5]]] * 3
    assert ordered([still], [ROW]) == ([pytest.approx(1 / 3)], [0.0])


def test_a_digit_s_box_is_half_open_and_its_glimpses_count_by_their_mean():
    assert ordered([[[[10, 5]], [[19, 10]], [[20, 0]]]], [ROW])[0] == [pytest.approx(1 / 3)]
    assert ordered([[[[5, 5], [5, 5]], [[0, 5], [20, 5]]]], [ROW])[1] == [1.0]


def test_a_box_that_is_missing_in_the_middle_has_no_step_to_it_nor_from_it():
    on, turns = ordered([[[[5, 5]], [[15, 5]], [[25, 5]], [[35, 5]]]], [[ROW[0], [NAN] * 4, ROW[2], [30, 0, 40, 10]]])
    assert on == [1.0] and turns == [1.0]


def test_steps_after_the_last_symbol_have_no_order():
    along, emitted = [[[5, 5]], [[15, 5]], [[0, 50]]], [[True, True, False]]
    assert ordered([along], [ROW], emitted) == ([1.0], [1.0])
    assert ordered([[*along[:2], [[NAN, NAN]]]], [ROW], emitted) == ([1.0], [1.0])


def test_an_order_is_of_the_boxes_however_they_lie():
    down = [[0, 0, 10, 10], [0, 10, 10, 20], [0, 20, 10, 30]]
    assert ordered([[[[5, 1]], [[50, 2]], [[-50, 3]]]], [down])[1] == [1.0]
    assert ordered([[[[5, 1]], [[50, 2]], [[-50, 1]]]], [down])[1] == [0.5]


def test_what_has_no_partner_is_not_judged():
    one, none = [ROW[0], [NAN] * 4, [NAN] * 4], [[NAN] * 4] * 3
    looks = [[[5, 5]], [[50, 50]]]
    on, turns = ordered([looks, looks], [one, none])
    assert on[0] == 1.0 and all(math.isnan(value) for value in (on[1], *turns))
    on, turns = ordered([looks[:1]], [ROW])  # one symbol for three objects
    assert math.isnan(on[0]) and math.isnan(turns[0])
    on, turns = ordered([[[[NAN, NAN]], [[NAN, NAN]]]], [ROW])
    assert math.isnan(on[0]) and math.isnan(turns[0])
    found = order(torch.zeros(2, 3, 2, 2), torch.zeros(2, 0, 4), torch.ones(2, 3, dtype=torch.bool))
    assert all(value.isnan().all() and value.shape == (2,) for value in found)


def test_the_measure_of_sequences_by_hand():
    spec = task(2, symbols=10, steps=4, end=END)
    measure = WholeSequence(spec, no_references)
    symbol, target = torch.tensor(READ), torch.tensor(TRUTH)
    batch = Batch(torch.zeros(4, 1, 2, 2), target, no_boxes(4), torch.arange(4))
    parts = {name: part.numpy() for name, part in measure.parts(symbol, torch.zeros(4, 4, 10), batch).items()}
    judged = measure.compute("test", {"index": np.arange(4), **parts})
    assert judged.value_N.tolist() == [0, 1, 1, 1]
    assert judged.summary["error"] == judged.value_N.mean() == 0.75
    assert numbers(judged.summary) == {"error": 0.75, "digit_error": 0.5, "length_error": 0.5}


def test_a_headline_knows_its_direction_and_how_it_is_written():
    error = WholeSequence.headline
    assert error.monitor == "val/error" and error.written(0.0584) == "5.84 %" and error.written(None) == "not measured"
    assert error.is_better(0.1, 0.2) and error.is_better(0.9, error.worst) and not error.is_better(0.2, 0.2)
    score = error._replace(higher_is_better=True, percent=False)
    assert score.written(0.95123) == "0.9512" and score.is_better(-1.0, score.worst) and not score.is_better(0.1, 0.2)


def test_a_headline_goes_into_a_record_and_comes_back():
    assert Headline.of({"measure": WholeSequence.headline._asdict()}) == WholeSequence.headline
    with pytest.raises(RunFault, match="older version"):
        Headline.of({"test": {}})


def test_entropy_of_attention_by_hand():
    even, one, half = [0.25] * 4, [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]
    probs_BTMN = torch.tensor([[[even, one], [half, half]], [[half, one], [even, even]]])
    symbol_BT = torch.tensor([[3, 1], [3, IGNORED]])  # the second image's sequence ends after a symbol
    assert attention_entropy(probs_BTMN, symbol_BT).tolist() == pytest.approx(
        [(math.log(4) / 2 + math.log(2)) / 2, math.log(2) / 2]
    )
    assert attention_entropy(probs_BTMN, symbol_BT[:, :1])[0].item() == pytest.approx(math.log(4) / 2)
    assert attention_entropy(probs_BTMN[..., :0], symbol_BT).isnan().all()
