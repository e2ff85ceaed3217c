"""Estimators with an inference network: against the enumerated evidence lower bound, likelihood and posterior."""

from functools import partial
from itertools import product

import pytest
import torch
from enumerated import QUERY, flat, paths, roller, toy, toy_map, toy_started
from models import built, first_batch
from torch import nn

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.distribution import CategoricalItems
from benchmark.objective.base import log_likelihood
from benchmark.objective.baseline.leave_one_out import LeaveOneOut
from benchmark.objective.baseline.none import NoBaseline
from benchmark.objective.inferred_wake_sleep import InferredWakeSleep
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.trajectories.inferred import InferredTrajectories
from benchmark.objective.variational import Variational, divergence_to_come
from datamodules.contract import IGNORED

ADDITIVE = partial(Additive, size=3)


def variational(rnn, glimpses, samples=1, baseline=NoBaseline):
    objective = Variational(
        QUERY, rnn.attention.item_size, 3, samples, glimpses, ADDITIVE, 2, baseline, AllSteps(), NoRegularizer()
    ).double()
    with torch.no_grad():
        for parameter in objective.parameters():
            parameter.mul_(3)
    return objective


def taken(monkeypatch, path_RGN):
    """From now on the samples of items are these."""
    turn = iter(path_RGN.unbind(1))
    monkeypatch.setattr(CategoricalItems, "sample", lambda where: next(turn))


def terms_of_all(objective, rnn, image, target, monkeypatch):
    """(L,) log q(l), log p(l) and log p(y | l) of every sequence l."""
    path = paths(rnn)
    taken(monkeypatch, path)
    rollout = objective.trajectories(roller(rnn, image, target), len(path), target)
    read = (target != IGNORED)[:, None, :, None]
    scores = [(value * read).sum((-2, -1))[0] for value in (rollout.notes[..., 0], rollout.log_prob)]
    return *scores, log_likelihood(rollout, target).sum(-1)[0]


@pytest.mark.parametrize("kind, steps, glimpses", [(toy, 1, 2), (toy, 2, 1), (toy_map, 1, 2), (toy_started, 1, 3)])
def test_it_is_unbiased_for_the_evidence_lower_bound(kind, steps, glimpses, monkeypatch):
    rnn, image, target = kind(steps, glimpses=glimpses, seed=5)
    image, target = image[:1], target[:1]
    objective = variational(rnn, glimpses)
    both = nn.ModuleList([rnn, objective])
    log_q, log_p, log_label = terms_of_all(objective, rnn, image, target, monkeypatch)
    assert log_q.exp().sum().item() == pytest.approx(1) and (log_q - log_p).abs().max() > 0.1
    bound = (log_q.exp() * (log_label + log_p - log_q)).sum()
    found = 0.0
    for path_GN, log_q_of in zip(paths(rnn), log_q.detach(), strict=True):
        taken(monkeypatch, path_GN[None])
        rollout = objective.trajectories(roller(rnn, image, target), 1, target)
        found = found - log_q_of.exp() * flat(objective(rollout, target)["loss"], both)
    torch.testing.assert_close(found, flat(bound, both), rtol=1e-9, atol=1e-11)
    for part in (objective, rnn.attention):
        assert flat(bound, part).norm() > 1e-3


def test_the_terms_are_the_evidence_lower_bound_and_it_lies_below_the_likelihood(monkeypatch):
    rnn, image, target = toy(1, glimpses=1, seed=5)
    image, target = image[:1], target[:1]
    objective = variational(rnn, 1)
    log_q, log_p, log_label = terms_of_all(objective, rnn, image, target, monkeypatch)
    exact, bound = (log_p + log_label).logsumexp(0), (log_q.exp() * (log_label + log_p - log_q)).sum()
    assert bound < exact
    nll = divergence = 0.0
    for path_GN, log_q_of in zip(paths(rnn), log_q.detach(), strict=True):
        taken(monkeypatch, path_GN[None])
        terms = objective(objective.trajectories(roller(rnn, image, target), 1, target), target)
        nll, divergence = (a + log_q_of.exp() * terms[b] for a, b in ((nll, "nll"), (divergence, "divergence")))
    assert (nll + divergence).item() == pytest.approx(-bound.item())


def test_trained_alone_the_inference_network_becomes_the_posterior():
    rnn, image, target = toy(1, glimpses=1, seed=5)
    torch.manual_seed(0)
    objective = variational(rnn, 1, samples=64, baseline=LeaveOneOut)
    optimiser = torch.optim.Adam(objective.parameters(), 0.03)
    for _ in range(80):
        optimiser.zero_grad()
        objective(objective.trajectories(roller(rnn, image, target), 64, target), target)["loss"].backward()
        optimiser.step()
    with pytest.MonkeyPatch.context() as patch:
        log_q, log_p, log_label = terms_of_all(objective, rnn, image[:1], target[:1], patch)
    torch.testing.assert_close(log_q.exp(), (log_p + log_label).softmax(0), atol=0.03, rtol=0)
    assert (log_q.exp() - log_p.exp()).abs().max() > 0.1


def wake_sleep(rnn, samples):
    torch.manual_seed(4)
    return InferredWakeSleep(
        QUERY, rnn.attention.item_size, 3, samples, 1, ADDITIVE, 2, AllSteps(), NoRegularizer()
    ).double()


