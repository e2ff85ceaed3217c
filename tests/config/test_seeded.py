"""Values that are interpolated once for all seeds are those of each composition by itself."""

import pytest
from omegaconf import OmegaConf
from run_helpers import composer

from benchmark.common.errors import ConfigFault
from benchmark.config.compose import plain, without_names
from benchmark.config.seeded import Seeded

COMPOSER = composer()


@pytest.mark.parametrize("overrides", [
    ["attention=dram", "data=digit_pairs"],
    ["attention=item_soft", "data=svhn_sample", "study=mine", "optimizer.make.lr=0.1"],
    ["experiment=table1_ram", "study=null"],
])  # fmt: skip
def test_the_values_of_a_job_are_those_of_its_configuration(overrides):
    for seed in (0, 12):
        job = [*overrides, f"seed={seed}"]
        config = COMPOSER.compose(job)
        alone = COMPOSER.as_job(config, config.hydra)
        assert COMPOSER.values(job) == plain(alone) == plain(COMPOSER.job(job))
        assert COMPOSER.values(job)["data"]["seed"] == seed
        given = COMPOSER.address(alone)
        assert COMPOSER.address(COMPOSER.job(job), values=COMPOSER.values(job)) == given


def test_only_the_places_of_the_seed_change_and_copies_are_independent():
    config = OmegaConf.create({"seed": 1, "same": "${seed}", "list": [3, "${seed}"], "other": 1})
    seeded = Seeded(config, plain)
    assert seeded.values(5) == {"seed": 5, "same": 5, "list": [3, 5], "other": 1}
    seeded.values(5)["list"].append(0)
    assert seeded.values(0) == {"seed": 0, "same": 0, "list": [3, 0], "other": 1}
    config = OmegaConf.create({"seed": 1, "name": "run-${seed}"})
    assert Seeded(config, plain).values(7) == {"seed": 7, "name": "run-7"}


def test_a_study_that_may_be_no_text_stays_among_the_overrides():
    assert without_names(["a=1", "seed=3", "study=b-c"]) == (("a=1",), 3, "b-c")
    for study in ("study=7", "study=null", "study=True", "study='x'"):
        assert without_names(["seed=3", study]) == ((study,), 3, None)
    assert without_names(["a=1"]) is None and without_names(["seed=1", "seed=2"]) is None


def test_a_knob_that_is_not_set_is_told_before_anything_is_interpolated(tmp_path):
    (tmp_path / "attention").mkdir()
    (tmp_path / "attention/mine.yaml").write_text("defaults:\n  - none\n  - _self_\nname: mine\nwidth: ${no.such}\n")
    with pytest.raises(ConfigFault, match=r"no\.such: not set"):
        type(COMPOSER)(str(tmp_path)).values(["attention=mine", "data=digit_pairs", "seed=0"])
