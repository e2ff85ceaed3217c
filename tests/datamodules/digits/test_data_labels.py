import pytest
import torch

from datamodules.digits.labels import ReadingOrder, SingleDigit, Sum, UnorderedPair


def test_a_pair_has_55_classes_counted_by_hand():
    labels = UnorderedPair()
    assert len(labels.symbols) == len(set(labels.symbols)) == 55
    digit_BK = torch.tensor([[0, 0], [0, 9], [9, 0], [1, 1], [2, 1], [9, 9], [8, 9], [3, 7]])
    # Row 0 has the classes 0..9, row 1 begins at 10, row 3 at 10 + 9 + 8 = 27, rows 8 and 9 hold the last three.
    assert labels.target(digit_BK).squeeze(1).tolist() == [0, 9, 9, 10, 11, 54, 53, 31]


def test_the_symbol_of_a_pair_names_its_digits_smaller_first():
    labels = UnorderedPair()
    digit_BK = torch.cartesian_prod(torch.arange(10), torch.arange(10))
    for (one, other), target in zip(digit_BK.tolist(), labels.target(digit_BK).squeeze(1).tolist(), strict=True):
        assert labels.symbols[target] == f"{min(one, other)} {max(one, other)}"


def test_reading_order_asks_for_each_digit():
    labels = ReadingOrder(2)
    assert (labels.digits, labels.steps, len(labels.symbols)) == (2, 2, 10)
    assert labels.target(torch.tensor([[7, 3]])).tolist() == [[7, 3]]


@pytest.mark.parametrize("digits, classes", [(1, 10), (2, 19), (3, 28)])
def test_sums_have_nine_classes_a_digit_and_zero(digits, classes):
    labels = Sum(digits)
    assert len(labels.symbols) == classes
    assert labels.target(torch.full((1, digits), 9)).tolist() == [[classes - 1]]
    assert labels.symbols[-1] == str(9 * digits)


def test_a_single_digit_is_its_own_class():
    labels = SingleDigit()
    assert (labels.digits, labels.steps, labels.symbols[7]) == (1, 1, "7")
    assert labels.target(torch.tensor([[7], [0]])).tolist() == [[7], [0]]
