"""Captions pictures with a trained run: prints captions, draws the attention map of each word, writes a page.

Axes: N pictures, B pictures of a batch, T words, M glimpses before each word.
"""

import html
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from torch import Tensor

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.paths import at_home, rejoined
from benchmark.common.tones import Tones
from benchmark.config.compose import Composer
from benchmark.evaluation.confusion import INK, PAPER
from benchmark.evaluation.pictures import bare, look_on
from benchmark.library import AT_ONCE, Run
from benchmark.results.run_folder import RunFolder, write_whole
from benchmark.trained import trained

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
"""Suffixes of pictures in a folder; a file that is named itself may have any."""
COLUMNS = 6
"""Cells per row of a picture's figure."""


class CaptionArguments(NamedTuple):
    """The arguments of the command. decoding: overrides of that config group."""

    run: RunFolder
    images: list[Path]
    out: Path
    decoding: list[str]


def parse_arguments(arguments: Sequence[str]) -> CaptionArguments:
    """Parses the command line. Raises ConfigFault with all faults."""
    known: dict[str, list[str]] = {"run": [], "images": [], "out": []}
    decoding, faults, last = [], [], ""
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if equals and key in known:
            known[key].append(value)
            last = key
        elif key.split(".")[0] == "decoding" and equals:
            decoding.append(argument)
        elif last == "images":  # images=*.jpg, expanded by the shell
            known["images"].append(argument)
        else:
            faults.append(f"{argument}: is none of run=FOLDER images=FILES out=FOLDER decoding=NAME")
    faults += [f"{key}: has to be given: {key}={what}" for key, what in (("run", "FOLDER"), ("images", "FILES"))
               if not known[key]]  # fmt: skip
    parts = [part for value in known["images"] for part in rejoined(value.split(",")) if part]
    images, missing = listed([at_home(part) for part in parts])
    if faults := faults + missing:
        raise ConfigFault(faults)
    run, out = (Path(at_home(given)) for given in (known["run"][-1], (known["out"] or ["captions"])[-1]))
    return CaptionArguments(RunFolder(run), images, out, decoding)


def listed(names: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The files of given names, folders and patterns, and faults."""
    files, faults = [], []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        elif path.exists() or not any(sign in name for sign in "*?["):
            found = [path]  # a missing file is reported with the unreadable ones
        else:
            anchor = Path(path.anchor) if path.is_absolute() else Path()
            found = sorted(anchor.glob(str(path.relative_to(anchor))))
        files += found
        faults += [] if found else [f"images: there is no picture in {name}"]
    return files, faults


class PictureCaption(NamedTuple):
    """The caption of a picture, without its end token. maps: (T, M, H, W) attention maps before each word. fixations:
    (T, M, 2) in pixels.
    """

    words: list[str]
    maps: Tensor
    fixations: Tensor


def captions(run: Run, image_BCHW: Tensor) -> Iterator[PictureCaption]:
    """The captions of a batch of pictures."""
    found = run.look(image_BCHW)
    for number, words in enumerate(found.answers):
        one = found.some(slice(number, number + 1))
        yield PictureCaption(words, one.maps[0, : len(words)], one.pixels[0, : len(words)])


def figure(image_CHW: Tensor, one: PictureCaption, tones: Tones) -> Figure:
    """The picture, then a copy per word, darkened where its attention is low (figure 16 of the survey)."""
    cells = len(one.words) + 1
    columns = min(cells, COLUMNS)
    rows = -(-cells // columns)
    drawn = Figure(figsize=(2.2 * columns, 2.45 * rows), layout="constrained", facecolor=PAPER)
    axes = drawn.subplots(rows, columns, squeeze=False).flat
    picture, extent = tones.shown(image_CHW), (image_CHW.shape[1], image_CHW.shape[2])
    for place, axis in enumerate(axes):
        if place >= cells:
            axis.set_visible(False)
        elif place == 0:
            bare(axis, picture, extent)
        else:
            look_on(axis, picture, one.maps[place - 1].mean(0), one.fixations[place - 1].cpu().numpy())
            axis.set_title(one.words[place - 1].replace("$", r"\$"), fontsize=11, color=INK)
    return drawn


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Captions</title>
<style>body{{background:#161616;color:#f4f4f4;font:16px/1.5 sans-serif;max-width:1100px;margin:2rem auto}}
img{{max-width:100%}} figure{{margin:0 0 3rem}} small{{color:#a8a8a8}}</style>
<h1>Captions</h1><p><small>{run}</small></p>
{figures}
</html>
"""
FIGURE = '<figure><figcaption>{caption}<br><small>{file}</small></figcaption><img src="{png}" alt="{caption}"></figure>'


def page(run: Path, shown: Sequence[tuple[Path, str, str]]) -> str:
    """The HTML page of all pictures. shown: (file, PNG, caption); file names and captions are escaped."""
    figures = [
        FIGURE.format(caption=html.escape(caption), file=html.escape(str(file)), png=html.escape(png))
        for file, png, caption in shown
    ]
    return PAGE.format(run=html.escape(str(run)), figures="\n".join(figures))


def caption(choice: CaptionArguments, composer: Composer) -> None:
    """Captions the pictures, prints the captions and writes the PNGs and the page.

    Raises ConfigFault, RunFault and DataFault.
    """
    found = trained(choice.run, choice.decoding, composer)
    if found.spec.end is None:
        raise RunFault(f"{choice.run.path} is a run on {found.spec.name}, which has no sentences")
    run = Run(found)
    image_NCHW = run.images(choice.images)
    choice.out.mkdir(parents=True, exist_ok=True)
    shown: list[tuple[Path, str, str]] = []
    for image_BCHW in image_NCHW.split(AT_ONCE):
        for image_CHW, one in zip(image_BCHW, captions(run, image_BCHW), strict=True):
            file, text = choice.images[len(shown)], " ".join(one.words)
            png = f"{len(shown) + 1:03}.png"
            drawn = io.BytesIO()
            figure(image_CHW, one, found.tones).savefig(drawn, dpi=110)
            write_whole(choice.out / png, drawn.getvalue())
            shown.append((file, png, text))
            print(f"{file}: {text or '(nothing)'}")
    write_whole(choice.out / "index.html", page(choice.run.path, shown).encode())
    print(f"{choice.out / 'index.html'}", file=sys.stderr)
