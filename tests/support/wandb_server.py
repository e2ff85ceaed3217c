"""A server on this machine that answers what W&B asks when it sends runs, charts and workspaces, and records them.

It speaks only the part of W&B's interface that is used here: GraphQL, the stream of a run's files, and uploads.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = {"id": "1", "name": "someone"}
PROJECT = {"id": "2", "name": "attention-benchmark", "entity": ENTITY}


class Recorded:
    """What was sent.

    upserts: what each run said of itself. rows: of the history, by run. summaries: the last of each run. uploads: the
    content of files, by the name they were announced with. charts: arguments of each chart that was created, in order.
    views: by id, as they were last saved. sweeps: the configuration of each sweep, by its name. orders: arguments of
    the runs that agents are told to start, each once. refused: names of operations that are answered with nothing.
    asked: the names of all operations, in order.
    """

    def __init__(self) -> None:
        self.upserts: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.summaries: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, bytes] = {}
        self.charts: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.sweeps: dict[str, str] = {}
        self.orders: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self.asked: list[str] = []

    def answer(self, query: str, variables: dict[str, Any], here: str) -> dict[str, Any]:
        found = re.search(r"(?:query|mutation)\s+(\w+)", query)
        name = found[1] if found else ""
        self.asked.append(name)
        if name in self.refused:
            return {}
        if name == "UpsertBucket":
            told = {key: value for key, value in variables.items() if value is not None}
            self.upserts.setdefault(variables["name"], {}).update(told)  # later ones tell what is new
            return {"upsertBucket": {"bucket": self._run(variables["name"]), "inserted": True}}
        if name == "RunResumeStatus":
            known = variables["name"] in self.upserts
            return {"model": {**PROJECT, "bucket": self._run(variables["name"]) if known else None}}
        if name == "CreateArtifact":
            latest = {"id": "5", "versionIndex": 0}
            artifact = {"id": "5", "state": "COMMITTED", "artifactSequence": {"id": "6", "latestArtifact": latest}}
            return {"createArtifact": {"artifact": artifact}}
        if name == "CreateRunFiles":
            files = [{"name": each, "uploadUrl": f"{here}/put/{each}"} for each in variables["files"]]
            return {"createRunFiles": {"runID": "3", "uploadHeaders": [], "files": files}}
        if name == "CreateCustomChart":
            self.charts.append(variables)
            return {"createCustomChart": {"chart": {"id": f"{variables['entity']}/{variables['chartName']}"}}}
        if name in ("UpsertView2", "View"):
            return self._saved(variables) if name == "UpsertView2" else self._views(variables)
        if name in ("UpsertSweep", "SweepWithRuns", "CreateAgent", "Heartbeat"):
            return self._sweep(name, variables)
        if name == "ArtifactType":
            return {"project": None}
        return {
            "viewer": {"id": "1", "username": "someone", "entity": "someone", "flags": "{}", "teams": {"edges": []}},
            "serverInfo": {"features": []},
            "model": {**PROJECT, "bucket": None},
        }

    def _run(self, name: str) -> dict[str, Any]:
        rows, summary = self.rows[name], self.summaries.get(name, {})
        tail = [json.dumps(row) for row in rows[-1:]]
        return {
            "id": "3", "name": name, "displayName": "", "description": "", "config": "{}", "sweepName": None,
            "project": PROJECT, "historyLineCount": len(rows), "logLineCount": 0, "eventsLineCount": 0,
            "historyTail": json.dumps(tail), "eventsTail": "[]", "summaryMetrics": json.dumps(summary), "tags": [],
            "notes": None, "wandbConfig": '{"t": 1}',
        }  # fmt: skip

    def _sweep(self, name: str, told: dict[str, Any]) -> dict[str, Any]:
        """What `wandb sweep` and `wandb agent` ask."""
        if name == "UpsertSweep":
            key = f"sweep{len(self.sweeps)}"
            self.sweeps[key] = told["config"]
            return {"upsertSweep": {"sweep": {"name": key, "project": PROJECT}, "configValidationWarnings": []}}
        if name == "SweepWithRuns":
            sweep = {"id": "8", "name": told["sweep"], "config": self.sweeps[told["sweep"]], "runs": {"edges": []}}
            return {"project": {"sweep": {**sweep, "state": "RUNNING", "method": "bayes"}}}
        if name == "CreateAgent":
            return {"createAgent": {"agent": {"id": "9"}}}
        commands = [
            {"type": "run", "run_id": f"ordered{len(self.orders)}", "program": "benchmark/run.py",
             "args": {key: {"value": value} for key, value in self.orders.pop().items()}}
        ] if self.orders and not json.loads(told["runState"]) else []  # fmt: skip
        return {"agentHeartbeat": {"agent": {"id": "9"}, "commands": json.dumps(commands)}}

    def _saved(self, told: dict[str, Any]) -> dict[str, Any]:
        """Saves a view: under its id, or as a new one."""
        key = told.get("id") or f"view-{len(self.views)}"
        inserted = key not in self.views
        self.views[key] = told
        return {"upsertView": {"view": {"id": key, "name": told["name"]}, "inserted": inserted}}

    def _views(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The views of a name."""
        nodes = [
            {"node": {"id": key, "displayName": view["displayName"], "spec": view["spec"]}}
            for key, view in self.views.items()
            if view["name"] == wanted["viewName"]
        ]
        return {"project": {"allViews": {"edges": nodes}}}

    def stream(self, run: str, told: dict[str, Any]) -> None:
        for name, part in (told.get("files") or {}).items():
            for offset, line in enumerate(part["content"], part["offset"]):
                if name == "wandb-history.jsonl":
                    assert offset == len(self.rows[run]), "a row that is doubled or missing"
                    self.rows[run].append(json.loads(line))
                elif name == "wandb-summary.json":
                    self.summaries[run] = json.loads(line)


@contextmanager
def recording() -> Iterator[tuple[str, Recorded]]:
    """The server's address, and what it was told."""
    recorded = Recorded()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            answer: dict[str, Any] = {}
            if self.path.endswith("/file_stream"):
                recorded.stream(self.path.split("/")[-2], told)
            else:
                answer = {"data": recorded.answer(told["query"], told.get("variables") or {}, address)}
            self._say(json.dumps(answer).encode())

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            recorded.uploads[self.path.removeprefix("/put/")] = content
            self._say(b"")

        def do_GET(self) -> None:
            self._say(b"{}")

        def _say(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address, recorded
    finally:
        server.shutdown()
        server.server_close()
