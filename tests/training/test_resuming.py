"""What an interrupted run goes on from, what it refuses, and that what the messages advise works."""

import shutil

import pytest
import torch
from run_helpers import TINY, composer

from benchmark.common.errors import RunFault
from benchmark.job import run_one
from benchmark.results.checksums import is_intact, is_sealed, is_the_file
from benchmark.results.run_folder import RunFolder, read_json

COMPOSER = composer()


def prepared(runs):
    config = COMPOSER.job(["attention=none", *TINY, f"runs={runs}"])
    address = COMPOSER.address(config)
    return config, address, RunFolder(address.folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config, address, folder = prepared(tmp_path_factory.mktemp("runs"))
    run_one(config, address)
    return folder


@pytest.fixture
def interrupted(finished, tmp_path):
    """The same run, killed before its record was written."""
    config, address, folder = prepared(tmp_path)
    shutil.copytree(finished.path, folder.path)
    folder.record.unlink()
    return config, address, folder


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_damaged_checkpoint_is_told_at_once_and_deleting_it_starts_the_run_anew(interrupted, finished, name):
    config, address, folder = interrupted
    path = getattr(folder, name)
    damage(path)
    with pytest.raises(RunFault, match=rf"{name}\.ckpt is damaged .* delete it to start this run anew"):
        run_one(config, address)
    path.unlink()
    run_one(config, address)
    assert folder.best.exists() and folder.last.exists()
    assert read_json(folder.record)["test"] == read_json(finished.record)["test"]


@pytest.mark.parametrize("key, value", [
    ("epoch", "3"), ("callbacks", []), ("optimizer_states", None), ("state_dict", {"rnn.a": torch.ones(1)}),
])  # fmt: skip
def test_a_checkpoint_that_lacks_what_training_goes_on_from_is_refused(interrupted, key, value):
    config, address, folder = interrupted
    torch.save({**torch.load(folder.last, weights_only=True), key: value}, folder.last)
    with pytest.raises(RunFault, match=r"last\.ckpt (lacks a usable|does not fit this model).*delete it"):
        run_one(config, address)


def test_a_record_carries_the_sums_of_itself_and_of_what_its_numbers_rest_on(finished):
    record, folder = read_json(finished.record), finished.path
    assert is_sealed(record) and is_intact(record)
    assert set(record["sha256"]) == {
        "record",
        "predictions.npz",
        "checkpoints/best.ckpt",
        "metrics.jsonl",
        "config.yaml",
        "task.json",
        "symbols.json",
    }
    assert is_the_file(record, folder, finished.best) and is_the_file(record, folder, finished.predictions)
    changed = {**record, "test": {**record["test"], "images": 21}}
    assert not is_intact(changed)
    bare = {key: value for key, value in changed.items() if key != "sha256"}
    assert is_intact(bare) and not is_sealed(bare) and is_the_file(bare, folder, finished.best)
