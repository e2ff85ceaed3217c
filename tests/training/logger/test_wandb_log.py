"""What W&B is told of a run: whose it is, on which axes, what is best, what is drawn, and where all of it lies."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_helpers import lines, wait_until
from test_run_job import assert_same, interrupted, run
from wandb_offline import read

from benchmark.results.run_folder import read_json
from benchmark.results.run_id import RunId, Told
from benchmark.results.vocabulary import COLUMNS, cut, named
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.logger.wandb import group_of

OVERRIDES = ["trainer.max_epochs=3", "logger=wandb", "logger.wandb.mode=offline", "logger.wandb.every=2",
             "logger.wandb.examples=5", "logger.wandb.artifacts=best"]  # fmt: skip


def offline(folder):
    (path,) = (folder.path / "wandb").glob("offline-run-*/*.wandb")
    return read(path)


def files(place):
    return {path for path in place.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def studies(tmp_path_factory, home):
    """The runs of one configuration, as they were told: in two studies, deleted and trained again, and interrupted."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        quick = [*OVERRIDES, "logger.wandb.every=0", "logger.wandb.examples=0", "logger.wandb.artifacts=none"]
        one = run(runs, "study=one", *OVERRIDES)
        again = run(runs, "study=again", *quick)
        wait_until(lambda: offline(again)["exit_code"] is not None)  # W&B's process writes on by itself
        deleted = offline(again)
        shutil.rmtree(again.path)
        again = run(runs, "study=again", *quick)
        resumed = interrupted(runs, patch, (Heartbeat, "on_train_epoch_end", 2), "study=resumed", *OVERRIDES)
        for told in (one, again, resumed):
            wait_until(lambda told=told: offline(told)["exit_code"] is not None)
    return {"one": one, "again": again, "deleted": deleted, "resumed": resumed}


def test_each_folder_is_a_run_of_its_own_and_a_resumed_one_a_whole_run(studies):
    told = {name: found if name == "deleted" else offline(found) for name, found in studies.items()}
    assert len({each["id"] for each in told.values()}) == 4
    for name, each in told.items():
        steps = [row["_step"] for row in each["history"]]
        assert steps == list(range(len(steps))), name
        places = [row["trainer/global_step"] for row in each["history"] if "train/loss" in row]
        assert places == sorted(set(places)) and len(places) == 6, name
        assert [row["epoch"] for row in each["history"] if "val/error" in row] == [0, 1, 2], name
        assert each["exit_code"] == 0


def test_a_resumed_run_tells_what_an_uninterrupted_one_tells(studies):
    def numbers(told):
        return [{key: row[key] for key in row if key.startswith(("train/", "val/", "images", "epoch"))} for row in told]

    one, resumed = (offline(studies[name])["history"] for name in ("one", "resumed"))
    assert numbers(one) == numbers(resumed)


def test_training_comes_to_the_same_bits_without_a_log(studies, tmp_path):
    assert_same(studies["one"], run(tmp_path, "trainer.max_epochs=3"))


def test_everything_lies_in_the_folder_of_the_run(studies, home):
    assert not {path for path in files(home) if "wandb" in path.parts}
    assert (studies["one"].wandb / "attempt").exists()


def test_a_group_is_a_mechanism_and_the_config_has_the_names_of_choices(studies):
    told, record = offline(studies["one"]), read_json(studies["one"].record)
    assert told["group"] == f"dram/digit_pairs-{record['setting']}" and told["job_type"] == "one"
    assert told["config"]["choices"]["cell"] == "lstm"
    assert told["config"]["identity"]["config_hash"] == record["config_hash"]
    assert told["config"]["identity"]["attention"] == "dram"


@pytest.mark.parametrize(
    ("own", "experiment", "beyond", "group"),
    [
        ({"objective": "vimco"}, "", {}, "dram/pairs (objective=vimco)"),
        ({"a": 1, "b": 2, "c": 3}, "", {}, "dram/pairs-01234567"),
        ({"a": 1, "b": 2, "c": 3}, "table1", {}, "dram/pairs (table1)"),
        ({"a": 1, "b": 2, "c": 3}, "table1", {"c": 3}, "dram/pairs (table1, c=3)"),
        ({"a": 1, "b": 2, "c": 3}, "table1", {"b": 2, "c": 3}, "dram/pairs-01234567"),
    ],
)
def test_a_group_bears_its_setting_in_words_where_they_are_few(own, experiment, beyond, group):
    address = RunId("runs", "s", "dram", "pairs", 0, "01234567", own, experiment, beyond, "hash", Told(own, beyond))
    assert group_of(address) == group
    assert group_of(address._replace(setting="", told=None)) == "dram/pairs"


