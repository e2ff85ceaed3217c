"""Which process of a run this is, where several train it together. Imports no PyTorch."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from typing import NamedTuple

RANK, PROCESSES = "RANK", "WORLD_SIZE"
LOCAL, ADDRESS, PORT = "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"
"""Environment variables, with the names that torchrun gives them and torch.distributed reads."""
LOCALHOST = "127.0.0.1"
"""Where the processes of a run meet, as all are on one machine."""


class Ranks(NamedTuple):
    """rank: from 0; process 0 writes the run's folder. processes: of the run."""

    rank: int
    processes: int


def given_ranks(environment: Mapping[str, str]) -> Ranks:
    """What torchrun or a cluster has set; process 0 of 1 where nothing is set, or no numbers."""
    try:
        return Ranks(int(environment.get(RANK, 0)), int(environment.get(PROCESSES, 1)))
    except ValueError:
        return Ranks(0, 1)


def variables(rank: int, processes: int, port: int) -> dict[str, str]:
    """The environment variables of one process of a run, all on one machine."""
    return {RANK: str(rank), LOCAL: str(rank), PROCESSES: str(processes), ADDRESS: LOCALHOST, PORT: str(port)}


def free_port() -> int:
    """A TCP port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def environment_with(values: Mapping[str, str]) -> Iterator[None]:
    """Sets environment variables of this process, and puts the former values back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
