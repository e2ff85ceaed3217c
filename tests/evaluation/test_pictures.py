"""What is drawn: colours as they were, confusions by hand."""

import numpy as np
import pytest
import torch
from models import built, house_numbers, no_boxes

from benchmark.common.tones import MOST_PIXELS, Colours, Stretched, tones
from benchmark.evaluation.confusion import Pair, fetched, matrix, most_confused
from benchmark.evaluation.pictures import draw, seen, words
from datamodules.contract import IGNORED, Batch

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def test_colours_come_back_as_they_were():
    colour_CHW = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0))
    normal = (colour_CHW - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    shown = tones({"mean": MEAN, "std": STD}).shown(normal)
    np.testing.assert_allclose(shown, colour_CHW.permute(1, 2, 0).numpy(), atol=1e-6)
    assert isinstance(tones({"mean": 0.3, "std": 0.4}), Stretched) and isinstance(tones({}), Stretched)


def test_grey_is_stretched_and_stays_grey():
    shown = Stretched().shown(torch.tensor([[[-1.0, 0.0], [1.0, 3.0]]]))
    assert shown.shape == (2, 2, 3) and shown[..., 0].tolist() == [[0, 0.25], [0.5, 1]]
    assert (shown == shown[..., :1]).all()


def test_large_images_are_shown_smaller():
    shown = Colours(MEAN, STD).shown(torch.zeros(3, 2 * MOST_PIXELS, MOST_PIXELS))
    assert shown.shape == (MOST_PIXELS, MOST_PIXELS // 2, 3) and shown[0, 0] == pytest.approx(MEAN)


def test_a_sequence_as_a_person_reads_it():
    spec = house_numbers()
    assert words(torch.tensor([1, 9, spec.end, IGNORED]), spec) == "1 9"


def test_a_short_sequence_takes_no_rows_of_a_long_one():
    parts = built("item_soft", "look.glimpses=6", data="digit_pairs_ordered")
    found = seen(parts.module, parts.datamodule, shown=4)
    symbol_BT = torch.tensor([[1, IGNORED], [1, 2], [1, 2], [1, 2]])
    found = found._replace(prediction=found.prediction._replace(symbol=symbol_BT))
    axes = draw(parts.module, found, parts.spec, Stretched(), shown=4).axes
    assert len(axes) == (1 + 2) * 9  # 6 glimpses in one row; 12 in two, of 8 beside the image
    shown = [axis.get_title() for axis in axes if axis.axison]
    assert shown[1:7] == ["1", "2", "3", "4", "5", "6: 1"] and shown[8:] == [
        "1", "2", "3", "4", "5", "6: 1", "7", "8", "9", "10", "11", "12: 2",
    ]  # fmt: skip


def test_what_is_confused_most_comes_with_an_example_of_each():
    true, said = np.array([0, 0, 1, 2, 0]), np.array([1, 1, 1, 0, 2])
    assert most_confused(true, said) == [Pair(0, 1, 2, 0, 2), Pair(0, 2, 1, 4, 3), Pair(2, 0, 1, 3, 0)]
    assert most_confused(true, true) == []
    assert most_confused(np.array([0]), np.array([3])) == [Pair(0, 3, 1, 0, None)]


def test_a_row_of_the_table_is_what_a_category_was_called():
    figure = matrix(np.array([0, 0, 4]), np.array([0, 4, 4]), tuple("abcde"))
    (picture,) = figure.axes[0].images
    assert picture.get_array().tolist() == [[0.5, 0.5], [0, 1]]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "e"]


def test_images_are_fetched_by_their_place_in_the_split():
    def batch(values):
        image = torch.tensor(values)[:, None, None, None].float()
        return Batch(image, torch.zeros(len(values), 1).long(), no_boxes(len(values)), torch.arange(len(values)))

    found = fetched([batch([0, 1]), batch([2, 3]), batch([4])], {1, 2})
    assert {place: image.item() for place, image in found.items()} == {1: 1, 2: 2}
