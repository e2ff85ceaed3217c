"""Sweeps on Ray: a cluster of one node in this process, with jobs that take no time; docs/sweeps.md has the rest."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.terminal import Quiet
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.run_id import RunId
from benchmark.sweep import ray_watch
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.jobs import Job
from benchmark.sweep.parcel import NOTHING, Changes, Parcel
from benchmark.sweep.ray import RayLauncher
from benchmark.sweep.ray_actor import RayNews, RayStart, RunActor
from benchmark.sweep.ray_cluster import connected, refuse_address, refused, unusable
from benchmark.sweep.ray_probe import environment_faults, own_faults, shared_faults
from benchmark.sweep.ray_results import ReturnedResults, SharedResults
from benchmark.sweep.ray_runs import OwnRun, SharedRun
from benchmark.sweep.ray_watch import RayWatch, reason

CODE = """
import os, signal, socket, sys, time
from pathlib import Path
from benchmark.results.run_folder import RunFolder, write_json
name, what, *more = sys.argv[1:]
folder = RunFolder(Path(more[-1].partition("=")[2].strip("'"), name) if more else Path(name))
status = {"pid": os.getpid(), "host": socket.gethostname(), "state": "running"}
write_json(folder.status, status)
if what == "fails":
    sys.exit("error: the reason")
if what == "killed" and not folder.last.exists():
    folder.last.write_bytes(b"after epoch 1")
    os.kill(os.getpid(), signal.SIGKILL)
folder.metrics.write_text(folder.last.read_text() if folder.last.exists() else "from the start")
write_json(folder.record, {"measure": {"key": "error", "name": "error", "higher_is_better": False, "percent": True,
                                       "binary": True}, "test": {"mean": {"error": 0.25}}})
print("threads", os.environ["OMP_NUM_THREADS"])
"""
"""A job without the time that a run takes."""


def job_in(root: Path, what: str, seed: int = 0, absolute: bool = True) -> Job:
    address = RunId(str(root), "study", "none", "digit_pairs", seed, "", {}, "", {}, "abc")
    name = str(address.folder) if absolute else str(address.folder.relative_to(root))
    return Job(address, ["python", "-c", CODE, name, what])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A real one, in this process."""
    ray = pytest.importorskip("ray")
    before, level = dict(os.environ), logging.getLogger("ray").level
    os.environ |= {"HOME": str(tmp_path_factory.mktemp("home")), "OMP_NUM_THREADS": "1"}  # Ray keeps a token there
    yield connected("local", 2)
    ray.shutdown()
    os.environ.clear()
    os.environ.update(before)
    logging.getLogger("ray").setLevel(level)


def outcomes_of(cluster, results, jobs):
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "3"}
    remote = cluster.ray.remote(RunActor).options(num_cpus=1, max_restarts=0)

    def actor(job, run):
        return remote.remote(list(job.arguments), environment, run)

    found = RayWatch(cluster.ray, actor, results, 2, Display(Pace(len(jobs), 2), Quiet()), lambda: True).run(jobs)
    return {outcome.job.address.seed: (outcome.code, outcome.message) for outcome in found}


def test_jobs_end_as_they_end_and_one_that_was_killed_resumes(cluster, tmp_path):
    """On a node's own disk; what it writes is returned, and goes along when the job is started again."""
    results = ReturnedResults(str(tmp_path), 0.0)
    jobs = [
        job_in(tmp_path / "runs", what, seed, absolute=False)
        for seed, what in enumerate(("finishes", "fails", "killed"))
    ]
    killed = (-9, "killed by SIGKILL; started again, it resumes")
    assert outcomes_of(cluster, results, jobs) == {0: (0, ""), 1: (1, "the reason"), 2: killed}
    finishes, fails, stopped = (RunFolder(job.address.folder) for job in jobs)
    assert finishes.metrics.read_text() == "from the start"
    assert "threads 3" in finishes.log.read_text()
    assert read_json(fails.status)["message"] == "the reason"
    assert not stopped.record.exists() and stopped.last.read_bytes() == b"after epoch 1"
    assert outcomes_of(cluster, results, jobs[2:]) == {2: (0, "")}
    assert stopped.metrics.read_text() == "after epoch 1"
    (node,) = tmp_path.glob("attention-ray-*/*")
    assert not list(node.rglob("*.json"))  # nothing is left on the node


def test_on_a_shared_disk_the_run_writes_in_place(cluster, tmp_path):
    jobs = [job_in(tmp_path, "finishes")]
    cluster.refuse({"CPU": 1, "GPU": 0}, SharedResults(), tmp_path)
    assert not list(tmp_path.iterdir())  # no probe is left
    assert outcomes_of(cluster, SharedResults(), jobs) == {0: (0, "")}
    assert RunFolder(jobs[0].address.folder).metrics.exists()


