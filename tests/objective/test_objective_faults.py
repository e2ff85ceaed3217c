"""What an objective, a reward or a baseline of one's own gives wrongly is told at the first step, with its class."""

import pytest
import torch
from models import built, first_batch

from benchmark.common.errors import RunFault
from benchmark.objective.baseline.base import Baseline
from benchmark.objective.reward.base import Reward


class Given(Reward):
    can_be_negative = False

    def __init__(self, give):
        self.give = give

    def __call__(self, rollout, log_BST, target_BT):
        return self.give(log_BST)


class Subtracted(Baseline):
    def __init__(self, give):
        super().__init__()
        self.give = give

    def forward(self, rollout, return_BSTM, mask_BSTM):
        return self.give(return_BSTM, rollout)


def step(**parts):
    """A first training step of RAM with REINFORCE, with another reward or baseline."""
    made = built("ram")
    for name, part in parts.items():
        setattr(made.module.objective, name, part)
    return made.module.train_step(made.module.rnn, made.module.objective, first_batch(made))


@pytest.mark.parametrize(
    ("give", "told"),
    [
        (lambda log_BST: 1.0, "it is a float, and has to be a tensor"),
        (lambda log_BST: log_BST.detach().mean(-1), "it has the shape"),
        (lambda log_BST: log_BST, "it carries a gradient: detach it"),
    ],
)
def test_a_wrong_reward(give, told):
    with pytest.raises(RunFault, match=r"reward: .*\.Given breaks its contract") as found:
        step(reward=Given(give))
    assert told in str(found.value)


@pytest.mark.parametrize(
    ("give", "told"),
    [
        (lambda found, rollout: found, "it gives a Tensor, and has to give two tensors"),
        (lambda found, rollout: (found.mean(), found.new_zeros(())), "the baseline has the shape ()"),
        (lambda found, rollout: (found + rollout.log_prob, found.new_zeros(())), "carries a gradient"),
    ],
)
def test_a_wrong_baseline(give, told):
    with pytest.raises(RunFault, match=r"baseline: .*\.Subtracted breaks its contract") as found:
        step(baseline=Subtracted(give))
    assert told in str(found.value)


LOSS = torch.ones((), requires_grad=True)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (LOSS, "it gives a Tensor, and has to give a dictionary with 'loss'"),
        ({"nll": LOSS}, "it gives a dictionary of nll"),
        ({"loss": LOSS.expand(3)}, r"loss has the shape \(3,\)"),
        ({"loss": LOSS.detach()}, "loss carries no gradient"),
        ({"loss": LOSS, "nll": LOSS}, "nll carries a gradient"),
        ({"loss": LOSS, "nll": 1.0}, "nll is a float"),
    ],
)
def test_wrong_terms(terms, told):
    module = built("none").module
    module.step_function = lambda *given: terms
    with pytest.raises(RunFault, match=f"objective: .*Likelihood breaks its contract:\n  {told}"):
        module.training_step(None, 0)
