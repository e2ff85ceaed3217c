"""What of Lightning's Trainer is honoured is used, and what is not is refused with the knob that does it."""

import copy
import inspect

import pytest
import pytorch_lightning as pl
import torch
from models import built
from run_helpers import TINY, composer, lines
from test_run_job import assert_same, interrupted, prepared, run

from benchmark.common.errors import RunFault
from benchmark.config.check import config_faults
from benchmark.config.compose import plain
from benchmark.config.trainer_knobs import HONOURED, INSTEAD
from benchmark.evaluation.panels import Panels
from benchmark.results.run_folder import read_json
from benchmark.run import one
from benchmark.training.callbacks.builtin import Checkpoints, Clock
from benchmark.training.callbacks.weight_averaging import weight_averaging
from benchmark.training.checkpoints import read_checkpoint

COMPOSER = composer()
USUAL = plain(COMPOSER.job(["attention=none", *TINY]))


def faults_of(**trainer):
    config = copy.deepcopy(USUAL)
    config["trainer"] |= trainer
    return config_faults(config)


def test_every_argument_of_lightnings_trainer_is_decided():
    known = set(inspect.signature(pl.Trainer).parameters)
    assert not HONOURED & set(INSTEAD)
    assert set(INSTEAD) <= known and known <= HONOURED | set(INSTEAD)


@pytest.mark.parametrize("knob", INSTEAD)
def test_what_a_run_cannot_honour_is_refused_with_what_does_it(knob):
    value = [] if knob == "callbacks" else not inspect.signature(pl.Trainer).parameters[knob].default
    (fault,) = faults_of(**{knob: value})
    assert fault == f"trainer.{knob}: is not supported: {INSTEAD[knob]}"


@pytest.mark.parametrize(("trainer", "told"), [
    ({"limit_val_batches": 0}, "the best weights are chosen by the validation split"),
    ({"limit_train_batches": 0}, "nothing would be trained"),
    ({"max_steps": 0}, "trainer.max_steps: has to be a whole number of at least 1, and not 0"),
    ({"max_epochs": 0}, "trainer.max_epochs: has to be a whole number of at least 1, and not 0"),
    ({"max_epochs": -1}, "trainer.max_epochs: -1 leaves the length to trainer.max_steps, which is not set"),
    ({"check_val_every_n_epoch": 0}, "trainer.check_val_every_n_epoch: has to be"),
    ({"accumulate_grad_batches": 0}, "trainer.accumulate_grad_batches: has to be"),
    ({"precision": "16-true"}, "has to be one of 32-true, 16-mixed, bf16-mixed"),
])  # fmt: skip
def test_what_would_end_with_nothing_is_refused_before_it_begins(trainer, told):
    (fault,) = faults_of(**trainer)
    assert told in fault


def test_scaled_losses_are_clipped_before_a_fused_optimiser_undoes_the_scaling():
    config = copy.deepcopy(USUAL)
    config["trainer"]["precision"], config["optimizer"]["make"]["fused"] = "16-mixed", True
    (fault,) = config_faults(config)
    assert "optimizer.make.fused=false, or trainer.precision=bf16-mixed" in fault
    config["optimizer"]["make"]["fused"] = False
    assert config_faults(config) == []


def test_an_encoder_that_learns_from_an_epoch_on_needs_the_length_in_epochs():
    config = plain(COMPOSER.job(["attention=item_soft", "encoder=residual_map", "encoder/tuning=from_epoch", *TINY]))
    assert config_faults(config) == []
    config["trainer"]["max_steps"] = 50
    (fault,) = config_faults(config)
    assert fault.startswith("encoder.tuning.epoch: counts in shares of trainer.max_epochs")


def test_steps_may_be_the_only_limit():
    assert faults_of(max_epochs=-1, max_steps=3) == []


def test_a_part_without_a_target_is_named():
    config = copy.deepcopy(USUAL)
    config["callbacks"] = {"mine": {"patience": 3}}
    assert config_faults(config) == ["callbacks.mine: has no _target_: +callbacks.mine._target_=CLASS sets its class"]


