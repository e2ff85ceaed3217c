"""results.zip for COCO's caption server: what is written passes the check, and what would be refused is named."""

import json
import subprocess
import sys
import zipfile

import pytest
from run_helpers import environment

from benchmark.metrics.caption.server_results import image_ids, results_faults, write_results
from datamodules.contract import DataFault

IMAGES = {"val2014": {1, 2}, "test2014": {5}}
SAID = {"val2014": {2: "a dog", 1: "un café"}, "test2014": {5: ""}}
VAL, TEST = "captions_val2014_ours_results.json", "captions_test2014_ours_results.json"


def test_what_is_written_passes_and_is_the_servers_layout(tmp_path):
    path = write_results(tmp_path / "new", "ours", SAID, IMAGES)
    assert path == tmp_path / "new" / "results.zip" and results_faults(path, IMAGES) == []
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == sorted([VAL, TEST])
        expected = [{"image_id": 1, "caption": "un café"}, {"image_id": 2, "caption": "a dog"}]
        assert json.loads(archive.read(VAL)) == expected
    again = write_results(tmp_path / "again", "ours", SAID, IMAGES)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("algorithm", "said", "told"),
    [
        ("", SAID, "the algorithm's name is ''"),
        ("two_words", SAID, "the algorithm's name"),
        ("../ours", SAID, "the algorithm's name"),
        ("ours", {"val2014": SAID["val2014"]}, "test2014 1 images have no result: 5"),
        (
            "ours",
            {**SAID, "val2014": {1: "a", 3: "b"}},
            "val2014 1 images have no result: 2\nval2014 1 ids are unknown: 3",
        ),
    ],
)
def test_what_would_be_refused_is_not_written(tmp_path, algorithm, said, told):
    with pytest.raises(DataFault, match=told):
        write_results(tmp_path, algorithm, said, IMAGES)
    assert list(tmp_path.iterdir()) == []


def rows(*images):
    return json.dumps([{"image_id": image, "caption": "a"} for image in images])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({VAL: rows(1, 2)}, ["no captions_test2014_[alg]_results.json"]),
        ({VAL: rows(1, 2), "captions_test2014__results.json": rows(5)},
         ["captions_test2014__results.json is none of its files", "no captions_test2014_[alg]_results.json"]),
        ({f"results/{VAL}": rows(1, 2), TEST: rows(5)},
         [f"results/{VAL} is none of its files", "no captions_val2014_[alg]_results.json"]),
        ({VAL: rows(1, 2), TEST.replace("ours", "theirs"): rows(5)}, ["names of more than one algorithm: "]),
        ({VAL: rows(1, 2), TEST: rows(5), "readme.txt": ""}, ["readme.txt is none of its files"]),
        ({VAL: rows(1, 2, 2), TEST: rows(5)}, [f"{VAL}: [2]: image 2 has a result already"]),
        ({VAL: rows(1, 3), TEST: rows(5)}, [f"{VAL}: 1 images have no result: 2", f"{VAL}: 1 ids are unknown: 3"]),
        ({VAL: rows(), TEST: "{"}, [f"{VAL}: not a list of results", f"{TEST}: not JSON: line 1"]),
    ],
)  # fmt: skip
def test_faults_of_an_archive(tmp_path, files, told):
    path = tmp_path / "results.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    found = results_faults(path, IMAGES)
    assert len(found) == len(told) and all(part in fault for part, fault in zip(told, found, strict=True)), found


def test_an_archive_of_another_name_or_kind(tmp_path):
    path = write_results(tmp_path, "ours", SAID, IMAGES).rename(tmp_path / "ours.zip")
    assert results_faults(path, IMAGES) == [f"{path}: has to be named results.zip"]
    path.write_bytes(b"PK no")
    with pytest.raises(DataFault, match=r"ours.zip: no zip archive"):
        results_faults(path, IMAGES)
    with pytest.raises(DataFault, match=r"nowhere.zip: cannot be read"):
        results_faults(tmp_path / "nowhere.zip", IMAGES)


@pytest.mark.parametrize("told", ['{"images": []}', "[]", '{"images": [{"id": "1"}]}'])
def test_a_list_of_images_that_is_none(tmp_path, told):
    (tmp_path / "info.json").write_text(told)
    with pytest.raises(DataFault, match=r"info.json: "):
        image_ids(tmp_path / "info.json")


def test_the_script_writes_and_checks(tmp_path):
    for split, images in IMAGES.items():
        (tmp_path / f"{split}.json").write_text(json.dumps({"images": [{"id": image} for image in images]}))
        (tmp_path / f"said_{split}.json").write_text(rows(*images))

    def script(*arguments):
        command = [sys.executable, "-m", "benchmark.commands.server_results", *arguments]
        command += ["--val", "val2014.json", "--test", "test2014.json"]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)

    given = ["--algorithm", "ours", "--val-results", "said_val2014.json", "--test-results", "said_test2014.json"]
    done = script("write", "out", *given)
    assert (done.returncode, done.stdout) == (0, "out/results.zip\n"), done.stderr
    (tmp_path / "test2014.json").write_text(json.dumps({"images": [{"id": 6}]}))
    done = script("check", "out/results.zip")
    assert done.returncode == 1 and done.stdout.endswith("ids are unknown: 5\nfaults: 2\n")
