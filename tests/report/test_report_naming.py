"""How mechanisms in a setting of their own are called."""

from pathlib import Path

import pytest

from benchmark.report.analysis.naming import Departure, versions
from benchmark.report.read.folders import Finished, RunFolderName
from benchmark.results.words import as_overrides

FEW = {"a.x": 1, "b._target_": "package.module.Name"}
MANY = {"a.x": 1, "b.y": 2, "c.z": 3}


def test_a_mechanism_bears_what_differs_from_its_defaults():
    assert Departure({}, "", {}).name("dram") == "dram"
    assert Departure(FEW, "", FEW).name("dram") == "dram (a.x=1, b=Name)"
    assert Departure(FEW, "table1_dram", {}).name("dram") == "dram (a.x=1, b=Name)"  # it says more than the experiment


def test_what_is_long_is_called_after_its_experiment():
    assert Departure(MANY, "table1_dram", {}).name("dram") == "dram (table1_dram)"
    further = Departure({**MANY, "d": 4}, "table1_dram", {"d": 4})
    assert further.name("dram") == "dram (table1_dram, d=4)" and further.words == ["d=4"]


def test_what_is_long_after_all_has_a_hash():
    alone, other = Departure(MANY, "", MANY), Departure({**MANY, "c.z": 4}, "", {})
    assert alone.name("ram").startswith("ram (setting ") and len(alone.name("ram")) == len("ram (setting 01234567)")
    assert alone.name("ram") != other.name("ram") and alone.words == ["a.x=1", "b.y=2", "c.z=3"]
    assert Departure(MANY, "pairs", MANY).name("ram") == "ram (pairs, " + alone.name("ram").removeprefix("ram (")


@pytest.mark.parametrize("experiment", ["", "pairs"])
def test_keys_can_be_left_out(experiment):
    assert Departure(MANY, experiment, {"b.y": 2}).name("ram", ["a.x"]) == "ram (b.y=2, c.z=3)"
    longer = Departure({**MANY, "d": 4}, "pairs", {"b.y": 2})
    assert longer.name("ram", ["b.y"]) == "ram (pairs)"


def test_of_a_choice_its_name_alone():
    record = {"differs": MANY, "beyond": MANY, "told": {"differs": {"objective": "vimco"}, "beyond": {"c.z": 3}}}
    assert Departure.of(record, set()).name("ram") == "ram (objective=vimco)"
    assert Departure.of({**record, "experiment": "pairs"}, set()).beyond == {"c.z": 3}


def run_of(setting, differs, beyond, full=None):
    record = {"experiment": "pairs", "differs": full or differs, "beyond": full or beyond,
              "told": {"differs": differs, "beyond": beyond}}  # fmt: skip
    return Finished(RunFolderName(Path(), "dram", "mnist_pairs", 0, setting), record)


def test_an_experiment_that_changed_tells_no_runs_apart():
    same = [run_of("", MANY, {}), run_of("aa", {**MANY, "d": 4}, {"d": 4})]
    assert versions(same) == {}
    changed = [*same, run_of("bb", {**MANY, "c.z": 9}, {})]
    assert versions(changed) == {"": {"c.z": 3}, "aa": {"c.z": 3, "d": 4}, "bb": {"c.z": 9}}
    record = changed[2].record
    assert Departure.of(record, set(), versions(changed)["bb"]).name("dram") == "dram (pairs, c.z=9)"
    # A choice's own knob changed, which the short form does not name.
    hidden = [run_of("", MANY, {}, {**MANY, "e": 1}), run_of("cc", MANY, {}, {**MANY, "e": 2}), changed[2]]
    assert versions(hidden) == {"": {"c.z": 3, "e": 1}, "cc": {"c.z": 3, "e": 2}, "bb": {"c.z": 9}}


def test_a_record_that_names_an_interpolated_knob_too_is_of_the_same_experiment():
    older = run_of("", {**MANY, "a.starts": 1}, {})
    assert versions([older, run_of("aa", {**MANY, "d": 4}, {"d": 4}, {**MANY, "a.starts": 1, "d": 4})]) == {}


def test_what_is_interpolated_from_another_knob_is_not_said_twice():
    differs = {
        "attention.glimpses": 1,
        "look.glimpses": 1,
        "encoder.body.layers": 2,
        "attention.mechanism.encoder.body.layers": 2,
    }
    assert as_overrides(differs) == ["look.glimpses=1", "encoder.body.layers=2"]
    assert as_overrides({**differs, "attention.glimpses": 3})[0] == "attention.glimpses=3"


def test_what_all_runs_of_a_study_have_alike_is_left_out():
    found = Departure.of({"differs": MANY, "experiment": "pairs", "beyond": {"b.y": 2, "c.z": 3}}, {"c.z"})
    assert found == Departure({"a.x": 1, "b.y": 2}, "pairs", {"b.y": 2})
    assert Departure.of({"differs": MANY}, set()) == Departure(MANY, "", {})  # a record from before there was the name
