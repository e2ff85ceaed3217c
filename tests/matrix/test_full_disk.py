"""A sweep whose disk fills up, and one on a disk that is read-only; both are real file systems, in memory."""

import subprocess

import pytest
from run_helpers import TINY, call, composer

from benchmark.results.run_folder import RunFolder, read_json, write_json

SWEEP = ["-m", "attention=none", *TINY, "trainer.max_epochs=1", "study=disk", "hydra.launcher.jobs=1"]
COMPOSER = composer()


def mount(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True, text=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A file system of 400 kB: enough for the log of a run, and for less than its checkpoints."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=400k", "none", str(folder)):
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(600)  # twenty seconds alone, more where the machine is shared
def test_a_sweep_whose_disk_fills_up_says_so_and_goes_on_where_there_is_room_again(disk, tmp_path):
    code, _, err = call(*SWEEP, f"runs={disk}/runs", cwd=tmp_path)
    assert code == 1 and "Traceback" not in err
    told = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert told and all("the disk is full" in line and "Free some space" in line for line in told)
    states = [read_json(path)["state"] for path in disk.rglob("status.json") if path.stat().st_size]
    assert set(states) <= {"failed", "finished"} and states.count("finished") == len(list(disk.rglob("record.json")))
    assert mount("-o", "remount,size=64m", str(disk))
    code, _, err = call(*SWEEP, f"runs={disk}/runs", cwd=tmp_path)
    assert code == 0, err
    assert len(list(disk.rglob("record.json"))) == 1


def test_a_sweep_on_a_read_only_disk_ends_before_its_first_job(disk, tmp_path):
    assert mount("-o", "remount,ro", str(disk))
    code, out, err = call(*SWEEP, f"runs={disk}/runs", cwd=tmp_path)
    assert code == 1 and "started" not in out
    assert err == f"error: {disk}/runs: its file system is read-only. Name a writable folder\n"


def test_a_finished_sweep_on_a_read_only_disk_is_skipped_and_one_that_is_not_is_refused(disk, tmp_path):
    config = COMPOSER.job([*SWEEP[1:-1], f"runs={disk}/runs"])
    address = COMPOSER.address(config)
    folder = RunFolder(address.folder)
    folder.make()
    measure = {"key": "error", "name": "error", "higher_is_better": False, "percent": True, "binary": True}
    write_json(folder.record, {"config_hash": address.config_hash, "measure": measure, "validation": {"error": 0.5}})
    assert mount("-o", "remount,ro", str(disk))
    code, out, err = call(*SWEEP, f"runs={disk}/runs", cwd=tmp_path)
    assert (code, err) == (0, "") and "1 of 1 runs finished before, skipped" in out
    code, out, err = call(*SWEEP, f"runs={disk}/runs", "seed=0,1", cwd=tmp_path)
    assert code == 1 and "started" not in out
    told = f"error: {disk}/runs/disk cannot be written, and not all of its runs are finished. Change its rights, or"
    assert err == f"{told} name another place: study=NAME, runs=FOLDER\n"
