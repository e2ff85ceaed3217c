"""The meter on a model whose trajectories can all be enumerated: what it finds is what enumeration says."""

from itertools import product
from types import SimpleNamespace

import pytest
import torch
from enumerated import QUERY, expected_gradient, flat, paths, taking, toy
from models import built, no_boxes, task
from omegaconf import OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.common.schedule import Constant, Scheduled
from benchmark.gradients import comparing, measuring, points
from benchmark.gradients.comparing import numbers
from benchmark.gradients.estimators import EstimatorChoice
from benchmark.gradients.measuring import Meter, trajectories
from benchmark.gradients.request import MeterSettings
from benchmark.model.attention.distribution import expectation, mode, sample
from benchmark.objective.baseline.leave_one_out import LeaveOneOut
from benchmark.objective.baseline.moving_average import MovingAverage
from benchmark.objective.baseline.none import NoBaseline
from benchmark.objective.baseline.state_value import StateValue
from benchmark.objective.bound import Bound
from benchmark.objective.exact import Exact
from benchmark.objective.gumbel import GumbelSoftmax
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.reinforce import Reinforce
from benchmark.objective.reward.log_likelihood import LogLikelihood
from benchmark.objective.straight_through import StraightThrough
from benchmark.results.run_folder import RunFolder
from benchmark.training.training_step.likelihood import LikelihoodStep
from datamodules.contract import Batch

ALL, NONE = AllSteps(), NoRegularizer()
DRAWS = 120


def meter(steps=1, glimpses=1, batches=1):
    rnn, image, target = toy(steps, seed=5, glimpses=glimpses)
    batch = Batch(image, target, no_boxes(2), torch.arange(2))
    train_step = LikelihoodStep(task((1, 3), symbols=3, steps=steps), None)
    return Meter(rnn, train_step, [batch] * batches, lambda: iter([batch] * 400), seed=3)


def reinforce(samples=2, baseline=LeaveOneOut):
    return Reinforce(QUERY, samples, LogLikelihood(1.0), baseline, 1.0, ALL, NONE).double()


def in_order(gradient_P, found):
    """A gradient in the order of the model's parameters, as the meter orders it."""
    sizes = {id(weight): weight.numel() for weight in found.rnn.parameters()}
    pieces = dict(zip(sizes, gradient_P.split(list(sizes.values())), strict=True))
    return torch.cat([pieces[id(weight)] for weight in found.weights])


@pytest.fixture(scope="module")
def measured():
    """The bound's gradient, and estimators with their moments."""
    found = meter()
    exact = found.draws(Bound(QUERY, 81, ALL, NONE), DRAWS)
    assert exact.is_certain() and exact.count == 2
    objectives = {
        "reinforce": reinforce(),
        "gumbel": GumbelSoftmax(QUERY, 2, Constant(2.0), ALL, NONE).double(),
        "straight_through": StraightThrough(QUERY, 2, Constant(1.0), ALL, NONE).double(),
    }
    return exact, {name: found.draws(each, DRAWS) for name, each in objectives.items()}


@pytest.mark.parametrize("name", ["reinforce", "gumbel", "straight_through"])
def test_bias_is_found_where_there_is_one(measured, name):
    exact, moments = measured
    bias = moments[name].squared_bias(exact.mean)
    if name == "reinforce":
        assert all(abs(each.value) < 3 * each.error for each in bias.values())
    else:
        assert bias["policy"].value > 4 * bias["policy"].error
        assert bias["policy"].value > 0.01 * exact.squared_norm()["policy"].value
    if name == "straight_through":  # exact for weights that the policy does not depend on
        assert moments[name].variance()["policy"].value < moments["reinforce"].variance()["policy"].value


def test_the_gradient_of_the_bound_is_that_of_enumeration():
    found = meter(glimpses=2)
    rnn, batch = found.rnn, found.batches[0]
    each = [
        expected_gradient(reinforce(1, NoBaseline), rnn, batch.image[i : i + 1], batch.target[i : i + 1])
        for i in range(2)
    ]
    drawn = found.gradient(Bound(QUERY, 81, ALL, NONE), found.batches)
    torch.testing.assert_close(-drawn, in_order(sum(each) / 2, found), rtol=1e-9, atol=1e-11)


