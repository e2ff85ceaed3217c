"""Two models that read in both directions: what each is taught, and how their words are merged."""

import pytest
import torch
from models import built, first_batch, named, no_boxes, roll, task
from stubs import Scripted, V, Watched, says

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.context.none import NoContext
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN
from benchmark.model.passes.base import reversed_prefix, share
from benchmark.model.passes.both_directions import Averaged, BackwardFirst, BothDirections
from datamodules.contract import IGNORED

END, I = 2, IGNORED  # noqa: E741


def test_the_first_so_many_are_turned_around():
    values = torch.tensor([[1, 2, 3, 9], [1, 9, 5, 6], [9, 1, 2, 3], [1, 2, 3, 4]])
    found = reversed_prefix(values, torch.tensor([3, 1, 0, 4]))
    assert found.tolist() == [[3, 2, 1, 9], [1, 9, 5, 6], [9, 1, 2, 3], [4, 3, 2, 1]]
    assert torch.equal(reversed_prefix(found, torch.tensor([3, 1, 0, 4])), values)
    wide = values[..., None].expand(-1, -1, 2)
    assert torch.equal(reversed_prefix(wide, torch.tensor([3, 1, 0, 4]))[..., 1], found)


def scripted(forth, back, merge, steps=4, end=END):
    """Both ways with what each model says, (T, R, V) scores."""
    scripts, spec = iter((forth, back)), task(2, symbols=V, steps=steps, end=end)

    def make(spec):
        return AttentionRNN(
            spec, Watched(), Scripted(next(scripts), 1), NoContext(spec, 1, 1), TeacherForcing(), Greedy(), 1
        )

    return BothDirections(make, spec, [], merge)


def merged(forth, back, merge, **kind):
    rnn = scripted(forth, back, merge, **kind)
    images = forth.shape[1]
    return rnn(torch.zeros(images, 1, 2, 2), no_boxes(images), None, 1, mode)


FORTH, BACK = says([0, 1, 0, END], [0, END, 1, 1], [END, 0, 0, 0]), says([1, 0, END, 0], [0, 1, 1, END], [1, 1, END, 0])
"""Three, one and no digits; two, three and two digits."""


def test_the_shorter_says_how_long_and_the_backward_model_what():
    found = merged(FORTH, BACK, BackwardFirst())
    assert found.symbol[:, 0].tolist() == [[0, 1, END, I], [0, END, I, I], [END, I, I, I]]


def test_beyond_the_shorter_length_the_scores_are_the_forward_model_s():
    found = merged(FORTH, BACK, BackwardFirst()).logits[0, 0]
    torch.testing.assert_close(found[2:], FORTH[2:, 0].log_softmax(-1))
    torch.testing.assert_close(found[:2], BACK[:2, 0].log_softmax(-1).flip(0))


def test_within_the_length_no_end_is_read_though_both_find_it_likely():
    """(.50, .02, .48) and (.03, .49, .48): both read one digit, and the product is largest for the end."""
    forth, back = (
        torch.tensor([row, [0.1, 0.1, 0.8]]).log()[:, None] for row in ([0.50, 0.02, 0.48], [0.03, 0.49, 0.48])
    )
    assert merged(forth, back, Averaged(), steps=2).symbol[0, 0].tolist() == [0, END]


def test_the_mean_of_log_probabilities_by_hand():
    """Position 0: the forward model says (.6, .4), the last of the backward one's two (.2, .8): the second wins."""

    def scores(*rows):
        return torch.tensor([[*row, 0.0] for row in rows]).add(1e-9).log()[:, None]

    ends = torch.tensor([[-20.0, -20.0, 20.0]])[:, None]
    forth = torch.cat([scores((0.6, 0.4), (0.9, 0.1)), ends, ends])
    back = torch.cat([scores((0.7, 0.3), (0.2, 0.8)), ends, ends])
    found = merged(forth, back, Averaged())
    assert found.symbol[0, 0].tolist() == [1, 0, END, I]
    first = torch.tensor([0.6 * 0.2, 0.4 * 0.8]).sqrt().log()
    torch.testing.assert_close(found.logits[0, 0, 0, :2], first, atol=1e-5, rtol=1e-5)
    assert merged(forth, back, BackwardFirst()).symbol[0, 0].tolist() == [1, 0, END, I]
    assert merged(forth, 0 * back, Averaged(), end=None).symbol[0, 0].tolist()[:2] == [0, 0]


