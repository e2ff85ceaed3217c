"""When an encoder learns, how fast, and what being frozen means."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from models import built, config, first_batch, roll
from torch import nn

from benchmark.build import build_rnn
from benchmark.common.schedule import Constant, Linear
from benchmark.evaluation.cost import parameters
from benchmark.model.attention.distribution import sample
from benchmark.model.encoder.residual import Residual, ResidualMap
from benchmark.model.encoder.tuning.base import Tuned, rates
from benchmark.model.encoder.tuning.from_epoch import FromEpoch
from benchmark.model.encoder.tuning.frozen import FrozenEncoder
from benchmark.training.optimizer.core_and_policy import CoreAndPolicy

SHAPE = (1, 9, 9)
SMALL_BODY = partial(ResidualMap, widths=[4, 8], stride=2)
FROZEN = ("encoder=residual_map", "encoder/tuning=frozen", "encoder.body.widths=[4,8]")


def tuned(tuning):
    torch.manual_seed(0)
    return Tuned(SHAPE, SMALL_BODY, tuning)


def kept(encoder):
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def same(before, encoder):
    return all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())


def test_epochs_begin_at_their_first_step():
    for epochs, batches in ((3, 7), (14, 100), (49, 13)):
        for epoch in range(1, epochs + 1):
            tuning, steps = FromEpoch(epoch, epochs, 0.1), epochs * batches
            learns = [tuning.learns(step / steps) for step in range(steps)]
            assert learns.index(True) == (epoch - 1) * batches and all(learns[(epoch - 1) * batches :])
    assert not FrozenEncoder().learns(1.0) and FromEpoch(1, 9, 1.0).learns(0.0)


def test_a_frozen_encoder_keeps_its_statistics_while_all_around_it_trains():
    encoder, image = tuned(FrozenEncoder()), torch.randn(5, *SHAPE) + 3
    around = nn.Sequential(encoder, nn.BatchNorm2d(8)).train()
    expected, before = encoder.eval()(image), kept(encoder)
    around.train()
    assert torch.equal(encoder(image), expected) and same(before, encoder)
    assert around.training and encoder.training and not any(part.training for part in encoder.body.modules())
    learning = tuned(FromEpoch(1, 2, 1.0)).train()
    learning(image)
    assert not same(before, learning)


def test_a_frozen_encoder_keeps_no_graph_but_lets_a_gradient_through_to_what_is_shown_to_it():
    encoder, image = tuned(FrozenEncoder()).train(), torch.randn(2, *SHAPE)
    assert not encoder(image).requires_grad
    image.requires_grad_()
    (slope,) = torch.autograd.grad(encoder(image).sum(), image)
    assert slope.abs().sum() > 0


def test_an_encoder_thaws_when_it_is_told_so_and_its_statistics_move_from_then_on():
    encoder, image = tuned(FromEpoch(2, 2, 1.0)).train(), torch.randn(2, *SHAPE)
    encoder.at(0.49)
    assert not encoder(image).requires_grad and not encoder.frozen
    encoder.at(0.5)
    assert encoder(image).requires_grad and all(part.training for part in encoder.body.modules())
    encoder.eval()
    assert not any(part.training for part in encoder.modules())
    encoder.at(1.0)
    assert not any(part.training for part in encoder.modules())


def test_a_map_is_as_large_as_it_says_and_averaged_it_is_the_strong_cnn_s_code():
    torch.manual_seed(0)
    image = torch.randn(2, 3, 33, 20)
    for stride, shape in ((1, (8, 17, 10)), (2, (8, 9, 5)), (4, (8, 5, 3))):
        encoder = ResidualMap((3, 33, 20), [4, 8], stride)
        assert encoder.shape == shape and encoder(image).shape == (2, *shape)
    whole = Residual((3, 33, 20), [4, 8])
    grid = ResidualMap((3, 33, 20), [4, 8], 1)
    grid.load_state_dict(whole.state_dict())
    assert torch.equal(grid(image).mean((-2, -1), keepdim=True), whole(image))


def test_parameters_with_a_factor_of_their_own_are_groups_of_their_own():
    core, policy, slow, slow_policy = (nn.Parameter(torch.ones(1)) for _ in range(4))
    make = partial(torch.optim.SGD, lr=2.0)
    optimisation = CoreAndPolicy(make, Constant(1.0), Linear(0.0, 1.0, 1.0), 0.0, 1.0, 1.0)
    own = {slow: 0.1, slow_policy: 0.1}
    optimizer, rate = optimisation.optimizer([core, slow], [policy, slow_policy], own, 4)
    assert [[id(p) for p in group["params"]] for group in optimizer.param_groups] == [
        [id(core)], [id(policy)], [id(slow)], [id(slow_policy)]
    ]  # fmt: skip
    for step in range(4):
        lrs = [group["lr"] for group in optimizer.param_groups]
        assert lrs == pytest.approx([2.0, 2.0 * step / 4, 0.2, 0.2 * step / 4])
        optimizer.step()
        rate.step()


def trained(parts, steps, of):
    """Steps as a Trainer would take them; the encoder's weights before each, and after the last."""
    module = parts.module.train()
    encoder, batch = module.rnn.attention.encoder, first_batch(parts)
    optimizer, rate = module.optimisation.optimizer(module.core, module.policy, module.own_rates, of)
    seen = [kept(encoder)]
    for step in range(steps):
        for part in module.scheduled:
            part.at(step / of)
        optimizer.zero_grad()
        module.objective(roll(module.rnn, batch, 1, sample), batch.target)["loss"].backward()
        module.optimisation.clip(module.core, module.policy)
        optimizer.step()
        rate.step()
        seen.append(kept(encoder))
    return seen


