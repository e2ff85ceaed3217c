"""All tasks in one table: the scale of each task, and the interquartile mean over them, by hand."""

import numpy as np
import pytest
from fabricated_runs import finished, record

from benchmark.report.__main__ import main
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.analysis.normalised import normalised, scales
from benchmark.report.read.runs import read_study
from benchmark.report.sections import masking
from benchmark.report.sections.overall import overall

IMAGES = 100
ERRORS = {
    "mnist_pairs": {"random": (60, 60), "none": (40, 40), "cnn_strong": (20, 20), "dram": (10, 30), "ram": (50, 70)},
    "svhn_sample": {"random": (80, 80), "none": (40, 40), "cnn_strong": (60, 60), "dram": (30, 50)},
}
"""Wrong images of 100, seed by seed. One task is led by a network, the other by the model without attention."""


def write(study, data, attention, seed, count, **changes):
    held = {"mean": np.arange(IMAGES) < count}
    named = {"is_control": attention in ("random", "none", "cnn_strong"), **changes}
    prints = {"test": ("a" if data == "mnist_pairs" else "b") * 64}
    finished(study, record(attention, data, seed, held, fingerprints=prints, **named), held, np.zeros(IMAGES))


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "runs" / "across"
    for data, of in ERRORS.items():
        for attention, counts in of.items():
            for seed, count in enumerate(counts):
                write(folder, data, attention, seed, count)
    return folder


def tasks(study):
    return group_tasks(read_study(study).finished)


def test_both_ends_of_a_scale(study):
    ends = {each.task.data: each for each in scales(tasks(study))}
    assert {data: each.best.attention for data, each in ends.items()} == {
        "mnist_pairs": "cnn_strong", "svhn_sample": "none",
    }  # fmt: skip
    # errors of 0.6, 0.4, 0.2 between 0.6 and 0.2; beyond both ends the scale goes on
    assert [ends["mnist_pairs"].score(error) for error in (0.6, 0.4, 0.2, 0.0, 0.8)] == pytest.approx(
        [0, 0.5, 1, 1.5, -0.5]
    )


def test_mechanisms_on_all_tasks_come_first_by_their_interquartile_mean(study):
    found = {row.label: row for row in normalised(scales(tasks(study)))}
    assert list(found) == ["dram", "cnn_strong", "none", "random", "ram"]
    # 1.25 and 0.75 on pairs, 1.25 and 0.75 on numbers: the middle two of four
    assert np.sort(np.concatenate(found["dram"].score_TS)) == pytest.approx([0.75, 0.75, 1.25, 1.25])
    assert found["dram"].overall.difference == pytest.approx(1.0)
    assert found["cnn_strong"].overall.difference == pytest.approx(0.75)  # 1, 1, 0.5, 0.5
    assert found["ram"].overall is None and found["ram"].score_TS[0] == pytest.approx([0.25, -0.25])


def test_an_error_and_a_score_lie_on_the_same_scale(study, tmp_path):
    """Of a metric of which more is better, the random control has less."""
    more = {"key": "cider", "name": "CIDEr-D", "higher_is_better": True, "percent": False, "binary": False}
    captions = tmp_path / "runs" / "captions"
    for attention, value in {"random": 0.2, "nic": 0.6, "item_soft": 0.8}.items():
        held = {"mean": np.full(IMAGES, value)}
        made = record(attention, "coco_sample", 0, held, more, is_control=attention != "item_soft")
        finished(captions, made, held, np.zeros(IMAGES))
    (ends,) = scales(tasks(captions))
    assert {row.label: row.score_TS[0].item() for row in normalised([ends])} == pytest.approx(
        {"item_soft": 1.5, "nic": 1.0, "random": 0.0}
    )


def test_the_table_has_the_numbers_behind_each_score(study):
    table = overall(tasks(study))
    assert table.heads == ("mechanism", "all tasks", "beats the control", "mnist_pairs", "svhn_sample")
    dram, network = table.rows[:2]
    assert [cell.text for cell in dram] == ["dram", "1.00", "50 %", "1.00", "1.00"]
    # 10 and 30 against 20, 20; 30 and 50 against 40, 40: Wilson's interval of four observations
    assert dram[2].notes == ("15 to 85",)
    assert network[2].text == "25 %"  # all ties on pairs, where it is the control; never on numbers
    assert dram[3].notes == ("error 20.00 %, 2 seeds", "2 M multiply-adds")
    assert "mnist_pairs: random and cnn_strong; svhn_sample: random and none" in table.note
    assert [cell.text for cell in table.rows[-1]] == ["ram", "–", "–", "0.00", "–"]


def test_no_table_without_two_scales(study):
    (pairs,) = (task for task in tasks(study) if task.data == "mnist_pairs")
    assert overall([pairs]).rows == () and overall([]).rows == ()


def test_a_control_that_is_no_better_than_random_glimpses_makes_no_scale(tmp_path):
    folder = tmp_path / "runs" / "odd"
    for attention, count in {"random": 30, "none": 30, "dram": 10}.items():
        write(folder, "mnist_pairs", attention, 0, count)
    assert scales(tasks(folder)) == []


def test_the_page_and_its_markdown_show_it(study):
    assert main([str(study)]) == 0
    page = (study / "report" / "index.html").read_text()
    assert page.index('id="overall"') < page.index('id="task-1"')
    assert "Scores between 0, random glimpses" in (study / "report" / "tables.md").read_text()


def test_what_the_attended_part_is_worth(tmp_path):
    """Error 10 %; 40 and 60 % without what is attended to, 20 and 30 % without as much elsewhere."""
    folder = tmp_path / "runs" / "masked"
    for seed, (masked, elsewhere) in enumerate([(0.4, 0.2), (0.6, 0.3)]):
        places = {"mean": {"masked": masked, "masked_elsewhere": elsewhere}}
        write(folder, "mnist_pairs", "item_soft", seed, 10, localisation=places)
        write(folder, "mnist_pairs", "none", seed, 10, localisation={})
    (row,) = masking.table(*tasks(folder)).rows
    assert [cell.text for cell in row] == ["item_soft", "10.00", "50.00", "25.00", "+25.00"]
    assert main([str(folder)]) == 0
    assert "without what it attends to" in (folder / "report" / "tables.md").read_text()
