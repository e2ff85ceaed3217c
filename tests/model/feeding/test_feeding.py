"""What the model is told after each symbol of training."""

import pytest
import torch
from models import built, first_batch, no_boxes, roll, task
from stubs import Scripted, V, Watched, says

from benchmark.common.schedule import Constant, Linear
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.context.none import NoContext
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.feeding.scheduled_sampling import ScheduledSampling
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from datamodules.contract import IGNORED

TRUE, OWN = torch.tensor([1, 2, 3, 4]), torch.tensor([5, 6, 7, 8])


def test_the_truth_is_told():
    assert TeacherForcing()(TRUE, OWN) is TRUE


@pytest.mark.parametrize("share, told", [(0.0, TRUE), (1.0, OWN)])
def test_at_its_ends_scheduled_sampling_is_certain(share, told):
    assert torch.equal(ScheduledSampling(Constant(share))(TRUE, OWN), told)


def test_the_share_of_own_symbols_follows_the_schedule():
    torch.manual_seed(0)
    feeding, ones, zeros = ScheduledSampling(Linear(0.0, 0.5, 0.5)), torch.ones(20_000), torch.zeros(20_000)
    for progress, share in ((0.0, 0.0), (0.2, 0.2), (0.5, 0.5), (1.0, 0.5)):
        feeding.at(progress)
        # three standard errors of 20,000 coins
        assert feeding(zeros, ones).mean().item() == pytest.approx(share, abs=0.011)


def fed(share, target):
    spec = task(2, symbols=V, steps=3)
    decoder = Scripted(says([2, 1, 0], [0, 2, 1]), 1)
    rnn = AttentionRNN(spec, Watched(), decoder, NoContext(spec, 1, 1), ScheduledSampling(Constant(share)), Greedy(), 1)
    rnn(torch.zeros(2, 1, 2, 2), no_boxes(2), target, 1, mode)
    return decoder.fed


def test_own_symbols_are_told_as_when_running_free():
    target = torch.tensor([[1, 1, 1], [2, IGNORED, IGNORED]])
    assert fed(1.0, target) == fed(0.0, None) == [[V, V], [2, 0], [1, 2]]
    assert fed(0.0, target) == [[V, V], [1, 2], [1, 0]]


def test_a_run_with_scheduled_sampling_is_told_of_its_progress_and_keeps_it():
    parts = built("item_soft", "feeding=scheduled_sampling", data="digit_pairs_ordered")
    (feeding,) = [part for part in parts.module.scheduled if isinstance(part, ScheduledSampling)]
    assert feeding.share == 0
    feeding.at(0.8)
    assert parts.module.state_dict()["rnn.feeding.share"].item() == pytest.approx(0.25)


def test_a_share_of_nothing_is_teacher_forcing_and_the_share_changes_what_is_learned():
    batch, found = None, {}
    for name, overrides in {"truth": (), "none": ("feeding.own.end=0.0",), "all": ("feeding.own.start=1.0",)}.items():
        choice = () if name == "truth" else ("feeding=scheduled_sampling",)
        parts = built("item_soft", *choice, *overrides, data="digit_pairs_ordered")
        batch = batch or first_batch(parts)
        found[name] = roll(parts.module.rnn, batch, 1, sample).logits
    assert torch.equal(found["truth"], found["none"])
    # Two symbols: the first is read before anything is told.
    assert torch.equal(found["truth"][:, :, 0], found["all"][:, :, 0])
    assert not torch.equal(found["truth"][:, :, 1], found["all"][:, :, 1])
