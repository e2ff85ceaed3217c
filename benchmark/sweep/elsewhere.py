"""Jobs of a sweep whose runs another process executes at the moment."""

import time
from typing import final

from benchmark.results.run_folder import RunFolder
from benchmark.sweep.jobs import Job

POLL_SECONDS = 1.0
"""Between two checks whether other processes have finished runs that the sweep waits for."""


@final
class Elsewhere:
    """Holds them until their runs are free again."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._polled = time.monotonic()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        self._jobs.append(job)

    def free_again(self) -> list[Job]:
        """Takes out the jobs whose runs no process executes any more: started, they find a record or resume."""
        if not self._jobs or time.monotonic() - self._polled < POLL_SECONDS:
            return []
        self._polled = time.monotonic()
        free = [job for job in self._jobs if RunFolder(job.address.folder).is_free()]
        self._jobs = [job for job in self._jobs if job not in free]
        return free
