"""Two sweeps at once: what is another's is waited for, what it leaves is taken over, and outcomes are a job's own."""

import sys
import threading
import time

import pytest

from benchmark.common.errors import BusyFault
from benchmark.process.program import BUSY
from benchmark.results.run_folder import LOCK, RunFolder, Status, now, read_json, write_json
from benchmark.results.run_id import RunId
from benchmark.sweep.display import Running, ending
from benchmark.sweep.jobs import Job
from benchmark.sweep.launcher import PoolLauncher
from benchmark.sweep.pool import Pool

CODE = """
import sys
from pathlib import Path
from benchmark.common.errors import BusyFault
from benchmark.results.run_folder import RunFolder, write_json
folder = RunFolder(Path(sys.argv[1]))
try:
    with folder.locked():
        if sys.argv[2]:
            sys.exit('error: ' + sys.argv[2])
        if not folder.record.exists():
            write_json(folder.record, {'by': 'us'})
except BusyFault:
    sys.exit(75)
"""
"""A job without the time that a run takes: it fails with a message, or has a record in the end."""


class Told:
    """Keeps what a display is told."""

    def __init__(self):
        self.heard = []

    def started(self, job):
        self.heard.append("started")

    def ended(self, job, seconds, message):
        self.heard.append(message or "finished")

    def elsewhere(self, job):
        self.heard.append("elsewhere")

    def tick(self, running, waiting): ...


@pytest.fixture
def job(tmp_path):
    address = RunId(str(tmp_path), "study", "none", "digit_pairs", 0, "", {}, "", {}, "abc")
    RunFolder(address.folder).make()
    return lambda message="": Job(address, [sys.executable, "-c", CODE, str(address.folder), message])


def at_work(folder, then):
    """Another process, for a while; `then` is the last it does."""
    begun = threading.Event()

    def work():
        with folder.locked():
            begun.set()
            time.sleep(1.5)
            then()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    return thread


@pytest.mark.parametrize("finishes", [True, False])
def test_a_run_that_another_is_at_work_on_is_waited_for_and_taken_over_where_it_died(job, finishes):
    folder = RunFolder(job().address.folder)
    folder.log.write_text("INFO the other's last word\n")
    other = at_work(folder, lambda: write_json(folder.record, {"by": "the other"}) if finishes else None)
    (outcome,) = Pool([{}], told := Told()).run([job()])
    other.join()
    assert (outcome.code, outcome.message) == (0, "")
    assert told.heard == ["started", "elsewhere", "started", "finished"]
    assert read_json(folder.record) == {"by": "the other" if finishes else "us"}
    assert folder.log.read_text() == "INFO the other's last word\n"


def test_an_outcome_is_what_the_job_said_whatever_else_is_in_the_log(job):
    folder = RunFolder(job().address.folder)
    folder.log.write_text("ERROR another's\n")
    (outcome,) = Pool([{}], Told()).run([job("what went wrong")])
    assert (outcome.code, outcome.message) == (1, "what went wrong")
    assert folder.log.read_text() == "ERROR another's\nerror: what went wrong\n"
    assert read_json(folder.status)["message"] == "what went wrong"


def test_the_status_of_a_run_that_another_is_at_work_on_stays_its_own(job):
    folder = RunFolder(job().address.folder)
    Status(folder.status, "abc", now()).update(message="training")
    code = "import sys; sys.exit('error: before it came to the run')"
    with folder.locked():
        (outcome,) = Pool([{}], Told()).run([Job(job().address, [sys.executable, "-c", code])])
        with pytest.raises(BusyFault, match="another process"), folder.locked():
            pass
        assert not folder.is_free()
    assert outcome.message == "before it came to the run" and folder.is_free()
    assert read_json(folder.status)["message"] == "training" and BUSY == 75


def test_a_job_whose_folder_cannot_be_made_fails_alone(job, tmp_path):
    (tmp_path / "study" / "ram").write_text("a file, where a folder has to be")
    other = job().address._replace(attention="ram")
    jobs = [Job(other, job().arguments), job()]
    outcomes = Pool([{}], told := Told()).run(jobs)
    assert [outcome.code for outcome in outcomes] == [1, 0]
    assert "Not a directory" in outcomes[0].message and told.heard == [outcomes[0].message, "started", "finished"]


def test_a_job_whose_lock_cannot_be_opened_fails_alone(job):
    """As where the folder is another user's."""
    other = job().address._replace(attention="ram")
    (RunFolder(other.folder).path / LOCK).mkdir(parents=True)
    failing = Job(other, [sys.executable, "-c", "import sys; sys.exit('error: .lock: permission denied')"])
    outcomes = Pool([{}], Told()).run([failing, job()])
    assert [(outcome.code, outcome.message) for outcome in outcomes] == [(1, ".lock: permission denied"), (0, "")]


def test_what_is_kept_of_a_rehearsal(job):
    """Neither a record nor a folder, and no error where a record is asked for."""
    folder = RunFolder(job().address.folder)
    quiet = Job(job().address, [sys.executable, "-c", "print('it works, and nothing was kept')"])
    (outcome,) = Pool([{}], Told()).run([quiet])
    assert outcome.code == 0 and not folder.path.exists()
    running = Running(quiet.address.name, folder, 0.0, lambda status: True)
    assert ending(running, 3.0, "") == f"{quiet.address.name} finished in 3 s, without a record"


@pytest.mark.parametrize(("gpus", "seen"), [(None, ["0", "1"]), (1, ["0", "0"]), (0, ["", ""])])
def test_a_job_sees_only_the_gpus_it_may_use(monkeypatch, gpus, seen):
    monkeypatch.setattr("benchmark.sweep.launcher.visible_gpus", lambda: ["0", "1"])
    slots = PoolLauncher(2, 1, gpus)._slots("auto", 1)
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots] == seen
