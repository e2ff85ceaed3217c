"""Callbacks by hand: when a run is stopped, at which steps a checkpoint is kept, what is counted, what is seeded."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmark.results.primary_metric import Headline
from benchmark.training.callbacks import builtin
from benchmark.training.callbacks.builtin import Clock, EpochSeed
from benchmark.training.callbacks.early_stopping import early_stopping
from benchmark.training.callbacks.kept_checkpoints import KeptCheckpoints


@pytest.mark.parametrize(
    ("higher", "values", "stopped_at"),
    [
        (False, [0.5, 0.4, 0.3, 0.35, 0.3], 4),  # two in a row without an improvement
        (False, [0.5, 0.45, 0.41, 0.35, 0.30], 2),  # each by less than a tenth
        (False, [0.5, 0.6, 0.3, 0.4, 0.1], None),
        (True, [0.5, 0.6, 0.8, 0.75, 0.8], 4),
        (True, [0.5, 0.8, 0.7, 0.95, 1.1], None),
    ],
)
def test_a_run_stops_after_so_many_validations_without_an_improvement(higher, values, stopped_at):
    headline = Headline("score", "score", higher_is_better=higher, percent=False, binary=False)
    stopping = early_stopping(headline, patience=2, min_delta=0.1)
    told = [stopping._evaluate_stopping_criteria(torch.tensor(value))[0] for value in values]
    assert stopping.monitor == "val/score"
    assert (told.index(True) if True in told else None) == stopped_at


class Trained:
    """A trainer of seven steps, which notes at which one a checkpoint was written."""

    def __init__(self, step=0):
        self.estimated_stepping_batches, self.global_step, self.default_root_dir = 7, step, "run"
        self.written = {}

    def save_checkpoint(self, path):
        self.written[Path(path).name] = self.global_step

    def goes_on(self, kept, until):
        kept.on_train_start(self, None)
        while self.global_step < until:
            self.global_step += 1
            kept.on_train_batch_end(self, None, None, SimpleNamespace(), 0)
        kept.on_train_end(self, None)
        return self.written


@pytest.mark.parametrize(
    ("begun", "ended", "written"),
    [
        (0, 7, {"progress=0.ckpt": 0, "progress=0.25.ckpt": 2, "progress=0.75.ckpt": 5, "progress=1.ckpt": 7}),
        (0, 1, {"progress=0.ckpt": 0, "progress=1.ckpt": 1}),  # where training ends early, that is the end
        (6, 7, {"progress=1.ckpt": 7}),  # resumed: what is past was kept then
    ],
)
def test_checkpoints_are_kept_at_shares_of_the_steps(begun, ended, written):
    """A quarter of seven steps is 1.75, three quarters are 5.25."""
    assert Trained(begun).goes_on(KeptCheckpoints([1.0, 0.25, 0.75, 0.0]), ended) == written


def test_a_clock_counts_images_and_the_seconds_of_steps_over_an_interruption(monkeypatch):
    """Steps of 5 s and a validation of 3 s, of which 1 s is left out; resumed, 2 s and a validation of 4 s."""
    now = 100.0
    monkeypatch.setattr(builtin.time, "monotonic", lambda: now)

    def epoch(clock, images, training, validation):
        nonlocal now
        clock.on_train_start(None, None)
        clock.on_train_epoch_start(None, None)
        for count in images:
            clock.on_train_batch_end(None, None, None, SimpleNamespace(image=torch.zeros(count, 1)), 0)
        now += training
        clock.on_validation_start(None, None)
        now += validation
        clock.on_train_epoch_end(None, None)

    first, again = Clock(), Clock()
    epoch(first, [4, 4, 3], 5.0, 3.0)
    first.leave_out(1.0)
    kept = first.state_dict()
    assert kept == {"seconds": 7.0, "training_seconds": 5.0, "images": 11, "batches": 3}
    now = 9000.0
    again.load_state_dict(kept)
    epoch(again, [4], 2.0, 4.0)
    again.on_train_end(None, None)
    now += 50.0
    assert (again.seconds, again.training_seconds, again.count(), again.batches) == (13.0, 7.0, 15, 4)


def test_each_epoch_of_each_run_draws_its_own_numbers():
    def drawn(seed, epoch):
        EpochSeed(seed).on_train_epoch_start(SimpleNamespace(current_epoch=epoch), None)
        return torch.rand(1).item()

    with torch.random.fork_rng():
        found = [drawn(*pair) for pair in ((0, 0), (0, 1), (1, 0), (0, 0))]
    assert found[0] == found[3] and len(set(found)) == 3
