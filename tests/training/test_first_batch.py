"""What a data set gives is held against what its task says before the first step: one message, all that is wrong."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import task

from benchmark.training.callbacks.first_batch import (
    batch_faults,
    data_faults,
    first_batch_faults,
    reference_faults,
    refuse,
    spec_faults,
)
from datamodules.base import BaseData, FixedSplit, Splits
from datamodules.contract import IGNORED, Batch, DataFault

CPU = torch.device("cpu")
COLOURED = task(side=(4, 6), symbols=10, channels=3, steps=3, end=9, boxes=2)
SINGLE = task(side=4, symbols=10)
"""One label an image, nothing that ends a sequence, no boxes."""


def coloured(**other):
    target = torch.tensor([[1, 9, IGNORED], [2, 3, 9]])
    boxes = torch.tensor([[[0.0, 0, 2, 2], [1, 1, 3, 3]], [[0, 0, 1, 4], [torch.nan] * 4]])
    return Batch(torch.randn(2, 3, 4, 6), target, boxes, torch.arange(2))._replace(**other)


def single(**other):
    return Batch(torch.randn(2, 1, 4, 4), torch.tensor([[0], [9]]), torch.zeros(2, 0, 4), torch.arange(2))._replace(
        **other
    )


def of_single(split="test", **other):
    return batch_faults(split, single(**other), SINGLE, CPU)


def of_coloured(split="test", **other):
    return batch_faults(split, coloured(**other), COLOURED, CPU)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_batch_as_promised_has_no_fault(split):
    assert of_single(split) == of_coloured(split) == []


def test_to_train_on_a_batch_goes_as_far_as_its_longest_sequence_and_may_hold_an_image_twice():
    short = {"target": torch.tensor([[1, 9], [2, 9]]), "index": torch.zeros(2, dtype=torch.long)}
    assert of_coloured("train", **short) == []
    told = of_coloured("test", **short)
    assert "2 symbols per image; outside training it needs spec.max_steps, 3" in told[0] and "a value twice" in told[1]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"image": torch.zeros(2, 1, 4, 4, dtype=torch.uint8)}, "image is uint8, and has to be float32, normalised"),
        ({"image": torch.rand(2, 1, 4, 4) * 255}, "and has to be normalised: (image / 255 - mean) / std"),
        ({"image": torch.rand(2, 1, 4, 4).double()}, "image is float64, and has to be float32"),
        ({"image": torch.rand(2, 4, 4)}, r"(2, 4, 4), and has to have (B, 1, 4, 4). It lacks the channel axis"),
        ({"image": torch.rand(2, 3, 4, 4)}, r"(2, 3, 4, 4), and has to have (B, 1, 4, 4). spec.image_shape and"),
        ({"image": torch.full((2, 1, 4, 4), torch.inf)}, "32 pixels that are not finite, the first in image 0"),
        ({"image": np.zeros((2, 1, 4, 4))}, "image is a numpy.ndarray, and has to be a tensor (B, C, H, W)"),
        ({"target": torch.tensor([0, 9])}, "target has the shape (2,), and has to have (B, T), T at most 1. One label "
                                           "per image is a sequence of length 1: target[:, None]"),
        ({"target": torch.tensor([[1.0], [2.0]])}, "target is float32, and has to be int64"),
        ({"target": torch.tensor([[1], [2]]).int()}, "target is int32, and has to be int64"),
        ({"target": torch.tensor([[1], [10]])}, "1 to 10, and spec.symbols has the indices 0 to 9. Indices begin at 0"),
        ({"target": torch.tensor([[-1], [3]])}, "target goes from -1 to 3, and spec.symbols has the indices 0 to 9"),
        ({"target": torch.tensor([[IGNORED], [3]])}, "has no symbol at all for 1 images"),
        ({"target": torch.tensor([[1, 2], [3, 4]])}, "target has 2 symbols per image, and spec.max_steps is 1"),
        ({"boxes": None}, "boxes is None, and has to be a tensor (B, N, 4). Where no objects are known: image.new"),
        ({"boxes": torch.zeros(2, 4)}, "boxes has the shape (2, 4), and has to have (B, 0, 4)"),
        ({"boxes": torch.zeros(2, 1, 4)}, "boxes has the shape (2, 1, 4), and has to have (B, 0, 4)"),
        ({"index": None}, "index is None, and has to be a tensor (B,)"),
        ({"index": torch.tensor([0, 0])}, "index holds a value twice"),
        ({"index": torch.tensor([-1, 0])}, "index holds -1"),
        ({"index": torch.tensor([0.0, 1.0])}, "index is float32, and has to be int64"),
        ({"index": torch.arange(3)}, "has fields of different numbers of images: image 2, target 2, boxes 2, index 3"),
        ({"index": torch.arange(2, device="meta")}, "index is on meta, and was asked for on cpu"),
    ],
)  # fmt: skip
def test_what_comes_and_what_was_expected_are_told(other, told):
    found = of_single(**other)
    assert any(told in fault for fault in found), found


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"image": torch.randn(2, 4, 6, 3)}, "(2, 4, 6, 3), and has to have (B, 3, 4, 6). Its axes are rows, "
                                             "columns, channels: image.permute(0, 3, 1, 2)"),
        ({"image": torch.randn(2, 3, 6, 4)}, "Rows and columns are exchanged"),
        ({"target": torch.tensor([[1, IGNORED, IGNORED], [2, 3, 9]])}, "does not end with spec.end (9, 'j') for 1"),
        ({"target": torch.tensor([[1, 9, 2], [2, 3, 9]])}, "target goes on after spec.end (9, 'j') for 1 images"),
        ({"target": torch.tensor([[1, IGNORED, 9], [2, 3, 9]])}, "target goes on after -100 in 1 images"),
        ({"boxes": torch.tensor([[[4.0, 4, 2, 2], [1, 1, 3, 3]]]).repeat(2, 1, 1)}, "2 empty or inverted"),
        ({"boxes": torch.tensor([[[torch.nan, 0, 2, 2], [1, 1, 3, 3]]]).repeat(2, 1, 1)}, "NaN in part of 2 boxes"),
        ({"boxes": torch.ones(2, 2, 4).int()}, "boxes is int32, and has to be float32, in pixels"),
    ],
)  # fmt: skip
def test_sequences_boxes_and_colours(other, told):
    found = of_coloured(**other)
    assert any(told in fault for fault in found), found


def test_a_sequence_without_an_end_does_not_stop_early():
    spec = task(side=4, symbols=10, steps=2)
    told = batch_faults("test", single(target=torch.tensor([[0, 1], [2, IGNORED]])), spec, CPU)
    assert told == ["target ends early for 1 images (-100), and spec.end is None: without an end symbol every "
                    "sequence has spec.max_steps symbols"]  # fmt: skip


def test_a_plain_tuple_is_told_and_looked_into():
    told = batch_faults("train", (*single()[:2], None, torch.arange(2)), SINGLE, CPU)
    assert told[0] == "gives a plain tuple of 4, and has to give a Batch(image, target, boxes, index)"
    assert told[1].startswith("boxes is None")
    assert batch_faults("train", {"image": 0}, SINGLE, CPU) == [
        "gives a dict, and has to give a Batch(image, target, boxes, index)"
    ]
    (told,) = batch_faults("test", None, SINGLE, CPU)
    assert told.startswith("has no batch: no image, or fewer than one batch holds")
    assert "holds no image" in of_single(image=torch.zeros(0, 1, 4, 4), target=torch.zeros(0, 1).long(),
                                         boxes=torch.zeros(0, 0, 4), index=torch.zeros(0).long())  # fmt: skip


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"symbols": ()}, "spec.symbols is empty"),
        ({"symbols": "abc"}, "spec.symbols is 'abc', and has to be a tuple of words"),
        ({"symbols": ("a", "a", "b")}, "spec.symbols names 'a' more than once"),
        ({"symbols": (0, 1)}, "spec.symbols is (0, 1), and has to be a tuple of words"),
        ({"end": 3}, "spec.end is 3, and has to be the index of a symbol, 0 to 2, or None"),
        ({"end": "end"}, "spec.end is 'end'"),
        ({"max_steps": 0}, "spec.max_steps is 0, and has to be a whole number of at least 1"),
        ({"image_shape": (4, 4)}, "spec.image_shape is (4, 4), and has to be three whole numbers"),
        ({"image_shape": (1, 4.0, 4)}, "spec.image_shape is (1, 4.0, 4)"),
        ({"background": float("nan")}, "spec.background is nan, and has to be a finite number"),
        ({"origin": "mine"}, "spec.origin is 'mine', and has to be real, sample or synthetic"),
        ({"name": ""}, "spec.name is '', and has to be the name of the data's yaml"),
        ({"box_names": ["dog"]}, "spec.box_names is ['dog'], and has to be a tuple of words"),
    ],
)
def test_what_is_wrong_with_a_task(other, told):
    (fault,) = spec_faults(replace(task(), **other))
    assert fault.startswith(told)


def test_a_spec_that_is_none():
    assert spec_faults(task()) == []
    assert spec_faults(lambda: task()) == ["spec is a method, and has to be a property: put @property above it"]
    assert spec_faults(None) == ["spec is None, and has to be a datamodules.contract.TaskSpec"]


class Two(FixedSplit):
    batches = 1

    def __init__(self, batch):
        self._batch = batch

    def batch(self, epoch, number, device):
        return self._batch

    def fingerprint(self):
        return ""


class Data(BaseData):
    spec = SINGLE

    def __init__(self, train, validation, test, references=()):
        super().__init__()
        self._held = Splits(*map(Two, (train, validation, test)), {"test": references})

    def fetch(self): ...

    def read(self):
        return self._held


class Forgetful(Data):
    def __init__(self):
        self.side = 4


def test_what_read_returns_has_to_be_the_splits():
    data = Data(single(), single(), single())
    data._held = tuple(data._held)
    with pytest.raises(DataFault, match=r"Data\.read\(\) gives a tuple, and has to give a datamodules.base.Splits"):
        data.splits()
    data._held = Splits(Two(single()), [], None)
    with pytest.raises(DataFault, match=r"validation is a list, test is a NoneType .*no FixedSplit"):
        data.splits()


def test_an_object_that_is_no_data_set():
    assert data_faults(Data(single(), single(), single())) == []
    (told,) = data_faults(SimpleNamespace(spec=SINGLE))
    assert told.startswith("it is a SimpleNamespace without spec, batches, tickets")
    assert "a subclass of datamodules.base.BaseData" in told
    assert data_faults(Forgetful()) == ["Forgetful.__init__ has to begin with super().__init__()"]


def test_all_splits_are_told_of_at_once_and_what_is_alike_once():
    data = Data(single(boxes=None), single(boxes=None, index=None), None)
    found = first_batch_faults(data, CPU)
    assert [fault.split(" is ")[0] for fault in found[:2]] == ["train, validation: boxes", "validation: index"]
    assert found[2].startswith("test: has no batch") and len(found) == 3
    with pytest.raises(DataFault) as caught:
        refuse("sides", found)
    assert str(caught.value).splitlines()[0] == "data=sides is not what its task says:"
    assert len(str(caught.value).splitlines()) == 4
    refuse("sides", [])


def test_every_image_has_a_reference_or_none_has():
    assert reference_faults((), single()) == reference_faults([["a"], ["b"]], single()) == []
    assert reference_faults([["a"]], single()) == ["references: 1 of 2 images have none, the first at index 1"]
    assert first_batch_faults(Data(single(), single(), single(), [["a"], []]), CPU) == [
        "test: references: 1 of 2 images have none, the first at index 1"
    ]
