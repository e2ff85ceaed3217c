"""What attention gains over none: the verdict, its evidence, and what is no evidence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import finished, record

from benchmark.report.analysis.curves import Curve
from benchmark.report.analysis.naming import Names
from benchmark.report.draw.table import TableCell
from benchmark.report.read.runs import read_study
from benchmark.report.sections.gains import Learning
from benchmark.report.write.assemble import assemble

IMAGES = 200
OVERLAP = np.zeros(IMAGES)
DRAM = ("dram", "")


def wrong(mean: float, anywhere: float) -> dict[str, Any]:
    """The first images wrong, such shares of them."""
    return {mode: np.arange(IMAGES) < share * IMAGES for mode, share in (("mean", mean), ("random", anywhere))}


def study(folder: Path, mean: float, anywhere: float, hits: float, none: float = 0.3, **cost: int) -> Path:
    """`none` and one mechanism, two seeds each."""
    for seed in (0, 1):
        baseline = record("none", "digit_pairs", seed, wrong(none, none), localisation={})
        baseline["cost"] |= {"parameters": 1000, "multiply_adds": 4000}
        finished(folder, baseline, wrong(none, none), OVERLAP)
        looked = {"mean": {"hit_rate": hits}, "random": {"hit_rate": 0.4}}
        made = record("dram", "digit_pairs", seed, wrong(mean, anywhere), localisation=looked)
        made["cost"] |= {"parameters": 500, "multiply_adds": 1000} | cost
        finished(folder, made, wrong(mean, anywhere), OVERLAP)
    return folder


def rows(folder: Path) -> list[tuple[TableCell, ...]]:
    report = assemble(read_study(folder))
    (part,) = [part for part in report.tasks[0].parts if part.name == "Against no attention"] or [None]
    return list(part.tables[0].rows) if part else []


def test_a_mechanism_that_pays(tmp_path: Path) -> None:
    ((name, difference, adds, parameters, said),) = rows(study(tmp_path, mean=0.1, anywhere=0.6, hits=0.9))
    assert name.text == "dram" and (difference.text, difference.tone) == ("\N{MINUS SIGN}20.00", "good")
    assert (adds.text, parameters.text) == ("\N{MULTIPLICATION SIGN} 0.25", "\N{MULTIPLICATION SIGN} 0.5")
    assert said.text == "better than no attention"
    assert said.notes[:2] == (
        "glimpses on an object: 90.00 %, at random 40.00 %",
        "same weights, random glimpses: error 60.00 %",
    )


def test_one_that_does_not_pay_and_why(tmp_path: Path) -> None:
    ((_, difference, *_, said),) = rows(study(tmp_path, mean=0.5, anywhere=0.52, hits=0.41))
    assert (difference.text, said.text, said.tone) == ("+20.00", "worse than no attention", "bad")
    assert said.notes[0] == "glimpses on an object: 41.00 %, at random 40.00 %"


def test_alike_is_no_significant_difference(tmp_path: Path) -> None:
    ((*_, said),) = rows(study(tmp_path, mean=0.3, anywhere=0.6, hits=0.9))
    assert (said.text, said.tone) == ("no significant difference", "quiet")


def test_seeds_that_lie_far_apart_are_said_to(tmp_path: Path) -> None:
    study(tmp_path, mean=0.1, anywhere=0.6, hits=0.9)
    worse = record("dram", "digit_pairs", 2, wrong(0.5, 0.6), localisation={})
    finished(tmp_path, worse, wrong(0.5, 0.6), OVERLAP)
    ((*_, said),) = rows(tmp_path)
    assert "large spread over seeds: 10.00 to 50.00 %" in said.notes
    assert not any("large spread" in note for note in rows(study(tmp_path / "alike", 0.1, 0.6, 0.9))[0][-1].notes)


def test_without_none_there_is_nothing_to_say(tmp_path: Path) -> None:
    for seed in (0, 1):
        finished(tmp_path, record("dram", "digit_pairs", seed, wrong(0.1, 0.5)), wrong(0.1, 0.5), OVERLAP)
    assert rows(tmp_path) == []


def test_controls_are_no_mechanisms(tmp_path: Path) -> None:
    study(tmp_path, mean=0.1, anywhere=0.6, hits=0.9)
    for name in ("random", "someone_s_own"):
        made = record(name, "digit_pairs", 0, wrong(0.2, 0.2), is_control=True, control="random")
        finished(tmp_path, made, wrong(0.2, 0.2), OVERLAP)
    task = assemble(read_study(tmp_path)).tasks[0].task
    assert {group.attention: (group.is_control, group.control) for group in task.groups} == {
        "dram": (False, ""), "none": (False, ""), "random": (True, "random"), "someone_s_own": (True, "random"),
    }  # fmt: skip
    assert [found[0].text for found in rows(tmp_path)] == ["dram"]


def curve(*mean: float) -> Curve:
    return Curve(DRAM, Names("dram", "dram"), tuple(range(1, len(mean) + 1)), mean, mean, mean, 1, 0)


@pytest.mark.parametrize(
    ("found", "fall"),
    [
        (curve(0.9, 0.6, 0.4, 0.2), 0.5),  # from 0.4, at three quarters, to 0.2
        (curve(0.9, 0.5, 0.5, 0.4, 0.2, 0.2, 0.2, 0.2), 0.0),
        (curve(0.4, 0.4, 0.4, 0.5), -0.25),
        (curve(0.9, 0.1), 0.0),  # too short to tell
        (curve(0.0, 0.0, 0.0, 0.0), 0.0),
    ],
)
def test_how_much_an_error_still_fell(found: Curve, fall: float) -> None:
    assert Learning([found], 1.0).gain(DRAM) == pytest.approx(fall)
    assert Learning([found], 1.0).gain(("ram", "")) == 0.0


def test_a_reader_is_told_what_was_still_learning(tmp_path: Path) -> None:
    """The fabricated curves fall exponentially, to 0.1 of ten epochs: 10 % of itself at the end, and more."""
    ((*_, said),) = rows(study(tmp_path, mean=0.1, anywhere=0.6, hits=0.9))
    told = [note for note in said.notes if "still learning" in note]
    assert [note.split(" was ")[0] for note in told] == ["it", "the control none"]


def test_what_all_runs_have_in_common_is_no_part_of_a_name(tmp_path: Path) -> None:
    """Nor is a knob that only follows a common one."""
    both = {"trainer.max_epochs": 3, "look.size": 28}
    for name, more in (("none", {}), ("dram", {"attention.mechanism.size": 28}), ("ram", {"cell.size": 9})):
        made = record(name, "digit_pairs", 0, wrong(0.1, 0.5), differs=both | more)
        finished(tmp_path, made, wrong(0.1, 0.5), OVERLAP)
    report = assemble(read_study(tmp_path))
    assert ("In every run", "trainer.max_epochs=3, look.size=28") in report.facts
    assert {row[0].text for row in report.tasks[0].parts[0].tables[0].rows} == {"none", "dram", "ram"}
    (ram,) = [row[0] for row in report.tasks[0].parts[0].tables[0].rows if row[0].text == "ram"]
    assert "cell.size=9" in ram.notes


def test_a_knob_that_tells_two_settings_apart_stays_in_their_names(tmp_path: Path) -> None:
    for more in ({}, {"encoder.size": 28}):
        made = record("dram", "digit_pairs", 0, wrong(0.1, 0.5), differs={"look.size": 28} | more,
                      setting="other" if more else "")  # fmt: skip
        finished(tmp_path, made, wrong(0.1, 0.5), OVERLAP)
    rows = assemble(read_study(tmp_path)).tasks[0].parts[0].tables[0].rows
    assert sorted(row[0].notes[0] for row in rows) == ["1 seed", "encoder.size=28"]


def test_a_pair_of_mechanisms_is_told_once(tmp_path: Path) -> None:
    for name, share in (("dram", 0.1), ("random", 0.4), ("none", 0.3)):
        for seed in (0, 1):
            made = record(name, "digit_pairs", seed, wrong(share, share), control="random" if name == "dram" else "")
            finished(tmp_path, made, wrong(share, share), OVERLAP)
    (part,) = [part for part in assemble(read_study(tmp_path)).tasks[0].parts if part.name == "Differences"]
    told = [(row[0].text, row[1].text, row[1].notes) for row in part.tables[0].rows]
    control = ("control: differs only in where it looks",)
    assert told == [("dram", "random", control), ("none", "random", ()), ("dram", "none", ())]
