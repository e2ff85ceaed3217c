"""Metrics of torchmetrics beside a measure's own numbers: named without code, merged across processes, or refused."""

import numpy as np
import pytest
import torch
import torchmetrics
import torchmetrics.classification as library
from models import built, configurations, no_boxes, no_references, task

from benchmark.common.errors import ConfigFault
from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.config.known_parts import foreign_parts, known_parts
from benchmark.evaluation.evaluate import evaluate
from benchmark.metrics.accumulate import Accumulator, Outcomes
from benchmark.metrics.classes import MeanPerClass
from benchmark.metrics.extra import with_extra
from benchmark.metrics.sequence import WholeSequence
from datamodules.contract import Batch

KAPPA = "+metrics.extra.kappa._target_=torchmetrics.classification.MulticlassCohenKappa"
TOP2 = ("+metrics.extra.top2._target_=torchmetrics.Accuracy", "+metrics.extra.top2.top_k=2")


def batch(true, first=0):
    target = torch.tensor(true)[:, None]
    return Batch(torch.zeros(len(true), 1, 2, 2), target, no_boxes(len(true)), torch.arange(first, first + len(true)))


def scores(images, symbols=4, seed=0):
    """(images, 1, symbols) log-probabilities, and the most probable symbol of each."""
    log = torch.randn(images, 1, symbols, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)
    return log, log.argmax(-1)


def measured(*names):
    known = {
        "kappa": library.MulticlassCohenKappa(num_classes=4),
        "accuracy": library.MulticlassAccuracy(num_classes=4),
        "micro": library.MulticlassAccuracy(num_classes=4, average="micro"),
        "top2": library.MulticlassAccuracy(num_classes=4, average="micro", top_k=2),
        "auroc": library.MulticlassAUROC(num_classes=4),  # its states are lists
    }
    measure = MeanPerClass(task(2, symbols=4), no_references, 2, 2)
    return with_extra(measure, {name: known[name] for name in names}, task(2, symbols=4))


def faults(*overrides):
    config = configurations().job(["attention=none", "data=digit_pairs", *overrides])
    return config_faults(plain(config), written(config))


def test_two_metrics_named_on_the_command_line_are_in_the_result():
    assert faults(KAPPA, *TOP2) == []
    parts = built("none", "data.test_images=40", "metrics=classes", KAPPA, *TOP2)
    images = list(parts.datamodule.batches("test", torch.device("cpu")))
    found = evaluate(parts.module.rnn, images, parts.module.measure, samples=2, seed=0)
    true, said = (found.predictions[name][:, 0] for name in ("target", "prediction_mean"))
    agreed = (true == said).mean()
    by_chance = sum((true == one).mean() * (said == one).mean() for one in range(len(parts.spec.symbols)))
    assert found.test["mean"]["kappa"] == pytest.approx((agreed - by_chance) / (1 - by_chance), abs=1e-6)
    assert found.test["mean"]["error"] == 1 - agreed and found.test["mean"]["top2"] >= agreed


def test_the_numbers_by_hand():
    measure = measured("kappa", "top2")
    log = torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]]).log()
    accumulator = Accumulator(measure)
    accumulator.add(log.argmax(-1)[:, None], log[:, None], batch([0, 1, 2, 3]))
    found = accumulator.result("test").summary
    # said 0, 0, 3, 3: half agree, and by chance (1/4 * 1/2) * 2 do; the second likeliest hold the other two
    assert found["kappa"] == pytest.approx((0.5 - 0.25) / (1 - 0.25)) and found["top2"] == 1.0
    assert found["error"] == 0.5 and found["class_error"] == 0.5


def test_an_extra_metric_is_given_probabilities():
    class Seen(torchmetrics.MeanMetric):
        def update(self, probability_BV, true_B):
            super().update(probability_BV.gather(1, true_B[:, None]))

    measure = measured()
    measure.extra = {"seen": Seen()}
    accumulator = Accumulator(measure)
    log = torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.2, 0.4, 0.1, 0.3]]).log()
    accumulator.add(log.argmax(-1)[:, None], log[:, None], batch([0, 3]))
    assert accumulator.result("test").summary["seen"] == pytest.approx((0.6 + 0.3) / 2)


def test_our_own_shares_are_those_of_torchmetrics():
    measure = measured("accuracy", "micro", "top2")
    log, said = scores(200)
    accumulator = Accumulator(measure)
    accumulator.add(said, log, batch((torch.arange(200) % 4).tolist()))
    found = accumulator.result("test").summary
    assert found["class_error"] == pytest.approx(1 - found["accuracy"], abs=1e-6)
    assert found["error"] == pytest.approx(1 - found["micro"], abs=1e-6)
    assert found["top2_error"] == pytest.approx(1 - found["top2"], abs=1e-6)


