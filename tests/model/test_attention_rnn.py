"""The loop: what is fed when, what is emitted, and how trajectories lie."""

import pytest
import torch
from models import ANYWHERE, ATTENTION, built, first_batch, no_boxes, task
from stubs import Scripted, V, Watched, says

from benchmark.model.attention.distribution import mode, sample
from benchmark.model.context.none import NoContext
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.decoding.rollout import averaged_rows
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from datamodules.contract import IGNORED


def scripted(script, images, samples=1, target=None, glimpses=2, end=None):
    spec = task(2, symbols=V, steps=len(script), end=end)
    decoder = Scripted(script, glimpses)
    rnn = AttentionRNN(spec, Watched(), decoder, NoContext(spec, 1, 1), TeacherForcing(), Greedy(), glimpses)
    image = torch.arange(images * 4.0).view(images, 1, 2, 2)
    target = None if target is None else torch.tensor(target)
    return rnn, rnn(image, no_boxes(images), target, samples, mode)


def test_with_a_target_the_true_symbol_is_fed():
    rnn, rollout = scripted(says([2, 1, 0], [0, 0, 0]), 2, target=[[1, 2, 0], [0, IGNORED, IGNORED]])
    # V, "no symbol yet", before the first; both glimpses before a symbol get the one before it; IGNORED feeds anything.
    assert rnn.decoder.fed == [[V, V], [1, 0], [2, 0]]
    assert rollout.symbol.tolist() == [[[2, 1, 0]], [[0, 0, 0]]]


def test_without_a_target_its_own_symbol_is_fed():
    rnn, _ = scripted(says([2, 1, 0], [0, 2, 1]), 2)
    assert rnn.decoder.fed == [[V, V], [2, 0], [1, 2]]


def test_nothing_is_emitted_after_the_end():
    _, rollout = scripted(says([1, 2, 0, 1], [2, 1, 1, 1], [0, 0, 0, 2], [0, 1, 0, 1]), 4, end=2)
    i = IGNORED
    assert rollout.symbol[:, 0].tolist() == [[1, 2, i, i], [2, i, i, i], [0, 0, 0, 2], [0, 1, 0, 1]]
    _, rollout = scripted(says([1, 2, 0, 1]), 1, end=None)
    assert rollout.symbol[:, 0].tolist() == [[1, 2, 0, 1]]


def test_pooling_averages_probabilities_by_hand():
    """Of (.9, .1) and (.2, .8) the mean is (.55, .45); the mean of logits would say the other."""
    logits = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]]).log() + torch.tensor(
        [[5.0], [-3.0], [0], [1]]
    )
    expected = torch.tensor([[0.55, 0.45], [0.55, 0.45], [0.5, 0.5], [0.5, 0.5]])
    torch.testing.assert_close(averaged_rows(logits, 2).exp(), expected)
    torch.testing.assert_close(averaged_rows(logits, 1), logits.log_softmax(-1))


def test_the_trajectories_of_an_image_agree_on_a_symbol():
    script = torch.tensor([[0.5, 0.4, 0.1], [0.02, 0.38, 0.6], [0.1, 0.1, 0.8], [0.3, 0.1, 0.6]]).log().repeat(2, 1, 1)
    rnn, rollout = scripted(script, images=2, samples=2)
    # Of the first image's trajectories one says 0 and one 2; together they say 1.
    assert rollout.symbol[:, :, 0].tolist() == [[1, 1], [2, 2]]
    assert rnn.decoder.fed[1] == [1, 1, 2, 2]
    torch.testing.assert_close(rollout.logits[0, 1, 0], script[0, 1])


