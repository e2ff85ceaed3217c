"""What tells groups apart: marks are of a data set, controls have the same settings, equal words have a number."""

import re

import numpy as np
import pytest
from fabricated_runs import finished, record

from benchmark.report.analysis.comparisons import compare
from benchmark.report.analysis.estimates import estimate
from benchmark.report.analysis.formats import count, duration, memory
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.analysis.predictions import read_task
from benchmark.report.draw.chart import Y_RANGE
from benchmark.report.draw.palette import series_styles
from benchmark.report.read.runs import read_study
from benchmark.report.sections import facts, figures, pairs, sizes
from benchmark.report.write.assemble import assemble

IMAGES = 100
OVERLAP = np.zeros(IMAGES)


def write(study, data, attention, seed, wrong, **changes):
    held = {"mean": np.arange(IMAGES) < wrong}
    named = {"is_control": attention in ("random", "none", "cnn_strong"), **changes}
    prints = {"test": data[0] * 64}
    return finished(study, record(attention, data, seed, held, fingerprints=prints, **named), held, OVERLAP)


@pytest.fixture
def marked_on_one(tmp_path):
    """Two data sets, of which one is cut by its boxes, so that its runs are marked."""
    for data, marks in (("mnist_pairs", []), ("svhn_sample", ["images"])):
        for attention, wrong in {"random": 60, "none": 40, "cnn_strong": 20, "dram": 30}.items():
            write(tmp_path, data, attention, 0, wrong, reads_annotations=marks)
    return tmp_path


def test_a_mark_on_one_data_set_is_no_other_mechanism(marked_on_one):
    report = assemble(read_study(marked_on_one))
    assert not report.faults
    (overall,) = report.overall
    assert [row[0].text for row in overall.rows] == ["cnn_strong ‡", "dram ‡", "none ‡", "random ‡"]
    assert all(row[1].text != "–" for row in overall.rows)


def test_a_curve_is_marked_as_its_own_data_set(marked_on_one):
    report = assemble(read_study(marked_on_one))
    titles = {
        section.data: {figure.name for _, drawn in section.learning for figure in drawn} for section in report.data
    }
    assert "dram" in titles["mnist_pairs"] and "dram ‡" not in titles["mnist_pairs"]
    assert "dram ‡" in titles["svhn_sample"]
    gains = [part for section in report.tasks for part in section.parts if part.name == "Against no attention"]
    evidence = [" ".join(part.tables[0].rows[0][-1].notes) for part in gains]
    assert len(evidence) == 2 and all("it was still learning" in said for said in evidence)


def test_records_without_costs_by_side_have_their_sections_too(marked_on_one):
    for place in marked_on_one.glob("*/mnist_pairs/*/record.json"):
        place.write_text(place.read_text().replace("multiply_adds_by_side", "unknown"))
    assert not assemble(read_study(marked_on_one)).faults


def test_epochs_of_curves_are_counted_from_one(marked_on_one):
    (section, _) = assemble(read_study(marked_on_one)).data
    assert {curve.epochs[0] for found in section.curves.values() for curve in found} == {1}


@pytest.fixture
def task(tmp_path):
    """DRAM and its control with two cells, and with another policy."""
    other = {"differs": {"cell": "gru"}, "setting": "aaaaaaaa"}
    policy = {"differs": {"attention/policy": "map"}, "setting": "bbbbbbbb"}
    for attention, of in (("dram", [{}, other, policy]), ("random", [{}, other]), ("none", [{}, other])):
        for changes in of:
            for seed in (0, 1):
                write(tmp_path, "mnist_pairs", attention, seed, 10 + seed, control="random" * (attention == "dram"),
                      **changes)  # fmt: skip
    (found,) = group_tasks(read_study(tmp_path).finished)
    return found


def test_a_control_has_the_same_settings_but_for_where_it_looks(task):
    names = [group.label for group in task.groups]
    found = {(names[place], names[control]): note for place, control, note in pairs.own_controls(task)}
    only = ("control: differs only in where it looks",)
    assert found == {
        ("dram", "random"): only, ("dram (attention/policy=map)", "random"): only,
        ("dram (cell=gru)", "random (cell=gru)"): only,
    }  # fmt: skip
    beside = {(names[place], names[other]) for place, other, _ in pairs.references(task)}
    assert ("dram (cell=gru)", "none (cell=gru)") in beside and ("dram (cell=gru)", "none") not in beside


def test_a_control_of_another_setting_says_so(tmp_path):
    write(tmp_path, "mnist_pairs", "dram", 0, 10, control="random", differs={"cell": "gru"}, setting="aaaaaaaa")
    write(tmp_path, "mnist_pairs", "random", 0, 10)
    (task,) = group_tasks(read_study(tmp_path).finished)
    ((_, _, note),) = pairs.own_controls(task)
    assert note == ("its control, in another setting",)