def test_what_no_node_has_is_refused_before_the_first_job(cluster, tmp_path):
    with pytest.raises(ConfigFault, match=r"asks for 1 CPUs, 4 GPUs, and no node has that: .* has 2 CPUs, 0 GPUs"):
        cluster.refuse({"CPU": 1, "GPU": 4}, SharedResults(), tmp_path)
    with pytest.raises(ConfigFault, match="has no folder /nowhere"):
        cluster.refuse({"CPU": 1}, ReturnedResults("/nowhere", 0.0), tmp_path)


class UnreachableError(Exception):
    """Ray's error for an actor that may come back."""


class Ray:
    """Stands in for Ray: an actor's call is answered when it is asked for, or raises."""

    class exceptions:  # noqa: N801, D106 - Ray's name
        ActorUnavailableError = UnreachableError

    def __init__(self, answers):
        self.answers, self.calls = list(answers), []

    def actor(self, job, run):
        return self

    def __getattr__(self, name):
        return Call(self, name)

    def wait(self, calls, num_returns, timeout):
        return calls, []

    def get(self, call):
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Call:
    def __init__(self, ray, name):
        self._ray, self._name = ray, name

    def remote(self, *arguments):
        self._ray.calls.append((self._name, *arguments))
        return object()

    def __call__(self, *arguments, **options):
        self._ray.calls.append((self._name,))


def watched(monkeypatch, tmp_path, *answers, results=None):
    monkeypatch.setattr(ray_watch, "TICK_SECONDS", 0.0)
    ray = Ray(answers)
    watch = RayWatch(ray, ray.actor, results or SharedResults(), 1, Display(Pace(1, 1), Quiet()), lambda: True)
    return ray, lambda: watch.run([job_in(tmp_path, "finishes")])


def test_an_answer_that_was_lost_is_asked_for_again(monkeypatch, tmp_path):
    going, lost = RayNews(None, NOTHING, b""), UnreachableError("Socket closed")
    ray, run = watched(
        monkeypatch, tmp_path, RayStart("h", 1), going, lost, lost, going, RayNews(1, NOTHING, b"error: why")
    )
    (outcome,) = run()
    assert (outcome.code, outcome.message) == (1, "why")
    assert [call[1] for call in ray.calls if call[0] == "look"] == [1, 2, 2, 2, 3]


def test_a_node_that_stays_away_ends_its_job(monkeypatch, tmp_path):
    monkeypatch.setattr(ray_watch, "LOST_SECONDS", -1.0)
    _, run = watched(monkeypatch, tmp_path, RayStart("h", 1), UnreachableError("Socket closed"))
    (outcome,) = run()
    assert outcome.code == 1 and outcome.message.startswith(
        "UnreachableError: Socket closed; started again, it resumes"
    )


def test_a_run_that_another_process_executes_is_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmark.sweep.elsewhere.POLL_SECONDS", 0.0)
    ray, run = watched(
        monkeypatch, tmp_path, RayStart("h", 1), RayNews(75, NOTHING, b""), RayStart("h", 2),
        RayNews(1, NOTHING, b"x"),
    )  # fmt: skip
    assert [outcome.message for outcome in run()] == ["x"]
    assert [call[0] for call in ray.calls].count("start") == 2


def test_an_interrupted_sweep_stops_its_runs_and_takes_home_what_they_leave(monkeypatch, tmp_path):
    results = ReturnedResults(None, 0.0)
    stopped = RayNews(143, Parcel({"checkpoints/last.ckpt": b"after epoch 3"}, ()), b"")
    ray, run = watched(monkeypatch, tmp_path, RayStart("h", 1), KeyboardInterrupt(), stopped, results=results)
    with pytest.raises(KeyboardInterrupt):
        run()
    folder = RunFolder(job_in(tmp_path, "").address.folder)
    assert ("stop",) in ray.calls and folder.last.read_bytes() == b"after epoch 3"
    assert folder.is_free()


def test_reasons_are_told_in_words():
    class ActorDiedError(Exception): ...

    class RayTaskError(Exception):
        cause = RunFault("/scratch is full")

    assert reason(ActorDiedError("The actor is dead because its node has died.")).startswith("its node left")
    assert reason(ActorDiedError("its worker process has died")).startswith("its process on the node was killed")
    assert "ran out of memory" in reason(ActorDiedError("killed due to memory pressure (OOM)"))
    assert reason(RayTaskError()) == "/scratch is full"
    assert reason(ValueError()) == "ValueError: no reason was given; started again, it resumes"


def test_addresses_that_cannot_be_are_refused():
    for address, words in [
        ("127.0.0.1:1", "no cluster answers"),
        ("ray://head:1", "not supported"),
        ("head", "HOST:PORT"),
    ]:
        with pytest.raises(ConfigFault, match=words):
            refuse_address(address)
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            with other.accept()[0] as connection:
                connection.recv(99)
                connection.sendall(b"HTTP/1.1 400 Bad Request")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConfigFault, match="what listens there is no Ray cluster"):
            refuse_address(f"127.0.0.1:{other.getsockname()[1]}")
        thread.join()
    assert "Use the same Ray and Python" in refused(
        RuntimeError("Version mismatch: The cluster was started with:\n  x")
    )
    assert "ray start --head" in refused(ConnectionError("Could not find any running Ray instance."))
    assert "does not find this program" in unusable(RuntimeError("The remote function failed to import on the worker"))
    assert unusable(ValueError("a\nb\n")) == "b"


