"""CIDEr-D as a reward equals CIDEr-D of the same captions written out, with the end as a word."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics.caption.cider import cider_d
from benchmark.metrics.caption.ngrams import captions, count
from benchmark.metrics.caption.reward import CiderReward, in_symbols
from datamodules.contract import IGNORED

SYMBOLS, END = 6, 5
TEXT = st.lists(st.integers(0, END - 1), max_size=8)
ROW = st.lists(st.sampled_from([*range(SYMBOLS), 0, 1, 2, IGNORED]), min_size=7, max_size=7)


def written(symbols):
    return " ".join(f"w{symbol}" for symbol in symbols)


def ended(row):
    """What counts of a row: up to the end and with it, or up to where nothing is any more."""
    kept = []
    for symbol in row:
        if symbol == IGNORED:
            break
        kept.append(symbol)
        if symbol == END:
            break
    return kept


def of_strings(rows, references):
    read = captions(
        [written(ended(row)) for row in rows], [[written([*text, END]) for text in texts] for texts in references]
    )
    return cider_d(read, count(read))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ROW, st.lists(TEXT, min_size=1, max_size=4)), min_size=1, max_size=6))
def test_the_reward_is_cider_of_the_words(images):
    rows, references = zip(*images, strict=True)
    found = CiderReward(references, SYMBOLS, END)(torch.tensor(rows), torch.arange(len(rows)))
    np.testing.assert_allclose(found, of_strings(rows, references), rtol=1e-6, atol=1e-6)


REFERENCES = [[[0, 1, 2, 3], [0, 1]], [[2, 2, 3]], [[4, 0], [3, 4, 0], [1]]]


def test_rows_may_come_in_any_order_and_number():
    """Frequencies are the training set's: a row's reward does not depend on what else is in the batch."""
    reward = CiderReward(REFERENCES, SYMBOLS, END)
    rows = torch.tensor([[0, 1, 2, 3, END], [2, 3, END, 1, 1], [4, 0, IGNORED, 0, 0]])
    each = reward(rows, torch.arange(3))
    index = torch.tensor([2, 0, 0, 1, 2])
    assert torch.equal(reward(rows[index], index), each[index])
    assert each.tolist() == pytest.approx(of_strings(rows.tolist(), REFERENCES).tolist())


def test_a_caption_that_breaks_off_is_worth_less():
    reward = CiderReward([[[0, 1, 2]], [[3, 4]], [[4]]], SYMBOLS, END)
    whole, broken = reward(torch.tensor([[0, 1, 2, END], [0, 1, 2, IGNORED]]), torch.tensor([0, 0]))
    assert whole == pytest.approx(10) and broken < 9


@pytest.mark.parametrize("row", [[END], [IGNORED], [0], [0, 1]])
def test_short_rows_have_no_long_ngrams(row):
    reward = CiderReward(REFERENCES, SYMBOLS, END)
    found = reward(torch.tensor([row]), torch.tensor([0]))
    assert found.item() == pytest.approx(of_strings([row, [0], [0]], REFERENCES)[0], abs=1e-6)


def test_nothing_of_it_is_saved_and_all_of_it_moves():
    reward = CiderReward(REFERENCES, SYMBOLS, END)
    assert not reward.state_dict() and not list(reward.parameters())
    assert all(value.is_meta for value in reward.to("meta").buffers())


def test_references_in_symbols():
    number = {"a": 1, "dog": 2, "n't": 3}
    assert in_symbols([["A dog.", "isn't a cat"], [""]], number, 0) == [[[1, 2], [0, 3, 1, 0]], [[]]]


def test_an_image_without_reference_is_told():
    with pytest.raises(ValueError, match="at least one reference"):
        CiderReward([[[0]], []], SYMBOLS, END)
