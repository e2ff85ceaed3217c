"""Classes made of digits that are read one after the other: against enumeration, and what is refused."""

from dataclasses import replace
from functools import partial
from itertools import product

import pytest
import torch
from models import built, task

from benchmark.common.errors import ConfigFault
from benchmark.model.cell.gru import GRU
from benchmark.model.decoder.composition import DigitSum, UnorderedDigits
from benchmark.model.decoder.digit_by_digit import DigitByDigit
from benchmark.model.decoder.single_layer import SingleLayer
from datamodules.digits.labels import ReadingOrder, Sum, UnorderedPair

R, D, H = 5, 3, 4
CORE = partial(SingleLayer, cell=GRU, symbol_size=2, head=[])


def reader(symbols, composition, glimpses=4):
    torch.manual_seed(0)
    spec = replace(task(symbols=len(symbols)), symbols=symbols)
    return DigitByDigit(D, spec, CORE, H, True, composition, glimpses)


def read(model, codes):
    """The probabilities of the symbols, and of the digits after each glimpse."""
    state = model.feed_symbol(torch.zeros(R, dtype=torch.long), model.start(torch.zeros(R, H)))
    digits = []
    for code in codes:
        state = model.step(code, state)
        digits.append(model.core.logits(state[:-2]).softmax(-1))
    return model.logits(state).exp(), digits


@pytest.mark.parametrize(
    "labels, composition, value",
    [(UnorderedPair(), UnorderedDigits(), lambda i, j: f"{min(i, j)} {max(i, j)}"),
     (Sum(2), DigitSum(2), lambda i, j: str(i + j))],
)  # fmt: skip
def test_a_class_is_all_pairs_of_digits_that_make_it(labels, composition, value):
    model = reader(labels.symbols, composition)
    found, digits = read(model, torch.randn(4, R, D))
    expected = torch.zeros(R, len(labels.symbols))
    for i, j in product(range(10), repeat=2):
        expected[:, labels.symbols.index(value(i, j))] += digits[1][:, i] * digits[3][:, j]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.sum(-1), torch.ones(R))


def test_three_digits_are_read_after_each_third_of_the_glimpses():
    symbols = ("0 1 2", "3 3 4", "5 5 5")
    found, digits = read(reader(symbols, UnorderedDigits(), 3), torch.randn(3, R, D))
    one, two, three = digits
    same = one[:, 5] * two[:, 5] * three[:, 5]
    pair = sum(one[:, a] * two[:, b] * three[:, c] for a, b, c in [(3, 3, 4), (3, 4, 3), (4, 3, 3)])
    torch.testing.assert_close(found[:, 1:], torch.stack([pair, same], 1))


def test_stopped_early_a_group_is_read_as_it_is_and_later_digits_are_uniform():
    model, codes = reader(UnorderedPair.symbols, UnorderedDigits()), torch.randn(4, R, D)
    symbols = [tuple(map(int, symbol.split())) for symbol in UnorderedPair.symbols]
    for glimpses, groups in ((1, [0]), (2, [1]), (3, [1, 2]), (4, [1, 3])):
        found, digits = read(model, codes[:glimpses])
        one, two = [*(digits[at] for at in groups), torch.full((R, 10), 0.1)][:2]
        expected = [one[:, i] * two[:, j] + (one[:, j] * two[:, i] if i != j else 0) for i, j in symbols]
        torch.testing.assert_close(found, torch.stack(expected, 1))


def test_its_state_follows_the_core_s_and_the_previous_symbol_is_no_digit():
    model = reader(UnorderedPair.symbols, UnorderedDigits())
    code = torch.randn(R, D)
    start = model.start(torch.randn(R, H))
    after = [model.step(code, model.feed_symbol(torch.full((R,), symbol), start)) for symbol in (3, 55)]
    told = model.core.feed_symbol(torch.full((R,), 10), start[:-2])
    assert torch.equal(after[0][0][0], after[1][0][0])
    assert torch.equal(model.query(after[0]), model.core.step(code, told)[0][0])


@pytest.mark.parametrize(
    "spec, composition, glimpses, message",
    [(replace(task(symbols=55), symbols=UnorderedPair.symbols), UnorderedDigits(), 3, "look.glimpses: 3"),
     (replace(task(symbols=3), symbols=("cat", "dog", "cow")), UnorderedDigits(), 4, "not of this kind"),
     (replace(task(symbols=19), symbols=Sum(2).symbols), DigitSum(1), 4, "no 1 digits add up to 10"),
     (replace(task(symbols=2), symbols=("1 2", "3")), UnorderedDigits(), 4, "equally many"),
     (replace(task(symbols=10), symbols=ReadingOrder(2).symbols, max_steps=2), UnorderedDigits(), 4, "sequences")],
)  # fmt: skip
def test_what_is_not_made_of_digits_is_refused(spec, composition, glimpses, message):
    with pytest.raises(ConfigFault, match=message):
        DigitByDigit(D, spec, CORE, H, True, composition, glimpses)


def test_by_name_in_two_layers_and_in_one():
    two = built("dram", "decoder=digit_by_digit").module.rnn
    assert len(two.decoder.policy_parameters([])) == 4 and two.decoder.core.detach
    one = built("ram", "decoder=digit_by_digit", "decoder@decoder.core=single_layer").module.rnn
    assert one.decoder.core.head[0].out_features == 10 and not one.decoder.policy_parameters([])
