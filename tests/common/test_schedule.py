"""Schedules by value, and what the optimiser makes of them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import DRAWN, built

from benchmark.common.schedule import Constant, Cosine, Geometric, Linear, Steps, Waiting
from benchmark.training.optimizer.core_and_policy import CoreAndPolicy


def test_values_by_hand():
    assert [Constant(3.0)(p) for p in (0.0, 0.5, 1.0)] == [3, 3, 3]
    assert [Linear(2.0, 1.0, 0.5)(p) for p in (0.0, 0.25, 0.5, 0.9)] == [2, 1.5, 1, 1]
    assert [Geometric(8.0, 0.5, 0.8)(p) for p in (0.0, 0.2, 0.4, 0.8, 1.0)] == pytest.approx([8, 4, 2, 0.5, 0.5])
    steps = Steps(2.0, 0.1, [0.5, 0.75])
    assert [steps(p) for p in (0.0, 0.49, 0.5, 0.74, 0.75, 1.0)] == pytest.approx([2, 2, 0.2, 0.2, 0.02, 0.02])
    cosine = Cosine(1.0, 0.1, 0.2)
    assert [cosine(p) for p in (0.0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([0, 0.5, 1, 0.55, 0.1])
    assert Cosine(1.0, 0.0, 0.0)(0.25) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))


def test_what_is_reached_at_once():
    for schedule in (Linear(2.0, 1.0, 0.0), Geometric(2.0, 1.0, 0.0)):
        assert [schedule(p) for p in (0.0, 0.01, 1.0)] == [2, 1, 1]


@given(st.floats(0, 1), st.floats(0.01, 5), st.floats(0.01, 5), st.floats(0.01, 1))
def test_values_stay_between_start_and_end(progress, start, end, until):
    low, high = min(start, end), max(start, end)
    for schedule in (Linear(start, end, until), Geometric(start, end, until)):
        assert low * (1 - 1e-9) <= schedule(progress) <= high * (1 + 1e-9)
        assert schedule(0.0) == start and schedule(1.0) == pytest.approx(end)


def test_a_warmup_that_never_ends_is_a_line():
    assert [Cosine(2.0, 0.1, 1.0)(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([0, 1, 2])


def parameter(value):
    return torch.nn.Parameter(torch.tensor(value))


def test_core_and_policy_move_at_rates_of_their_own():
    core, policy = parameter([1.0]), parameter([1.0])
    optimisation = CoreAndPolicy(
        lambda g: torch.optim.SGD(g, lr=0.1), Constant(1.0), Linear(0.0, 1.0, 1.0), 0.0, 1.0, 1.0
    )
    optimizer, rate = optimisation.optimizer([core], [policy], {}, steps=4)
    seen = []
    for _ in range(5):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        rate.step()
    assert [a for a, _ in seen] == pytest.approx([0.1] * 5)
    assert [b for _, b in seen] == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])


def test_what_waits_stands_still_and_then_goes_its_whole_way():
    waiting = Waiting(0.2, Linear(1.0, 0.5, 1.0))
    assert [waiting(p) for p in (0.0, 0.1, 0.199)] == [0, 0, 0]
    assert [waiting(p) for p in (0.2, 0.6, 1.0)] == pytest.approx([1.0, 0.75, 0.5])
    assert Waiting(0.0, Linear(1.0, 0.5, 1.0))(0.5) == 0.75
    never = Waiting(1.0, Linear(1.0, 0.5, 1.0))
    assert [never(p) for p in (0.0, 0.999, 1.0)] == [0, 0, 0]


def test_a_policy_stands_still_while_it_waits():
    optimisation = CoreAndPolicy(lambda g: torch.optim.SGD(g, lr=0.1), Constant(1.0), Constant(1.0), 0.5, 1.0, 1.0)
    core, policy = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer, rate = optimisation.optimizer([core], [policy], {}, steps=4)
    moved = []
    for _ in range(4):
        core.grad, policy.grad = torch.ones(1), torch.ones(1)
        optimizer.step()
        rate.step()
        moved.append((core.item(), policy.item()))
    assert [here for here, _ in moved] == pytest.approx([-0.1, -0.2, -0.3, -0.4])
    assert [there for _, there in moved] == pytest.approx([0.0, 0.0, -0.1, -0.2])


def test_core_and_policy_are_clipped_apart():
    core, policy = parameter([0.0, 0.0]), parameter([0.0])
    core.grad, policy.grad = torch.tensor([3.0, 4.0]), torch.tensor([100.0])
    optimisation = CoreAndPolicy(torch.optim.SGD, Constant(1.0), Constant(1.0), 0.0, 10.0, 2.0)
    norms = optimisation.clip([core], [policy])
    assert [norm.item() for norm in norms] == [5.0, 100.0]
    assert core.grad.tolist() == [3, 4] and policy.grad.tolist() == pytest.approx([2.0])


@pytest.mark.parametrize("name", [*DRAWN, "item_soft"])
@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_every_parameter_is_in_the_optimiser_once(name, kind):
    module = built(name, f"optimizer={kind}", "baseline=state").module
    optimizer, _ = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 10)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in module.parameters())
    assert len(optimizer.param_groups[1]["params"]) == len(module.rnn.policy_parameters())
