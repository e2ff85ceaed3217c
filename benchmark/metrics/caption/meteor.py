"""METEOR, by whoever can compute it here: its authors' Java program (version 1.5, as COCO calls it), or nltk.

The two are not comparable. nltk's has the parameters of 2005, takes the best reference, knows no paraphrases and no
function words, and gives about twice the value; so it bears another name. Axes: N images.
"""

import importlib.util
import math
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import nltk
import numpy as np
from nltk.translate.meteor_score import meteor_score

START, EACH = 180.0, 0.05
"""Seconds the program may take: to load its tables, and for each image."""


class Meteor(NamedTuple):
    """name: "METEOR" or "METEOR-nltk". corpus: of all images together. image_N: of each."""

    name: str
    corpus: float
    image_N: np.ndarray


class MeteorMissing(Exception):  # noqa: N818  # nothing is wrong, it just is not here
    """Why there is no METEOR."""


def meteor(candidates: Sequence[str], references: Sequence[Sequence[str]], jar: Path | None) -> Meteor:
    """Of tokenised captions. jar: meteor-1.5.jar with its folder data beside it; None for that of pycocoevalcap.

    Raises MeteorMissing where neither program is there or what it needs is damaged, and where a jar that was named
    does not work.
    """
    try:
        return java_meteor(candidates, references, jar or _installed_jar())
    except MeteorMissing as java:
        if jar:
            raise
        try:
            return nltk_meteor(candidates, references, _wordnet())
        except MeteorMissing as other:
            raise MeteorMissing(f"no METEOR: {java}; no METEOR-nltk: {other}") from None


def java_meteor(candidates: Sequence[str], references: Sequence[Sequence[str]], jar: Path) -> Meteor:
    """Raises MeteorMissing with what the program said, where it fails or takes too long."""
    lines = [_line("SCORE", [*several, one]) for one, several in zip(candidates, references, strict=True)]
    with _program(jar) as (command, folder), tempfile.TemporaryFile("w+") as complaint:
        process = subprocess.Popen(
            command, cwd=folder, text=True, encoding="utf-8", errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaint,
        )  # fmt: skip
        seconds = START + EACH * len(lines)
        late = threading.Timer(seconds, process.kill)
        late.start()
        try:
            values = _converse(process, lines)
        finally:
            in_time = late.is_alive()
            late.cancel()
            process.kill()
            process.wait()
        if not in_time:
            raise MeteorMissing(f"{jar} was not done after {seconds:.0f} s")
        complaint.seek(0)
        told = [line for line in [*values[-1:], *complaint.read().splitlines()] if line.strip()]
    if len(values) <= len(lines) or not _is_number(values[-1]):
        raise MeteorMissing(f"{jar} gave no score but: {told[0] if told else 'nothing'}")
    *each, corpus = map(float, values)
    return Meteor("METEOR", corpus, np.array(each))


def nltk_meteor(candidates: Sequence[str], references: Sequence[Sequence[str]], wordnet: object) -> Meteor:
    """With nltk's own parameters; the corpus has the mean. An empty caption has 0."""
    try:
        each = [
            meteor_score([text.split() for text in several], one.split(), wordnet=wordnet) if one.strip() else 0.0
            for one, several in zip(candidates, references, strict=True)
        ]
    except Exception as fault:  # nltk raises whatever a damaged WordNet makes it stumble over
        raise _damaged_wordnet(fault) from None
    return Meteor("METEOR-nltk", float(np.mean(each)), np.array(each))


def _installed_jar() -> Path:
    found = importlib.util.find_spec("pycocoevalcap")
    for folder in (found.submodule_search_locations or []) if found else []:
        return Path(folder) / "meteor" / "meteor-1.5.jar"
    raise MeteorMissing("no jar was named and pycocoevalcap, which brings one, is not installed")


def _wordnet() -> object:
    from nltk.corpus import wordnet  # looked for on the disk when first used

    try:
        wordnet.ensure_loaded()
    except LookupError:
        raise MeteorMissing("nltk finds no WordNet in its folders (NLTK_DATA)") from None
    except Exception as fault:  # as above
        raise _damaged_wordnet(fault) from None
    return wordnet


def _damaged_wordnet(fault: Exception) -> MeteorMissing:
    """Names the one that nltk takes, which is the first it finds."""
    places = [Path(folder) / "corpora" / name for folder in nltk.data.path for name in ("wordnet.zip", "wordnet")]
    there = next((str(place) for place in places if place.exists()), "WordNet")
    why = str(fault).strip() or type(fault).__name__
    return MeteorMissing(
        f"nltk cannot read {there} ({why}): delete it, and fetch it again (python -m nltk.downloader wordnet)"
    )


@contextmanager
def _program(jar: Path) -> Iterator[tuple[list[str], str]]:
    """What to call, and in which folder: a new one, because of a path with blanks in it the program finds no tables."""
    java = shutil.which("java")
    if not java:
        raise MeteorMissing("Java is not installed")
    for file in (jar, jar.parent / "data" / "paraphrase-en.gz"):
        if not file.is_file():
            raise MeteorMissing(f"{file} is not there")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(jar, Path(folder) / "meteor.jar")
        (Path(folder) / "data").symlink_to((jar.parent / "data").resolve())
        options = ["-Xmx2G", "-Dfile.encoding=UTF-8", "-jar", "meteor.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
        yield [java, *options], folder


def _converse(process: subprocess.Popen[str], lines: Sequence[str]) -> list[str]:
    """What it answers when asked for the scores of these captions, up to the first line that is no number."""
    assert process.stdin and process.stdout
    with suppress(OSError), process.stdin as said, process.stdout as told:
        # Written from aside: whoever writes all before reading any waits for a reader who waits for him.
        writer = threading.Thread(target=_write, args=(said, lines), daemon=True)
        writer.start()
        statistics = [told.readline().strip() for _ in lines]
        writer.join()
        _write(said, [" ||| ".join(["EVAL", *statistics])])
        values: list[str] = []
        while len(values) <= len(lines) and (not values or _is_number(values[-1])):
            values.append(told.readline().strip())
        return values
    return []


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _write(stream: IO[str], lines: Sequence[str]) -> None:
    with suppress(OSError, ValueError):  # it has ended; what it complained of is told by whoever reads
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()


def _line(verb: str, captions: Sequence[str]) -> str:
    """One caption a field: none may hold what parts fields or lines, or cannot be written as UTF-8."""
    return " ||| ".join([verb, *(re.sub(r"\|{3}|\s+|[\ud800-\udfff]", " ", text).strip() for text in captions)])
