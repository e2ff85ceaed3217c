"""Covering what was attended: which pixels, by hand, and what it costs a model that reads one place."""

import pytest
import torch
from models import built, no_boxes, no_references, task
from torch import Tensor

from benchmark.evaluation.evaluate import evaluate
from benchmark.evaluation.masking import OtherMasks, covered, most_attended
from benchmark.metrics.sequence import WholeSequence
from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED, Batch

SIDE = (20, 20)


class Spots:
    """A mechanism that attends to single pixels (x, y); (-1, -1) is everywhere alike."""

    takes_expectation = False

    def fixation(self, where: Tensor) -> Tensor:
        return where.new_full((len(where), 2), float("nan"))

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        y_H, x_W = torch.arange(side[0]), torch.arange(side[1])
        hit_RHW = (where[:, 1, None, None] == y_H[:, None]) & (where[:, 0, None, None] == x_W)
        return torch.where((where[:, :1] < 0)[..., None], torch.ones(side), hit_RHW.float())


def rolled(where, symbol):
    """A rollout of one trajectory with these glimpses, (B, T, M, 2), and symbols (B, T)."""
    logits = torch.zeros(len(symbol), 1, len(symbol[0]), 1)
    where_B1TM2 = torch.tensor(where, dtype=torch.float32)[:, None]
    return Rollout(logits, *[where_B1TM2] * (len(Rollout._fields) - 1))._replace(
        symbol=torch.tensor(symbol)[:, None], where=where_B1TM2
    )


def test_the_pixels_around_the_glimpse():
    mask_BHW = most_attended(Spots(), rolled([[[[4, 12]]]], [[0]]), SIDE)
    # smoothed over 5 x 5 pixels: no other was attended to at all, though 40 are a tenth
    assert mask_BHW.sum() == 25 and mask_BHW[0, 10:15, 2:7].all()


def test_no_more_than_a_tenth_and_the_middle_first():
    """Four glimpses side by side: of 20 x 5 smoothed pixels the 40 in the middle."""
    mask_BHW = most_attended(Spots(), rolled([[[[x, 10] for x in (4, 7, 10, 13)]]], [[0]]), SIDE)
    assert mask_BHW.sum() == 40 and mask_BHW[0, 8:13, 2:16].sum() == 40


def test_a_tenth_is_rounded_up():
    """Of 9 x 9 pixels 9: a glimpse smoothed over 3 x 3. Of 5 x 5 pixels 3 of the 9."""
    for side, pixels in ((9, 9), (5, 3)):
        mask_BHW = most_attended(Spots(), rolled([[[[2, 2]]]], [[0]]), (side, side))
        assert mask_BHW.sum() == pixels


def test_glimpses_after_the_end_do_not_count():
    twice = [[[[4, 12]], [[15, 3]]]]
    ended, read = (most_attended(Spots(), rolled(twice, [[0, end]]), SIDE)[0] for end in (IGNORED, 0))
    assert not ended[3, 15] and ended[12, 4] and read[3, 15] and read[12, 4]


def test_even_attention_covers_nothing():
    mask_BHW = most_attended(Spots(), rolled([[[[-1, -1]]], [[[4, 12]]]], [[0], [0]]), SIDE)
    assert not mask_BHW[0].any() and mask_BHW[1].any()


def test_what_is_covered_and_what_is_covered_elsewhere():
    mask_BHW = torch.zeros(3, 2, 2, dtype=torch.bool)
    mask_BHW[0, 0, 1] = mask_BHW[2, 1, 1] = True
    batch = Batch(torch.ones(3, 2, 2, 2), torch.zeros(3, 1), no_boxes(3), torch.arange(3))
    assert covered(batch, mask_BHW, -7.0).image[0].tolist() == [[[1, -7], [1, 1]]] * 2
    moved = torch.zeros(2, 2, dtype=torch.bool)
    moved[1, 0] = True
    for sizes in ([3], [1, 1, 1], [2, 1]):
        elsewhere = OtherMasks()
        found = torch.cat([elsewhere(part) for part in mask_BHW.split(sizes)])
        assert torch.equal(found, torch.stack([moved, *mask_BHW[:2]]))


class ReadsOnePixel(torch.nn.Module):
    """Looks at the pixel that its image's index says, and reads the class from there: 1 where it is bright."""

    def __init__(self):
        super().__init__()
        self.attention = Spots()

    def forward(self, image_BCHW, boxes_BN4, target, samples, draw, key):
        place_B2 = torch.tensor([[5, 5], [14, 14], [5, 14], [14, 5]], dtype=torch.float32)
        value_B = image_BCHW[torch.arange(4), 0, place_B2[:, 1].long(), place_B2[:, 0].long()]
        symbol_B11 = (value_B > 0).long()[:, None, None].expand(-1, samples, -1)
        logits = torch.nn.functional.one_hot(symbol_B11, 2).float().log()
        where = place_B2[:, None, None, None].expand(-1, samples, 1, 1, -1)
        return Rollout(logits, *[where] * (len(Rollout._fields) - 1))._replace(symbol=symbol_B11, where=where)


@pytest.mark.parametrize("background", [0.0, 1.0])
def test_a_model_that_reads_one_place_needs_it(background):
    """All four answers are wrong without that place where the cover is dark; a bright cover is what it reads."""
    spec = task(SIDE, symbols=2)
    batch = Batch(torch.ones(4, 1, *SIDE), torch.ones(4, 1, dtype=torch.long), no_boxes(4), torch.arange(4))
    measure = WholeSequence(spec, no_references)
    found = evaluate(ReadsOnePixel(), [batch], measure, samples=1, seed=0, background=background).localisation["mean"]
    assert found["masked"] == 1 - background and found["masked_elsewhere"] == 0


def test_a_mechanism_without_attention_has_no_such_number():
    parts = built("none", "data.test_images=6", "data.evaluation_batch_size=3")
    split = list(parts.datamodule.batches("test", torch.device("cpu")))
    assert evaluate(parts.module.rnn, split, parts.module.measure, samples=1, seed=0).localisation == {}


@pytest.mark.parametrize("name", ["item_soft", "dram", "location_soft"])
def test_masking_changes_no_other_number(name):
    parts = built(name, "data.test_images=6", "data.evaluation_batch_size=3")
    split = list(parts.datamodule.batches("test", torch.device("cpu")))
    one, other = (
        evaluate(parts.module.rnn, split, parts.module.measure, samples=2, seed=0, background=background)
        for background in (0.0, 50.0)
    )
    keys = {"masked", "masked_elsewhere"}
    assert keys <= one.localisation["mean"].keys() and not keys & one.localisation["sample"].keys()
    assert one.test == other.test
    trimmed = [{key: value for key, value in found.localisation["mean"].items() if key not in keys}
               for found in (one, other)]  # fmt: skip
    assert trimmed[0] == trimmed[1]
