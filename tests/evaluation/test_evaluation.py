"""Every way of looking on a split: what is reported, from which draws."""

import numpy as np
import pytest
import torch
from models import built, no_boxes, no_references, task
from stubs import Scripted, Watched, says

from benchmark.evaluation.evaluate import MASKED, MASKED_ELSEWHERE, evaluate, modes
from benchmark.evaluation.looking import Prediction
from benchmark.metrics.base import Measure, MeasureResult
from benchmark.metrics.sequence import WholeSequence
from benchmark.model.attention.distribution import expectation, mode, sample, uniform
from benchmark.model.context.none import NoContext
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from benchmark.results.primary_metric import Headline
from datamodules.contract import IGNORED, Batch, overlap_share

MODES = ["mean", "sample", "average", "random"]


def split_of(parts):
    return list(parts.datamodule.batches("test", torch.device("cpu")))


def lively(name, *overrides):
    parts = built(name, "data.test_images=12", "data.evaluation_batch_size=5", *overrides)
    with torch.no_grad():
        for parameter in parts.module.rnn.decoder.head.parameters():
            parameter.mul_(30.0)
    return parts.module.rnn, split_of(parts), parts.module.measure


def test_the_four_ways():
    assert [way.name for way in modes(7, takes_expectation=False)] == MODES
    ways = [(way.draw, way.samples) for way in modes(7, takes_expectation=False)]
    assert ways == [(mode, 1), (sample, 1), (sample, 7), (uniform, 1)]
    assert modes(7, takes_expectation=True) == [("expectation", expectation, 1), *modes(7, takes_expectation=False)]


def test_what_is_drawn_among_items_is_decoded_by_its_expectation_too():
    for name, expected in (("item_hard", {"expectation"}), ("item_soft", set())):
        found = evaluate(*lively(name), samples=2, seed=0)
        assert set(found.test) - {"images", *MODES} == expected


def scripted_split(end=None):
    """Two symbols an answer; the first image's is right, the second's half right, the third's right and short."""
    spec = task(2, symbols=3, steps=2, end=end)
    decoder = Scripted(says([0, 1], [1, 1], [2, 0]), 1)
    rnn = AttentionRNN(spec, Watched(), decoder, NoContext(spec, 1, 1), TeacherForcing(), Greedy(), 1)
    target = torch.tensor([[0, 1], [1, 0], [2, IGNORED]])
    batch = Batch(torch.zeros(3, 1, 2, 2), target, no_boxes(3), torch.tensor([5, 6, 7]))
    return rnn, [batch], WholeSequence(spec, no_references)


@pytest.mark.parametrize("end", [None, 2])
def test_errors_by_hand(end):
    found = evaluate(*scripted_split(end), samples=2, seed=0)
    assert found.test["images"] == 3
    for name in MODES:
        assert found.test[name]["error"] == pytest.approx(1 / 3)
        assert found.predictions[f"value_{name}"].tolist() == [0, 1, 0]
        assert found.test[name]["standard_error"] == pytest.approx((2 / 3 / (3 * 2)) ** 0.5)
    assert found.predictions["prediction_mean"].tolist() == [[0, 1], [1, 1], [2, 0 if end is None else IGNORED]]
    assert found.predictions["index"].tolist() == [5, 6, 7]
    assert found.predictions["overlap"].tolist() == [0, 0, 0]
    assert found.localisation == {}  # no boxes to judge by


def test_the_standard_error_is_clustered_by_what_images_share():
    """Wrong are 0, 1, 0. The first and the third image share a source: residuals -2/3 and 2/3 in two clusters."""
    found = evaluate(*scripted_split(), samples=2, seed=0, sources=lambda index_N: index_N[:, None] % 2)
    assert found.predictions["sources"].tolist() == [[1], [0], [1]]
    assert found.test["mean"]["standard_error"] == pytest.approx((8 / 9 / (3 * 2)) ** 0.5)


def test_fixations_are_in_units_of_half_the_image():
    """Pixels (x, y) of an image that is 8 wide and 4 high."""
    where = torch.tensor([[0.0, 0.0], [8.0, 4.0], [6.0, 1.0]])[None, :, None]
    found = Prediction(torch.zeros(1, 3), torch.zeros(1, 3, 3), where, task((4, 8)), Watched())
    assert found.side == (4, 8)
    assert found.fixations[0, :, 0].tolist() == [[-1, -1], [1, 1], [0.5, -0.5]]