def test_the_variance_of_reinforce_is_that_of_enumeration():
    """One image, one glimpse at one of three items: the variance of three gradients with their probabilities."""
    found, objective = meter(), reinforce(1, NoBaseline)
    batch = Batch(*(field[:1] for field in found.batches[0]))
    found.batches = [batch]
    first = second = 0.0
    for path in product(range(3)):
        rollout = found.rnn(batch.image, no_boxes(1), batch.target, 1, taking(paths(found.rnn)[list(path)]))
        probability = rollout.log_prob.detach().sum().exp()
        gradient_P = flat(objective(rollout, batch.target)["loss"], found.rnn)
        first, second = first + probability * gradient_P, second + probability * gradient_P.square()
    variance = in_order(second - first.square(), found)
    policy = found.policy_size
    moments = found.draws(objective, 200)
    for part, expected in (("policy", variance[:policy]), ("rest", variance[policy:])):
        value, error = moments.variance()[part]
        assert abs(value - expected.sum()) < 3 * error < 0.5 * value


def test_draws_are_the_same_whatever_was_drawn_before():
    found = meter()
    before = found.draws(reinforce(), 20).mean
    found.draws(reinforce(3), 20)
    assert torch.equal(found.draws(reinforce(), 20).mean, before)


def test_several_batches_are_independent_draws_of_one_step():
    found = meter(batches=2)
    moments = found.draws(reinforce(), 20)
    variance, alone = numbers(moments, {}, len(found.batches))["variance"], moments.variance()["all"]
    assert variance["all"] == pytest.approx({"value": 2 * alone.value, "error": 2 * alone.error})


class Ramp(Scheduled, torch.nn.Module):
    """A part that keeps the progress it was set to."""

    def at(self, progress):
        self.progress = progress


def test_a_point_is_measured_with_its_schedules_and_the_variance_is_of_one_batch(monkeypatch):
    found, estimator = meter(batches=2), reinforce()
    estimator.ramp = Ramp()
    monkeypatch.setattr(comparing, "build_objective", lambda config, rnn: estimator)
    point = points.Point("half", 5, 0.5, found.rnn.state_dict(), "x.ckpt", "")
    choice = EstimatorChoice("reinforce", OmegaConf.create({"objective": {"samples": 2}}))
    entry = comparing.compared(point, [choice], comparing.Enumerated({}, "none"), found, MeterSettings(20, 2, 0))
    assert estimator.ramp.progress == 0.5
    alone = found.draws(estimator, 20).variance()
    (told,) = entry["estimators"]
    assert {part: each["value"] for part, each in told["variance"].items()} == pytest.approx(
        {part: 2 * each.value for part, each in alone.items()}
    )


def test_of_equal_batches_the_gradient_and_the_log_likelihoods_are_those_of_one():
    one, three, exact = meter(), meter(batches=3), Exact(QUERY, 81, ALL, NONE)
    torch.testing.assert_close(three.gradient(exact, three.batches), one.gradient(exact, one.batches))
    known = ("marginal", "bound", "mode", "expectation")
    mine, theirs = (each.log_likelihoods(exact) for each in (one, three))
    assert {name: mine[name] for name in known} == pytest.approx({name: theirs[name] for name in known})


def test_log_likelihoods_of_glimpses_by_hand(monkeypatch):
    """One trajectory's variances, 2 and 0 on the first batch and 8 and 6 on the second, are 4 in the mean."""
    found = meter(batches=2)
    sampled = iter([[[-1.0, -3.0], [-2.0, -2.0]], [[-1.0, -5.0], [-1.0, -1.0 - 12**0.5]]])
    by_draw = {mode: [[-1.5], [-0.5]], expectation: [[-3.0], [-1.0]]}
    monkeypatch.setattr(found, "_log_likelihood", lambda batch, samples, draw: torch.tensor(
        next(sampled) if draw is sample else by_draw[draw]))  # fmt: skip
    values = found.log_likelihoods(Exact(QUERY, 81, ALL, NONE))
    assert [values[name] for name in ("deviation", "mode", "expectation")] == pytest.approx([2.0, -1.0, -2.0])


def test_the_log_likelihood_of_a_trajectory_is_the_sum_over_its_symbols():
    found = meter(steps=2)
    batch = found.batches[0]
    with torch.no_grad():
        log_BTV = found.rnn(batch.image, batch.boxes, batch.target, 1, mode).logits[:, 0].log_softmax(-1)
        told = found._log_likelihood(batch, 1, mode)
    torch.testing.assert_close(told, log_BTV.gather(-1, batch.target[..., None]).sum((1, 2))[:, None])


def test_own_weights_are_fitted_in_steps_that_fall_to_zero(monkeypatch):
    class Recorded(torch.optim.Adam):
        def step(self):
            rates.append(self.param_groups[0]["lr"])
            return super().step()

    rates = []
    monkeypatch.setattr(torch.optim, "Adam", Recorded)
    meter().fit(reinforce(2, StateValue), 4)
    assert rates == pytest.approx([0.1, 0.075, 0.05, 0.025])


