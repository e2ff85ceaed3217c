"""Reports of tasks that are not judged by error: categories per class, and captions, of which more is better."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import finished, record, unfinished
from run_helpers import composer
from scipy import stats

from benchmark.report.__main__ import main
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.analysis.published import Published, departure, judge_number, read_published
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.runs import read_study
from benchmark.report.sections import leaderboard
from benchmark.results.primary_metric import Headline

CLASSES = {"key": "class_error", "name": "error of mean per-class accuracy", "higher_is_better": False,
           "percent": True, "binary": False}  # fmt: skip
CIDER = {"key": "CIDEr-D", "name": "CIDEr-D", "higher_is_better": True, "percent": False, "binary": False}
IMAGES = 300
SPREAD = np.linspace(-0.1, 0.1, IMAGES)
HOSTILE = "<script>pug</script>"


def write(study: Path, attention: str, data: str, seed: int, mean: float, measure: dict[str, Any], more: dict[str, Any],
          **changes: Any) -> Path:  # fmt: skip
    """A run whose images are worth `mean` on the average, and half of that with random glimpses."""
    value = {"mean": mean + SPREAD + 0.001 * seed, "random": mean / 2 + SPREAD}
    made = record(attention, data, seed, value, measure, **changes)
    made["test"]["mean"] |= more
    return finished(study, made, value, np.linspace(0, 1, IMAGES))  # objects overlap on photographs, too


@pytest.fixture(scope="module")
def captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "captions"
    still = {"mean": {"entropy": 0.9, "change": 0.001}}
    for seed in (0, 1):
        low = {"BLEU-4": 0.2, "ROUGE-L": 0.4, "METEOR-nltk": 0.4, "words": 9.5, "vocabulary": 20, "unfinished": 0.0}
        write(folder, "none", "coco", seed, 0.6, CIDER, low, localisation={})
        moving = {"mean": {"entropy": 0.4, "change": 0.3, "mass": 0.6}}
        write(folder, "item_soft", "coco", seed, 0.9, CIDER, low | {"BLEU-4": 0.24}, localisation=moving)
        write(folder, "item_hard", "coco", seed, 0.3, CIDER, low, localisation=still)
    unfinished(folder, "dram", "coco", 0, state="running", measure=CIDER, host="elsewhere.invalid")
    assert main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def dogs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "dogs"
    pairs = [{"true": HOSTILE, "said": "chow", "images": 7, "of": 30}]
    more = {"error": 0.3, "top5_error": 0.1, "after": {"1": 0.5, "2": 0.4, "3": 0.24}, "confused": pairs}
    for seed in (0, 1):
        write(folder, "sermanet", "stanford_dogs", seed, 0.24, CLASSES, more, glimpses=3)
        write(folder, "none", "stanford_dogs", seed, 0.5, CLASSES, {"error": 0.5, "top5_error": 0.2})
    assert main([str(folder)]) == 0
    return folder


def rows(study: Path, name: str, **where: str) -> list[dict[str, str]]:
    with (study / "report" / name).open(newline="") as lines:
        return [row for row in csv.DictReader(lines) if all(row[key] == value for key, value in where.items())]


def text(study: Path, name: str = "tables.md") -> str:
    return (study / "report" / name).read_text()


def test_the_best_stands_first_and_is_written_as_it_is(captions: Path) -> None:
    table = text(captions).split("test CIDEr\\-D")[-1] if "CIDEr\\-D" in text(captions) else text(captions)
    names = re.findall(r"^\| (none|item_soft|item_hard) \(2 seeds\)", table, re.M)
    assert names[:3] == ["item_soft", "none", "item_hard"]
    found = rows(captions, "errors.csv", mechanism="item_soft", mode="mean")[0]
    assert float(found["CIDEr-D"]) == pytest.approx(0.9005)
    half = 1.959964 * SPREAD.std() / IMAGES**0.5
    assert float(found["images_high"]) - float(found["images_low"]) == pytest.approx(2 * half, abs=1e-5)


def test_overlap_is_a_question_to_digits_alone(captions: Path) -> None:
    assert not (captions / "report" / "overlap.csv").read_text().strip()
    assert "overlap" not in text(captions).lower()


def test_more_is_good_and_less_is_bad(captions: Path) -> None:
    page = text(captions, "index.html")
    assert re.search(r'<td class="good[^"]*">\+0\.300', page) and re.search(r'<td class="bad[^"]*">−0\.300', page)
    assert "better than no attention" in page and "worse than no attention" in page
    (found,) = rows(captions, "paired.csv", first="item_soft", second="none", mode="mean")
    assert float(found["difference"]) == pytest.approx(0.3)
    assert (found["first_seeds"], found["second_seeds"], found["verdict"]) == ("2", "2", "better")


def test_curves_are_of_what_it_is_judged_by(captions: Path) -> None:
    assert rows(captions, "curves.csv", metric="val/CIDEr-D", mechanism="item_soft")
    assert "validation CIDEr-D" in text(captions, "index.html")


def test_every_measure_of_captions_with_what_is_published(captions: Path) -> None:
    lines = [line for line in text(captions).splitlines() if "BLEU" in line or "published: Show" in line]
    assert any("METEOR-nltk" in line and "distinct words" in line for line in lines)
    assert any("0.243" in line and "0.239" not in line for line in lines)  # METEOR is no column where nobody has it
    assert not rows(captions, "published.csv", mechanism="item_soft")  # none of the published is of the headline


def test_maps_that_stand_still_are_flagged(captions: Path) -> None:
    told = text(captions).split("maps from word to word")[1]
    assert re.search(r"^\| item_hard .*stand still", told, re.M) and re.search(r"^\| item_soft .*\| move", told, re.M)


def test_ways_of_looking_that_come_to_the_same_share_a_row_and_still_seeds_are_counted(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "captions"
    for seed in (0, 1):
        maps = {"mean": {"entropy": 0.4, "change": 0.3 * seed}}
        write(folder, "dram", "coco", seed, 0.9, CIDER, {"BLEU-4": 0.2}, localisation=maps)
        path = next((folder / "dram").rglob(f"seed={seed}*/record.json"))
        made = json.loads(path.read_text())
        made["test"]["sample"] = made["test"]["mean"]
        path.write_text(json.dumps(made))
    assert main([str(folder)]) == 0
    told = text(folder)
    assert len(re.findall(r"^\| dram \(mean policy, one sample; 2 seeds\)", told, re.M)) == 1
    assert len(re.findall(r"^\| dram \(random glimpses; 2 seeds\)", told, re.M)) == 1
    assert re.search(r"^\| dram .*stand still \(with 1 of 2 seeds\)", told, re.M)


def test_people_and_measures_in_table_3_by_hand(captions: Path) -> None:
    found = leaderboard.agreement(leaderboard.read())
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in found.rows}
    # M1 1..6 against CIDEr-D ranked 6 1 4 9 2 8 (by place 4 1 3 6 2 5): sum d^2 = 9 + 1 + 0 + 4 + 9 + 1
    assert cells["M1 and CIDEr-D"][0] == f"{1 - 6 * 24 / (6 * 35):+.2f}"
    assert cells["M2 and BLEU-1"][0] == f"{stats.spearmanr([1, 3, 2, 5, 4, 6], [6, 2, 5, 9, 1, 10]).statistic:+.2f}"
    assert "Show, Attend and Tell (Montreal/Toronto)" in text(captions)
    board = leaderboard.read()
    for key in board.people:  # the values, where they are known, are in the order of the printed ranks
        ordered = sorted(board.entries, key=lambda entry: -entry.value[key])
        assert [entry.rank[key] for entry in ordered] == [1, 2, 3, 4, 5, 6]


def test_categories_early_exits_and_table_2(dogs: Path) -> None:
    page = text(dogs, "index.html")
    assert "Early exit" in page and "evaluated after fewer glimpses" in page
    assert re.search(r"\| 12, 24 \|.* 40.00", text(dogs).split("by resolution, after each glimpse")[1])
    assert "&lt;script&gt;pug" in page and "<script" not in page
    assert "7 of 30" in page and "Published on these data" in page
    assert "table 2" in text(dogs) and "as printed (0.50\\*)" in text(dogs)
    found = rows(dogs, "published.csv", mechanism="sermanet")
    assert {(row["published_percent"], row["verdict"]) for row in found} == {
        ("32", "better"),
        ("23.2", "cannot tell"),
    }
    assert "leaves out" in page and "COCO challenge" not in page


def test_terminal_says_what_is_measured(captions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                        monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "120")
    main([str(captions), "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    assert "test CIDEr-D, over 300 images" in shown and re.search(r"item_soft +2 +0\.9", shown)


def test_the_same_data_judged_by_two_measures_are_two_tasks(tmp_path: Path) -> None:
    write(tmp_path, "dram", "stanford_dogs", 0, 0.3, CLASSES, {})
    write(tmp_path, "ram", "stanford_dogs", 0, 0.3, CIDER, {})
    assert main([str(tmp_path)]) == 0
    assert {row["task"] for row in rows(tmp_path, "errors.csv")} == {
        "stanford_dogs, canvases aaaaaaaa, class_error", "stanford_dogs, canvases aaaaaaaa, CIDEr-D",
    }  # fmt: skip


def test_a_score_above_a_published_one_is_better(tmp_path: Path) -> None:
    for seed in (0, 1):
        run = write(tmp_path, "item_soft", "coco", seed, 0.9, CIDER, {})
    group = group_tasks(read_study(run.parents[2]).finished)[0].groups[0]
    entry = {"system": "s", "attentions": ("item_soft",), "data": ("coco",), "measure": "CIDEr-D", "paper": "p",
             "version": "v", "setting": "s", "glimpses": None, "side": None, "sure": True}  # fmt: skip
    verdicts = {
        value: judge_number(Published(**entry, value=value), group, group.score("mean")) for value in (0.8, 0.9, 1.1)
    }
    words = {value: verdict.word for value, verdict in verdicts.items()}
    assert words == {0.8: "better", 0.9: "reproduced", 1.1: "not reproduced"}


def test_published_numbers_are_of_measures_that_are_known() -> None:
    numbers = read_published()
    assert {entry.measure for entry in numbers} <= {
        "error", "class_error", "CIDEr-D", "METEOR", *(f"BLEU-{n}" for n in (1, 2, 3, 4)),
    }  # fmt: skip


def test_a_protocol_is_an_experiment_of_the_same_mechanism_and_data() -> None:
    asked = composer()
    entries = [entry for entry in read_published() if entry.protocol]
    made = {name: asked.job([f"experiment={name}"]) for name in {entry.protocol for entry in entries}}
    for entry in entries:
        config = made[entry.protocol]
        assert config.attention.name in entry.attentions and config.data.name in entry.data, entry


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "; by another protocol (no experiment; the published one is table1_ram)"),
        ({"experiment": "reach_ram"}, "; by another protocol (reach_ram; the published one is table1_ram)"),
        ({"experiment": "table1_ram", "beyond": {"trainer.max_epochs": 50}},
         "; by the published protocol, but trainer.max_epochs=50"),
        ({"experiment": "table1_ram", "beyond": {}}, ""),
    ],
)  # fmt: skip
def test_how_runs_depart_from_a_published_protocol(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    run = write(tmp_path, "ram", "mnist_pairs", 0, 0.1, CLASSES, {}, **changes)
    (group,) = group_tasks(read_study(run.parents[2]).finished)[0].groups
    (entry,) = (entry for entry in read_published() if entry.protocol == "table1_ram")
    assert departure(entry, group) == said
    assert departure(replace(entry, protocol=""), group) == ""


def test_how_a_quality_is_written() -> None:
    share, score = Quality(Headline(**CLASSES)), Quality(Headline(**CIDER))
    assert (share.written(0.25), share.difference(-0.1), share.head) == ("25.00", "−10.00", f"{CLASSES['name']}, %")
    assert (score.written(0.95), score.difference(0.1), score.head) == ("0.950", "+0.100", "CIDEr-D")
    assert share.is_good(-0.1) and not share.is_good(0.1) and score.is_good(0.1) and not score.is_good(-0.1)
