"""The module by hand: what is validated and how, what a line of the log is a mean of, and where schedules stand."""

import math
from types import SimpleNamespace

import pytest
import torch
from models import built

from benchmark.common.schedule import Scheduled
from benchmark.model.attention.distribution import mode
from benchmark.model.decoding.rollout import Rollout
from benchmark.training.means import Means
from datamodules.contract import Batch

LEFT, RIGHT = [0.0, 0.0, 5.0, 9.0], [5.0, 0.0, 9.0, 9.0]


class Reader(torch.nn.Module):
    """Reads the symbols 0 and 1, with the probabilities 1/2 and 1/4, and looks at two places before each."""

    def __init__(self, places):
        super().__init__()
        self.places, self.asked = torch.tensor(places), []
        self.attention = SimpleNamespace(fixation=lambda where: where)

    def forward(self, image, boxes, target, samples, draw, key):
        self.asked.append((target, samples, draw, key.split))
        rows = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]).log()
        images, nothing = len(image), torch.zeros(len(image), 1, 2, 2, 0)
        symbol = torch.tensor([0, 1]).expand(images, 1, -1)
        where = self.places[:images, None]
        return Rollout(rows.expand(images, 1, -1, -1), symbol, where, where[..., 0], nothing, nothing)


def module_of(**trainer):
    module = built("oracle", "look.glimpses=1", data="digit_pairs_ordered").module
    module.trainer = SimpleNamespace(**trainer)
    return module


def test_what_is_validated_is_read_without_the_truth_and_looks_at_the_mode(monkeypatch):
    """Of the first image one fixation of four is in a box, and of the second two: both in the left one."""
    places = [
        [[[1.0, 1.0], [9.0, 1.0]], [[9.0, 9.0], [12.0, 3.0]]],
        [[[1.0, 1.0], [2.0, 2.0]], [[9.5, 1.0], [1.0, 9.0]]],
    ]
    module, told = module_of(), {}
    module.rnn = Reader(places)
    monkeypatch.setattr(module, "log_dict", told.update)
    batch = Batch(torch.zeros(2, 1, 9, 9), torch.tensor([[0, 1], [0, 2]]), torch.tensor([[LEFT, RIGHT]] * 2),
                  torch.tensor([4, 5]))  # fmt: skip
    module.validation_step(batch, 0)
    module.on_validation_epoch_end()
    assert module.rnn.asked == [(None, 1, mode, "validation")]
    assert told["val/nll"] == pytest.approx(math.log(8)) and told["val/error"] == 0.5
    assert told["val/hit_rate"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert "val/attention_entropy" not in told  # a mechanism without items


def test_a_line_of_the_log_is_a_mean_over_the_batches_since_the_one_before(monkeypatch):
    """Of three batches a step, each with two updates: at every step after six."""
    lines = []
    logger = SimpleNamespace(log_metrics=lambda line, step: lines.append((step, line["train/loss"])))
    module = module_of(global_step=7, current_epoch=1, accumulate_grad_batches=3, loggers=[logger])
    module.log_every, module.objective.updates = 1, SimpleNamespace(count=2)
    module.on_train_start()
    for number in range(13):
        module._accumulate({"loss": torch.tensor(float(number), requires_grad=True)})
        module.on_train_batch_end(None, None, number)
    assert lines == [(7, 2.5), (7, 8.5)]  # of 0 to 5, and of 6 to 11
    module.on_train_epoch_end()
    assert lines[2:] == [(7, 12.0)]


def test_means_begin_anew():
    means = Means()
    for loss, other in ((1.0, 4.0), (2.0, 0.0)):
        means.add({"loss": torch.tensor(loss), "other": torch.tensor(other)})
    assert means.count == 2 and means.take() == {"loss": 1.5, "other": 2.0}
    assert means.count == 0 and means.take() == {}


class Ramp(Scheduled):
    def at(self, progress):
        self.progress = progress


@pytest.mark.parametrize(("step", "progress"), [(0, 0.0), (3, 0.25), (12, 1.0), (13, 1.0)])
def test_schedules_stand_at_the_share_of_the_steps(step, progress):
    module, ramp = module_of(global_step=step, estimated_stepping_batches=12), Ramp()
    module.scheduled = [ramp]
    module.on_train_batch_start(None, 0)
    assert ramp.progress == progress
