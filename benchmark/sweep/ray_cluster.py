"""A connection to a Ray cluster, and what is checked before the first job: its nodes, their resources, their disks."""

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, final

from benchmark.common.errors import ConfigFault
from benchmark.process.program import first_line
from benchmark.sweep.ray_probe import code_digest, environment_faults
from benchmark.sweep.ray_results import Question, RunResults

LOCAL, AUTO = "local", "auto"
"""Addresses: a cluster of its own on this machine, and the one that is running there."""
VARIABLES = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Variables of Ray. For a cluster that is started here: no telemetry, and jobs have the priority of other processes,
which Ray would lower by 15. On the console no lines of Ray's: the sweep tells what becomes of nodes and actors.
"""
ANSWER_SECONDS = 5.0
"""For a cluster's port to answer."""
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a connection of gRPC begins (RFC 9113, 3.4): the preface and empty settings, which a cluster answers likewise."""
SETTINGS = b"\x04"
"""The kind of that frame, its fourth byte. Something else that listens would keep Ray trying for minutes."""
PROBE_SECONDS = 120.0
"""For all nodes to answer; each starts a process for it."""
UNITS = {"CPU": "CPUs", "GPU": "GPUs", "memory": "GB of memory"}


class RayNode(NamedTuple):
    """A node. resources: by Ray's names; memory in bytes."""

    id: str
    name: str
    resources: Mapping[str, float]


def amount(resource: str, value: float) -> str:
    """A number of CPUs or GPUs, or memory, as text."""
    return f"{value / 1e9 if resource == 'memory' else value:.4g} {UNITS[resource]}"


@final
class RayCluster:
    """A cluster to which this process is connected. ray: the module."""

    def __init__(self, ray: Any):
        self.ray = ray

    def nodes(self) -> list[RayNode]:
        """The nodes that are alive."""
        return [
            RayNode(node["NodeID"], f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})", node["Resources"])
            for node in self.ray.nodes()
            if node["Alive"]
        ]

    def fitting(self, asked: Mapping[str, float]) -> list[RayNode]:
        """The nodes that have what a job asks for, were they idle. asked: amounts by Ray's names of resources."""
        return [
            node for node in self.nodes() if all(node.resources.get(name, 0) >= most for name, most in asked.items())
        ]

    def refuse(self, asked: Mapping[str, float], results: RunResults, root: Path) -> None:
        """Raises ConfigFault where no node has what a job asks for, for which Ray would wait for ever, and where a node
        cannot execute runs or does not share the folder of runs. root: that folder.
        """
        nodes = self.fitting(asked)
        if not nodes:
            wanted = ", ".join(amount(name, most) for name, most in asked.items() if most)
            have = "; ".join(
                f"{node.name} has {', '.join(amount(name, node.resources.get(name, 0)) for name in UNITS)}"
                for node in self.nodes()
            )
            raise ConfigFault([f"hydra/launcher=ray: a job asks for {wanted}, and no node has that: {have}"])
        code = code_digest()
        same = self._asked([Question(environment_faults, [code])] * len(nodes), nodes)
        with results.questions(len(nodes), root) as questions:
            found = self._asked(questions, nodes)
            found += [
                f"{node.name}: what it writes into {root.absolute()} does not arrive here; set "
                "hydra.launcher.results=returned"
                for number, node in enumerate(nodes)
                if not found and not results.answered(number, root)
            ]
        if same or found:
            raise ConfigFault([f"hydra/launcher=ray: {fault}" for fault in [*same, *found]])

    def _asked(self, questions: list[Question], nodes: list[RayNode]) -> list[str]:
        """What the nodes answer to a question each. Those that cannot answer because of an error say so too."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = {}
        for question, node in zip(questions, nodes, strict=True):
            there = NodeAffinitySchedulingStrategy(node.id, soft=False)
            task = self.ray.remote(num_cpus=0, max_retries=0)(question.function).options(scheduling_strategy=there)
            asked[task.remote(*question.arguments)] = node
        ready, late = self.ray.wait(list(asked), num_returns=len(asked), timeout=PROBE_SECONDS)
        faults = [f"{asked[ref].name}: has not answered for {PROBE_SECONDS:.0f} s" for ref in late]
        for ref in ready:
            try:
                faults += [f"{asked[ref].name}: {fault}" for fault in self.ray.get(ref)]
            except Exception as error:  # of any class, as the node's Python lacks something
                faults.append(f"{asked[ref].name}: {unusable(error)}")
        return sorted(faults)


def unusable(error: Exception) -> str:
    """Why a node could not answer."""
    text = str(error)
    if "failed to import" in text or "No module named" in text:
        return "its Python does not find this program; start Ray there from the environment in which it is installed"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def connected(address: str, cpus: int) -> RayCluster:
    """Connects to a cluster, or starts one here. cpus: of a local one. Raises ConfigFault where that is not possible.

    A process that is connected already stays so: the batches of a search share a cluster.
    """
    os.environ |= VARIABLES | {name: os.environ[name] for name in VARIABLES if name in os.environ}
    try:
        import ray  # reads these variables
    except ImportError:
        raise ConfigFault(["hydra/launcher=ray needs Ray: pip install ray"]) from None
    if not ray.is_initialized():
        refuse_address(address)
        logging.getLogger("ray").setLevel(logging.ERROR)
        own: dict[str, Any] = (
            {"num_cpus": cpus, "include_dashboard": False, "_node_ip_address": "127.0.0.1"} if address == LOCAL else {}
        )
        try:
            with own_signals():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
        except Exception as error:  # ConnectionError, RuntimeError, ValueError or Ray's own
            raise ConfigFault([f"hydra.launcher.address={address}: {refused(error)}"]) from error
    return RayCluster(ray)


def refuse_address(address: str) -> None:
    """Raises ConfigFault for an address at which nothing answers: Ray itself would try for a long time."""
    if address in (LOCAL, AUTO):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise ConfigFault(
            [f"hydra.launcher.address={address}: name HOST:PORT of the head node, {AUTO} or {LOCAL}. The sweep is "
             "started on a node of the cluster; Ray's client (ray://) is not supported"]
        )  # fmt: skip
    try:
        with socket.create_connection((host, int(port)), ANSWER_SECONDS) as connection:
            connection.sendall(HTTP2)
            answer = connection.recv(9)
        if answer[3:4] != SETTINGS:
            raise ConnectionError("what listens there is no Ray cluster")
    except (OSError, OverflowError) as error:
        raise ConfigFault(
            [f"hydra.launcher.address={address}: no cluster answers there ({error}). Is the cluster running? "
             "ray start --head starts one, and prints its address"]
        ) from error  # fmt: skip


def refused(error: Exception) -> str:
    """Why Ray did not connect, on one line."""
    text = " ".join(str(error).split())
    if text.startswith("Version mismatch"):
        return f"{text} Use the same Ray and Python on all nodes and here"
    if isinstance(error, ConnectionError) and "Could not find any running Ray instance" in text:
        return "no Ray cluster is running on this machine. ray start --head starts one"
    return text or first_line(error)


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    """Puts back this program's handler of SIGTERM, which Ray replaces by one that ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
