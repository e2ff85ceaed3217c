"""A control is its mechanism in everything but where it looks: reader, objective, trajectories, steps, optimiser."""

import pytest
import torch
from models import ATTENTION, built, config, first_batch, roll
from omegaconf import OmegaConf

from benchmark.model.attention.alignment.uniform import UniformAlignment
from benchmark.model.attention.distribution import sample
from benchmark.results.run_id import difference, flatten

LOOKS = ("attention.mechanism.policy.", "attention.mechanism.alignment.", "optimizer.policy_wait")
"""Where it looks. The localiser of a spatial transformer cannot be left out: it is told to stand still for ever."""
BESIDE = {"dram_nocontext": ("context.",)}
"""What a control has besides, and its classifier never hears of."""

PAIRS = [(name, control) for name in ATTENTION if (control := config(f"attention={name}").attention.get("control"))]
PAIRS = [(name, control) for name, control in PAIRS if not config(f"attention={name}").attention.get("is_control")]
PAIRS += [("dram", "centre"), ("dram", "oracle")]
TRAINED = ((), ("experiment=pairs_small", "data=digit_pairs"), ("baseline=state", "optimizer=sgd"))


def values(attention, overrides):
    return flatten(OmegaConf.to_container(config(*overrides, f"attention={attention}"), resolve=True))


@pytest.mark.parametrize("mechanism, control", PAIRS)
@pytest.mark.parametrize("overrides", TRAINED)
def test_a_control_is_trained_as_its_mechanism_is(mechanism, control, overrides):
    differs = difference(values(control, overrides), values(mechanism, overrides))
    assert differs.pop("attention.name") == control and differs.pop("attention.is_control") is True
    assert any(key.startswith(LOOKS) for key in differs)
    chosen = {key: differs.pop(key) for key in list(differs) if key.startswith("choices.")}
    beside = {f"choices.{name.split('.')[0]}" for name in BESIDE.get(mechanism, ())}
    assert set(chosen) <= {"choices.attention", "choices.attention/policy", "choices.attention/alignment", *beside}
    assert not [key for key in differs if not key.startswith((*LOOKS, *BESIDE.get(mechanism, ())))]


def test_every_mechanism_that_chooses_where_to_look_has_a_control():
    judged = {name for name, control in PAIRS}
    apart = {"adaptive"}  # its one look a symbol may fall on what it remembers
    controls = {name for name in ATTENTION if config(f"attention={name}").attention.get("is_control")}
    assert set(ATTENTION) - controls - apart <= judged
    assert {control for _, control in PAIRS} <= controls


@pytest.mark.parametrize("name", [control for _, control in PAIRS])
def test_a_control_has_no_score_and_as_many_trajectories(name):
    parts = built(name)
    rnn, batch = parts.module.rnn, first_batch(parts)
    samples = parts.module.objective.samples
    rollout = roll(rnn, batch, samples, sample)
    assert not rollout.log_prob.requires_grad
    mechanism = next(mechanism for mechanism, control in PAIRS if control == name)
    assert samples == built(mechanism).module.objective.samples


def test_even_weights_are_the_mean_of_the_items_or_any_of_them():
    alignment = UniformAlignment(item_size=5, query_size=3)
    scores = alignment(alignment.keys(torch.randn(2, 7, 5)), torch.randn(2, 4, 3))
    assert scores.tolist() == torch.zeros(2, 4, 7).tolist() and not list(alignment.parameters())
    parts = built("item_soft_even")
    rnn, batch = parts.module.rnn, first_batch(parts)
    weights = roll(rnn, batch, 1, sample).where
    assert torch.equal(weights, torch.full_like(weights, 1 / weights.shape[-1]))
    parts = built("item_hard_even", "attention.mechanism.choice.softened.share=0.0", "look.glimpses=40")
    torch.manual_seed(0)
    drawn = roll(parts.module.rnn, first_batch(parts), 8, sample).where
    often = drawn.flatten(0, -2).mean(0) * drawn.shape[-1]
    assert set(drawn.unique().tolist()) == {0.0, 1.0} and 0.5 < often.min() < often.max() < 1.6


def test_crops_that_stand_still_do_while_their_reader_learns():
    module = built("location_soft_still").module
    optimizer, rate = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 3)
    policy, core = ([p.detach().clone() for p in of] for of in (module.policy, module.core))
    for _ in range(3):
        optimizer.zero_grad()
        module.train_step(module.rnn, module.objective, first_batch(built("location_soft_still")))["loss"].backward()
        optimizer.step()
        rate.step()
    assert all(torch.equal(a, b) for a, b in zip(policy, module.policy, strict=True))
    assert not any(
        torch.equal(a, b) for a, b in zip(core, module.core, strict=True) if b.grad is not None and b.grad.any()
    )


def test_a_policy_is_a_choice_like_any_other():
    chosen = config("attention=ram", "attention/policy=boxes").attention
    assert chosen.mechanism.policy["_target_"].endswith(".OraclePolicy") and chosen.name == "ram"
