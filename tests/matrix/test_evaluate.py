"""A stored run is tested again: to its own numbers where nothing differs, and to a record of its own in any case."""

import shutil
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf
from run_helpers import TINY, composer

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import sha256_of
from benchmark.evaluate import main
from benchmark.evaluating import evaluate, name_of, parse_arguments
from benchmark.job import run_one
from benchmark.report.read.runs import read_study
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.trained import saved_run
from datamodules.digits.mnist_sample import write_mnist_sample

COMPOSER = composer()


def trained(runs, *texts):
    config = COMPOSER.job([*TINY, f"runs={runs}", *texts])
    address = COMPOSER.address(config)
    run_one(config, address)
    return RunFolder(address.folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    write_mnist_sample(folder / "mnist", train=120, test=40)
    write_mnist_sample(folder / "other", train=120, test=60)
    return folder


@pytest.fixture(scope="module")
def sequences(base):
    """A finished run that reads two digits in order, and samples where it looks."""
    return trained(base / "runs", "attention=dram", "data=digit_pairs_ordered")


@pytest.fixture(scope="module")
def one_digit(base):
    return trained(base / "runs", "attention=ram", "data=mnist28", f"data.root={base / 'mnist'}", "look.hidden=16")


def asked(folder, *texts):
    """The record of an evaluation; what the run itself has left is compared before and after."""
    before = contents(folder)
    evaluate(parse_arguments([f"run={folder.path}", *texts]), COMPOSER)
    assert contents(folder) == before
    (newest,) = sorted(folder.evaluations.glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns)[-1:]
    return read_json(newest), RunFolder(newest.parent)


def contents(folder):
    """The checksum and the time of all that is not an evaluation."""
    return {
        path: (sha256_of(path), path.stat().st_mtime_ns)
        for path in sorted(folder.path.rglob("*"))
        if path.is_file() and not path.is_relative_to(folder.evaluations)
    }


@pytest.mark.parametrize("which", ["sequences", "one_digit"])
def test_on_its_own_data_a_run_has_its_own_numbers(which, request):
    folder = request.getfixturevalue(which)
    record, place = asked(folder)
    own = read_json(folder.record)
    for entry in ("test", "localisation", "measure", "fingerprints", "image_shape", "origin"):
        assert record[entry] == own[entry]
    with np.load(place.predictions) as found, np.load(folder.predictions) as before:
        assert set(found) == set(before)
        assert all(np.array_equal(found[name], before[name], equal_nan=True) for name in before)
    assert place.path.name == "same" and record["differs"] == {}
    assert (place.pictures / "panel.png").read_bytes() == (folder.pictures / "panel.png").read_bytes()
    assert record["checkpoint"] == sha256_of(folder.best)


def test_another_decoding_and_more_trajectories(sequences):
    record, place = asked(sequences, "decoding=beam", "decoding.width=3", "evaluation.samples=4")
    assert place.path.name == "decoding=beam-width=3-samples=4"
    assert record["differs"] == {"decoding": "beam", "decoding.width": 3, "evaluation.samples": 4}
    assert record["settings"]["decoding"]["width"] == 3
    own = read_json(sequences.record)
    assert record["fingerprints"] == own["fingerprints"] and record["test"]["images"] == own["test"]["images"]
    same, place = asked(sequences, "decoding=greedy", "evaluation.samples=2", "again=true")  # as in the run
    assert place.path.name == "same" and same["test"] == own["test"]


def test_other_data_of_another_size_and_other_knobs_of_its_own(one_digit, base):
    root = f"data.root={base / 'mnist'}"
    record, place = asked(one_digit, "data=mnist_cluttered", root, "data.test_images=20", "data.clutter=2")
    assert place.path.name.startswith("data=mnist_cluttered-root=") and "clutter" in str(record["differs"])
    assert (record["image_shape"], record["trained_on"]["image_shape"]) == ([1, 60, 60], [1, 28, 28])
    assert record["test"]["images"] == 20 and record["settings"]["data"]["clutter"] == 2
    record, place = asked(one_digit, "data.test_images=10", f"data.evaluation_batch_size={10}")
    assert place.path.name == "test_images=10" and record["test"]["images"] == 10  # the batch size is the run's
    assert record["settings"]["data"]["root"] == str(base / "mnist")
    other, place = asked(one_digit, f"data.root={base / 'other'}", "out=elsewhere")
    assert place.path.name == "elsewhere" and other["fingerprints"] != read_json(one_digit.record)["fingerprints"]


def test_it_is_skipped_and_repeated(sequences, capsys):
    asked(sequences, "evaluation.samples=3")
    capsys.readouterr()
    record, place = asked(sequences, "evaluation.samples=3")
    assert capsys.readouterr().out == f"finished before, skipped: {place.path}\n"
    times = place.record.stat().st_mtime_ns
    repeated, _ = asked(sequences, "evaluation.samples=3", "again=true")
    assert place.record.stat().st_mtime_ns > times and repeated["test"] == record["test"]
    with pytest.raises(RunFault, match=r"holds another evaluation \(samples=3\)"):
        asked(sequences, "evaluation.samples=4", "out=samples=3")
    place.record.write_text("{")
    with pytest.raises(RunFault, match="is damaged, or no evaluation's"):
        asked(sequences, "evaluation.samples=3")
    shutil.rmtree(place.path)


def test_weights_that_are_replaced_while_they_are_read_are_refused(sequences, monkeypatch):
    """The record would name others than those that were tested."""

    def trains_on(run, composer):
        saved = saved_run(run, composer)
        whole = run.best.read_bytes()
        run.best.unlink()
        run.best.write_bytes(whole)
        return saved

    monkeypatch.setattr("benchmark.evaluating.saved_run", trains_on)
    with pytest.raises(RunFault, match=r"best\.ckpt changed while it was read: the run is still training"):
        asked(sequences, "evaluation.samples=7")


def test_no_evaluation_is_a_run_of_a_report(sequences):
    asked(sequences, "out=seed=1", "again=true")
    study = sequences.path.parent.parent.parent
    seen = [(run.address.attention, run.address.seed) for run in read_study(study).finished]
    assert seen.count(("dram", 0)) == 1 and all(attention in ("dram", "ram") for attention, _ in seen)
    assert read_study(sequences.path.parent).finished == read_study(sequences.path.parent).unfinished == []
    assert read_study(study).unfinished == []
    moved = study / "dram" / "digit_pairs_ordered" / "seed=7"
    shutil.copytree(sequences.evaluations / "seed=1", moved)
    (left,) = read_study(study).unfinished
    shutil.rmtree(moved)
    assert left.state == "damaged"


def test_what_does_not_fit_is_told_in_words(sequences, one_digit, base):
    mnist = f"data.root={base / 'mnist'}"
    for folder, texts, told in (
        (sequences, ["data=digit_pairs"], r"symbols are others: .*\(55\), and the run knows 0, 1, 2, 3 \.\.\. \(10\)"),
        (sequences, ["data=mnist28", mnist], "asks for 1 symbols of an image, and the run gives 2"),
        (one_digit, ["data=stanford_dogs_sample", mnist], "its images have 3 channels, and the run reads 1"),
        (one_digit, [f"data.root={base / 'nowhere'}"], "MNIST is not complete"),
    ):  # fmt: skip
        with pytest.raises(Exception, match=told) as fault:
            asked(folder, *texts)
        assert type(fault.value).__name__ in ("RunFault", "DataFault")
    for texts, told in (
        (["data=mnist"], "there is no data 'mnist'"), (["data.clutterr=3"], "did you mean"),
        (["data.test_images=-3"], "data.test_images"), (["decoding=guess"], "there is no decoding"),
        (["decoding.width=3"], "there is no knob"), (["evaluation.samples=0"], "at least 1"),
        (["again=maybe", "out=../x", "seed=3"], "seed=3: is none of"),
    ):  # fmt: skip
        with pytest.raises(ConfigFault, match=told):
            asked(one_digit, *texts)


def test_a_model_of_one_size_is_not_tested_on_another(base):
    folder = trained(base / "runs", "attention=none", "data=mnist28", f"data.root={base / 'mnist'}")
    with pytest.raises(RunFault, match=r"on images of 28 x 28 px, and cannot read the 60 x 60 px of data=mnist_t"):
        asked(folder, "data=mnist_translated", f"data.root={base / 'mnist'}")
    assert [*folder.evaluations.iterdir()] == []  # nothing half done is left
    shutil.rmtree(folder.path)


def test_its_own_data_are_told_from_others(one_digit, base, tmp_path):
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(one_digit.path, copy.path)
    shutil.rmtree(copy.evaluations, ignore_errors=True)
    copy.record.unlink()  # as of a run that was stopped
    asked(copy)
    planted(copy, "data.root", str(base / "other"))
    with pytest.raises(RunFault, match="these are not the test images of"):
        asked(copy, "again=true")
    planted(copy, "data.root", str(base / "gone"))
    with pytest.raises(RunFault, match=r"is no folder here\. Say where its data are"):
        asked(copy, "again=true")


def planted(folder, key, value):
    config = OmegaConf.load(folder.config)
    OmegaConf.update(config, key, value, force_add=True, merge=False)
    folder.config.write_text(OmegaConf.to_yaml(config))


@pytest.fixture
def hostile(sequences, tmp_path):
    """A copy of a run, without the record whose checksums would tell."""
    folder = RunFolder(tmp_path / "hostile")
    shutil.copytree(sequences.path, folder.path)
    shutil.rmtree(folder.evaluations, ignore_errors=True)
    folder.record.unlink()
    return folder


@pytest.mark.parametrize("key, value", [
    ("data.source", {"_target_": "os.system", "command": "touch sprung"}),
    ("optimizer", {"_target_": "os.system", "command": "touch sprung"}),
    ("data._target_", "os.system"), ("choices.data", "../../evil"), ("choices.decoding", "../../evil"),
    ("attention.name", "../../evil"), ("data", {"name": "x"}), ("data.placement", "x"), ("evaluation.samples", "many"),
    ("seed", None), ("data.canvas", 10**9), ("metrics", None), ("data.cache", "sprung"), ("data.download", True),
])  # fmt: skip
def test_a_stranger_s_folder_is_data(hostile, key, value, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    planted(hostile, key, value)
    more = ["decoding.temperature=1"] if key == "choices.decoding" else []
    monkeypatch.setattr(sys, "argv", ["evaluate", f"run={hostile.path}", *more])
    assert main() == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and "Traceback" not in told and not (tmp_path / "sprung").exists()


def test_links_in_a_stranger_s_folder_are_not_followed(hostile, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    hostile.evaluations.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFault, match="is a link, which is not followed"):
        asked(hostile, "again=true")
    hostile.evaluations.unlink()
    hostile.evaluations.mkdir()
    (hostile.evaluations / "same").symlink_to(hostile.best.parent)
    with pytest.raises(RunFault, match="is a link, which is not followed"):
        asked(hostile, "again=true")
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_a_checkpoint_that_is_not_the_run_s_is_refused(sequences, tmp_path):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(sequences.path, folder.path)
    folder.best.write_bytes(folder.last.read_bytes() + b"x")
    with pytest.raises(RunFault, match=r"does not match its checksum|is damaged"):
        asked(folder)


def test_names_are_folders_and_differ():
    assert name_of({}) == "same"
    one, other = (name_of({"data.root": path}) for path in ("/a/b", "/a_b"))
    assert one != other and one.startswith("root=_a_b-") and "/" not in one
    assert len(name_of({"data.layers": [[100, 2, 3]] * 40})) < 100


def test_the_command_helps_and_refuses(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["evaluate", "--help"])
    assert main() == 0 and "python -m benchmark.evaluate" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["evaluate", "run=nowhere"])
    assert main() == 1 and "no folder of a run" in capsys.readouterr().err
