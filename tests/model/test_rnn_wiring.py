"""Which gradient reaches which parameters, and what may influence what."""

import pytest
import torch
from models import ATTENTION, DRAWN, built, first_batch, gradients, livelier, named, roll, touched

from benchmark.model.attention.distribution import mode, sample
from benchmark.objective.base import log_likelihood

POLICY = {
    "ram": {"attention.policy.then.head."},
    "dram": {"attention.policy.head.", "decoder.upper.", "context."},
    "dram_nocontext": {"attention.policy.head.", "decoder.upper."},
    "item_hard": {"attention.alignment."},
    "sermanet": {"attention.policy.head.", "decoder.upper.", "context."},
}
"""What the policy gradient trains, by the papers' wiring and the default "detached" where they are silent."""

UPPER = ("decoder.upper.", "context.")
"""DRAM's upper state and what starts it say where to look, which its controls do not ask."""
UPPER_IDLE = ("random", "centre", "oracle", "sermanet_random")

IDLE = {
    "centre": {"attention.whatwhere.where.weight"},  # multiplies the centre's (0, 0)
    # What multiplies the first state's zeros, there being one step.
    "none": {"decoder.cell.cell.weight_hh"},
    "nic": {"decoder.cell.cell.weight_hh"},
    "adaptive": {"decoder.cell.cell.weight_hh", "decoder.of_hidden.weight"},
    "none_low": {"decoder.cell.cell.weight_hh"},
}


def rolled(name, *overrides, samples=8):
    parts = built(name, *overrides)
    rnn = parts.module.rnn
    torch.manual_seed(1)
    batch = first_batch(parts)
    return rnn, batch, roll(rnn, batch, samples, sample)


def score(rollout):
    """The score term of the estimator alone, with weights that cancel nowhere."""
    weight = torch.linspace(0.3, 1.7, rollout.log_prob.numel()).view_as(rollout.log_prob)
    return (weight * rollout.log_prob).sum()


@pytest.mark.parametrize("name", DRAWN)
def test_the_policy_gradient_reaches_its_modules_and_nothing_else(name):
    rnn, _, rollout = rolled(name)
    reached = touched(score(rollout), rnn)
    expected = {n for n, _ in rnn.named_parameters() if n.startswith(tuple(POLICY[name]))}
    assert reached == named(rnn, rnn.policy_parameters())
    assert reached == expected


@pytest.mark.parametrize("name", DRAWN)
def test_the_likelihood_reaches_all_but_the_policy(name):
    unsoftened = ["attention.mechanism.choice.softened.share=0.0"] if name == "item_hard" else []
    rnn, batch, rollout = rolled(name, *unsoftened)
    reached = touched(log_likelihood(rollout, batch.target).sum(), rnn)
    everything = {n for n, p in rnn.named_parameters() if p.numel()}
    assert reached == everything - named(rnn, rnn.policy_parameters())


def test_softened_draws_lead_the_likelihood_to_the_alignment_and_no_further():
    rnn, batch, rollout = rolled("item_hard", "attention.mechanism.choice.softened.share=1.0")
    reached = touched(log_likelihood(rollout, batch.target).sum(), rnn)
    assert reached == {n for n, p in rnn.named_parameters() if p.numel()}
    assert not rollout.log_prob.any()


LOCALISERS = tuple(
    f"{name}{still}" for name in ("location_soft", "location_soft_zoom", "stn_parallel") for still in ("", "_still")
)


@pytest.mark.parametrize("name", [name for name in ATTENTION if name not in DRAWN])
def test_of_what_is_not_drawn_a_localiser_alone_has_a_rate_of_its_own(name):
    rnn, _, _ = rolled(name, samples=1)
    localiser = tuple(f"attention.{part}" for part in ("localiser", "of_image", "of_query", "theta", "start_sP"))
    expected = {n for n, _ in rnn.named_parameters() if n.startswith(localiser)} if name in LOCALISERS else set()
    assert named(rnn, rnn.policy_parameters()) == expected and bool(expected) == (name in LOCALISERS)


@pytest.mark.parametrize("name", [name for name in ATTENTION if name not in DRAWN])
def test_what_is_not_drawn_is_trained_by_the_likelihood_alone(name):
    rnn, batch, rollout = rolled(name, samples=1)
    assert not rollout.log_prob.requires_grad and (name == "item_hard_even" or not rollout.log_prob.any())
    everything = {n for n, p in rnn.named_parameters() if p.numel()}
    # The warp starts at the identity with zero weights, which let nothing through to its hidden layer at first.
    for parameter in rnn.parameters():
        if parameter.numel() and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    rollout = roll(rnn, batch, 1, sample)
    missed = everything - touched(log_likelihood(rollout, batch.target).sum(), rnn)
    idle = {n for n in everything if n.startswith(UPPER)} if name in UPPER_IDLE else set()
    assert missed == IDLE.get(name, set()) | idle