@pytest.mark.parametrize("shared", [0, 3])
def test_two_processes_come_to_the_numbers_of_one(shared):
    """Each has a part of the images. shared: images that both have, as a sampler that pads its shares gives them."""
    log, said = scores(20)
    true = (torch.arange(20) % 3).tolist()
    values = MeanPerClass(task(2, symbols=4), no_references, 2, 2)

    def parts(first, last):
        rows = slice(first, last)
        one = batch(true[rows], first)
        return one.index, values.parts(said[rows], log[rows], one)

    alone, left, right = Outcomes(), Outcomes(), Outcomes()
    alone.update(*parts(0, 20))
    left.update(*parts(0, 5))
    left.update(*parts(5, 10 + shared))
    right.update(*parts(10, 20))
    left.merge_state(right)
    merged, whole = left.compute(), alone.compute()
    assert merged["index"].tolist() == list(range(20)) and merged.keys() == whole.keys()
    assert all(np.array_equal(merged[name], whole[name]) for name in whole)
    assert values.compute("test", merged).summary == values.compute("test", whole).summary


@pytest.mark.parametrize("name", ["kappa", "accuracy", "auroc"])
def test_an_extra_metric_is_summed_over_processes(name):
    log, _ = scores(20)
    alone, left, right = (measured(name).extra[name].clone() for _ in range(3))
    true = torch.arange(20) % 4
    alone.update(log[:, 0].exp(), true)
    left.update(log[:10, 0].exp(), true[:10])
    right.update(log[10:, 0].exp(), true[10:])
    if name == "auroc":  # whose states are lists
        left.merge_state(right)
    else:
        left._reduce_states({state: getattr(right, state) for state in right._defaults})
    assert left.compute() == pytest.approx(alone.compute().item(), abs=1e-6)


def test_evaluations_share_no_state():
    measure = measured("kappa")
    for _ in range(2):
        log, said = scores(8)
        accumulator = Accumulator(measure)
        accumulator.add(said, log, batch([0, 1, 2, 3] * 2))
        found = accumulator.result("test").summary["kappa"]
    assert measure.extra["kappa"].update_count == 0
    assert found == pytest.approx(float(cohen(said, [0, 1, 2, 3] * 2)), abs=1e-6)


def cohen(said, true):
    table = np.zeros((4, 4))
    np.add.at(table, (true, said[:, 0].numpy()), 1 / len(true))
    item_probs = table.sum(0) @ table.sum(1)
    return (table.trace() - item_probs) / (1 - item_probs)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ((KAPPA, "+metrics.extra.kappa.weight=linear"), "no knob 'weight'; did you mean 'weights'?"),
        ((KAPPA, "+metrics.extra.kappa.weights=cubic"), "metrics.extra.kappa.weights"),
        ((f"{KAPPA}s",), "cannot be imported"),
        (("+metrics.extra.kappa.weights=linear",), "metrics.extra.kappa: has no _target_"),
    ],
)
def test_a_wrong_knob_is_told_before_anything_is_built(overrides, told):
    (fault,) = [fault for fault in faults(*overrides) if told in fault]
    assert "metrics.extra.kappa" in fault


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("torchmetrics.MeanSquaredError", "MeanSquaredError does not score categories"),
        ("torchmetrics.SumMetric", "SumMetric does not score categories"),
        ("benchmark.model.decoding.greedy.Greedy", "Greedy is no torchmetrics.Metric"),
    ],
)
def test_what_judges_no_categories_is_refused(target, told):
    with pytest.raises(ConfigFault, match=told):
        built("none", f"+metrics.extra.one._target_={target}")


def test_values_that_torchmetrics_refuses_are_told_in_its_words():
    with pytest.raises(ConfigFault, match=r"metrics\.extra: .*average"):
        built(
            "none",
            "+metrics.extra.one._target_=torchmetrics.classification.MulticlassAccuracy",
            "+metrics.extra.one.average=mean",
        )


def test_sequences_have_no_metrics_of_categories():
    spec = task(2, symbols=4, steps=3, end=3)
    with pytest.raises(ConfigFault, match="sequences of up to 3 symbols"):
        with_extra(WholeSequence(spec, no_references), {"kappa": measured("kappa").extra["kappa"]}, spec)


@pytest.mark.parametrize("name", ["error", "classes"])
def test_no_two_numbers_have_one_name(name):
    measure, log = measured("kappa"), scores(2)[0]
    measure.extra = {name: measure.extra["kappa"]}
    accumulator = Accumulator(measure)
    accumulator.add(log.argmax(-1), log, batch([0, 1]))
    with pytest.raises(ConfigFault, match=f"metrics.extra.{name}: the measure has a number of this name"):
        accumulator.result("test")


def test_a_stranger_s_configuration_names_no_metric_that_no_installed_choice_names():
    config = configurations().job(["attention=none", "data=digit_pairs", KAPPA])
    (fault,) = foreign_parts({"metrics": plain(config)["metrics"]}, known_parts(configurations()))[:1]
    assert "extra" in fault or "MulticlassCohenKappa" in fault