class Drawing(torch.nn.Module):
    """Draws a number at each call, and writes it down with how it was called. Trajectories find 1/2 and 1/4."""

    def __init__(self):
        super().__init__()
        self.attention, self.drawn = Watched(), []

    def forward(self, image, boxes, target, samples, draw, key):
        self.drawn.append((torch.rand(1).item(), samples, draw, key.split, key.index.tolist()))
        logits = torch.tensor([[[0.5, 0.5]], [[0.25, 0.75]]]).log()[:samples].expand(len(image), -1, -1, -1)
        where = torch.zeros(len(image), samples, 1, 1, 2)
        nothing = torch.zeros(len(image), samples, 1, 1, 0)
        symbol = torch.zeros(len(image), samples, 1, dtype=torch.long)
        return Rollout(logits, symbol, where, where[..., 0], nothing, nothing)


class FirstProbability(Measure):
    """The probability of the symbol 0."""

    headline = Headline("p", "p", higher_is_better=True, percent=False, binary=False)

    def parts(self, symbol_BT, log_BTV, batch):
        return {"p": log_BTV[:, 0, 0].exp()}

    def compute(self, split, parts):
        return MeasureResult({"p": float(parts["p"].mean())}, parts["p"])


def test_each_way_draws_its_own_numbers_for_each_batch_and_probabilities_are_averaged():
    split = [
        Batch(torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, dtype=torch.long), no_boxes(2), torch.tensor(index))
        for index in ([0, 1], [2, 3])
    ]
    rnn, again = Drawing(), Drawing()
    found = evaluate(rnn, split, FirstProbability(), samples=2, seed=0)
    evaluate(again, split, FirstProbability(), samples=2, seed=0)
    assert rnn.drawn == again.drawn and len({number for number, *_ in rnn.drawn}) == len(rnn.drawn) == 8
    assert [call[1:] for call in rnn.drawn[:4]] == [
        (way.samples, way.draw, "test", [0, 1]) for way in modes(2, takes_expectation=False)
    ]
    assert [found.test[name]["p"] for name in MODES] == pytest.approx([0.5, 0.5, (0.5 + 0.25) / 2, 0.5])


def test_the_answers_after_each_glimpse_by_hand():
    """Wrong after one glimpse and after three, right after two."""
    spec = task(2, symbols=3)
    rnn = AttentionRNN(
        spec, Watched(), Scripted(says([0, 1, 2]), 1), NoContext(spec, 1, 1), TeacherForcing(), Greedy(), 3
    )
    batch = Batch(torch.zeros(1, 1, 2, 2), torch.tensor([[1]]), no_boxes(1), torch.tensor([0]))
    found = evaluate(rnn, [batch], WholeSequence(spec, no_references), samples=1, seed=0)
    assert found.test["mean"]["after"] == {"1": 1.0, "2": 0.0, "3": 1.0} and rnn.glimpses == 3


def test_the_arrays_follow_the_split():
    rnn, split, measure = lively("dram", "data.placement._target_=datamodules.digits.placement.Anywhere")
    found = evaluate(rnn, split, measure, samples=3, seed=0)
    arrays = found.predictions
    assert {len(values) for values in arrays.values()} == {12} and found.test["images"] == 12
    assert arrays["index"].tolist() == list(range(12))
    assert np.array_equal(arrays["target"], torch.cat([batch.target for batch in split]).numpy())
    overlap = torch.cat([overlap_share(batch.boxes) for batch in split])
    assert np.array_equal(arrays["overlap"], overlap.numpy()) and arrays["overlap"].max() > 0
    for name in MODES:
        correct = (arrays[f"prediction_{name}"] == arrays["target"]).all(-1)
        assert np.array_equal(arrays[f"value_{name}"], ~correct)
        assert found.test[name]["error"] == pytest.approx(1 - correct.mean())


def test_the_draws_come_from_the_seed_alone_and_leave_the_generator_as_it_was():
    rnn, split, measure = lively("dram")
    torch.manual_seed(1)
    first = evaluate(rnn, split, measure, samples=3, seed=0)
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), drawn)
    again, other = evaluate(rnn, split, measure, samples=3, seed=0), evaluate(rnn, split, measure, samples=3, seed=1)
    assert first.test == again.test and first.localisation == again.localisation
    assert all(np.array_equal(first.predictions[key], again.predictions[key]) for key in first.predictions)
    assert other.localisation["mean"] == first.localisation["mean"]
    assert other.localisation["sample"] != first.localisation["sample"]
    assert other.localisation["random"] != first.localisation["random"]