def test_settings_of_the_same_words_are_told_apart_and_warned_of(tmp_path):
    """The values of a choice's file changed: its name is the same."""
    told = {"differs": {"encoder": "conv"}, "beyond": {}}
    for setting, size, wrong in (("aaaaaaaa", 8, 10), ("bbbbbbbb", 16, 50)):
        write(tmp_path, "mnist_pairs", "dram", 0, wrong, setting=setting, told=told, differs={"encoder.size": size})
    study = read_study(tmp_path)
    tasks = group_tasks(study.finished)
    assert [group.label for group in tasks[0].groups] == ["dram (aaaaaaaa)", "dram (bbbbbbbb)"]
    assert any("Settings of dram have the same overrides" in line for line in facts.warnings(study, tasks))


def test_intervals_end_inside_their_axes(tmp_path):
    for seed, wrong in enumerate((15, 15)):
        write(tmp_path, "mnist_pairs", "dram", seed, wrong)
    (task,) = group_tasks(read_study(tmp_path).finished)
    error = task.groups[0].score("mean")
    axis = figures.quality_axis(task.quality, [error.mean, *error.shown], IMAGES)
    assert axis.scale.low < max(error.shown.low, 0.5 / IMAGES) and axis.scale.high > error.shown.high
    picture = figures.scatter(task, series_styles(["dram"])).picture
    (whisker,) = [text for text in str(picture).split("<") if 'class="whisker"' in text]
    ends = [float(part.split('"')[1]) for part in whisker.split() if part.startswith(("y1=", "y2="))]
    assert min(Y_RANGE) < min(ends) and max(ends) < max(Y_RANGE)
    assert sizes.errors_by_side([task]) == []


def test_an_interval_down_to_zero_does_not_stretch_the_axis(tmp_path):
    """Zero has no logarithm: the line ends at the lower edge, and the axis spans the other numbers."""
    for seed, wrong in enumerate((5, 30)):
        write(tmp_path, "mnist_pairs", "dram", seed, wrong)
    (task,) = group_tasks(read_study(tmp_path).finished)
    error = task.groups[0].score("mean")
    assert error.shown.low == 0
    picture = figures.scatter(task, series_styles(["dram"])).picture
    (whisker,) = [text for text in str(picture).split("<") if 'class="whisker"' in text]
    ends = [float(part.split('"')[1]) for part in whisker.split() if part.startswith(("y1=", "y2="))]
    assert max(ends) == max(Y_RANGE)
    ticks = [float(text) for text in re.findall(r'text-anchor="end"[^>]*>([\d.]+)<', str(picture))]
    assert min(ticks) > 100 * error.mean / 2  # in percent


def test_one_file_without_sources_takes_those_of_the_others(tmp_path):
    """Which file comes first does not matter."""
    for seed in range(3):
        for attention, wrong in (("dram", 20 + seed), ("none", 30 + seed)):
            place = write(tmp_path, "mnist_pairs", attention, seed, wrong) / "predictions.npz"
            arrays = dict(np.load(place))
            sources = {} if (attention, seed) == ("dram", 0) else {"sources": np.arange(IMAGES)[:, None] // 10}
            np.savez(place, **arrays, **sources)
    (task,) = group_tasks(read_study(tmp_path).finished)
    found = read_task(task)
    assert len(found) == 6
    (one,) = compare(task, found, "mean")
    for place in tmp_path.glob("*/*/*/predictions.npz"):
        np.savez(place, **{key: value for key, value in np.load(place).items() if key != "sources"})
    (alone,) = compare(task, read_task(task), "mean")
    assert one.interval.high - one.interval.low > 1.2 * (alone.interval.high - alone.interval.low)


def test_a_file_with_other_sources_is_left_out_with_a_remark(tmp_path):
    for seed in range(2):
        place = write(tmp_path, "mnist_pairs", "dram", seed, 20) / "predictions.npz"
        np.savez(place, **dict(np.load(place)), sources=np.arange(IMAGES)[:, None] // (10 + seed))
    (task,) = group_tasks(read_study(tmp_path).finished)
    assert len(read_task(task)) == 1
    remarks = [remark for run in task.groups[0].runs for remark in run.remarks]
    assert any("names other sources" in remark for remark in remarks)


def test_a_measure_below_zero_keeps_its_interval():
    found = estimate([-1.0, -1.2, -1.1], None, np.inf)
    assert found.interval.low < found.mean < found.interval.high
    assert estimate([0.01, 0.2], None, 1.0).interval.low == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (memory(999.8 * 2**20), "1,000 MiB"), (memory(5 * 2**30), "5 GiB"), (count(1.2e15), "1,200 T"),
        (count(13.9e6), "13.9 M"), (duration(59.97), "1 min 00 s"), (duration(8.44), "8.4 s"),
    ],
)  # fmt: skip
def test_numbers_at_the_edge_of_a_unit(text, expected):
    assert text == expected
