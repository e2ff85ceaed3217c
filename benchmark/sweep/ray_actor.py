"""What executes one run on a node of a Ray cluster. It imports no PyTorch."""

import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

from benchmark.sweep.jobs import append_to_log, printed
from benchmark.sweep.parcel import NOTHING, Parcel
from benchmark.sweep.ray_runs import NodeRun
from benchmark.sweep.remote import RemoteJob

TOLD_BYTES = 4000
"""The end of a run's output that is returned."""


class RayStart(NamedTuple):
    """A run has started. host, pid: of its process, as in its status."""

    host: str
    pid: int


class RayNews(NamedTuple):
    """What has become of a run. code: its exit code, None while it executes. parcel: files that the driver lacks.
    output: the end of what it printed, once it has ended.
    """

    code: int | None
    parcel: Parcel
    output: bytes


@final
class RunActor:
    """An actor for one run. Its calls are executed one after the other, all in the main thread of its process, so that
    the run's process ends with it.

    arguments: the run's command line; the node's own Python replaces the driver's. environment: variables of the run.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], run: NodeRun):
        self._arguments, self._environment, self._run = list(arguments), dict(environment), run
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - read when the run has ended
        self._job: RemoteJob | None = None
        self._number, self._news = 0, RayNews(None, NOTHING, b"")

    def start(self) -> RayStart:
        """Raises RunFault where the run's folder cannot be prepared."""
        more = self._run.open()
        self._job = RemoteJob([sys.executable, *self._arguments[1:], *more], self._environment)
        return RayStart(socket.gethostname(), self._job.start(self._output, self._run.working_folder()))

    def look(self, number: int, seconds: float) -> RayNews:
        """The news after so many seconds, or as soon as the run ends. number: of the look, from 1. If an answer was
        lost on its way, the same number gives it once more.
        """
        if number > self._number:
            self._number, self._news = number, self._look(seconds)
        return self._news

    def _look(self, seconds: float) -> RayNews:
        assert self._job is not None
        code = self._job.ended(seconds)
        if code is None:
            return RayNews(None, self._run.changes(ended=False), b"")
        output = printed(self._output)
        append_to_log(self._run.folder(), output)
        news = RayNews(code, self._run.changes(ended=True), output[-TOLD_BYTES:])
        self._run.close()
        return news

    def stop(self) -> None:
        """Ends the run; the next look tells how."""
        if self._job is not None:
            self._job.stop()
