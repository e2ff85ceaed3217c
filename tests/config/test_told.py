"""What a run is called: its choices and knobs, without the values that come with a choice."""

import pytest
from run_helpers import composer

from benchmark.config.told import told

COMPOSER = composer()


def words(*overrides, experiment=""):
    typed = [f"experiment={experiment}"] if experiment else ["attention=dram", "data=digit_pairs"]
    return told(COMPOSER, COMPOSER.job([*typed, *overrides]), experiment)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], {}),
        (["attention/policy=centre_start_map"], {"attention/policy": "centre_start_map"}),
        (["objective=vimco"], {"objective": "vimco"}),
        (["objective=vimco", "objective.samples=9"], {"objective": "vimco", "objective.samples": 9}),
        (["objective=vimco", "objective.samples=2"], {"objective": "vimco", "objective.samples": 2}),  # its default
        (["decoder@decoder.core=single_layer", "decoder=digit_by_digit", "data=mnist_pairs", "data.root=."],
         {"decoder@decoder.core": "single_layer", "decoder": "digit_by_digit"}),
        (["optimizer.make.lr=0.5", "seed=3"], {"optimizer.make.lr": 0.5}),
        (["attention=location_soft", "look.glimpses=2"], {"look.glimpses": 2}),  # its starts are as many
        (["attention=location_soft", "look.glimpses=2", "attention.mechanism.starts=4"],
         {"look.glimpses": 2, "attention.mechanism.starts": 4}),  # its own default, which does not follow here
        (["attention=location_soft", "look.glimpses=2", "attention.mechanism.starts=1"],
         {"look.glimpses": 2, "attention.mechanism.starts": 1}),
        (["look.hidden=64", "look.explore=0.5"], {"look.hidden": 64, "look.explore": 0.5}),
        (["callbacks=[early_stopping]"], {"callbacks": ["early_stopping"]}),
    ],
)  # fmt: skip
def test_a_choice_is_named_without_what_comes_with_it(overrides, expected):
    found = words(*overrides)
    assert {key: value for key, value in found.differs.items() if not key.startswith("callbacks.")} == expected
    assert found.beyond == found.differs


def test_beside_the_defaults_what_differs_from_the_experiment():
    found = words("objective=vimco", "data.root=.", experiment="reach_dram")
    assert found.beyond == {"objective": "vimco"}
    assert found.differs["attention/policy"] == "context_ink" and found.differs["look.size"] == 24
    assert not any(key.startswith(("attention.mechanism.policy", "attention/policy@")) for key in found.differs)
