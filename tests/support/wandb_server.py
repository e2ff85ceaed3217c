"""A server on this machine that answers what W&B asks when it sends runs, and writes down the rows of each run."""

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
    """upserts: what each run said of itself. rows: of the history, by run. summaries: the last of each run."""

    def __init__(self) -> None:
        self.upserts: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.summaries: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def answer(self, query: str, variables: dict[str, Any], here: str) -> dict[str, Any]:
        found = re.search(r"(?:query|mutation)\s+(\w+)", query)
        name = found[1] if found else ""
        self.asked.append(name)
        if name == "UpsertBucket":
            told = {key: value for key, value in variables.items() if value is not None}
            self.upserts.setdefault(variables["name"], {}).update(told)  # later ones tell what is new
            bucket = {"id": "3", "name": variables["name"], "displayName": "", "description": "", "config": "{}",
                      "sweepName": None, "project": PROJECT, "historyLineCount": 0}  # fmt: skip
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if name == "CreateArtifact":
            latest = {"id": "5", "versionIndex": 0}
            artifact = {"id": "5", "state": "COMMITTED", "artifactSequence": {"id": "6", "latestArtifact": latest}}
            return {"createArtifact": {"artifact": artifact}}
        if name == "CreateRunFiles":
            files = [{"name": each, "uploadUrl": f"{here}/put"} for each in variables["files"]]
            return {"createRunFiles": {"runID": "3", "uploadHeaders": [], "files": files}}
        return {
            "viewer": {"id": "1", "username": "someone", "entity": "someone", "flags": "{}", "teams": {"edges": []}},
            "serverInfo": {"features": []},
            "model": {**PROJECT, "bucket": None},
        }

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
            self.rfile.read(int(self.headers["Content-Length"]))
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
