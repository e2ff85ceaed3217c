"""Classes made of digits that are scored all at once: against enumeration, and what is refused."""

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import combinations_with_replacement as multisets

import pytest
import torch
from models import built, first_batch, task

from benchmark.common.errors import ConfigFault
from benchmark.evaluation.evaluate import evaluate
from benchmark.model.cell.gru import GRU
from benchmark.model.decoder.composition import DigitSum, UnorderedDigits
from benchmark.model.decoder.digit_set import DigitSet
from benchmark.model.decoder.single_layer import SingleLayer
from datamodules.digits.labels import Sum, UnorderedPair

R, D, H = 5, 3, 4
CORE = partial(SingleLayer, cell=GRU, symbol_size=2, head=[])


def reader(symbols, composition):
    torch.manual_seed(0)
    return DigitSet(D, replace(task(symbols=len(symbols)), symbols=symbols), CORE, H, True, composition)


def read(model, glimpses=3):
    """The probabilities of the symbols, and the scores by digit and copy."""
    state = model.feed_symbol(torch.zeros(R, dtype=torch.long), model.start(torch.zeros(R, H)))
    for code in 3 * torch.randn(glimpses, R, D):
        state = model.step(code, state)
    return model.logits(state).softmax(-1), model.core.logits(state).unflatten(-1, (10, -1))


def probabilities(scores, digits):
    """Of each set of so many digits, by enumeration."""
    found = {each: sum(scores[:, d, :n].sum(-1) for d, n in Counter(each).items())
             for each in multisets(range(10), digits)}  # fmt: skip
    share = torch.stack([*found.values()], -1).softmax(-1)
    return dict(zip(found, share.T, strict=True))


def test_a_class_is_a_set_of_two_digits():
    found, scores = read(reader(UnorderedPair.symbols, UnorderedDigits()))
    expected = probabilities(scores, 2)
    for symbol, probability in zip(UnorderedPair.symbols, found.T, strict=True):
        torch.testing.assert_close(probability, expected[tuple(map(int, symbol.split()))])


def test_a_sum_is_all_sets_that_add_up_to_it():
    labels = Sum(2)
    found, scores = read(reader(labels.symbols, DigitSum(2)))
    by_set = probabilities(scores, 2)
    expected = {symbol: sum(p for each, p in by_set.items() if str(sum(each)) == symbol) for symbol in labels.symbols}
    torch.testing.assert_close(found, torch.stack([*expected.values()], -1))


def test_of_three_digits_one_may_be_there_three_times():
    symbols = tuple(" ".join(map(str, each)) for each in multisets(range(10), 3))
    found, scores = read(reader(symbols, UnorderedDigits()))
    expected = probabilities(scores, 3)
    torch.testing.assert_close(found, torch.stack([expected[tuple(map(int, s.split()))] for s in symbols], -1))


@pytest.mark.parametrize(
    "symbols, composition, message",
    [(("cat", "dog"), UnorderedDigits(), "not of this kind"), (("1", "40"), DigitSum(2), "add up to 40"),
     (("1 2", "1 2 3"), UnorderedDigits(), "equally many")],
)  # fmt: skip
def test_what_is_not_made_of_digits_is_refused(symbols, composition, message):
    with pytest.raises(ConfigFault, match=message):
        reader(symbols, composition)


@pytest.mark.parametrize("attention, core", [("dram", "two_layer"), ("ram", "single_layer")])
def test_every_weight_of_a_mechanism_with_it_learns(attention, core):
    parts = built(attention, "decoder=digit_set", f"decoder@decoder.core={core}")
    parts.module.train_step(parts.module.rnn, parts.module.objective, first_batch(parts))["loss"].backward()
    still = {name for name, weight in parts.module.named_parameters() if weight.grad is None}
    assert not {name for name in still if "symbol" not in name}


@pytest.mark.parametrize("decoder", ["digit_set", "digit_by_digit"])
def test_each_glimpse_is_credited_and_each_early_exit_evaluated(decoder):
    parts = built("dram", f"decoder={decoder}", "reward=likelihood_gain")
    module, batch = parts.module, first_batch(parts)
    terms = module.train_step(module.rnn, module.objective, batch)
    assert terms["reward"].item() == pytest.approx(-terms["nll"].item(), rel=1e-5)
    found = evaluate(module.rnn, [batch], module.measure, samples=2, seed=0)
    assert set(found.test["mean"]["after"]) == {"1", "2", "3", "4"}
