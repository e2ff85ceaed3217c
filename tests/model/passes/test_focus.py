"""A second, closer pass: what it is shown, and whose weights it has."""

import pytest
import torch
from models import built, first_batch, no_boxes, roll

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.passes.focus import cropped
from datamodules.contract import IGNORED


def test_a_crop_shows_its_frame():
    image = torch.arange(8.0 * 6).view(1, 1, 6, 8)
    whole = torch.tensor([[2.0, 1.0, 6.0, 5.0]])
    # Reading twice as fine and averaging is reading as it is, where the image is a plane and the frame inside it.
    torch.testing.assert_close(cropped(image, whole, 4), image[:, :, 1:5, 2:6])
    wide = cropped(image, torch.tensor([[2.0, 1.0, 6.0, 3.0]]), 2)
    torch.testing.assert_close(wide[0, 0], torch.tensor([[10.5, 12.5], [18.5, 20.5]]))


def test_a_crop_shows_what_is_at_the_edge_as_it_is():
    ones = torch.ones(1, 1, 6, 8)
    assert torch.equal(cropped(ones, torch.tensor([[0.0, 0.0, 8.0, 6.0]]), 12), torch.ones(1, 1, 12, 12))


def focused(name="dram", *overrides):
    return built(name, "passes=focus", "passes.size=20", "passes.margin=3", "data.canvas=40", *overrides,
                 data="digit_pairs_ordered")  # fmt: skip


def rollout_at(places, said):
    """Fixations (S, T, M, 2) of one image, and what was said (S, T)."""
    where, symbol = torch.tensor([places]), torch.tensor([said])
    nothing = torch.zeros(*where.shape[:4])
    return Rollout(
        torch.zeros(*symbol.shape, 3), symbol, where, nothing, nothing[..., None], nothing[..., None][..., :0]
    )


def test_the_frame_holds_the_fixations_and_a_margin():
    rnn = focused().module.rnn
    places = [[[[10.0, 12.0], [20.0, 15.0]], [[14.0, 30.0], [11.0, 13.0]]]]
    assert rnn.frame(rollout_at(places, [[1, 2]]), (40, 40)).tolist() == [[7, 9, 23, 33]]
    assert rnn.frame(rollout_at(places, [[1, IGNORED]]), (40, 40)).tolist() == [[7, 9, 23, 18]]
    assert rnn.frame(rollout_at(places, [[1, 2]]), (22, 31)).tolist() == [[7, 9, 22, 31]]  # inside the image
    other = [[[place[0] + 4.0, place[1]] for place in symbol] for symbol in places[0]]
    assert rnn.frame(rollout_at([*places, other], [[1, 2]] * 2), (40, 40)).tolist() == [[9, 9, 25, 33]]


def test_a_frame_is_a_pixel_inside_the_image_at_least():
    rnn = focused("dram", "passes.margin=0").module.rnn
    frames = {(10.0, 12.0): [10, 12, 11, 13], (50.0, 12.0): [39, 12, 40, 13], (-5.0, 99.0): [0, 39, 1, 40]}
    for place, frame in frames.items():
        assert rnn.frame(rollout_at([[[list(place)] * 2] * 2], [[1, 2]]), (40, 40)).tolist() == [frame]


def test_who_looks_nowhere_sees_it_all_again():
    rnn = focused().module.rnn
    nowhere = [[[[float("nan")] * 2] * 2] * 2]
    assert rnn.frame(rollout_at(nowhere, [[1, 2]]), (40, 30)).tolist() == [[0, 0, 40, 30]]


def test_the_second_pass_is_the_same_model_on_the_crop():
    parts = focused()
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    with torch.no_grad():
        found = rnn(batch.image, batch.boxes, None, 1, mode)
        first = rnn.far(batch.image, batch.boxes, None, 1, mode)
        crop = cropped(batch.image, rnn.frame(first, (40, 40)), 20)
        small = built("dram", data="digit_pairs_ordered").module.rnn.eval()
        small.load_state_dict({name: value for name, value in rnn.far.state_dict().items()})
        second = small(crop, no_boxes(4), None, 1, mode)
    assert torch.equal(found.where, first.where) and not torch.equal(found.logits, first.logits)
    torch.testing.assert_close(found.logits, second.logits)


def test_the_second_pass_has_the_first_one_s_statistics_of_batch_normalisation():
    parts = focused("dram", "encoder=residual_code", "encoder.body.body.widths=[4,8]")
    rnn, batch = parts.module.rnn.train(), first_batch(parts)
    for _ in range(3):
        rnn(batch.image, batch.boxes, batch.target, 1, sample)
    rnn.eval()
    with torch.no_grad():
        found = rnn(batch.image, batch.boxes, None, 1, mode)
        crop = cropped(batch.image, rnn.frame(rnn.far(batch.image, batch.boxes, None, 1, mode), (40, 40)), 20)
        small = built("dram", "encoder=residual_code", "encoder.body.body.widths=[4,8]",
                      data="digit_pairs_ordered").module.rnn.eval()  # fmt: skip
        fresh = small(crop, batch.boxes, None, 1, mode).logits
        small.load_state_dict({name: value for name, value in rnn.far.state_dict().items()})
        expected = small(crop, batch.boxes, None, 1, mode)
    assert torch.equal(found.logits, expected.logits) and not torch.equal(found.logits, fresh)


def test_training_is_the_first_pass_s():
    parts = focused()
    rnn, batch = parts.module.rnn, first_batch(parts)
    torch.manual_seed(0)
    found = roll(rnn, batch, 2, sample)
    torch.manual_seed(0)
    assert torch.equal(found.logits, roll(rnn.far, batch, 2, sample).logits)
    assert sum(p.numel() for p in rnn.parameters()) == sum(p.numel() for p in rnn.far.parameters())


def test_it_starts_from_a_run_of_one_pass_on_small_images(tmp_path):
    old = built("dram", data="digit_pairs_ordered", seed=1)
    path = tmp_path / "best.ckpt"
    torch.save({"state_dict": old.module.state_dict()}, path)
    take = "start.take=['attention.*','decoder.*','context.*']"
    new = focused("dram", "start=checkpoint", f"start.checkpoint={path}", take).module.rnn
    kept = dict(new.near.named_parameters())
    assert all(torch.equal(value, kept[name]) for name, value in old.module.rnn.named_parameters())


def test_a_model_of_one_size_cannot_focus():
    with pytest.raises(ConfigFault, match=r"depends on the image's size"):
        focused("none")


def test_the_boxes_move_with_the_crop():
    """The oracle looks at each box's middle; the second pass does so in the crop, and sees the same digit there."""
    rnn = focused("oracle", "look.glimpses=1").module.rnn.eval()
    image, boxes = torch.rand(1, 1, 40, 40), torch.tensor([[[8.0, 8.0, 16.0, 16.0], [22.0, 10.0, 30.0, 18.0]]])
    looked = []
    rnn.near.attention.retina.register_forward_hook(lambda part, given, made: looked.append(given[1]))
    with torch.no_grad():
        rnn(image, boxes, None, 1, mode)
    # Fixations (12, 12) and (26, 14), 3 px around them: a frame of 20 x 8 px from (9, 9), brought to 20 x 20.
    torch.testing.assert_close(looked[0], torch.tensor([[3.0, 7.5]]))
    torch.testing.assert_close(looked[1], torch.tensor([[17.0, 12.5]]))
