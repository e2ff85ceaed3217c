"""The measure of categories, by hand and by its properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import no_boxes, no_references, task

from benchmark.metrics.classes import MeanPerClass
from datamodules.contract import Batch


def judged(true, said, log=None, top=2, pairs=2):
    spec = task(2, symbols=5)
    measure = MeanPerClass(spec, no_references, top, pairs)
    target, symbol = torch.tensor(true)[:, None], torch.tensor(said)[:, None]
    log_BTV = torch.nn.functional.one_hot(symbol, 5).float() if log is None else torch.tensor(log)[:, None]
    batch = Batch(torch.zeros(len(true), 1, 2, 2), target, no_boxes(len(true)), torch.arange(len(true)))
    parts = {name: part.numpy() for name, part in measure.parts(symbol, log_BTV, batch).items()}
    return measure.compute("test", {"index": batch.index.numpy(), **parts})


def test_each_category_counts_alike():
    # a: 1 of 4 wrong, b: 1 of 1 wrong, c: 0 of 1; mean accuracy (3/4 + 0 + 1) / 3
    found = judged([0, 0, 0, 0, 1, 2], [0, 0, 0, 1, 0, 2])
    assert found.summary["class_error"] == pytest.approx(1 - (0.75 + 0 + 1) / 3)
    assert found.summary["error"] == pytest.approx(2 / 6) and found.summary["classes"] == 3
    # an image of a weighs 6 / (3 * 4), the one of b 6 / 3
    assert found.value_N.tolist() == pytest.approx([0, 0, 0, 0.5, 2.0, 0])


def test_the_true_one_among_the_likeliest():
    log = [[0.5, 0.3, 0.2, 0, 0], [0.5, 0.3, 0.2, 0, 0], [0.5, 0.3, 0.2, 0, 0]]
    found = judged([0, 1, 2], [0, 0, 0], log)
    assert found.summary["top2_error"] == pytest.approx(1 / 3)


def test_of_equal_categories_the_first_ones_count_as_likeliest():
    found = judged([0, 1, 2, 3, 4], [0] * 5, [[0.2] * 5] * 5)
    assert found.summary["top2_error"] == pytest.approx(3 / 5)


def test_what_is_confused_most_stands_first():
    found = judged([0, 0, 0, 1, 2, 2], [1, 1, 2, 0, 2, 2])
    assert found.summary["confused"] == [
        {"true": "a", "said": "b", "images": 2, "of": 3}, {"true": "a", "said": "c", "images": 1, "of": 3},
    ]  # fmt: skip


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_the_mean_over_images_is_one_less_the_mean_over_categories(pairs):
    true, said = map(np.array, zip(*pairs, strict=True))
    found = judged(true.tolist(), said.tolist())
    shares = [(said[true == category] == category).mean() for category in np.unique(true)]
    assert found.value_N.mean() == pytest.approx(1 - np.mean(shares))
    assert found.summary["class_error"] == pytest.approx(found.value_N.mean())