def test_a_digit_is_merged_even_where_a_model_would_rather_end():
    """The backward model ends later, so its first symbols are digits; an end that is likelier than each is no digit."""
    forth = says([0, END, 0, 0])
    back = torch.tensor([[[1.0, 2.0, -9.0]], [[1.0, 2.0, 9.0]], [[0.0, 0.0, 9.0]], [[0.0, 0.0, 9.0]]])
    assert merged(forth, back, BackwardFirst()).symbol[0, 0].tolist() == [1, END, I, I]


def test_each_direction_is_taught_its_own_sequence():
    parts = built("dram", "passes=both_directions", "baseline=state", data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn, first_batch(parts)
    torch.manual_seed(3)
    rollout = roll(rnn, batch, 2, sample)
    training_targets = rnn.training_targets(batch.target)
    assert rollout.logits.shape[:3] == (8, 2, 2)
    assert torch.equal(training_targets, torch.cat([batch.target, batch.target.flip(1)]))
    torch.manual_seed(3)
    alone = roll(rnn.forth, batch, 2, sample)
    back = rnn.back(batch.image, batch.boxes.flip(1), batch.target.flip(1), 2, sample)
    assert torch.equal(rollout.logits, torch.cat([alone.logits, back.logits]))
    size = alone.query.shape[-1]
    assert torch.equal(rollout.query[:4, ..., :size], alone.query) and not rollout.query[:4, ..., size:].any()
    assert torch.equal(rollout.query[4:, ..., size:], back.query) and not rollout.query[4:, ..., :size].any()
    loss = parts.module.objective(rollout, training_targets)["loss"]
    loss.backward()
    assert rnn.forth.decoder.head[0].weight.grad.abs().sum() > 0 < rnn.back.decoder.head[0].weight.grad.abs().sum()


def test_a_step_of_the_module_trains_both():
    module = built("dram", "passes=both_directions", data="digit_pairs_ordered").module
    batch = first_batch(built("dram", data="digit_pairs_ordered"))
    loss = module.training_step(batch, 0)
    found = torch.autograd.grad(loss, [module.rnn.forth.decoder.head[0].weight, module.rnn.back.decoder.head[0].weight])
    assert all(gradient.abs().sum() > 0 for gradient in found)


def test_they_share_the_glimpse_network_and_nothing_else():
    rnn = built("dram", "passes=both_directions").module.rnn
    forth, back = (dict(model.named_parameters()) for model in (rnn.forth, rnn.back))
    shared = {name for name in forth if forth[name] is back[name]}
    assert shared == {name for name in forth if name.startswith(("attention.network.", "attention.whatwhere."))}
    assert shared
    names = named(rnn, rnn.policy_parameters())
    assert len(names) == len(rnn.policy_parameters())
    assert any("forth." in name for name in names) and any("back." in name for name in names)


def test_what_cannot_be_shared_is_said():
    with pytest.raises(
        ConfigFault, match=r"no weights are called 'attention\.network\.\*'; there are .*attention\.enc"
    ):
        built("item_soft", "passes=both_directions")
    with pytest.raises(ConfigFault, match=r"weight depends on the image's size"):
        share(torch.nn.Linear(2, 3), torch.nn.Linear(4, 3), ["*"])


def test_right_to_left_the_boxes_are_turned_too():
    rnn = built("oracle", "passes=both_directions", "look.glimpses=1", data="digit_pairs_ordered").module.rnn
    batch = first_batch(built("oracle", data="digit_pairs_ordered"))
    with torch.no_grad():
        where = rnn(batch.image, batch.boxes, batch.target, 1, mode).where[:, 0, :, 0]
    torch.testing.assert_close(where[:4], where[4:].flip(1))
    assert not torch.allclose(where[:4, 0], where[:4, 1])


def test_a_shared_policy_is_one_set_of_weights():
    """Or it would be stepped, clipped and counted twice."""
    shared = "passes.shared=['attention.network.*','attention.policy.*']"
    module = built("dram", "passes=both_directions", shared, "data=digit_pairs_ordered").module
    assert len({id(parameter) for parameter in module.policy}) == len(module.policy)
    core = {id(parameter) for parameter in module.core}
    assert core.isdisjoint(map(id, module.policy)) and len(core) + len(module.policy) == len(list(module.parameters()))
