"""What reads annotations in the test says so itself, and is marked wherever a report names it."""

from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import finished, record
from models import ATTENTION, DATA, built, config

from benchmark.build import make
from benchmark.report.analysis.annotations import MARK, warning
from benchmark.report.analysis.predictions import read_predictions, sources_of
from benchmark.report.read.runs import read_study
from benchmark.report.write.assemble import assemble
from benchmark.results.record import annotations_read

READ = {"oracle", "item_boxes"}
CUT = {"svhn", "svhn110", "svhn_sample", "stanford_dogs_boxed", "stanford_dogs_crop224"}


@pytest.mark.parametrize("name", [*sorted(READ), "random", "dram", "ram", "item_soft", "none"])
def test_a_mechanism_says_whether_it_looks_at_true_boxes(name):
    assert built(name).module.rnn.attention.reads_annotations == (name in READ)


def test_whatever_looks_at_true_boxes_is_a_control():
    assert set(ATTENTION) >= READ and all(config(f"attention={name}").attention.is_control for name in READ)
    assert built("ram", "attention/policy=boxes").module.rnn.attention.reads_annotations


@pytest.mark.parametrize("data", [name for name in DATA if not name.startswith(("coco", "digit", "flickr", "mnist"))])
def test_a_data_set_says_whether_its_images_are_cut_around_boxes(data, tmp_path):
    spec = make(config("attention=none", f"data={data}", f"data.root={tmp_path}").data).spec
    assert spec.cut_by_boxes == (data in CUT)


def test_a_record_names_what_reads():
    assert [annotations_read(*both) for both in ((False, False), (True, False), (True, True))] == [
        [], ["mechanism"], ["mechanism", "images"],
    ]  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("marks")
    value = {mode: np.arange(200) < 40 for mode in ("mean", "random")}
    for name, reads in (("dram", []), ("oracle", ["mechanism"]), ("their_own", ["mechanism"])):
        for seed in (0, 1):
            made = record(name, "digit_pairs", seed, value, reads_annotations=reads)
            finished(folder, made, value, np.zeros(200))
    return folder


def test_every_row_that_names_it_is_marked_and_the_page_says_why(study):
    found = assemble(read_study(study))
    (task,) = [section.task for section in found.tasks]
    assert {group.label for group in task.groups} == {"dram", f"oracle{MARK}", f"their_own{MARK}"}
    heads = [
        cell.text for part in found.tasks[0].parts for table in part.tables for row in table.rows for cell in row[:1]
    ]
    named = [text for text in heads if text.startswith(("oracle", "their_own"))]
    assert named and all(text.split(" (")[0].endswith(MARK) for text in named)
    (line,) = warning(read_study(study).finished)
    assert line in found.warnings and line.startswith("\N{DOUBLE DAGGER} oracle, their_own: looks at the true boxes")


def test_predictions_say_what_each_image_is_composed_of(study, tmp_path):
    old = read_predictions(study / "dram" / "digit_pairs" / "seed=0" / "predictions.npz")
    assert sources_of([old]).tolist() == [[n] for n in range(200)]  # it names none: each image is its own
    path = tmp_path / "predictions.npz"
    index, sources = np.array([2, 0, 1]), np.array([[5, -1], [3, 4], [4, 5]])
    np.savez(path, index=index, sources=sources, overlap=np.zeros(3), value_mean=np.zeros(3))
    new = read_predictions(path)
    assert new.sources.tolist() == [[3, 4], [4, 5], [5, -1]]
    assert sources_of([old, new]).tolist() == new.sources.tolist()  # wherever the file that names none stands