def test_series_have_axes_and_names_that_sort(studies):
    told = offline(studies["one"])
    assert told["axes"] == {
        "epoch": "", "images": "", "train/*": "images", "val/*": "images", "pictures/panel_validation": "epoch",
    }  # fmt: skip
    names = {key for row in told["history"] for key in row} | {*told["summary"]}
    ours = {name.split(".")[0] for name in names if not name.startswith(("_wandb", "_runtime"))}
    assert not [name for name in ours if not re.fullmatch(r"[A-Za-z0-9_/]+", name)]
    assert named("record", "a-b.c", "Bleu 4") == "record/a_b_c/Bleu_4"
    images = [row["images"] for row in told["history"] if "train/loss" in row]
    assert images == [4, 8, 12, 16, 20, 24]


def test_rates_norms_the_policys_std_and_hits_are_series(studies):
    metrics = lines(studies["one"].metrics)
    train = [line for line in metrics if "train/loss" in line]
    for name in ("core", "policy"):
        assert all(line[f"train/gradient_norm_{name}"] > 0 for line in train)
        assert all(line[f"train/learning_rate_{name}"] >= 0 for line in train)
    stds = [line["train/policy_std"] for line in train]
    assert stds == sorted(stds, reverse=True) and stds[0] > stds[-1] > 0
    assert all(0 <= line["val/hit_rate"] <= 1 for line in metrics if "val/error" in line)


def test_the_summary_has_the_best_and_the_test_and_one_key_for_all_tasks(studies):
    told, record = offline(studies["one"])["summary"], read_json(studies["one"].record)
    key = record["measure"]["key"]
    assert told["best/primary_metric"] == record["validation"][key] == told[f"best/{key}"]
    assert told["test/primary_metric"] == record["test"]["mean"][key] == told[f"test/{key}"]
    assert told["primary_metric/name"] == key and told["primary_metric/higher_is_better"] is False
    assert told["best/epoch"] == record["cost"]["best_epoch"] - 1 and told["best/images"] == 8 * (
        told["best/epoch"] + 1
    )
    assert not [name for name in told if name.startswith(("val/", "train/"))]


def assert_a_picture(path):
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"), dtype=float)
    assert pixels.max() > 100 and pixels.std() > 5, path


@pytest.mark.parametrize("name", ["one", "resumed"])
def test_pictures_are_told_and_are_neither_black_nor_constant(studies, name):
    folder = studies[name]
    told = offline(folder)
    drawn = [row["epoch"] for row in told["history"] if "pictures/panel_validation.path" in row]
    assert drawn == [1]  # of epochs 0 to 2, the second
    (place,) = folder.wandb.glob("offline-run-*/files")
    logged = [row[key] for row in told["history"] for key in row if str(row[key]).endswith(".png")]
    assert {Path(path).name.rsplit("_", 2)[0] for path in logged} >= {"panel", "panel_validation", "confusion"}
    for path in logged:
        assert_a_picture(place / path)


def test_a_table_has_the_first_test_images_with_what_was_made_of_them(studies):
    folder = studies["one"]
    (found,) = [each for each in offline(folder)["artifacts"] if each["type"] == "run_table"]
    (path,) = [path for name, path in found["files"].items() if name.endswith(".table.json")]
    table = json.loads(path.read_text())
    assert tuple(table["columns"]) == COLUMNS and [row[0] for row in table["data"]] == [0, 1, 2, 3, 4]
    with np.load(folder.predictions) as arrays:
        right = (arrays["target"] == arrays["prediction_mean"]).all(1)[:5]
    assert [row[4] for row in table["data"]] == right.tolist()
    assert all(0 < row[3] <= 1 for row in table["data"])
    pictures = [path for name, path in found["files"].items() if name.endswith(".png")]
    assert len(pictures) == 5
    for path in pictures:
        assert folder.path in path.parents
        assert_a_picture(path)


def test_the_best_weights_and_the_predictions_are_an_artifact_where_wanted(studies):
    kept = {name: [e for e in offline(studies[name])["artifacts"] if e["type"] == "run"] for name in ("one", "again")}
    assert kept["again"] == []
    ((found,)) = kept["one"]
    assert {*found["files"].values()} == {studies["one"].best, studies["one"].predictions}


def test_a_long_name_is_cut_and_stays_its_own():
    assert cut("a" * 64, 64) == "a" * 64
    one, other = cut("a" * 70, 64), cut("a" * 71, 64)
    assert len(one) == len(other) == 64 and one != other