def test_the_oracle_sees_it_all_and_random_looks_do_not():
    rnn, split, measure = lively("oracle", "look.glimpses=2", "data.canvas=60")
    where = evaluate(rnn, split, measure, samples=2, seed=0).localisation
    for name in ("mean", "sample", "average"):
        assert {where[name][key] for key in ("hit_rate", "coverage", "all_covered")} == {1.0}
        assert where[name]["first_distance"] < 1e-4
    assert where["random"]["hit_rate"] < 0.5 and where["random"]["first_distance"] > 5


@pytest.mark.parametrize("name", ["none", "cnn_weak"])
def test_who_looks_nowhere_is_not_judged_for_it(name):
    assert evaluate(*lively(name), samples=2, seed=0).localisation == {}


def test_a_mechanism_that_draws_nothing_answers_alike_in_every_way_but_random():
    rnn, split, measure = lively("item_soft")
    found = evaluate(rnn, split, measure, samples=3, seed=0).predictions
    assert np.array_equal(found["prediction_mean"], found["prediction_sample"])
    assert np.array_equal(found["prediction_mean"], found["prediction_average"])
    where = evaluate(rnn, split, measure, samples=3, seed=0).localisation
    assert {where["mean"].pop(MASKED), where["mean"].pop(MASKED_ELSEWHERE)} <= set(np.arange(13) / 12)
    assert where["mean"] == pytest.approx(where["sample"], abs=1e-6)
    assert where["mean"] == pytest.approx(where["average"], abs=1e-6)
    assert where["mean"] != pytest.approx(where["random"])


def test_averaging_is_of_probabilities_over_the_drawn_trajectories():
    rnn, split, measure = lively("ram")
    found = evaluate(rnn, split[:1], measure, samples=4, seed=0).predictions["prediction_average"]
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        batch = split[0]
        for way in modes(4, takes_expectation=False)[:3]:
            rollout = rnn(batch.image, batch.boxes, None, way.samples, way.draw)
    mean = rollout.logits.softmax(-1).mean(1)
    assert found.tolist() == mean.argmax(-1).tolist()


def test_who_looks_at_the_digits_in_turn_is_seen_to():
    parts = built("oracle", "look.glimpses=1", "data.test_images=12", data="digit_pairs_ordered")
    found = evaluate(parts.module.rnn, split_of(parts), parts.module.measure, samples=2, seed=0)
    assert found.localisation["mean"]["on_its_digit"] == found.localisation["mean"]["in_order"] == 1.0
    assert 0 < found.localisation["random"]["on_its_digit"] < 1
    assert found.test["mean"]["by_length"]["2"] == {"images": 12, "error": found.test["mean"]["error"]}
    assert found.test["mean"]["length_error"] == 0  # every answer has two symbols, and none ends before


def test_a_single_answer_has_no_order():
    assert not {"on_its_digit", "in_order"} & set(evaluate(*lively("oracle"), samples=2, seed=0).localisation["mean"])


def test_of_things_that_symbols_name_it_is_told_whether_they_are_looked_at_and_of_no_order():
    parts = built("oracle", "look.glimpses=1", "data.test_images=12", data="digit_pairs_ordered")
    names = torch.ones(len(parts.spec.symbols), len(parts.spec.box_names), dtype=torch.bool)
    found = evaluate(parts.module.rnn, split_of(parts), parts.module.measure, samples=2, seed=0, names_VN=names)
    where = found.localisation
    assert not {"on_its_digit", "in_order"} & set(where["mean"])
    assert 1 >= where["mean"]["named"] > where["random"]["named"] > 0


@pytest.mark.parametrize("name", ["dram", "item_hard"])
def test_an_early_answer_is_that_of_a_model_with_fewer_glimpses(name):
    rnn, split, measure = lively(name)
    found = evaluate(rnn, split, measure, samples=2, seed=0)
    after = found.test["mean"]["after"]
    assert list(after) == ["1", "2", "3", "4"] and after["4"] == found.test["mean"]["error"]
    assert rnn.glimpses == 4
    fewer = built(name, "data.test_images=12", "data.evaluation_batch_size=5", "look.glimpses=2").module.rnn
    fewer.load_state_dict(rnn.state_dict())
    assert after["2"] == evaluate(fewer, split, measure, samples=2, seed=0).test["mean"]["error"]


@pytest.mark.parametrize(("name", "data"), [("cnn_weak", "digit_pairs"), ("dram", "digit_pairs_ordered")])
def test_who_has_one_glimpse_or_many_symbols_has_no_early_answer(name, data):
    parts = built(name, "data.test_images=4", data=data)
    found = evaluate(parts.module.rnn, split_of(parts), parts.module.measure, samples=2, seed=0)
    assert "after" not in found.test["mean"]