def expected(objective, rnn, image, target, monkeypatch):
    """The expected gradient of minus the loss, model and inference network: every tuple of samples of q."""
    both, found = nn.ModuleList([rnn, objective]), 0.0
    for several in product(range(3), repeat=objective.samples):
        taken(monkeypatch, paths(rnn)[list(several)])
        rollout = objective.trajectories(roller(rnn, image, target), objective.samples, target)
        probability = rollout.notes[..., 0].detach().sum().exp()
        found = found - probability * flat(objective(rollout, target)["loss"], both)
    return found


def test_wake_sleep_with_the_posterior_is_unbiased_for_the_likelihood(monkeypatch):
    rnn, image, target = toy(1, glimpses=1, seed=5)
    image, target = image[:1], target[:1]
    objective = wake_sleep(rnn, 2)
    _, log_p, log_label = terms_of_all(objective, rnn, image, target, monkeypatch)
    posterior = (log_p + log_label).detach()
    objective.trajectories = InferredTrajectories(
        lambda policy, symbol_R: CategoricalItems(posterior.expand(len(symbol_R), -1), None), 1, "inferred_wake_sleep"
    )
    found = expected(objective, rnn, image, target, monkeypatch)
    exact = flat((log_p + log_label).logsumexp(0), rnn)
    torch.testing.assert_close(found[: len(exact)], exact, rtol=1e-9, atol=1e-11)


def test_the_bias_of_wake_sleep_falls_with_its_samples(monkeypatch):
    """In the model from the gradient of log p(y), in the inference network from that of minus the divergence."""
    rnn, image, target = toy(1, glimpses=1, seed=5)
    image, target = image[:1], target[:1]
    bias = {}
    for samples in (2, 4):
        objective = wake_sleep(rnn, samples)
        log_q, log_p, log_label = terms_of_all(objective, rnn, image, target, monkeypatch)
        joint = log_p + log_label
        exact = flat(joint.logsumexp(0), rnn)
        towards = flat((joint.softmax(0).detach() * log_q).sum(), objective)
        found = expected(objective, rnn, image, target, monkeypatch)
        model, network = found.split([len(exact), len(towards)])
        bias[samples] = ((model - exact).norm() / exact.norm(), (network - towards).norm() / towards.norm())
    assert all(few > 1.6 * many > 0 for few, many in zip(bias[2], bias[4], strict=True))
    assert max(bias[4]) < 0.4


def test_the_divergence_to_come_and_the_end_of_a_sequence():
    divergence_BSTM = torch.tensor([[[[1.0, 2.0], [4.0, 8.0]]]])
    assert divergence_to_come(divergence_BSTM).flatten().tolist() == [14, 12, 8, 0]
    rnn, image, target = toy(2, glimpses=1)
    target = target.clone()
    target[:, 1] = IGNORED
    objective = variational(rnn, 1)
    rollout = objective.trajectories(roller(rnn, image, target), 1, target)
    louder = rollout._replace(notes=rollout.notes * torch.tensor([1.0, 7.0]).view(2, 1, 1))
    assert objective(rollout, target)["loss"] == objective(louder, target)["loss"]


def test_items_train_it_and_others_are_refused():
    for name, objective in (("item_hard", "objective=variational"), ("dram", "objective=inferred_wake_sleep")):
        parts = built(name, objective, "look.glimpses=2", *(["attention/policy=map"] if name == "dram" else []))
        module = parts.module
        module.train_step(module.rnn, module.objective, first_batch(parts))["loss"].backward()
        trained = [*module.objective.parameters(), *module.rnn.policy_parameters()]
        assert sum(p.grad is not None and bool(p.grad.any()) for p in trained) > 0.7 * len(trained)
    with pytest.raises(ConfigFault, match=r"variational is for mechanisms that attend to items"):
        built("dram", "objective=variational")
    with pytest.raises(ConfigFault, match=r"attention=item_soft does not\. Use objective=likelihood"):
        built("item_soft", "objective=variational")
    with pytest.raises(ConfigFault, match="loss_mask: objective=variational"):
        Variational(QUERY, 4, 3, 1, 1, ADDITIVE, 2, NoBaseline, UntilFirstMistake(), NoRegularizer())
    both = ("passes=both_directions", "attention/policy=map", "look.glimpses=1")
    parts = built("dram", "objective=variational", *both, data="digit_pairs_ordered")
    with pytest.raises(ConfigFault, match=r"variational is for one pass\. Use passes=single"):
        parts.module.train_step(parts.module.rnn, parts.module.objective, first_batch(parts))


@pytest.mark.parametrize("objective", ["variational", "inferred_wake_sleep"])
def test_another_number_of_glimpses_than_the_mechanism_s_is_refused(objective):
    """Or the inference network would be told the label of another symbol."""
    chosen = [f"objective={objective}", "look.glimpses=1", "data=digit_pairs_ordered"]
    parts = built("item_hard", *chosen, "objective.glimpses=2")
    with pytest.raises(ConfigFault, match=r"objective\.glimpses=2: a symbol has 1 glimpses"):
        parts.module.train_step(parts.module.rnn, parts.module.objective, first_batch(parts))
    right = built("item_hard", *chosen)
    assert right.module.train_step(right.module.rnn, right.module.objective, first_batch(right))["loss"].isfinite()
