"""METEOR through a program that may be missing, fail, hang or talk nonsense: a word why, never a crash."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import benchmark.metrics.caption.meteor as module
from benchmark.metrics.caption.meteor import MeteorMissing, meteor, nltk_meteor

SAID = ["a dog |||  runs\non grass", "", "café 漢字"]
TRUTH = [["the dog runs", "a ||| dog"], ["nothing"], ["a café"]]

ANSWERS = """
import sys
for line in sys.stdin:
    fields = line.rstrip("\\n").split(" ||| ")
    if fields[0] == "SCORE":
        print(len(fields) - 1, "<".join(fields[1:]).count("é"), flush=True)
    else:
        for stat in fields[1:]:
            print(float(stat.replace(" ", ".")), flush=True)
        print(0.5, flush=True)
"""


@pytest.fixture
def java(tmp_path, monkeypatch):
    """Puts a program of ours in Java's place; gives a jar, in a folder with blanks in its name."""

    def pretend(code):
        (tmp_path / "program.py").write_text(code, encoding="utf-8")
        (tmp_path / "bin").mkdir()
        fake = tmp_path / "bin" / "java"
        fake.write_text(f'#!/bin/sh\ntest -f meteor.jar -a -f data/paraphrase-en.gz || exit 3\n'
                        f'PYTHONIOENCODING=utf-8 exec "{sys.executable}" "{tmp_path}/program.py" "$@"\n')  # fmt: skip
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        jar = tmp_path / "a folder with blanks" / "meteor-1.5.jar"
        (jar.parent / "data").mkdir(parents=True)
        jar.touch()
        (jar.parent / "data/paraphrase-en.gz").touch()
        return jar

    return pretend


def test_each_caption_is_one_field_of_one_line(java):
    found = meteor(SAID, TRUTH, java(ANSWERS))
    assert found.name == "METEOR" and found.corpus == 0.5
    assert found.image_N.tolist() == [3.0, 2.0, 2.2]


IN_ORDER = """
import sys
for line in sys.stdin:
    verb, *fields = line.rstrip("\\n").split(" ||| ")
    if verb == "SCORE":
        print(len(fields[-1].split()), flush=True)
    else:
        asked = "-Xmx2G -Dfile.encoding=UTF-8 -jar meteor.jar - - -stdio -l en -norm"
        print(*fields, float(" ".join(sys.argv[1:]) == asked), sep="\\n", flush=True)
"""
"""Gives the number of words of each line's last caption; of the corpus 1 if it is called as COCO calls it."""


def test_the_candidate_comes_after_its_references_as_the_program_wants_it(java):
    found = meteor(["a dog", "a b c d"], [["the dog runs", "one"], ["nothing"]], java(IN_ORDER))
    assert found.image_N.tolist() == [2, 4] and found.corpus == 1


def test_many_captions_do_not_block(java):
    found = meteor(["a long caption " * 20] * 3000, [["b " * 100] * 5] * 3000, java(ANSWERS))
    assert len(found.image_N) == 3000


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.stderr.write('Could not reserve enough space\\n'); sys.exit(1)", "Could not reserve"),
        ("", "gave no score but: nothing"),
        ("print('1 2 3', flush=True); import sys; sys.stdin.close()", "gave no score but: "),
        ("import sys\nfor line in sys.stdin: print('Error: bad line', flush=True)", "Error: bad line"),
    ],
)
def test_a_program_that_fails_is_told(java, code, told):
    with pytest.raises(MeteorMissing, match=told):
        meteor(SAID, TRUTH, java(code))


def test_a_program_that_hangs_is_ended(java, monkeypatch):
    monkeypatch.setattr(module, "START", 0.5)
    with pytest.raises(MeteorMissing, match="was not done after 1 s"):
        meteor(SAID, TRUTH, java("import time; time.sleep(100)"))


def test_a_jar_without_its_tables_or_java_is_told(java, monkeypatch, tmp_path):
    jar = java(ANSWERS)
    with pytest.raises(MeteorMissing, match=r"nowhere.jar is not there"):
        meteor(SAID, TRUTH, tmp_path / "nowhere.jar")
    (jar.parent / "data/paraphrase-en.gz").unlink()
    with pytest.raises(MeteorMissing, match=r"paraphrase-en.gz is not there"):
        meteor(SAID, TRUTH, jar)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MeteorMissing, match="Java is not installed"):
        meteor(SAID, TRUTH, jar)


class NoSynonyms:
    def synsets(self, word):
        return []


def test_nltks_bears_another_name_and_an_empty_caption_has_none():
    found = nltk_meteor(["a dog runs", "", "cats"], [["a dog runs", "x"], ["a"], ["dogs"]], NoSynonyms())
    assert found.name == "METEOR-nltk"
    assert found.image_N.tolist() == pytest.approx([1 - 0.5 / 27, 0, 0])  # three words in one piece: 1 - .5 (1/3)^3
    assert found.corpus == pytest.approx(found.image_N.mean())


def test_nltk_where_there_is_no_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "_wordnet", NoSynonyms)
    monkeypatch.setattr(module, "_installed_jar", lambda: tmp_path / "meteor.jar")
    assert meteor(SAID, TRUTH, None).name == "METEOR-nltk"


def test_neither_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("nltk.data.path", [str(tmp_path)])
    with pytest.raises(MeteorMissing, match=r"no METEOR: .*; no METEOR-nltk: nltk finds no WordNet"):
        meteor(SAID, TRUTH, None)


@pytest.mark.skipif(
    not (shutil.which("java") and importlib.util.find_spec("pycocoevalcap")), reason="no Java or no pycocoevalcap"
)
def test_the_program_itself():
    """Values that the jar gave, called as pycocoevalcap calls it."""
    said = ["a dog is running on the grass", "", "a cat", "a man\nrides ||| a wave"]
    truth = [["a dog runs on grass", "a puppy"], ["a dog"], ["a dog"], ["a man rides a wave"]]
    found = meteor(said, truth, None)
    assert found.image_N.tolist() == pytest.approx([0.39743919871584843, 0, 0.1, 1.0])
    assert Path(str(module._installed_jar())).is_file()
