"""Weights from elsewhere in the record, and the mark of rows whose weights have seen the test images."""

from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import record
from models import built

from benchmark.common.listing import sha256_of
from benchmark.model.encoder.state_dicts import Weights, origins
from benchmark.report.analysis.grouping import group_runs
from benchmark.report.analysis.weights import names, seen, warning
from benchmark.report.read.folders import Finished, RunFolderName
from benchmark.results.run_folder import write_json
from benchmark.training.start.checkpoint import CheckpointWeights

PRETRAINED = {"network": "resnet18", "name": "IMAGENET1K_V1", "sha256": "f37072fd" * 8, "seen": ["ImageNet"]}
FRESH = {"network": "resnet18", "name": "none", "sha256": "none", "seen": []}


def run(weights, data="stanford_dogs", origin="real", attention="none"):
    told = record(attention, data, 0, {"mean": np.zeros(4, bool)}, origin=origin, weights=weights)
    return Finished(RunFolderName(Path("runs"), attention, data, 0, ""), told)


@pytest.mark.parametrize("weights, data, origin, expected", [
    ([PRETRAINED], "stanford_dogs", "real", True),
    ([FRESH, PRETRAINED], "stanford_dogs_crop224", "sample", True),
    ([FRESH], "stanford_dogs", "real", False),
    ([], "stanford_dogs", "real", False),
    ([{**PRETRAINED, "seen": ["Places"]}], "stanford_dogs", "real", False),
    ([PRETRAINED], "stanford_dogs_sample", "synthetic", False),
    ([PRETRAINED], "coco", "real", False),
    ("damaged", "stanford_dogs", "real", False),
])  # fmt: skip
def test_a_row_is_marked_where_its_weights_have_seen_its_test_images(weights, data, origin, expected):
    one = run(weights, data, origin)
    (group,) = group_runs([one], frozenset())
    assert seen(one) == expected and group.label == ("none †" if expected else "none")
    assert bool(warning([one])) == expected


def test_all_weights_are_named_once_with_their_file():
    runs = [run([PRETRAINED]), run([PRETRAINED, FRESH]), run([])]
    assert names(runs) == "resnet18 IMAGENET1K_V1 (f37072fd)"


def test_what_a_checkpoint_s_run_had_seen_it_has_seen_too(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "best.ckpt"
    path.write_bytes(b"weights")
    fresh = Weights("a run of this benchmark", "best.ckpt", sha256_of(path), ())
    assert CheckpointWeights(str(path), ["*"]).weights() == [fresh]
    write_json(tmp_path / "record.json", {"weights": [PRETRAINED, FRESH]})
    assert CheckpointWeights(str(path), ["*"]).weights()[0].seen == ("ImageNet",)


def test_a_model_of_this_project_s_own_parts_comes_from_nowhere():
    assert origins(built("dram").module) == []
