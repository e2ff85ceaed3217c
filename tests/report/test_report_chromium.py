"""The page in a real browser: it renders, light and dark, and is never wider than the window."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import finished, record, unfinished
from matplotlib.image import imread
from numpy.typing import NDArray

from benchmark.report.__main__ import main

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"
MEASURE = """<script>addEventListener("load", () => { document.title =
    ["width", document.documentElement.scrollWidth, innerWidth, document.querySelectorAll("svg").length,
     [...document.images].every(image => image.complete && image.naturalWidth > 0)].join(" "); });</script>"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on the PATH")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a study with long names and a setting, two seeds each and a failed run."""
    study = tmp_path_factory.mktemp("runs") / "a_study_with_a_name_longer_than_a_telephone_is_wide_it_seems"
    overlap = np.linspace(0, 1, 200)
    for place, attention in enumerate(("dram", "location_soft_zoom", "random", "a_mechanism_nobody_knows_of_yet")):
        for seed in (0, 1):
            wrong = {mode: np.arange(200) < 10 + 30 * place + seed for mode in ("mean", "sample", "average", "random")}
            differs = {"objective.baseline.learning_rate_of_it": 0.001} if place == 1 else {}
            made = record(attention, "mnist_pairs", seed, wrong, differs=differs, setting="0badcafe" if differs else "")
            finished(study, made, wrong, overlap)
    unfinished(study, "ram", "mnist_pairs", 0, state="failed", message="x" * 300 + " <script>document.title=1</script>")
    assert main([str(study)]) == 0
    return study / "report" / "index.html"


def browse(page: Path, profile: Path, *flags: str) -> str:
    """What headless Chromium prints for a page, with a profile of its own."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def frame(page: Path, folder: Path, width: int) -> Path:
    """A copy of the page that measures itself, in a frame of a given width: no window is as narrow as a telephone."""
    measured = page.read_text().replace("</head>", f"{MEASURE}</head>", 1)
    data = base64.b64encode(measured.encode()).decode()
    outer = folder / "frame.html"
    outer.write_text(f"""<!DOCTYPE html><title>none</title><body style="margin:0"><iframe style="border:0"
        width="{width}" height="800" srcdoc=""></iframe><script>
        const inner = document.querySelector("iframe");
        inner.srcdoc = new TextDecoder().decode(Uint8Array.from(atob("{data}"), c => c.charCodeAt(0)));
        inner.addEventListener("load", () => setTimeout(() => document.title = inner.contentDocument.title, 200));
        </script>""")
    return outer


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_never_wider_than_the_window(page: Path, tmp_path: Path, width: int) -> None:
    shown = browse(
        frame(page, tmp_path, width),
        tmp_path / "profile",
        "--window-size=1500,1000",
        "--virtual-time-budget=5000",
        "--dump-dom",
    )
    found = re.search(r"<title>width (\d+) (\d+) (\d+) (\w+)</title>", shown)
    assert found, shown[:300]
    assert int(found[2]) == width and int(found[1]) <= width
    assert int(found[3]) >= 12 and found[4] == "true"


def test_it_renders_and_runs_nothing_of_the_data(page: Path, tmp_path: Path) -> None:
    shown = browse(page, tmp_path / "profile", "--dump-dom")
    assert "attention compared</title>" in shown
    assert "location_soft_zoom" in shown and "15.25" not in shown


def screenshot(page: Path, folder: Path, *flags: str) -> NDArray[np.uint8]:
    """The first screen of the page as pixels (H, W, 3)."""
    browse(page, folder / "profile", "--window-size=1400,900", f"--screenshot={folder / 'shot.png'}", *flags)
    return (imread(folder / "shot.png")[:, :, :3] * 255).astype(np.uint8)


def test_light_and_dark(page: Path, tmp_path: Path) -> None:
    for name, flags in (("light", ()), ("dark", (DARK,))):
        (tmp_path / name).mkdir()
        picture = screenshot(page, tmp_path / name, *flags)
        paper = np.median(picture.reshape(-1, 3), axis=0)
        ink = np.abs(picture.astype(int) - paper).sum(axis=2).max()
        assert (paper.mean() > 240) if name == "light" else (paper.mean() < 40), paper
        assert ink > 500, "text does not stand out"