STOPPING = ["callbacks=early_stopping", "callbacks.early_stopping.patience=1", "callbacks.early_stopping.min_delta=1",
            "trainer.max_epochs=5", "attention=none"]  # fmt: skip
AVERAGED = [
    "callbacks=weight_averaging",
    "callbacks.weight_averaging.decay=0.5",
    "trainer.max_epochs=3",
    "attention=none",
]
STEPS = ["+trainer.min_epochs=4", "+trainer.max_steps=3", "trainer.max_epochs=5", "attention=none"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs"), *STOPPING)


@pytest.fixture(scope="module")
def stepped(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs"), *STEPS)


def test_a_run_returns_the_headline_that_chose_its_weights(stopped):
    """A sweeper that looks for the best settings goes by it; of a run that is skipped too."""
    config, _, folder = prepared(stopped.path.parents[3], *STOPPING)
    assert one(config, COMPOSER, "") == read_json(folder.record)["validation"]["error"]


def test_early_stopping_ends_a_run_with_a_record(stopped):
    """No epoch is better by a whole unit than the one before, so the first without is the second."""
    record = read_json(stopped.record)
    assert (record["cost"]["epochs"], record["cost"]["steps"]) == (2, 4)
    assert record["differs"]["callbacks.early_stopping.patience"] == 1


def test_early_stopping_comes_to_the_same_end_after_an_interruption(stopped, tmp_path, monkeypatch):
    """It had stopped already, and does not go on."""
    again = interrupted(tmp_path, monkeypatch, (Clock, "on_train_end", 1), *STOPPING)
    assert_same(again, stopped)
    assert read_json(again.record)["cost"]["epochs"] == 2


def best_weights(folder):
    return read_checkpoint(folder.best)["state_dict"]


def test_an_average_of_the_weights_is_validated_and_kept(tmp_path):
    """An average that keeps nothing is of the last weights alone; one that keeps all but nothing lags behind."""
    plain = run(tmp_path / "plain", *AVERAGED[2:])
    none, slow = (run(tmp_path / name, *AVERAGED, f"callbacks.weight_averaging.decay={decay}")
                  for name, decay in (("none", 0.0), ("slow", 0.9)))  # fmt: skip
    assert all(torch.equal(value, best_weights(none)[name]) for name, value in best_weights(plain).items())
    assert any(not torch.equal(value, best_weights(slow)[name]) for name, value in best_weights(plain).items())
    trained = [line["train/loss"] for folder in (plain, slow) for line in lines(folder.metrics) if "train/loss" in line]
    assert trained[: len(trained) // 2] == trained[len(trained) // 2 :]  # by the last weights


def test_pictures_of_an_epoch_are_by_the_weights_that_were_validated(tmp_path, monkeypatch):
    shown = []
    note = staticmethod(lambda trainer, module: shown.append(copy.deepcopy(module.state_dict())))
    monkeypatch.setattr(Panels, "on_validation_epoch_end", note)
    folder = run(tmp_path, *AVERAGED, "callbacks.weight_averaging.decay=0.9")
    best = shown[read_json(folder.record)["cost"]["best_epoch"] - 1]
    assert all(torch.equal(value, best[name]) for name, value in best_weights(folder).items())


def test_an_average_of_the_weights_survives_an_interruption(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", *AVERAGED)
    again = interrupted(tmp_path / "again", monkeypatch, (Checkpoints, "on_train_epoch_end", 2), *AVERAGED)
    assert_same(again, whole)
    assert all(torch.equal(value, best_weights(again)[name]) for name, value in best_weights(whole).items())


def test_the_most_steps_end_a_run_with_a_validation_and_the_best_weights(stepped):
    """Of 2 batches an epoch, in the middle of the second; the least number of epochs does not keep it from that."""
    record = read_json(stepped.record)
    assert (record["cost"]["epochs"], record["cost"]["steps"]) == (2, 3)
    told = [line for line in lines(stepped.metrics) if "val/error" in line]
    assert [line["epoch"] for line in told] == [0, 1]
    assert record["validation"]["error"] == min(line["val/error"] for line in told)


def test_the_most_steps_come_to_the_same_end_after_an_interruption(stepped, tmp_path, monkeypatch):
    assert_same(interrupted(tmp_path, monkeypatch, (Checkpoints, "on_train_epoch_end", 1), *STEPS), stepped)


def rates_of(folder):
    return read_checkpoint(folder.last)["lr_schedulers"][0]["_last_lr"]


def test_rates_follow_the_share_of_the_steps_there_are(stepped):
    """Three steps of a cosine that ends at a hundredth of 0.002."""
    assert rates_of(stepped) == pytest.approx([2e-5, 2e-5])


@pytest.mark.parametrize(("overrides", "epochs", "steps", "validated"), [
    (["+trainer.check_val_every_n_epoch=2", "trainer.max_epochs=-1", "+trainer.max_steps=5"], 3, 5, [1, 2]),
    (["+trainer.accumulate_grad_batches=2", "trainer.limit_train_batches=0.001", "data.images_per_epoch=12000",
      "trainer.max_epochs=1", "+trainer.profiler=simple"], 1, 2, [0]),
])  # fmt: skip
def test_what_is_honoured_is_used(tmp_path, overrides, epochs, steps, validated):
    """Every end is evaluated: the last epoch is validated, whichever are and however short it is."""
    folder = run(tmp_path, "attention=none", *overrides)
    record = read_json(folder.record)
    assert (record["cost"]["epochs"], record["cost"]["steps"]) == (epochs, steps)
    assert [line["epoch"] for line in lines(folder.metrics) if "val/error" in line] == validated
    if "+trainer.accumulate_grad_batches=2" in overrides:
        assert rates_of(folder) == pytest.approx([2e-5, 2e-5])
        assert "run_training_batch" in (folder.path / "fit-profile.txt").read_text()


def test_a_time_limit_ends_a_run_with_a_validation(tmp_path):
    folder = run(tmp_path, "attention=none", "+trainer.max_time=00:00:00:01", "trainer.max_epochs=100000")
    validated = [line["epoch"] for line in lines(folder.metrics) if "val/error" in line]
    assert read_json(folder.record)["cost"]["epochs"] == len(validated) < 100000
    assert read_checkpoint(folder.last)["callbacks"]["Checkpoints"]["over"]


def test_a_rehearsal_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config, _, folder = prepared(tmp_path / "runs", "attention=none", "+trainer.fast_dev_run=1")
    one(config, COMPOSER, "")
    assert not folder.path.exists() and not list(tmp_path.rglob("seed=*"))
    assert "nothing was kept" in capsys.readouterr().out


def test_training_that_its_callback_ends_unvalidated_says_so(tmp_path, monkeypatch):
    """A callback that stops at an epoch's end, when it is too late to validate it."""
    end = staticmethod(lambda trainer, module: setattr(trainer, "should_stop", True))
    monkeypatch.setattr(pl.callbacks.LambdaCallback, "on_train_epoch_end", end, raising=False)
    with pytest.raises(RunFault, match=r"Set trainer\.check_val_every_n_epoch=1"):
        run(tmp_path, "attention=none", "+callbacks.mine._target_=pytorch_lightning.callbacks.LambdaCallback",
            "+trainer.check_val_every_n_epoch=2")  # fmt: skip


def test_tables_and_schedules_are_no_weights_to_be_averaged():
    """An average of whole numbers is rounded down, and that of a schedule is another width of the policy."""
    module = built("dram").module
    average = weight_averaging(0.9)
    average.setup(pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False), module, "fit")
    for _ in range(30):
        for part in module.scheduled:
            part.at(1.0)
        average._average_model.update_parameters(module)
    kept = dict(average._average_model.module.named_buffers())
    assert any(not value.is_floating_point() for value in kept.values())
    assert all(torch.equal(value, kept[name]) for name, value in module.named_buffers())