def test_an_estimator_s_own_weights_are_fitted_and_the_model_s_are_not():
    found = meter()
    before = [weight.clone() for weight in found.rnn.parameters()]
    value, average, without = (
        reinforce(2, StateValue),
        reinforce(2, lambda query_size: MovingAverage(query_size, 0.9)),
        reinforce(),
    )
    for each in (value, average, without):
        found.fit(each, 100)
        assert not each.training
    batch = found.batches[0]
    query = found.rnn(batch.image, batch.boxes, batch.target, 1, mode).query
    exact = found.log_likelihoods(Exact(QUERY, 81, ALL, NONE))
    assert float(average.baseline.mean) == pytest.approx(exact["bound"], abs=0.4)
    assert float(value.baseline.value(query).detach().mean()) == pytest.approx(exact["bound"], abs=0.3)
    assert all(torch.equal(one, other) for one, other in zip(before, found.rnn.parameters(), strict=True))


def test_log_likelihoods_come_apart():
    found = meter(glimpses=2)
    values = found.log_likelihoods(Exact(QUERY, 81, ALL, NONE))
    batch = found.batches[0]
    exact = Exact(QUERY, 81, ALL, NONE)(
        found.rnn(batch.image, no_boxes(2), batch.target, 9, taking(paths(found.rnn), 2)), batch.target
    )
    assert values["marginal"] == pytest.approx(-exact["marginal"].item()) and values["bound"] < values["marginal"]
    assert values["bound"] == pytest.approx(-exact["nll"].item()) and values["deviation"] > 0
    assert {"mode", "expectation"} < set(values)


def test_a_step_costs_time_and_memory():
    found = meter(glimpses=2)
    costs = found.costs({"two": reinforce(2), "all": Bound(QUERY, 81, ALL, NONE)})
    assert all(seconds > 0 and size > 0 for seconds, size in costs.values())
    assert costs["all"][1] > costs["two"][1]
    assert (trajectories(reinforce(3)), trajectories(Bound(QUERY, 81, ALL, NONE))) == (3, 0)


def test_the_seconds_of_a_step_are_the_median_of_steps_on_one_batch_taken_in_turns(monkeypatch):
    found, batches = meter(batches=3), []
    took = {"one": [5.0, 1.0, 1.0, 1.0, 1.0, 2.0, 9.0], "other": [3.0] * 7}
    ticks = [second for turn in range(7) for name in took for second in (0.0, took[name][turn])]
    clock = iter(ticks).__next__
    monkeypatch.setattr(measuring, "time", SimpleNamespace(process_time=clock, perf_counter=clock))
    monkeypatch.setattr(found, "gradient", lambda objective, several: batches.append(len(several)))
    costs = found.costs({"one": reinforce(), "other": reinforce()})
    assert {name: seconds for name, (seconds, _) in costs.items()} == {"one": 1.0, "other": 3.0}
    assert set(batches) == {1}


def test_what_a_model_has_no_glimpses_for_is_refused():
    with pytest.raises(ConfigFault, match=r"exact enumerates every trajectory"):
        meter(glimpses=2).refuse_misuse(Exact(QUERY, 8, ALL, NONE))


def test_a_training_step_with_a_loss_of_its_own_is_refused():
    """All estimators would have its gradient."""
    found = meter()
    found.train_step = built("item_hard", "training_step=self_critical").module.train_step
    with pytest.raises(ConfigFault, match="SelfCritical has a loss of its own"):
        found.refuse_misuse(reinforce())
    meter().refuse_misuse(reinforce())


@pytest.mark.parametrize(
    ("epochs", "steps", "progress"), [(5, 100, 0.8), (5, 40, 1.0), (5, None, 0.8), (-1, 80, 0.5), (0, None, 0.0)]
)
def test_training_ends_with_the_first_of_its_limits(tmp_path, monkeypatch, epochs, steps, progress):
    """A checkpoint of step 40, after four epochs."""
    folder = RunFolder(tmp_path / "run")
    folder.best.parent.mkdir(parents=True, exist_ok=True)
    folder.best.touch()
    monkeypatch.setattr(points, "read_checkpoint", lambda path, cure: {"global_step": 40, "epoch": 3, "state_dict": {}})
    (point,) = points.points_of(folder, None, epochs, steps)
    assert point.progress == pytest.approx(progress)
