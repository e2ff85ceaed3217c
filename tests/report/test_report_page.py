"""The report of fabricated runs, number by number: page, Markdown, CSV and terminal."""

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import curve, finished, record, run_folder, unfinished
from numpy.typing import NDArray
from rich.console import Console
from scipy import stats

from benchmark.report.__main__ import main
from benchmark.report.analysis.published import read_published
from benchmark.report.read.runs import read_study
from benchmark.report.write.assemble import assemble
from benchmark.report.write.terminal import show

IMAGES = 400
OVERLAP = np.repeat([0.0, 0.25, 0.5, 0.75], IMAGES // 4)
HOSTILE = "<script>document.title='owned'</script> | `x` \x1b[31m"


def wrong(count: int, start: int) -> NDArray[np.bool_]:
    """Wrong on `count` images from `start` on."""
    return (np.arange(IMAGES) >= start) & (np.arange(IMAGES) < start + count)


def write(study: Path, attention: str, seed: int, count: int, start: int, **changes: Any) -> Path:
    """A run with `count` wrong images by the mean policy, and twice as many when it looks at random."""
    held = {"mean": wrong(count, start), "random": wrong(2 * count, 0)}
    return finished(study, record(attention, "mnist_pairs", seed, held, **changes), held, OVERLAP)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four mechanisms with three seeds, one of them in two settings; failed, interrupted, damaged and hostile runs."""
    folder = tmp_path_factory.mktemp("runs") / "fabricated"
    for seed, extra in enumerate((-4, 0, 4)):
        write(folder, "dram", seed, 20 + extra, 0)
        write(folder, "ram", seed, 40 + extra, 100)
        write(folder, "random", seed, 200 + extra, 0)
    write(folder, "none", 0, 60, 0)
    sized = {"image_shape": [1, 60, 60], "fingerprints": {"test": "c" * 64}, "setting": "0badcafe"}
    write(folder, "dram", 0, 30, 0, differs={"data.canvas": 60}, **sized)
    write(folder, "item_<b>x</b>"[:8], 0, 50, 0, differs={"note": HOSTILE}, setting="bad")
    curve(unfinished(folder, "ram", "mnist_pairs", 7, state="failed", message=HOSTILE, epoch=3), 4, 0.2)
    unfinished(folder, "dram", "mnist_pairs", 7, state="running", host="elsewhere.invalid", epoch=5)
    (run_folder(folder, "none", "mnist_pairs", 7) / "record.json").write_text('{"format": 1, "stu')
    assert main([str(folder)]) == 0
    return folder


def rows(study: Path, name: str, **where: str) -> list[dict[str, str]]:
    """The lines of a CSV file with these values."""
    with (study / "report" / name).open(newline="") as lines:
        return [row for row in csv.DictReader(lines) if all(row[key] == value for key, value in where.items())]


def row(study: Path, name: str, **where: str) -> dict[str, str]:
    (found,) = rows(study, name, **where)
    return found


def test_errors_and_their_intervals(study: Path) -> None:
    found = row(study, "errors.csv", mechanism="dram", mode="mean", setting="")
    assert float(found["error_percent"]) == pytest.approx(5)
    # Wilson of 20 in 400
    assert (float(found["images_low"]), float(found["images_high"])) == pytest.approx((3.26, 7.60), abs=0.01)
    # seeds 4, 5, 6 %: sd 1, half = 4.3027 / sqrt(3) = 2.4841, joined as squares with 1.74 below and 2.60 above
    assert (float(found["low"]), float(found["high"])) == pytest.approx((5 - 3.034, 5 + 3.595), abs=0.01)
    assert found["seeds"] == "3" and found["images"] == "400"
    assert float(row(study, "errors.csv", mechanism="dram", mode="random", setting="")["error_percent"]) == 10
    assert row(study, "errors.csv", mechanism="none", mode="mean")["low"] == ""


def test_paired_comparison_by_hand(study: Path) -> None:
    found = row(study, "paired.csv", first="dram", second="ram", mode="mean")
    assert float(found["difference_points"]) == pytest.approx(-5)
    assert (found["first_seeds"], found["second_seeds"]) == ("3", "3")
    # sd 1 over three seeds each: 4 degrees, and a variance of 2/3; the images' share is what is left of theirs
    values = [np.stack([wrong(count + extra, start) for extra in (-4, 0, 4)]).astype(float)
              for count, start in ((20, 0), (40, 100))]  # fmt: skip
    paired = np.var(values[0].mean(axis=0) - values[1].mean(axis=0), ddof=1)
    noise = sum(held.var(axis=0, ddof=1).mean() - 1e-4 for held in values) / 3
    images = 1e4 * (paired - noise) / IMAGES
    half = np.sqrt(stats.t.ppf(0.975, 4) ** 2 * 2 / 3 + stats.norm.ppf(0.975) ** 2 * images)
    assert (float(found["low"]), float(found["high"])) == pytest.approx((-5 - half, -5 + half))
    assert found["verdict"] == "better" and float(found["visible"]) > half
    one = row(study, "paired.csv", first="dram", second="none", mode="mean")
    assert one["second_seeds"] == "1" and float(one["difference_points"]) == pytest.approx(-10)
    assert (one["p"], one["low"], one["verdict"]) == ("", "", "no verdict: one seed")


def test_other_canvases_are_never_paired(study: Path) -> None:
    assert not rows(study, "paired.csv", task="mnist_pairs at 60 x 60 px")
    assert not [found for found in rows(study, "paired.csv") if "data.canvas" in found["first"] + found["second"]]
    assert "test images of mnist_pairs differ" in text(study)


def test_overlap_by_bin(study: Path) -> None:
    found = rows(study, "overlap.csv", mechanism="ram", mode="mean")
    # ram is wrong on images 100 to 139: the second quarter, whose overlap is 0.25, the bin's inclusive edge
    assert [(line["overlap"], float(line["error_percent"]), line["images"]) for line in found] == [
        ("none", 0, "100"), ("up to a quarter", 40, "100"), ("to a half", 0, "100"), ("over a half", 0, "100"),
    ]  # fmt: skip


def test_localisation_cost_and_curves(study: Path) -> None:
    looked = row(study, "localisation.csv", mechanism="ram", mode="mean", measure="first_distance")
    assert float(looked["value"]) == 12.5
    assert float(row(study, "cost.csv", mechanism="ram", measure="train_seconds")["value"]) == 101
    found = rows(study, "curves.csv", mechanism="ram", metric="val/error", epoch="3.0")
    assert found[0]["seeds"] == "4" and found[0]["unfinished_seeds"] == "1"


def test_published_numbers_and_verdicts(study: Path) -> None:
    dram = row(study, "published.csv", mechanism="dram", setting="")
    assert (dram["published_percent"], dram["sure"], dram["verdict"]) == ("5.0", "True", "cannot tell")
    ram = row(study, "published.csv", mechanism="ram")
    assert (ram["published_percent"], float(ram["error_percent"])) == ("9.0", pytest.approx(10))
    assert not rows(study, "published.csv", mechanism="none")
    assert "9\nBa et al. 2015" in "\n".join(page(study).texts)


def test_runs_of_every_state(study: Path) -> None:
    states = {(found["mechanism"], found["seed"]): found["state"] for found in rows(study, "runs.csv")}
    assert states["ram", "7"] == "failed" and states["dram", "7"] == "running" and states["none", "7"] == "damaged"
    assert sum(state == "finished" for state in states.values()) == 11


def text(study: Path) -> str:
    return (study / "report" / "tables.md").read_text()


def test_markdown_holds_the_numbers(study: Path) -> None:
    line = next(line for line in text(study).splitlines() if line.startswith("| dram (3 seeds)"))
    assert "5.00 (95 % 1.97 to 8.59)" in line
    assert "Ba et al. 2015 (DRAM), arXiv 1412.7755" in line


def test_markdown_is_not_broken_by_the_data(study: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", text(study), re.M)
    assert len(tables) > 8
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table
    assert "<script" not in text(study)


class Page(HTMLParser):
    """Every element with its attributes, and every text outside the style sheet."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] != "style":
            self.texts.append(data.strip())


def page(study: Path) -> Page:
    return Page((study / "report" / "index.html").read_text())


def test_page_is_well_formed_and_whole(study: Path) -> None:
    found = page(study)
    assert not found.open
    numbers = {"5.00", "10.00", "50.00", "95 % 1.97 to 8.59"}
    assert numbers | {"failed", "damaged"} <= set(found.texts)
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    links = [attributes["href"] for tag, attributes in found.elements if tag == "a"]
    assert len(ids) == len(set(ids)) and {f"#{name}" for name in ids} == set(links)


def test_page_needs_nothing_outside(study: Path) -> None:
    source = (study / "report" / "index.html").read_text()
    for tag, attributes in page(study).elements:
        assert tag not in ("script", "iframe", "object")
        for name in ("src", "href", "action", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), attributes
    assert "@import" not in source and "url(" not in source


def test_hostile_text_is_shown_not_run(study: Path) -> None:
    source = (study / "report" / "index.html").read_text()
    assert "<script" not in source and "&lt;script&gt;" in source
    assert not [name for _, attributes in page(study).elements for name in attributes if name.startswith("on")]


def test_every_picture_is_described(study: Path) -> None:
    for tag, attributes in page(study).elements:
        if tag == "img":
            assert attributes["alt"] and attributes["src"].startswith("data:image/png;base64,")
        if tag == "svg" and attributes.get("class") != "swatch":
            assert attributes["role"] == "img" and attributes["aria-label"]


def test_the_same_runs_make_the_same_report(study: Path, tmp_path: Path) -> None:
    assert main([str(study), "--out", str(tmp_path)]) == 0
    for name in ("index.html", "paired.csv", "tables.md"):
        assert (tmp_path / name).read_bytes() == (study / "report" / name).read_bytes()


def test_terminal(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    main([str(study), "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    assert re.search(r"dram +3 +5\.00 \(\d\.\d to \d\.\d\) +10\.00 +5 +2 M", shown)
    assert "failed: ram on mnist_pairs, seed 7" in shown and "\x1b[31m" not in shown
    assert f"report: {tmp_path / 'index.html'}" in shown


@pytest.mark.parametrize(("width", "modes"), [(300, 5), (80, 5), (66, 3), (46, 1)])
def test_a_terminal_shows_whole_numbers_of_as_many_modes_as_fit(tmp_path: Path, width: int, modes: int) -> None:
    value = {mode: wrong(25, 0) for mode in ("mean", "expectation", "sample", "average", "random")}
    made = record("dram", "mnist_pairs", 0, value)
    finished(tmp_path / "s", made, value, np.zeros(len(value["mean"])))
    study = read_study(tmp_path / "s")
    written = io.StringIO()
    show(assemble(study), read_published(), Console(file=written, width=width))
    (line,) = [line for line in written.getvalue().splitlines() if line.split()[:2] == ["dram", "1"]]
    spans = width == 300
    span = r" \(\d\.\d to \d\.\d\)" if spans else ""
    assert re.fullmatch(r"dram +1 +6\.25" + span + r" +6\.25" * (modes - 1) + r" +5 +2 M", line.strip())
    assert ("in brackets" in written.getvalue()) == spans
    assert ("too wide to show: " in written.getvalue()) == (modes < 5)


def test_predictions_that_cannot_be_used_are_remarked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "s", "dram", 0, 20, 0)
    write(tmp_path / "s", "ram", 0, 20, 50)
    (folder / "predictions.npz").write_bytes(b"PK\x03\x04 cut short")
    assert main([str(tmp_path / "s")]) == 0
    assert not rows(tmp_path / "s", "paired.csv")
    assert "left out of the paired comparisons" in row(tmp_path / "s", "runs.csv", mechanism="dram")["message"]
    assert "note: dram on mnist_pairs, seed 0: predictions.npz cannot be read" in capsys.readouterr().out


def test_runs_that_answer_every_image_alike_are_named_and_equal_ones_have_no_sign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for attention in ("dram", "ram"):
        for seed in range(2):
            folder = write(tmp_path / "s", attention, seed, 20, 0)
            answers = np.arange(IMAGES)[:, None] * (attention == "dram" or seed == 0)
            with np.load(folder / "predictions.npz") as held:
                arrays = dict(held)
            np.savez(folder / "predictions.npz", prediction_mean=answers, **arrays)
    assert main([str(tmp_path / "s")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "dram on mnist_pairs: in" not in said
    assert "ram on mnist_pairs: in 1 of 2 runs all test images get the same answer." in said
    tables = (tmp_path / "s" / "report" / "tables.md").read_text()
    assert "+0.00" in tables and "\N{MINUS SIGN}0.00" not in tables
    assert "last rows are the controls" not in tables


def test_a_record_that_disagrees_with_its_predictions_is_remarked(tmp_path: Path) -> None:
    folder = write(tmp_path / "s", "dram", 0, 20, 0)
    changed = json.loads((folder / "record.json").read_text())
    changed["test"]["mean"]["error"] = 0.5
    (folder / "record.json").write_text(json.dumps(changed))
    main([str(tmp_path / "s")])
    assert "record.json has 50.00 %" in row(tmp_path / "s", "runs.csv")["message"]


def read_numbers(study: Path, attention: str, seed: int, of_two: int) -> None:
    """A run on numbers of one and two digits, of which `of_two` in 300 with two are wrong, and no other."""
    held = {"mean": wrong(of_two, 0)}
    made = record(attention, "house_numbers", seed, held)
    by_length = {"1": {"images": 100, "error": 0.0}, "2": {"images": 300, "error": of_two / 300}}
    made["test"]["mean"] |= {"digit_error": of_two / 700, "length_error": 0.01, "by_length": by_length}
    made["localisation"]["mean"] |= {"on_its_digit": 0.6, "in_order": 0.9}
    finished(study, made, held, OVERLAP)


def test_the_parts_of_a_sequence(tmp_path: Path) -> None:
    for seed, of_two in enumerate((30, 60)):
        read_numbers(tmp_path / "s", "dram", seed, of_two)
    assert main([str(tmp_path / "s")]) == 0
    two = row(tmp_path / "s", "sequences.csv", measure="error", length="2", mode="mean")
    assert float(two["error_percent"]) == pytest.approx(15) and (two["images"], two["seeds"]) == ("300", "2")
    # Wilson of 45 in 300
    assert (float(two["images_low"]), float(two["images_high"])) == pytest.approx((11.40, 19.48), abs=0.01)
    assert float(row(tmp_path / "s", "sequences.csv", measure="error", length="1")["error_percent"]) == 0
    digits = row(tmp_path / "s", "sequences.csv", measure="digit_error")
    assert float(digits["error_percent"]) == pytest.approx(100 * 45 / 700) and digits["length"] == ""
    assert float(row(tmp_path / "s", "sequences.csv", measure="length_error")["error_percent"]) == pytest.approx(1)
    assert float(row(tmp_path / "s", "localisation.csv", measure="in_order")["value"]) == 0.9
    shown = text(tmp_path / "s")
    assert "of 1, 100 images, %" in shown and "of 2, 300 images, %" in shown
    assert "steps in reading order, %" in shown and "digits, %" in shown


def test_one_symbol_has_no_parts(study: Path) -> None:
    assert not rows(study, "sequences.csv")
    assert "parts of a sequence" not in text(study) and "reading order" not in text(study)


def test_nothing_finished_yet(tmp_path: Path) -> None:
    folder = unfinished(tmp_path / "s", "ram", "digit_pairs", 0, state="running", host="elsewhere.invalid", epoch=3)
    curve(folder, 4, 0.2)
    assert main([str(tmp_path / "s")]) == 0
    assert "No finished run yet" in page(tmp_path / "s").texts


def test_error_of_zero_and_a_mechanism_without_looks(tmp_path: Path) -> None:
    held = {"mean": wrong(0, 0)}
    cost = record("none", "translated", 0, held)["cost"] | {"multiply_adds": None, "peak_memory_bytes": None}
    finished(tmp_path / "s", record("none", "translated", 0, held, localisation={}, cost=cost), held, np.zeros(IMAGES))
    assert main([str(tmp_path / "s")]) == 0
    assert float(row(tmp_path / "s", "errors.csv")["error_percent"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["absent"], 2, "no folder"), (["."], 1, "holds no run")],
)
def test_mistakes_are_said_in_a_line(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1


def test_a_report_that_cannot_be_written_is_said(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(study), "--out", str(tmp_path / "file")]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_the_command_imports_nothing_of_training() -> None:
    code = "import sys, benchmark.report.__main__; print([n for n in ('torch', 'scipy.stats') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
