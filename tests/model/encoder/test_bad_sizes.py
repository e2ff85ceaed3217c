"""Sizes that cannot be and numbers that explode: one message that says what, where and what to do; nothing lost."""

import pytest
import torch
from run_helpers import TINY, call, composer

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.job import run_one
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.training.checkpoints import read_checkpoint

COMPOSER = composer()


def run(runs, *overrides):
    config = COMPOSER.job([*TINY, f"runs={runs}", *overrides])
    address = COMPOSER.address(config)
    run_one(config, address)


@pytest.mark.parametrize("overrides, told", [
    (["attention=dram", "look.size=50"], "look.size: a glimpse of 50 px does not fit an image of"),
    (["attention=dram", "data.canvas=6"], "a digit of 8 x 8 pixels does not fit a canvas of 6 x 6: set data.canvas"),
    (["attention=dram", "data.placement._target_=datamodules.digits.placement.Apart", "data.canvas=12", "look.size=8"],
     "2 digits of 8 x 8 pixels cannot lie apart on a canvas of 12 x 12"),
    (["attention=dram", "data.clutter_size=9"], "data.clutter_size must be 1 to 8, not 9"),
    (["attention=dram", "objective=likelihood"], "Use objective=reinforce"),
    (["attention=item_hard", "objective=likelihood"], "Use objective=reinforce"),
    (["attention=dram", "baseline=leave_one_out", "objective.samples=1"], "LeaveOneOut needs 2 trajectories"),
    (["attention=cnn_weak", "data.canvas=8", "data.placement._target_=datamodules.digits.placement.Anywhere"],
     "encoder.layers: an image of 8 x 8 px is too small"),
    (["attention=item_soft", "encoder.pad=false", "encoder.layers=[[4,99,1]]"], "encoder.layers: an image of"),
])  # fmt: skip
def test_a_size_that_cannot_be_is_told_in_one_message(tmp_path, overrides, told):
    with pytest.raises((ConfigFault, RunFault)) as fault:
        run(tmp_path, *overrides)
    assert told in str(fault.value) and "\n" not in str(fault.value)


@pytest.mark.slow
def test_the_command_line_says_so_without_a_traceback(tmp_path):
    code, out, err = call("attention=dram", "look.size=50", *TINY, cwd=tmp_path)
    assert code == 2 and out == "" and err.startswith("error: look.size: ") and err.count("\n") == 1
    code, out, err = call("attention=dram", *TINY, "optimizer.make.lr=1e30", cwd=tmp_path)
    assert code == 1 and "not a finite number at step" in err and "Traceback" not in out + err


def test_a_loss_that_explodes_stops_and_keeps_the_last_good_checkpoint(tmp_path):
    """The rate grows from 1e-30 to 1e30: half of the epochs are good."""
    growing = ["rate._target_=benchmark.common.schedule.Geometric", "~rate.peak", "~rate.warmup", "+rate.start=1e-30",
               "rate.end=1e30", "+rate.until=1.0"]  # fmt: skip
    knobs = [knob[:1] * (knob[0] in "~+") + "optimizer." + knob.lstrip("~+") for knob in growing]
    overrides = ["attention=ram", *TINY, *knobs, "trainer.max_epochs=6", "optimizer.clip_core=1e30", f"runs={tmp_path}"]
    config = COMPOSER.job(overrides)
    address = COMPOSER.address(config)
    with pytest.raises(RunFault, match=r"at step \d+ \(epoch \d\). The last good checkpoint is kept"):
        run_one(config, address)
    folder = RunFolder(address.folder)
    last = read_checkpoint(folder.last)
    assert last["epoch"] >= 1 and all(weight.isfinite().all() for weight in last["state_dict"].values()
                                      if isinstance(weight, torch.Tensor))  # fmt: skip
    assert folder.best.exists() and not folder.record.exists()
    assert read_json(folder.status)["state"] == "failed"