def test_a_share_of_gpus_is_of_one(tmp_path):
    launcher = RayLauncher("local", 1, 1, 1.5, None, "shared", None, 0.0, [])
    with pytest.raises(ConfigFault, match=r"gpus=1\.5: a share of one GPU, or a whole number"):
        launcher.execute([job_in(tmp_path, "")], Quiet())
    assert launcher.places("cpu") == 1


def test_a_node_without_the_disk_or_the_program_says_so(tmp_path):
    probe = tmp_path / "probe"
    assert "does not see the folder of runs" in shared_faults("/", str(probe), "x", str(tmp_path / "answer"))[0]
    probe.write_text("x")
    assert "cannot write into" in shared_faults("/", str(probe), "x", str(tmp_path / "none/answer"))[0]
    assert "/nowhere, where the sweep was started" in shared_faults("/nowhere", str(probe), "x", str(tmp_path / "a"))[0]
    assert "another version of this program" in environment_faults("")[0]
    (tmp_path / f"attention-ray-{os.getuid()}").write_text("")
    assert "cannot be made" in own_faults(str(tmp_path))[0]


def test_files_go_home_once_and_the_record_last(tmp_path, monkeypatch):
    node, home = RunFolder(tmp_path / "node"), RunFolder(tmp_path / "home")
    node.make()
    changes = Changes(node.path)
    for path in (node.record, node.status, node.last, node.metrics):
        path.write_text(path.name)
    (node.path / ".lock").write_text("")
    (node.path / ".status.json.part").write_text("")
    (node.path / "link").symlink_to(node.record)
    first = changes.collect()
    written = []
    monkeypatch.setattr("benchmark.sweep.parcel.write_whole", lambda path, content: written.append(path.name))
    first.write(home.path)
    assert written == ["metrics.jsonl", "status.json", "last.ckpt", "record.json"]
    assert first.size == sum(map(len, written))
    node.metrics.write_text("more of it")
    node.last.unlink()
    assert changes.collect() == Parcel({"metrics.jsonl": b"more of it"}, ["checkpoints/last.ckpt"])
    assert changes.collect() == NOTHING._replace(gone=[])


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/record.json", "a/../../b", ""])
def test_a_file_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    for parcel in (Parcel({name: b"x"}, ()), Parcel({}, (name,))):
        with pytest.raises(RunFault, match="not below the run's folder"):
            parcel.write(tmp_path / "home")
    assert not list(tmp_path.iterdir())


def test_a_running_job_returns_files_at_intervals_and_an_old_attempt_is_cleared(tmp_path):
    run = OwnRun(Path("study/none/d/seed=0"), "driver", str(tmp_path), Parcel({"status.json": b"{}"}, ()), 1000.0)
    left = run.folder()
    left.make()
    left.last.write_text("newer than the driver's")
    assert run.open() == [f"runs='{tmp_path}/attention-ray-{os.getuid()}/driver'"]
    assert not left.last.exists() and left.status.read_text() == "{}"
    left.metrics.write_text("1")
    assert run.changes(ended=False).files == {"metrics.jsonl": b"1"}
    left.metrics.write_text("12")
    assert run.changes(ended=False) == NOTHING
    assert run.changes(ended=True).files == {"metrics.jsonl": b"12"}
    run.close()
    assert not left.path.exists()


def test_a_run_ends_with_the_actor_that_started_it(tmp_path):
    """`stop` sends SIGTERM; the next look has the exit code and the output."""
    code = "import time; print('begun', flush=True); time.sleep(60)"
    folder = RunFolder(tmp_path)
    actor = RunActor(["python", "-c", code], {}, SharedRun(str(tmp_path), tmp_path))
    actor.start()
    assert actor.look(1, 0.0).code is None
    until = time.monotonic() + 60
    while not actor._output.tell() and time.monotonic() < until:
        time.sleep(0.02)
    actor.stop()
    news = actor.look(2, 10.0)
    assert (news.code, news.output) == (-signal.SIGTERM, b"begun\n") and folder.log.read_bytes() == b"begun\n"
    assert actor.look(2, 10.0) is news  # asked for once more, as its answer may have been lost


def test_a_job_gets_the_variables_that_are_named(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    launcher = RayLauncher("local", 1, 2, 0, 1.5, "shared", None, 0.0, ["WANDB_M*"])
    found = launcher._environment()
    assert (found["WANDB_MODE"], found["OMP_NUM_THREADS"], found["CUDA_VISIBLE_DEVICES"]) == ("offline", "2", "")
    assert "HOME" not in found
    assert launcher._asked(1) == {"CPU": 2, "GPU": 0, "memory": 1_500_000_000}
    assert launcher._asked(3)["CPU"] == 6  # three processes of one run
