"""Knobs that only swept choices have: Hydra composes a sweep once without them, before any job."""

import pytest
from run_helpers import TINY, call, composer
from wandb_offline import read

from benchmark.config.overrides import Overrides
from benchmark.results.run_folder import read_json
from benchmark.sweep.overrides import as_sweeps

COMPOSER = composer()


@pytest.mark.parametrize(
    "texts, told",
    [
        (["attention=ram,dram", "attention.mechanism.unit=5"], "attention.mechanism.unit=choice(5)"),
        (["attention=none", "data=mnist_pairs,mnist28", "data.root=/a b/c"], "data.root=choice(/a b/c)"),
        (["attention=none", "data=mnist_pairs,mnist28", "data.root='/seed=0/x,y'"], "data.root=choice('/seed=0/x,y')"),
        (["experiment=ram28,table1_ram", "decoder.head=[4,2]", "encoder.sizes=[4]"], "encoder.sizes=choice([4])"),
        (
            ["attention=glob(d*)", "attention.mechanism.unit=${look.size}"],
            "attention.mechanism.unit=choice(${look.size})",
        ),
        (["attention=none", "data=digit_pairs,mnist_pairs", "+look.wait=0.1"], "+look.wait=choice(0.1)"),
        (["attention=ram,dram", "attention/policy=centre_start_map"], "attention/policy=choice(centre_start_map)"),
        (["attention=ram,dram", "data=mnist28", "attention/policy=map"], "attention/policy=choice(map)"),
        (
            ["experiment=reach_dram,reach_ram", "attention/policy=centre_start_map"],
            "attention/policy=choice(centre_start_map)",
        ),
    ],
)
def test_a_knob_of_swept_choices_becomes_a_sweep_of_one(texts, told):
    assert as_sweeps(COMPOSER, Overrides(COMPOSER, texts, sweep=True)) == {texts[-1]: told}


@pytest.mark.parametrize(
    "texts",
    [
        ["attention=ram", "attention.mechanism.unit=5", "seed=0,1"],  # no choice is swept
        ["attention=ram,dram", "study=x", "seed=0,1", "trainer.max_epochs=1", "threads=2"],  # there before any job
        ["attention=ram,dram", "data=mnist_pairs", "data.root=/a"],
        ["attention=ram,dram", "attention.mechanism.unit=5,6"],  # swept as it is
        ["attention=ram,dram", "~attention.mechanism.unit", "hydra.launcher.jobs=1"],
        ["attention=ram,dram", "attention.mechanism.unit="],  # nothing to choose
        ["attention=ram", "attention/policy=map", "data=digit_pairs,mnist28"],  # its mechanism is there
        ["experiment=reach_dram", "attention/policy=map", "seed=0,1", "decoder=digit_set,digit_by_digit"],  # likewise
    ],
)
def test_all_else_stays_as_it_was_typed(texts):
    assert as_sweeps(COMPOSER, Overrides(COMPOSER, texts, sweep=True)) == {}


@pytest.mark.slow
def test_experiments_are_swept_with_a_knob_of_theirs(tmp_path):
    knobs = [*TINY, "attention.mechanism.policy.then.hidden=[4]", "hydra.launcher.jobs=1", "logger=wandb"]
    code, out, err = call("-m", "experiment=choice(ram28)", *knobs, cwd=tmp_path, HOME=str(tmp_path))
    assert code == 0, err
    assert "1 runs finished, 0 failed; all in runs/ram28" in out
    (path,) = tmp_path.glob("runs/ram28/ram/digit_pairs/*/record.json")
    record = read_json(path)
    (offline,) = path.parent.glob("wandb/offline-run-*/*.wandb")
    assert sorted(read(offline)["tags"]) == ["digit_pairs", "ram", "ram28"]
    assert record["experiment"] == "ram28"
    assert record["beyond"]["attention.mechanism.policy.then.hidden"] == [4]
    assert record["beyond"].keys() < record["differs"].keys() and "objective.samples" not in record["beyond"]