def moved(before, after):
    return any(not torch.equal(before[name], after[name]) for name in before)


def test_what_is_frozen_stays_and_what_is_tuned_moves_from_its_epoch_on():
    frozen = trained(built("item_soft", *FROZEN), 3, 4)
    assert not moved(frozen[0], frozen[-1])
    later = ("encoder/tuning=from_epoch", "encoder.tuning.epoch=2", "trainer.max_epochs=2")
    tuning = trained(built("item_soft", *FROZEN, *later), 4, 4)
    assert [moved(a, b) for a, b in pairwise(tuning)] == [False, False, True, True]


def test_a_factor_reaches_the_encoder_alone():
    parts = built("item_soft", *FROZEN, "encoder/tuning=trained", "encoder.tuning.rate=0.25")
    module = parts.module
    encoder = module.rnn.attention.encoder
    assert rates(module.rnn) == dict.fromkeys(encoder.parameters(), 0.25)
    optimizer, _ = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 10)
    in_group = [{id(p) for p in group["params"]} for group in optimizer.param_groups]
    assert in_group[2] == {id(p) for p in encoder.parameters()} and len(optimizer.param_groups) == 4
    assert (
        optimizer.param_groups[2]["lr"] == 0.25 * optimizer.param_groups[0]["lr"] or not optimizer.param_groups[0]["lr"]
    )
    assert sum(map(len, in_group)) == len(list(module.parameters()))
    told = {id(module._usual(group)) for group in module.groups.values()}  # whose rate is logged
    assert told.isdisjoint(in_group[2])


@pytest.mark.parametrize("attention", ["none", "item_hard", "location_soft", "ram"])
def test_any_mechanism_takes_a_frozen_encoder_and_counts_it(attention):
    one_cell = ("encoder.body.stride=8",)  # of a glimpse
    parts = built(attention, *FROZEN, *one_cell)
    rnn, batch = parts.module.rnn.train(), first_batch(parts)
    (encoder,) = [part for part in rnn.modules() if isinstance(part, Tuned)]
    loss = parts.module.objective(roll(rnn, batch, 2, sample), batch.target)["loss"]
    loss.backward()
    assert all(parameter.grad is None for parameter in encoder.parameters())
    assert all(parameter.grad is not None for parameter in parts.module.policy)  # a localiser's come through it
    assert any(parameter.grad is not None for parameter in rnn.parameters())
    of_encoder = sum(parameter.numel() for parameter in encoder.parameters())
    assert of_encoder > 0
    same_trained = build_rnn(config(f"attention={attention}", *FROZEN, *one_cell, "encoder/tuning=trained"), parts.spec)
    assert parameters(rnn) == parameters(same_trained)
