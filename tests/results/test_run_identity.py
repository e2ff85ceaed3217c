"""A run is the one it says it is: made on these data, lying where it belongs, and no other's work."""

import json
import shutil

import pytest
import torch
from run_helpers import TINY, composer

from benchmark import same_data
from benchmark.build import without_weight_files
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import listing
from benchmark.job import run_one
from benchmark.report.read.runs import read_study
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.run import one
from benchmark.same_data import FOLDER, KnownData
from benchmark.sweep.base import given_twice, plan
from benchmark.sweep.collisions import collision
from benchmark.training.callbacks.heartbeat import Heartbeat
from datamodules.digits.mnist_sample import write_mnist_sample

COMPOSER = composer()
POOL = {"_target_": "benchmark.sweep.launcher.PoolLauncher", "jobs": None, "threads": 1, "gpus": None}
"""Knobs of the launcher."""

JOB = ["attention=none", *TINY, "data=mnist28"]


def overrides(base, root="one", *more):
    return [*JOB, f"data.root={base / root}", f"runs={base / 'runs'}", *more]


def made(base, *texts):
    config = COMPOSER.job(overrides(base, *texts))
    address = COMPOSER.address(config)
    return config, address, RunFolder(address.folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A finished run on data `one`; `other` are other data with files of the same names and sizes."""
    folder = tmp_path_factory.mktemp("identity")
    write_mnist_sample(folder / "one", train=120, test=40)
    write_mnist_sample(folder / "other", train=120, test=60)
    config, address, _ = made(folder)
    run_one(config, address)
    return folder


def test_a_run_is_skipped_on_its_data_wherever_they_lie_and_refused_on_others(base, capsys):
    config, _, folder = made(base)
    one(config, COMPOSER, "")
    shutil.copytree(base / "one", base / "moved")
    one(made(base, "moved")[0], COMPOSER, "")
    assert capsys.readouterr().out.splitlines() == [f"finished before, skipped: {folder.path}"] * 2
    with pytest.raises(
        RunFault,
        match=r"finished run on other data: .* had the fingerprint (\w{8}), and those of "
        r"data\.root=.*other have (?!\1)\w{8} now.*study=NAME.*data\.root=FOLDER",
    ):
        one(made(base, "other")[0], COMPOSER, "")
    assert not made(base, "other", "study=another")[2].record.exists()  # the cure: an address that is free


def test_a_run_whose_data_are_gone_or_damaged_is_still_finished(base, capsys):
    one(made(base, "nowhere")[0], COMPOSER, "")
    (base / "damaged").mkdir(exist_ok=True)
    one(made(base, "damaged")[0], COMPOSER, "")
    gone, damaged = capsys.readouterr().out.splitlines()
    assert "finished before" in gone and "there are none at data.root" in gone
    assert "finished before" in damaged and "cannot be read to compare: MNIST is not complete" in damaged


def test_a_sweep_looks_at_its_data_once_and_at_known_ones_not_at_all(base, monkeypatch):
    jobs = [overrides(base), *(overrides(base, "one", f"seed={seed}") for seed in range(1, 4))]
    for job in jobs[1:]:
        address = COMPOSER.address(COMPOSER.job(job))
        RunFolder(address.folder).make()
        record = read_json(made(base)[2].record) | {"seed": address.seed, "config_hash": address.config_hash}
        del record["sha256"]  # of another seed
        write_json(RunFolder(address.folder).record, record)
    listed = []
    monkeypatch.setattr(same_data, "listing", lambda *found: listed.append(found) or listing(*found))
    monkeypatch.setattr("benchmark.build.build_data", lambda _: pytest.fail("the data were read"))
    found = plan(COMPOSER, jobs, POOL)
    assert (found.todo, len(found.finished), found.not_compared, found.unusable) == ([], 4, [], []) and len(listed) == 1


def test_other_data_are_refused_before_the_first_job_starts(base):
    with pytest.raises(ConfigFault) as caught:
        plan(COMPOSER, [overrides(base, "other"), overrides(base, "other", "study=new")], POOL)
    (fault,) = caught.value.faults
    assert "holds a finished run on other data" in fault


def test_fingerprints_that_are_kept_go_with_the_files_and_may_be_lost(base):
    config = made(base)[0]
    known = KnownData().fingerprints(config)
    assert known == read_json(made(base)[2].record)["fingerprints"]
    shutil.rmtree(base / "runs" / FOLDER)
    assert KnownData().fingerprints(config) == known and list((base / "runs" / FOLDER).iterdir())


@pytest.mark.parametrize("spoil", [
    lambda found: {**found, "test": found["test"][::-1]}, lambda found: {**found, "test": 1}, lambda found: {}, str,
])  # fmt: skip
def test_kept_fingerprints_that_were_damaged_are_computed_again(base, spoil):
    """They would stand in a record for good, and sound data would be refused as others."""
    config, sound = made(base)[0], read_json(made(base)[2].record)["fingerprints"]
    KnownData().fingerprints(config)
    (place,) = [path for path in (base / "runs" / FOLDER).iterdir() if read_json(path)["fingerprints"] == sound]
    write_json(place, {**read_json(place), "fingerprints": spoil(sound)})
    one(config, COMPOSER, "")
    assert KnownData().fingerprints(config) == read_json(place)["fingerprints"] == sound


def test_an_interrupted_run_goes_on_with_its_own_data_alone(base, monkeypatch):
    def pulled(*_):
        raise KeyError("the plug")

    with monkeypatch.context() as patch:
        patch.setattr(Heartbeat, "on_train_end", pulled, raising=False)
        config, address, folder = made(base, "one", "study=broken")
        with pytest.raises(KeyError):
            run_one(config, address)
    assert folder.last.exists() and not folder.record.exists()
    for _ in range(2):  # a refusal forgets nothing
        with pytest.raises(RunFault, match="holds an unfinished run on other data"):
            run_one(*made(base, "other", "study=broken")[:2])
    with pytest.raises(ConfigFault, match="holds an unfinished run on other data"):
        plan(COMPOSER, [overrides(base, "other", "study=broken")], POOL)
    run_one(config, address)
    assert folder.record.exists()


def test_jobs_that_fall_on_one_folder_are_refused_and_the_same_job_is_run_once(base, capsys):
    jobs = [overrides(base, "other", "study=swept"), overrides(base, "one", "study=swept")]
    with pytest.raises(ConfigFault, match=r"data\.root=.*other; data\.root=.*one: these jobs have the same folder"):
        plan(COMPOSER, jobs, POOL)
    found = plan(COMPOSER, [jobs[0], jobs[0], [*jobs[0], "seed=0"], [*jobs[0], "seed=1"]], POOL)
    given_twice(found, 4)
    assert len(found.todo) == 2 and "2 of 4 jobs were given twice" in capsys.readouterr().out
    assert "and 2 more: these jobs" in collision(base, [[f"threads={n}"] for n in range(6)])


def test_damage_and_copies_cost_one_run_and_say_what_they_are(base):
    job = overrides(base, "one", "study=damaged")
    for seed, spoil in ((1, "{"), (2, "[" * 100_000), (3, None)):
        folder = RunFolder(COMPOSER.address(COMPOSER.job([*job, f"seed={seed}"])).folder)
        folder.make()
        folder.record.write_text(spoil or made(base)[2].record.read_text())
    found = plan(COMPOSER, [[*job, f"seed={seed}"] for seed in range(4)], POOL)
    assert [address.seed for address, _ in found.todo] == [0]
    assert [outcome.message.count("record.json is damaged. Delete it") for outcome in found.unusable] == [1, 1, 0]
    assert "holds the run none/mnist28/seed=0-" in found.unusable[2].message
    with pytest.raises(RunFault, match=r"it is a copy, or was renamed\. Delete it"):
        one(COMPOSER.job([*job, "seed=3"]), COMPOSER, "")
    folder.record.unlink()
    assert len(plan(COMPOSER, [[*job, "seed=3"]], POOL).todo) == 1


def test_a_status_that_says_nothing_is_called_damaged_and_its_cure_works(base):
    _, address, folder = made(base, "one", "study=status")
    folder.make()
    folder.last.write_bytes(b"anything")
    for text, told in (("{", "damaged"), (None, "missing"), (json.dumps({"epoch": 3}), "damaged")):
        folder.status.write_text(text) if text else folder.status.unlink()
        with pytest.raises(RunFault, match=rf"status\.json is {told}.*Delete .*last\.ckpt, and the run starts again"):
            folder.refuse_another(address.config_hash)
    write_json(folder.status, {"config_hash": address.config_hash, "run": "none/mnist28/seed=7"})
    with pytest.raises(RunFault, match="holds the run none/mnist28/seed=7: it is a copy"):
        folder.refuse_another(address.config_hash)
    folder.last.unlink()
    assert len(plan(COMPOSER, [overrides(base, "one", "study=status")], POOL).todo) == 1


def test_a_copied_folder_is_no_second_seed_of_a_report(base, tmp_path):
    run = made(base)[2].path
    study = tmp_path / "study" / "none" / "mnist28"
    shutil.copytree(run, study / run.name)
    shutil.copytree(run, study / run.name.replace("seed=0", "seed=5"))
    found = read_study(tmp_path / "study")
    assert [each.address.seed for each in found.finished] == [0]
    (copied,) = found.unfinished
    assert copied.address.seed == 5 and copied.state == "copy" and f"none/mnist28/{run.name}" in copied.message


def test_a_resumed_run_asks_for_nothing_that_it_once_started_from(base, monkeypatch):
    first = shutil.copy(made(base)[2].best, base / "start.ckpt")
    start = ("one", "study=started", "start=checkpoint", f"start.checkpoint={first}")

    def pulled(*_):
        raise KeyError("the plug")

    config, address, folder = made(base, *start)
    with monkeypatch.context() as patch:
        patch.setattr(Heartbeat, "on_train_end", pulled, raising=False)
        with pytest.raises(KeyError):
            run_one(config, address)
    (base / "start.ckpt").unlink()
    run_one(config, address)
    (weights,) = read_json(folder.record)["weights"]
    assert weights["name"] == "start.ckpt" and len(weights["sha256"]) == 64
    assert not made(base, *start, "seed=1")[2].record.exists()
    with pytest.raises(RunFault, match=r"start\.ckpt is not there"):
        run_one(*made(base, *start, "seed=1")[:2])


def test_an_encoder_that_a_checkpoint_fills_reads_no_file_and_is_built_alike():
    config = COMPOSER.job(["attention=none", "data=coco_sample", "encoder=torchvision"])
    assert config.encoder.body.weights != "none"
    found = without_weight_files(config)
    assert found.encoder.body.weights == "later" and found.start == {
        "_target_": "benchmark.training.start.fresh.FreshWeights"
    }


def test_a_run_whose_first_weights_have_changed_is_refused(base, capsys):
    """The earlier stage was trained anew: the later one is no longer what its configuration says."""
    first = base / "first.ckpt"
    shutil.copyfile(made(base)[2].best, first)
    job = ["one", "study=later", "start=checkpoint", f"start.checkpoint={first}"]
    config, address, folder = made(base, *job)
    run_one(config, address)
    one(config, COMPOSER, "")
    assert capsys.readouterr().out.endswith(f"finished before, skipped: {folder.path}\n")
    torch.save(torch.load(first, weights_only=True) | {"epoch": 7}, first)
    said = r"finished run that started from other weights: start\.checkpoint=.*first\.ckpt had the SHA-256 (\w{8}) "
    with pytest.raises(RunFault, match=said + r"and has (?!\1)\w{8} now.*study=NAME"):
        one(config, COMPOSER, "")
    with pytest.raises(ConfigFault, match=said):
        plan(COMPOSER, [overrides(base, *job)], POOL)
    first.unlink()
    one(config, COMPOSER, "")
    assert "finished before" in capsys.readouterr().out


def test_an_unfinished_run_whose_first_weights_have_changed_is_refused(base):
    first = base / "stage.ckpt"
    shutil.copyfile(made(base)[2].best, first)
    config, address, folder = made(base, "one", "study=stages", "start=checkpoint", f"start.checkpoint={first}")
    run_one(config, address)
    folder.record.unlink()
    first.write_bytes(b"another")
    with pytest.raises(RunFault, match=r"holds an unfinished run that started from other weights"):
        run_one(config, address)
    first.unlink()
    run_one(config, address)
    assert folder.record.exists()
