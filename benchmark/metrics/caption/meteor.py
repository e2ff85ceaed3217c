"""METEOR by the authors' Java program (version 1.5, called as COCO does) if installed, otherwise by nltk.

The two are not comparable. nltk's has the parameters of 2005, takes the best reference, has no paraphrase table and no
function words, and gives about twice the value, so it is reported as "METEOR-nltk". Axes: N images.
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
"""Timeout in seconds: to load the program's tables, plus for each image."""


class Meteor(NamedTuple):
    """name: "METEOR" or "METEOR-nltk". corpus: score of the corpus. image_N: (N,) scores of the images."""

    name: str
    corpus: float
    image_N: np.ndarray


class MeteorMissing(Exception):  # noqa: N818  # an optional program is not installed; that is no error
    """METEOR can't be computed here; the message gives the reason."""


def meteor(candidates: Sequence[str], references: Sequence[Sequence[str]], jar: Path | None) -> Meteor:
    """METEOR of tokenised captions. jar: path of meteor-1.5.jar, with its folder `data` beside it; None for the one
    that pycocoevalcap brings.

    Raises MeteorMissing where neither program can run, or where the given jar does not work.
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
    """METEOR 1.5. Raises MeteorMissing with the program's own message where it fails, or after the timeout."""
    lines = [_line("SCORE", [*several, one]) for one, several in zip(candidates, references, strict=True)]
    with _program(jar) as (command, folder), tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, text=True, encoding="utf-8", errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        seconds = START + EACH * len(lines)
        late = threading.Timer(seconds, process.kill)
        late.start()
        try:
            values = _scores(process, lines)
        finally:
            in_time = late.is_alive()
            late.cancel()
            process.kill()
            process.wait()
        if not in_time:
            raise MeteorMissing(f"{jar} was not done after {seconds:.0f} s")
        errors.seek(0)
        printed = [line for line in [*values[-1:], *errors.read().splitlines()] if line.strip()]
    if len(values) <= len(lines) or not _is_number(values[-1]):
        raise MeteorMissing(f"{jar} gave no score but: {printed[0] if printed else 'nothing'}")
    *each, corpus = map(float, values)
    return Meteor("METEOR", corpus, np.array(each))


def nltk_meteor(candidates: Sequence[str], references: Sequence[Sequence[str]], wordnet: object) -> Meteor:
    """Nltk's METEOR with its default parameters; the corpus score is the mean. An empty caption scores 0."""
    try:
        each = [
            meteor_score([text.split() for text in several], one.split(), wordnet=wordnet) if one.strip() else 0.0
            for one, several in zip(candidates, references, strict=True)
        ]
    except Exception as fault:  # a damaged WordNet makes nltk raise errors of any type
        raise _damaged_wordnet(fault) from None
    return Meteor("METEOR-nltk", float(np.mean(each)), np.array(each))


def _installed_jar() -> Path:
    found = importlib.util.find_spec("pycocoevalcap")
    for folder in (found.submodule_search_locations or []) if found else []:
        return Path(folder) / "meteor" / "meteor-1.5.jar"
    raise MeteorMissing("no jar was named and pycocoevalcap, which brings one, is not installed")


def _wordnet() -> object:
    from nltk.corpus import wordnet  # loaded from disk on first use

    try:
        wordnet.ensure_loaded()
    except LookupError:
        raise MeteorMissing("nltk finds no WordNet in its folders (NLTK_DATA)") from None
    except Exception as fault:  # as above
        raise _damaged_wordnet(fault) from None
    return wordnet


def _damaged_wordnet(fault: Exception) -> MeteorMissing:
    """The fault with the path of the WordNet that nltk reads, the first that it finds."""
    places = [Path(folder) / "corpora" / name for folder in nltk.data.path for name in ("wordnet.zip", "wordnet")]
    there = next((str(place) for place in places if place.exists()), "WordNet")
    why = str(fault).strip() or type(fault).__name__
    return MeteorMissing(
        f"nltk cannot read {there} ({why}): delete it, and fetch it again (python -m nltk.downloader wordnet)"
    )


@contextmanager
def _program(jar: Path) -> Iterator[tuple[list[str], str]]:
    """The command and the folder to run it in: a temporary one, since the program fails on paths with blanks."""
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


def _scores(process: subprocess.Popen[str], lines: Sequence[str]) -> list[str]:
    """The lines that the program prints for the captions' scores, up to the first that is no number."""
    assert process.stdin and process.stdout
    with suppress(OSError), process.stdin as to_program, process.stdout as from_program:
        # Written in a thread: writing everything before reading would deadlock on full pipes.
        writer = threading.Thread(target=_write, args=(to_program, lines), daemon=True)
        writer.start()
        statistics = [from_program.readline().strip() for _ in lines]
        writer.join()
        _write(to_program, [" ||| ".join(["EVAL", *statistics])])
        values: list[str] = []
        while len(values) <= len(lines) and (not values or _is_number(values[-1])):
            values.append(from_program.readline().strip())
        return values
    return []


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _write(stream: IO[str], lines: Sequence[str]) -> None:
    with suppress(OSError, ValueError):  # the program has ended; the reader reports its message
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()


def _line(verb: str, captions: Sequence[str]) -> str:
    """A line of the program's protocol, one caption a field. Field and line separators, and what UTF-8 can't encode,
    are replaced by blanks.
    """
    return " ||| ".join([verb, *(re.sub(r"\|{3}|\s+|[\ud800-\udfff]", " ", text).strip() for text in captions)])
