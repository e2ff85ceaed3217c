"""What a sweep returns to Hydra's sweeper: the primary metric on the validation split of each of its jobs."""

from collections.abc import Sequence

from hydra.core.utils import JobReturn, JobStatus

from benchmark.common.errors import RunFault
from benchmark.results.primary_metric import on_validation
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.run_id import RunId
from benchmark.sweep.jobs import Outcome


def returns(jobs: Sequence[Sequence[str]], addresses: Sequence[RunId], outcomes: Sequence[Outcome]) -> list[JobReturn]:
    """The return of each job, in their order. addresses: of their runs. outcomes: of those that were executed.

    The value is that of the best checkpoint, as the record has it; whether more of it is better depends on the metric.
    A job without one has failed, and its `return_value` raises a RunFault with the reason.
    """
    reasons = {outcome.job.address.folder: outcome.message for outcome in outcomes if outcome.code != 0}
    return [
        returned(overrides, address, reasons.get(address.folder, "it has not been executed"))
        for overrides, address in zip(jobs, addresses, strict=True)
    ]


def returned(overrides: Sequence[str], address: RunId, reason: str) -> JobReturn:
    """The return of one job. reason: why it failed, if it has no record."""
    folder = RunFolder(address.folder)
    value = on_validation(read_json(folder.record))
    made = JobReturn(overrides=list(overrides), working_dir=str(folder.path), task_name=address.name)
    made.status = JobStatus.COMPLETED if value is not None else JobStatus.FAILED
    made.return_value = RunFault(f"{address.name} failed: {reason} (log: {folder.log})") if value is None else value
    return made
