"""Several updates on the same trajectories: by hand, against the actor-critic, and through Lightning."""

import pytest
import pytorch_lightning as pl
import torch
from enumerated import QUERY, expected_gradient, roller, toy, toy_plane
from models import built

from benchmark.common.errors import ConfigFault
from benchmark.objective.actor_critic import ActorCritic
from benchmark.objective.loss_mask.all_steps import AllSteps
from benchmark.objective.loss_mask.until_first_mistake import UntilFirstMistake
from benchmark.objective.ppo import PPO
from benchmark.objective.regularizer.none import NoRegularizer
from benchmark.objective.reward.cumulative import Cumulative
from benchmark.objective.reward.likelihood_gain import LikelihoodGain
from benchmark.objective.reward.log_likelihood import LogLikelihood

ALL, NONE = AllSteps(), NoRegularizer()


def ppo(updates=2, clip=0.2, trace=1.0, samples=2, reward=None):
    return PPO(QUERY, samples, reward or LogLikelihood(1.0), trace, updates, clip, ALL, NONE).double()


@pytest.mark.parametrize("reward", [LogLikelihood(1.0), LikelihoodGain()], ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("trace", [0.5, 1.0])
def test_the_first_update_is_the_actor_critic_s(trace, reward):
    rnn, image, target = toy(1, seed=5, glimpses=2)
    plain = ActorCritic(QUERY, 1, reward, trace, ALL, NONE).double()
    clipped = ppo(samples=1, trace=trace, reward=reward)
    clipped.value.load_state_dict(plain.value.state_dict())
    found = [expected_gradient(each, rnn, image[:1], target[:1]) for each in (plain, clipped)]
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [toy, toy_plane], ids=["items", "locations"])
def test_updates_on_one_batch_take_the_same_places(make):
    rnn, image, target = make(1, glimpses=2)
    objective, roll = ppo(), roller(rnn, image, target)
    with objective.updates.on_one_batch():
        first = objective.trajectories(roll, 2, target)
        with torch.no_grad():
            for parameter in rnn.parameters():
                parameter.mul_(0.5)
        second = objective.trajectories(roll, 2, target)
    torch.testing.assert_close(first.where.double(), second.where.double())
    assert (first.log_prob - second.log_prob).abs().min() > 1e-4
    alone = torch.stack([objective.trajectories(roll, 20, target).where.double() for _ in range(2)])
    assert (alone[0] != alone[1]).any()


def test_a_later_update_by_hand():
    rnn, image, target = toy(1, glimpses=2)
    objective = ppo(clip=0.2)
    with objective.updates.on_one_batch():
        first = objective.trajectories(roller(rnn, image, target), 2, target)
        objective(first, target)
        advantage = objective.updates.first("sampled", None).advantage_BSTM
        shift = torch.tensor([-0.5, -0.1, 0.1, 0.5]).double().view(2, 2, 1, 1).expand_as(advantage)
        later = first._replace(log_prob=(first.log_prob + shift).detach().requires_grad_())
        loss = objective(later, target)["loss"]
        (found,) = torch.autograd.grad(loss, later.log_prob)
        again = objective(later._replace(logits=later.logits * 3), target)
    assert torch.equal(again["reward"], objective(first, target)["reward"])  # of the first rollout, not of this one
    ratio = shift.exp()
    stopped = torch.where(advantage > 0, ratio > 1.2, ratio < 0.8)
    assert 0 < stopped.sum() < stopped.numel()
    expected = torch.where(stopped, 0.0, -advantage * ratio) / 4  # four trajectories
    torch.testing.assert_close(found, expected)


def test_what_is_remembered_of_a_batch_ends_with_it():
    rnn, image, target = toy(1, glimpses=2)
    objective = ppo()
    with objective.updates.on_one_batch():
        objective(objective.trajectories(roller(rnn, image, target), 2, target), target)
    one = objective.trajectories(roller(rnn, image[:1], target[:1]), 3, target[:1])
    assert one.log_prob.shape[:2] == (1, 3)
    assert objective(one, target[:1])["loss"].isfinite()
    assert objective.updates.first("sampled", lambda: 7) == 7


def trained(folder, *overrides):
    """The weights after an epoch of three batches, the optimiser's state and the trainer."""
    parts = built("ram", *overrides, "look.glimpses=2", "data.images_per_epoch=12", seed=3)
    torch.manual_seed(4)
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, limit_val_batches=0, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(parts.module, datamodule=parts.datamodule)
    return parts.module, trainer


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning 2.6 uses a name that torch 2.13 deprecates
def test_lightning_makes_every_update_and_counts_one_step_a_batch(tmp_path):
    actor_critic, _ = trained(tmp_path, "objective=actor_critic")
    once, _ = trained(tmp_path, "objective=ppo", "objective.updates=1")
    for name, value in actor_critic.state_dict().items():
        assert torch.equal(value, once.state_dict()[name]), name
    twice, trainer = trained(tmp_path, "objective=ppo", "objective.updates=2")
    assert trainer.global_step == 3
    (optimizer,) = trainer.optimizers
    assert {float(state["step"]) for state in optimizer.state.values()} == {6.0}
    changed = [not torch.equal(value, once.state_dict()[name]) for name, value in twice.state_dict().items()]
    assert any(changed)


def test_several_updates_are_refused_where_batches_are_mixed_or_captions_sampled_anew():
    with pytest.raises(ConfigFault, match=r"objective\.updates: 2 updates .*accumulate_grad_batches=2"):
        built("ram", "objective=ppo", "+trainer.accumulate_grad_batches=2")
    built("ram", "objective=ppo", "objective.updates=1", "+trainer.accumulate_grad_batches=2")
    with pytest.raises(ConfigFault, match=r"the training step samples anew at each update"):
        built("item_hard", "objective=ppo", "training_step=self_critical")


def test_several_updates_are_refused_where_symbols_are_drawn_anew():
    with pytest.raises(ConfigFault, match=r"feeding draws the symbols .* anew at each update"):
        built("item_hard", "objective=ppo", "feeding=scheduled_sampling")
    built("item_hard", "objective=ppo", "objective.updates=1", "feeding=scheduled_sampling")


@pytest.mark.parametrize("before, after", [(3.0, -3.0), (-3.0, 3.0)], ids=["then wrong", "then right"])
def test_the_glimpses_that_count_are_those_of_the_first_update(before, after):
    """A symbol that has become right, or wrong, lets no other glimpse in or out."""
    rnn, image, target = toy(2, glimpses=1)
    objective = PPO(QUERY, 2, Cumulative(), 1.0, 2, 0.2, UntilFirstMistake(), NONE).double()
    logits = torch.zeros(2, 2, 2, 3).double()
    says = torch.nn.functional.one_hot(target, 3)[:, None].expand_as(logits)
    found = []
    with objective.updates.on_one_batch():
        first = objective.trajectories(roller(rnn, image, target), 2, target)
        for scale in (before, after):
            later = first._replace(log_prob=first.log_prob.detach().requires_grad_(), logits=logits + scale * says)
            (gradient,) = torch.autograd.grad(objective(later, target)["loss"], later.log_prob)
            found.append(gradient)
    torch.testing.assert_close(*found)
    assert bool((found[0][:, :, 1] == 0).all()) == (before < 0)
