"""How the results of a run on a Ray cluster reach the driver: on a shared disk, or returned by the node."""

import contextlib
import os
import secrets
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

from benchmark.results.run_folder import RunFolder, explained
from benchmark.results.run_id import digest
from benchmark.sweep.jobs import Job
from benchmark.sweep.parcel import Changes, Parcel
from benchmark.sweep.ray_probe import own_faults, shared_faults
from benchmark.sweep.ray_runs import NodeRun, OwnRun, SharedRun


class Question(NamedTuple):
    """What a node is asked before the first run: a function of ray_probe, which returns faults, and its arguments."""

    function: Callable[..., list[str]]
    arguments: Sequence[Any]


class RunResults(ABC):
    """The way of the results. A job is claimed before it is submitted, and released when it has ended."""

    @abstractmethod
    @contextlib.contextmanager
    def questions(self, nodes: int, root: Path) -> Iterator[list[Question]]:
        """The question to each node. root: the folder of the runs."""

    @abstractmethod
    def answered(self, node: int, root: Path) -> bool:
        """Whether what a node answered outside of its return value has arrived."""

    @abstractmethod
    def claim(self, job: Job) -> NodeRun:
        """The job's folder as its node will have it. Raises BusyFault where another process executes the run."""

    @abstractmethod
    def receive(self, job: Job, parcel: Parcel) -> None:
        """Raises RunFault where files cannot be written."""

    @abstractmethod
    def release(self, job: Job) -> str:
        """Returns a remark about a job that has ended, "" for none."""


@final
class SharedResults(RunResults):
    """All nodes write into the driver's folder of runs; the run itself locks its folder."""

    def __init__(self) -> None:
        self._content = secrets.token_hex(16)

    @contextlib.contextmanager
    def questions(self, nodes: int, root: Path) -> Iterator[list[Question]]:
        probe = self._probe(root)
        with explained(probe):
            root.mkdir(parents=True, exist_ok=True)
            probe.write_text(self._content)
        try:
            yield [
                Question(shared_faults, [str(Path.cwd()), str(probe), self._content, str(self._answer(root, node))])
                for node in range(nodes)
            ]
        finally:
            for path in root.absolute().glob(f"{probe.name}*"):
                path.unlink(missing_ok=True)

    def answered(self, node: int, root: Path) -> bool:
        return self._answer(root, node).exists()

    def claim(self, job: Job) -> NodeRun:
        folder = RunFolder(job.address.folder)
        folder.make()
        return SharedRun(str(Path.cwd()), folder.path.absolute())

    def receive(self, job: Job, parcel: Parcel) -> None: ...

    def release(self, job: Job) -> str:
        return ""

    def _probe(self, root: Path) -> Path:
        return root.absolute() / f".ray-probe-{self._content[:8]}"

    def _answer(self, root: Path, node: int) -> Path:
        return self._probe(root).with_name(f"{self._probe(root).name}-{node}")


@final
class ReturnedResults(RunResults):
    """Each node has a folder of its own. It gets what the driver has of the run, and returns what changes.

    The driver holds the run's lock while a node executes it. place: a folder of the nodes, None for that of temporary
    files. seconds: between two returns of a running job's files.
    """

    def __init__(self, place: str | None, seconds: float):
        self._place, self._seconds = place, seconds
        self._locks: dict[Path, contextlib.ExitStack] = {}
        self._bytes: dict[Path, int] = {}

    @contextlib.contextmanager
    def questions(self, nodes: int, root: Path) -> Iterator[list[Question]]:
        yield [Question(own_faults, [self._place])] * nodes

    def answered(self, node: int, root: Path) -> bool:
        return True

    def claim(self, job: Job) -> NodeRun:
        folder = RunFolder(job.address.folder)
        folder.make()
        with contextlib.ExitStack() as stack:
            stack.enter_context(folder.locked())
            parcel = Changes(folder.path).collect()
            self._locks[folder.path] = stack.pop_all()
        self._bytes[folder.path] = 0
        root = Path(job.address.root)
        driver = digest([socket.gethostname(), os.getuid(), str(root.absolute())])[:12]
        return OwnRun(folder.path.relative_to(root), driver, self._place, parcel, self._seconds)

    def receive(self, job: Job, parcel: Parcel) -> None:
        self._bytes[job.address.folder] += parcel.size
        parcel.write(job.address.folder)

    def release(self, job: Job) -> str:
        self._locks.pop(job.address.folder).close()
        return f"{job.address.name}: {self._bytes.pop(job.address.folder) / 1e6:.1f} MB returned"
