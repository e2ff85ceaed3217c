"""attention-score: what it prints, and what it says of files with faults."""

import json
import subprocess
import sys

import pytest
from run_helpers import environment

from benchmark.commands import score_captions
from benchmark.metrics.caption.files import score_files
from benchmark.metrics.caption.scores import caption_scores
from datamodules.contract import DataFault

SIX = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr-D"]
TRUTH = {
    "images": [{"id": 7}, {"id": 3}, {"id": 5}],
    "annotations": [
        {"id": 1, "image_id": 7, "caption": "A dog runs on the grass."},
        {"id": 2, "image_id": 7, "caption": "The dog isn't running"},
        {"id": 3, "image_id": 3, "caption": "Two cats sleep"},
        {"id": 4, "image_id": 5, "caption": "An old red car, parked."},
        {"id": 5, "image_id": 5, "caption": "a car"},
    ],
}
SAID = [
    {"image_id": 3, "caption": "Two cats sleep."},
    {"image_id": 5, "caption": "a red car parked"},
    {"image_id": 7, "caption": ""},
]


@pytest.fixture(autouse=True)
def no_meteor(monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr("nltk.data.path", [])


@pytest.fixture
def files(tmp_path):
    def write(truth=TRUTH, said=SAID):
        paths = tmp_path / "captions.json", tmp_path / "results.json"
        for path, content in zip(paths, (truth, said), strict=True):
            path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return paths

    return write


def script(tmp_path, *arguments):
    command = [sys.executable, "-m", "benchmark.commands.score_captions", *arguments]
    more = {"PATH": str(tmp_path / "empty"), "NLTK_DATA": str(tmp_path / "empty"), "HOME": str(tmp_path)}
    return subprocess.run(command, cwd=tmp_path, env=environment(**more), capture_output=True, text=True, timeout=100)


def test_the_script_prints_scores_of_all_and_of_each(files, tmp_path):
    truth, said = files()
    done = script(tmp_path, "--references", str(truth), "--results", str(said), "--per-image")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("no METEOR: ") and "; no METEOR-nltk: nltk finds no WordNet" in done.stderr
    told = json.loads(done.stdout)
    assert told["images"] == 3 and list(told["per_image"]) == ["7", "3", "5"]
    expected = caption_scores(
        ["", "two cats sleep", "a red car parked"],
        [["a dog runs on the grass", "the dog is n't running"], ["two cats sleep"], ["an old red car parked", "a car"]],
    )
    assert {name: told[name] for name in SIX} == pytest.approx({name: expected.corpus[name] for name in SIX})
    for name in SIX:
        assert [told["per_image"][image][name] for image in ("7", "3", "5")] == pytest.approx(
            expected.image[name].tolist()
        )
    assert told["BLEU-1 without brevity penalty"] == pytest.approx(1)  # all seven words are in a reference
    assert told["BLEU-1"] < 0.8
    assert not [name for name in told if name.startswith("METEOR")]


def test_faults_are_one_message_without_traceback(files, tmp_path):
    truth, said = files(said=[*SAID[1:], {"image_id": 9, "caption": "a"}])
    done = script(tmp_path, "--references", str(truth), "--results", str(said))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (
        f"error: {said}: image 9 is not in {truth}\n{said}: image 3 of {truth} has no result\n"
    )  # fmt: skip


def test_tokenized_captions_are_scored_as_they_are(files):
    truth = {"a": ["A dog .", "x"], "b": ["two  cats"]}
    said = {"b": ["two cats"], "a": ["A dog"]}
    scored = score_files(*files(truth, said), True, False, None)
    expected = caption_scores(["A dog", "two cats"], list(truth.values()))
    assert scored.images == ["a", "b"] and scored.scores.corpus == expected.corpus


def test_a_subset_has_document_frequencies_of_its_own(files):
    scored = score_files(*files(said=SAID[:2]), False, True, None)
    assert scored.images == [3, 5]
    expected = caption_scores(
        ["two cats sleep", "a red car parked"], [["two cats sleep"], ["an old red car parked", "a car"]]
    )
    assert scored.scores.corpus == expected.corpus


def changed(where, place, **fields):
    return {
        **TRUTH,
        where: [{**entry, **fields} if number == place else entry for number, entry in enumerate(TRUTH[where])],
    }


@pytest.mark.parametrize(
    ("truth", "said", "told"),
    [
        (TRUTH, b'[{"image_id": 3,', "results.json: not JSON: line 1, column 17"),
        (TRUTH, b"\xff\xfe[]", "results.json: not UTF-8: byte 0"),
        (TRUTH, b"", "results.json: not JSON"),
        (TRUTH, b"[" * 200_000, "results.json: not a file of captions"),
        (TRUTH, [], "results.json: not a list of results"),
        (TRUTH, {"results": SAID}, "results.json: not a list of results"),
        (TRUTH, [*SAID, SAID[0]], r"results.json: \[3\]: image 3 has a result already"),
        (TRUTH, [*SAID, {"image_id": "7", "caption": "a"}], r'results.json: \[3\] has no whole number "image_id"'),
        (TRUTH, [*SAID, {"image_id": 7, "caption": None}], r"results.json: \[3\] has no"),
        (TRUTH, [*SAID, "a dog"], r"results.json: \[3\] has no"),
        (TRUTH, [*SAID, {"image_id": True, "caption": "a"}], r"results.json: \[3\] has no"),
        (TRUTH, [{"image_id": image, "caption": "a"} for image in range(99)], "and 86 more"),
        (SAID, SAID, r"captions.json: not a captions_\*.json"),
        (b"null", SAID, r"captions.json: not a captions_\*.json"),
        (b'{"images": [], "images": []}', SAID, "captions.json: the key 'images' stands twice"),
        (changed("images", 1, id=7), SAID, r"captions.json: images\[1\]: image 7 stands there twice"),
        (changed("images", 1, id="3"), SAID, r"captions.json: images\[1\] has no whole number"),
        (changed("annotations", 2, image_id=8), SAID, r"captions.json: annotations\[2\]: image 8 is not among"),
        (changed("annotations", 2, caption=5), SAID, r"captions.json: annotations\[2\] has no"),
        (changed("annotations", 2, image_id=7), SAID, "captions.json: image 3 has no caption"),
    ],
)  # fmt: skip
def test_files_with_faults(files, truth, said, told):
    with pytest.raises(DataFault, match=told):
        score_files(*files(truth, said), False, False, None)


@pytest.mark.parametrize(
    ("truth", "said", "told"),
    [
        ({"a": ["x"]}, {}, "results.json: not"),
        ({"a": ["x"]}, [["x"]], "results.json: not"),
        ({"a": ["x"]}, {"a": ["x", "y"]}, "results.json: image a has 2 captions, not 1"),
        ({"a": ["x"]}, {"a": "x"}, "results.json: image a has no list of captions"),
        ({"a": ["x"]}, {"b": ["x"]}, "results.json: image b is not in .*\n.*results.json: image a of .* has no result"),
        ({"a": []}, {"a": ["x"]}, "captions.json: image a has no caption"),
        ({"a": ["x"]}, b'{"a": ["x"], "a": ["y"]}', "results.json: the key 'a' stands twice"),
    ],
)
def test_tokenized_files_with_faults(files, truth, said, told):
    with pytest.raises(DataFault, match=told):
        score_files(*files(truth, said), True, False, None)


def test_a_file_that_is_not_there(files, tmp_path):
    with pytest.raises(DataFault, match=r"nowhere.json: cannot be read: No such file"):
        score_files(files()[0], tmp_path / "nowhere.json", False, False, None)


def test_help_says_what_is_needed():
    told = score_captions.command_line().format_help()
    assert all(word in told for word in ("--tokenized", "METEOR-nltk", "CIDEr-D"))