def test_a_glimpse_is_asked_for_before_it_is_taken():
    rnn, rollout = scripted(says([0, 1, 2], [1, 1, 1]), 2, glimpses=2)
    assert rnn.attention.training_targets == [(step, step) for step in range(6)]
    assert rollout.query[0, 0, :, :, 0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert rollout.log_prob[0, 0].tolist() == [[0, 10], [20, 30], [40, 50]]
    assert rollout.where[1, 0, :, :, 0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert rollout.where.shape == (2, 1, 3, 2, 2) and rollout.logits.shape == (2, 1, 3, V)


def test_every_trajectory_starts_with_the_context_of_its_own_image():
    started = []

    class Started(Scripted):
        def start(self, context_RH):
            started.extend(context_RH[:, 0].tolist())
            return super().start(context_RH)

    spec = task(2, symbols=V)
    parts = Watched(), Started(says([0]), 1), NoContext(spec, 1, 1), TeacherForcing(), Greedy()
    rnn = AttentionRNN(spec, *parts, 1)
    rnn.context.forward = lambda image, global_feature: image.flatten(1)[:, :1]
    rnn(torch.arange(8.0).view(2, 1, 2, 2), no_boxes(2), None, 3, mode)
    assert started == [0, 0, 0, 4, 4, 4]


def test_a_mechanism_is_told_of_all_its_glimpses_so_far_in_order():
    told = []

    class Remembering(Watched):
        def forward(self, features, query_RS, step, draw, past):
            told.append([where[:, 0].tolist() for where in past])
            return super().forward(features, query_RS, step, draw, past)

    spec, decoder = task(2, symbols=V, steps=2, end=None), Scripted(says([0, 1], [1, 1]), 2)
    rnn = AttentionRNN(spec, Remembering(), decoder, NoContext(spec, 1, 1), TeacherForcing(), Greedy(), 2)
    rnn(torch.zeros(2, 1, 2, 2), no_boxes(2), None, 1, mode)
    assert told == [[[float(step)] * 2 for step in range(count)] for count in range(4)]


@pytest.mark.parametrize("name", ATTENTION)
def test_trajectories_lie_side_by_side(name):
    """S trajectories of each image are the images repeated, each beside its copies; other images change nothing."""
    parts = built(name, data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    given = (batch.image, batch.boxes, batch.target)
    with torch.no_grad():
        torch.manual_seed(1)
        rows = rnn(*given, 3, sample)
        torch.manual_seed(1)
        copies = rnn(*(field.repeat_interleave(3, 0) for field in given), 1, sample)
    assert rows.logits.shape[:3] == (4, 3, 2)
    for a, b in ((rows.logits, copies.logits), (rows.where, copies.where), (rows.log_prob, copies.log_prob)):
        torch.testing.assert_close(a.flatten(0, 1), b.flatten(0, 1), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in ATTENTION if name not in ANYWHERE])
def test_images_know_nothing_of_each_other(name):
    parts = built(name)
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        here = rnn(batch.image, batch.boxes, None, 2, mode)
        there = rnn(batch.image[order], batch.boxes[order], None, 2, mode)
    torch.testing.assert_close(here.logits[order], there.logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(here.where[order], there.where, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["item_soft", "dram", "none"])
def test_the_second_answer_depends_on_the_first_symbol_alone(name):
    parts = built(name, data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn, first_batch(parts)
    with torch.no_grad():
        first = rnn(batch.image, batch.boxes, batch.target, 1, mode)
        changed = (batch.target + 1) % 10
        second = rnn(batch.image, batch.boxes, changed, 1, mode)
        third = rnn(batch.image, batch.boxes, torch.stack([batch.target[:, 0], changed[:, 1]], 1), 1, mode)
    assert torch.equal(first.logits[:, :, 0], second.logits[:, :, 0])
    assert (first.logits[:, :, 1] - second.logits[:, :, 1]).abs().amax(-1).min() > 0
    assert torch.equal(first.logits, third.logits)


def test_free_running_is_teacher_forcing_with_one_s_own_symbols():
    parts = built("item_soft", data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn, first_batch(parts)
    with torch.no_grad():
        free = rnn(batch.image, batch.boxes, None, 1, mode)
        forced = rnn(batch.image, batch.boxes, free.symbol[:, 0], 1, mode)
    assert torch.equal(free.logits, forced.logits)


def test_the_query_kept_for_baselines_is_free_of_gradient():
    parts = built("ram", "decoder.detach=false")
    batch = first_batch(parts)
    rollout = parts.module.rnn(batch.image, batch.boxes, batch.target, 2, sample)
    assert not rollout.query.requires_grad and rollout.log_prob.requires_grad
