"""The further processes of a run that several train: started with the run, and ended with it."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import torch.distributed as dist

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.parent import PARENT
from benchmark.process.ranks import Ranks, environment_with, free_port, given_ranks, variables
from benchmark.training.processes.alone import Alone
from benchmark.training.processes.base import Processes
from benchmark.training.processes.together import Together

PATIENCE_SECONDS = 5.0
"""For the other processes to end after process 0 has: they write nothing."""


class Companion(NamedTuple):
    """A further process of the run. output: what it prints."""

    process: "subprocess.Popen[bytes]"
    output: IO[bytes]


def refuse_other_numbers(devices: int, ranks: Ranks) -> None:
    """Raises ConfigFault where torchrun or a cluster has started another number of processes than the run has."""
    if ranks.processes not in (1, devices):
        raise ConfigFault(
            [
                f"trainer.devices={devices}: {ranks.processes} processes were started for this run "
                "(WORLD_SIZE). Start as many, or one: a run starts the others by itself"
            ]
        )


@contextlib.contextmanager
def processes_of(count: int, folder: Path) -> Iterator[Processes]:
    """The processes that train a run, joined. Starts those that nothing else has started.

    count: of processes. folder: of the run, with its config.yaml. Raises RunFault with what another process said that
    has failed.
    """
    ranks = given_ranks(os.environ)
    if count == 1:
        yield Alone()
    elif ranks.processes > 1:
        with joined(ranks) as together:
            yield together
    else:
        port = free_port()
        companions: list[Companion] = []
        try:
            companions += [started(variables(rank, count, port), folder) for rank in range(1, count)]
            with environment_with(variables(0, count, port)), joined(Ranks(0, count)) as together:
                yield together
        except BaseException as error:
            said = ended_early(companions) if isinstance(error, RuntimeError) else ""
            stop(companions, 0.0)
            if said:
                raise RunFault(said) from error
            raise
        stop(companions, PATIENCE_SECONDS)


@contextlib.contextmanager
def joined(ranks: Ranks) -> Iterator[Together]:
    """The group of a run's processes, which each of them enters. The environment says where process 0 is."""
    dist.init_process_group("cpu:gloo,cuda:nccl" if dist.is_nccl_available() else "gloo")
    try:
        yield Together(ranks)
    finally:
        dist.destroy_process_group()


def started(environment: dict[str, str], folder: Path) -> Companion:
    """Starts one further process, which finds modules where this one does."""
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    output = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "benchmark.companion", str(folder)],
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        env=os.environ | environment | {PARENT: str(os.getpid()), "PYTHONPATH": paths},
    )  # fmt: skip
    return Companion(process, output)


def ended_early(companions: list[Companion]) -> str:
    """Which other process of the run has failed, and the last that it said; "" where none has."""
    for rank, (process, output) in enumerate(companions, 1):
        with contextlib.suppress(subprocess.TimeoutExpired):
            if code := process.wait(PATIENCE_SECONDS):
                output.seek(0)
                lines = output.read().decode(errors="replace").strip().splitlines()
                how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
                said = lines[-1].removeprefix("error: ") if lines else "it printed nothing"
                return f"process {rank} of the run has ended ({how}): {said}"
    return ""


def stop(companions: list[Companion], seconds: float) -> None:
    """Ends the other processes, which have nothing to write. seconds: to end by themselves."""
    for process, output in companions:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.wait()
        output.close()
