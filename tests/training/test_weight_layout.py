"""Weights with their channels last: the same training, from checkpoints of either layout."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from benchmark.training.callbacks.weight_layout import channels_last, follow_weights

CPU = torch.device("cpu")


def convolutions():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(36, 5))


def trained(model, optimizer, steps):
    draw = torch.Generator().manual_seed(steps)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(2, 3, 10, 10, generator=draw)).square().mean().backward()
        optimizer.step()


def adam(model, fused=True):
    return torch.optim.Adam(model.parameters(), lr=0.01, fused=fused)


def test_only_the_order_in_memory_changes():
    before, after = convolutions(), convolutions()
    channels_last(after, CPU)
    assert after[0].weight.stride() == (27, 1, 9, 3) and before[0].weight.stride() == (27, 9, 3, 1)
    for one, other in zip(before.parameters(), after.parameters(), strict=True):
        assert torch.equal(one, other)
    image = torch.randn(2, 3, 10, 10)
    assert torch.allclose(before(image), after(image), atol=1e-6)


def test_elsewhere_weights_stay_as_they_are():
    model = convolutions()
    channels_last(model, torch.device("cuda"))
    assert model[0].weight.is_contiguous()


@pytest.mark.parametrize("follows", [True, False])
def test_moments_of_a_checkpoint_in_the_other_order_are_put_right(follows):
    model = convolutions()
    optimizer = adam(model)
    trained(model, optimizer, 2)
    weights, moments = deepcopy((model.state_dict(), optimizer.state_dict()))

    resumed = convolutions()
    channels_last(resumed, CPU)
    again = adam(resumed)
    resumed.load_state_dict(weights)
    again.load_state_dict(moments)
    if follows:
        follow_weights(again)
    trained(resumed, again, 3)
    trained(model, optimizer, 3)
    same = all(torch.allclose(a, b, atol=1e-4) for a, b in zip(model.parameters(), resumed.parameters(), strict=True))
    assert same == follows  # a fused kernel without it is silently wrong
    assert float(next(iter(again.state.values()))["step"]) == 5
