"""How soon a target is reached: medians over seeds, in images and seconds, and the seeds that never do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from fabricated_runs import finished, record

from benchmark.report.draw.table import TableCell
from benchmark.report.read.runs import read_study
from benchmark.report.write.assemble import assemble

WRONG = {"mean": np.arange(100) < 10}


def run(folder: Path, attention: str, seed: int, *error: float, **keys: Any) -> Path:
    """A run of 1,000 images an epoch and 100 seconds, with these validations."""
    made = record(attention, "digit_pairs", seed, WRONG, localisation={})
    made["cost"]["train_seconds"] = 100.0
    found = finished(folder, made, WRONG, np.zeros(100))
    rows = [
        {"step": 10 * epoch, "epoch": epoch - 1, "images": 1000 * epoch, "val/error": value} | keys
        for epoch, value in enumerate(error, 1)
    ]
    (found / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return found


def rows(folder: Path) -> list[list[TableCell]]:
    """The table without its first column, with its heads as the first row."""
    parts = [part for part in assemble(read_study(folder)).tasks[0].parts if part.name == "How soon"]
    return [[TableCell(head) for head in part.tables[0].heads[1:]] for part in parts] + [
        list(row[1:]) for part in parts for row in part.tables[0].rows
    ]


def test_medians_over_seeds_with_those_that_never_reach_it(tmp_path: Path) -> None:
    run(tmp_path, "dram", 0, 0.9, 0.5, 0.3, 0.2)
    run(tmp_path, "dram", 1, 0.6, 0.6, 0.4, 0.3)
    run(tmp_path, "dram", 2, 0.9, 0.9, 0.9, 0.49)
    heads, (half, quarter) = rows(tmp_path)
    assert [head.text for head in heads] == ["50.00 %", "25.00 %"]  # nobody comes to an eighth
    assert half == TableCell("3 k", ("1 min 15 s", "3 of 3 seeds"))
    assert quarter == TableCell("–", ("1 of 3 seeds",), "quiet")


def test_a_first_good_validation_counts_even_if_it_is_lost_again(tmp_path: Path) -> None:
    run(tmp_path, "dram", 0, 0.7, 0.45, 0.8, 0.8, 0.8)
    _, (half,) = rows(tmp_path)
    assert half == TableCell("2 k", ("40.0 s", "1 of 1 seed"))


def test_runs_without_images_or_with_another_metrics_file_are_left_out(tmp_path: Path) -> None:
    run(tmp_path, "dram", 0, 0.4, images=None)
    assert rows(tmp_path) == []
    changed = run(tmp_path, "ram", 0, 0.4)
    held = json.loads((changed / "record.json").read_text())
    (changed / "record.json").write_text(json.dumps(held | {"sha256": {"metrics.jsonl": "0" * 64}}))
    assert rows(tmp_path) == []