@pytest.mark.parametrize("name", ["ram", "dram", "dram_nocontext"])
def test_the_location_heads_mean_gets_a_gradient(name):
    """A port that stopped the gradient at the location's mean sat at the error of random looks for ever."""
    rnn, _, rollout = rolled(name)
    head = {n: g for n, g in gradients(score(rollout), rnn).items() if "policy" in n and "head" in n}
    assert head and all(gradient.abs().max() > 1e-6 for gradient in head.values())


@pytest.mark.parametrize("name, reader", [("ram", "decoder.cell."), ("item_hard", "decoder.cell.")])
def test_the_flag_lets_the_policy_gradient_into_the_core(name, reader):
    rnn, _, rollout = rolled(name, "decoder.detach=false")
    reached = touched(score(rollout), rnn)
    assert any(n.startswith(reader) for n in reached)
    assert not any(n.startswith("decoder.head.") for n in reached)


def test_the_flag_lets_drams_policy_gradient_into_its_reader_but_not_its_classifier():
    rnn, _, rollout = rolled("dram", "decoder.detach=false")
    reached = touched(score(rollout), rnn)
    assert any(n.startswith("decoder.lower.") for n in reached)
    assert not any(n.startswith("decoder.head.") for n in reached)


def fixed_places(rnn, batch, context_BH):
    """Logits with the same places whatever the policy says, as a function of what the context gives."""
    rnn.context.forward = lambda image, global_feature: context_BH
    spots = [torch.tensor([[x, -x]]).expand(len(batch.image), 2) for x in (0.0, 0.7, -1.1, 0.3)]
    turn = iter(spots)
    return rnn(batch.image, batch.boxes, batch.target, 1, lambda where: next(turn))


def test_the_context_reaches_dram_s_classifier_through_where_it_looks_alone():
    parts = built("dram", "decoder.detach=false")
    rnn, batch = parts.module.rnn, first_batch(parts)
    livelier(rnn)
    context_BH = rnn.context(batch.image, lambda: None).detach().requires_grad_()
    rollout = fixed_places(rnn, batch, context_BH)
    assert torch.autograd.grad(rollout.logits.sum(), context_BH, allow_unused=True, retain_graph=True) == (None,)
    # It does reach where to look, and by that the answer.
    (to_policy,) = torch.autograd.grad(rollout.log_prob.sum(), context_BH)
    assert to_policy.abs().max() > 0
    other = fixed_places(rnn, batch, torch.randn_like(context_BH))
    assert torch.equal(other.logits, rollout.logits)
    assert not torch.equal(other.query, rollout.query)


def test_a_context_before_one_storey_is_trained_by_the_likelihood_too():
    """RAM with a context: it starts the state that is read, so it is no part of the policy."""
    parts = built("ram", "context=coarse")
    rnn, batch = parts.module.rnn, first_batch(parts)
    rollout = roll(rnn, batch, 2, sample)
    context = {n for n, _ in rnn.named_parameters() if n.startswith("context.")}
    assert context <= touched(log_likelihood(rollout, batch.target).sum(), rnn)
    assert not context & named(rnn, rnn.policy_parameters())


def test_the_first_glimpse_of_dram_without_context_is_the_same_for_all_images():
    parts = built("dram_nocontext")
    batch = first_batch(parts)
    where = parts.module.rnn(batch.image, batch.boxes, None, 1, mode).where[:, 0, 0]
    assert torch.equal(where[:, 0], where[:1, 0].expand(4, 2))
    context = built("dram")
    livelier(context.module.rnn.context)
    where = context.module.rnn(batch.image, batch.boxes, None, 1, mode).where[:, 0, 0]
    assert not torch.equal(where[:, 0], where[:1, 0].expand(4, 2))


@pytest.mark.parametrize("name", ATTENTION)
def test_boxes_influence_nobody_but_who_looks_at_them(name):
    parts = built(name)
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    outcomes = []
    for boxes in (batch.boxes, batch.boxes.flip(0) + 3.0):
        torch.manual_seed(5)
        rollout = rnn(batch.image, boxes, None, 2, sample)
        outcomes.append(rollout.logits)
    assert torch.equal(*outcomes) == (name not in ("oracle", "item_boxes"))


def test_the_oracle_visits_the_boxes_in_turn_and_the_centre_without():
    parts = built("oracle", "data.canvas=40", "look.glimpses=4")
    rnn, batch = parts.module.rnn, first_batch(parts)
    boxes = batch.boxes.clone()
    boxes[0, 1] = torch.nan
    where = rnn(batch.image, boxes, None, 1, mode).where[:, 0, 0]
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    torch.testing.assert_close(where[1:], centre[1:].repeat(1, 2, 1))
    torch.testing.assert_close(where[0], torch.stack([centre[0, 0], torch.tensor([20.0, 20.0])]).repeat(2, 1))
    none = rnn(batch.image, batch.boxes[:, :0], None, 1, mode).where[:, 0, 0]
    assert torch.equal(none, torch.full_like(none, 20.0))


def test_the_step_is_split_between_core_and_policy_without_rest():
    for name in DRAWN:
        module = built(name, "baseline=state").module
        split = [id(parameter) for parameter in [*module.core, *module.policy]]
        assert sorted(split) == sorted(id(parameter) for parameter in module.parameters())
