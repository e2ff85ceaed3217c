"""Whether what is named is looked at, judged by hand."""

import math

import pytest
import torch

from benchmark.metrics.where.named import mass_on_named, naming
from datamodules.captions.drawing import PLURALS, SHAPES
from datamodules.contract import IGNORED, TaskSpec

SYMBOLS = ("a", "dog", "boxes", "lights", "1", "end")
BOXES = ("dog 1", "dog 2", "box", "traffic light")
NONE = [math.nan] * 4


def spec(symbols=SYMBOLS, boxes=BOXES):
    return TaskSpec("t", "synthetic", (1, 8, 8), symbols, 4, len(symbols) - 1, 0.0, boxes)


def test_a_word_names_its_things_in_singular_and_plural_and_numbers_name_nothing():
    found = naming(spec())
    assert [[BOXES[n] for n in range(4) if row[n]] for row in found] == [
        [], ["dog 1", "dog 2"], ["box"], ["traffic light"], [], []
    ]  # fmt: skip
    assert not naming(spec(tuple("0123456789"), ("digit 1", "digit 2"))).any()
    assert naming(spec(boxes=())).shape == (6, 0)


def share(symbols, boxes, maps):
    """Of one image; a map is the columns it covers."""
    stack = torch.zeros(len(maps), 8, 8)
    for map_HW, (low, high) in zip(stack, maps, strict=True):
        map_HW[:, low:high] = 1
    where = torch.arange(len(maps), dtype=torch.float32).view(1, len(symbols), -1, 1)
    said = torch.tensor([[SYMBOLS.index(word) if word else IGNORED for word in symbols]])
    found = mass_on_named(lambda place: stack[place[:, 0].long()], where, said, torch.tensor([boxes]), naming(spec()))
    return found.item()


LEFT, RIGHT = [0.0, 0.0, 4.0, 8.0], [4.0, 0.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("symbols", "boxes", "maps", "expected"),
    [
        (["dog"], [LEFT, NONE, RIGHT, NONE], [(2, 6)], 0.5),
        (["boxes"], [LEFT, NONE, RIGHT, NONE], [(3, 8)], 0.8),
        (["dog"], [LEFT, RIGHT, NONE, NONE], [(1, 7)], 1.0),
        (["a", "dog", "a", "boxes"], [LEFT, NONE, RIGHT, NONE], [(0, 8), (0, 4), (0, 8), (0, 4)], 0.5),
        (["dog"], [LEFT, NONE, RIGHT, NONE], [(0, 4), (4, 8)], 0.5),  # two glimpses before a word
        (["dog", None], [LEFT, NONE, NONE, NONE], [(0, 4), (4, 8)], 1.0),
    ],
)
def test_share_of_the_map_in_the_boxes_of_what_is_named(symbols, boxes, maps, expected):
    assert share(symbols, boxes, maps) == pytest.approx(expected)


def test_after_the_end_nothing_is_named_whatever_the_first_symbol_is():
    stack = torch.stack([torch.zeros(8, 8).index_fill(1, torch.arange(low, low + 4), 1.0) for low in (0, 4)])
    where, said = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1), torch.tensor([[0, IGNORED]])
    names_VN = naming(spec(("dog", "a", "end"), ("dog",)))
    found = mass_on_named(lambda place: stack[place[:, 0].long()], where, said, torch.tensor([[LEFT]]), names_VN)
    assert found.tolist() == [1.0]


@pytest.mark.parametrize("symbols", [["a"], ["dog"], ["lights"]])
def test_it_cannot_be_told_where_nothing_is_named_that_is_there(symbols):
    assert math.isnan(share(symbols, [NONE, NONE, RIGHT, NONE], [(2, 6)]))


def test_who_looks_nowhere_in_particular_is_not_judged_for_it():
    assert math.isnan(share(["dog"], [LEFT, NONE, NONE, NONE], [(0, 8)]))
    assert share(["dog", "dog"], [LEFT, NONE, NONE, NONE], [(0, 8), (2, 6)]) == pytest.approx(0.5)


def test_the_words_of_drawn_scenes_name_their_shapes():
    words = tuple(form for shape in SHAPES for form in (shape, PLURALS[shape]))
    assert naming(spec(words, SHAPES)).float().tolist() == torch.eye(len(SHAPES)).repeat_interleave(2, 0).tolist()
