"""Faults of a composed configuration are found before anything is built."""

import pytest
from run_helpers import composer

from benchmark.config.arguments import added
from benchmark.config.check import config_faults, find
from benchmark.config.compose import plain, written

COMPOSER = composer()


def faults(*overrides):
    config = COMPOSER.job(["attention=dram", "data=digit_pairs", *overrides])
    return config_faults(plain(config), written(config))


@pytest.mark.parametrize(
    "choice", [f"{group}={name}" for group in ("attention", "data") for name in COMPOSER.choices(group)]
)
def test_every_choice_is_free_of_faults(choice):
    assert faults(choice) == []


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("+optimizer.make.lrr=1", "optimizer.make: torch.optim.Adam has no knob 'lrr'; did you mean 'lr'?"),
        ("~decoder.head", "decoder: benchmark.model.decoder.two_layer.TwoLayer needs 'head', which is not set"),
        (
            "optimizer._target_=benchmark.training.optimizer.core_and_policy.CoreAndPolicies",
            "has no attribute 'CoreAndPolicies'); did you mean 'CoreAndPolicy'",
        ),
        (
            "optimizer._target_=benchmark.optimization.Optimisation",
            "module 'benchmark' has no attribute 'optimization'",
        ),
        ("optimizer._target_=benchmark.trainig.optimizer.core_and_policy.CoreAndPolicy", "did you mean 'training'"),
        ("optimizer._target_=benchmark.training.optimizr.core_and_policy.CoreAndPolicy", "did you mean 'optimizer'"),
        ("optimizer._target_=benchmark.training.callbacks.heartbeat.BEAT_SECONDS", "not callable"),
        ("objective._target_=benchmark.objective.base.Objective", "Objective lacks forward, which its base class"),
        (
            "reward._target_=benchmark.objective.loss_mask.all_steps.AllSteps",
            "no subclass of benchmark.objective.reward.base.Reward",
        ),
        ("baseline._target_=torch.nn.Linear", "no subclass of benchmark.objective.baseline.base.Baseline"),
        ("study=a/b", "cannot be the name of a folder"),
        ("trainer.max_epochs=0", "a whole number of at least 1"),
        ("threads=0", "a whole number of at least 1"),
        ("trainer.devices=auto", "has to be a number of processes"),
        ("+trainer.strateg=ddp", "did you mean 'strategy'"),
    ],
)
def test_a_fault_is_named_with_its_place(override, told):
    (fault,) = [fault for fault in faults(override) if told in fault]
    assert fault


def test_a_fault_that_a_reference_repeats_is_told_once_and_where_it_is_set():
    (fault,) = faults("+encoder.foo=1")  # attention.mechanism.encoder refers to it
    assert fault.startswith("encoder: ")


def test_all_faults_are_told_at_once():
    assert len(faults("+optimizer.make.lrr=1", "~decoder.head", "threads=0", "+encoder.foo=1")) == 4


def test_a_name_inside_a_class_is_found():
    assert find("datamodules.contract.Batch.count").__name__ == "count"


def test_what_build_gives_a_part_is_not_missed_in_its_yaml():
    assert added("decoder") == ("code_size", "spec") and added("attention.mechanism") == ("spec", "query_size")
    assert added("callbacks.mine") == ("headline",) and added("logger.csv") == ("save_dir",)
    assert added("callbacks") == added("decoder.cell") == added("") == ()
