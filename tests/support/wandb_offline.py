"""Reads a W&B offline file back: LevelDB's log format, records as protocol buffers. W&B offers no reader."""

import json
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

HEADER, BLOCK = 7, 32768


def chunks(content: bytes) -> Iterator[bytes]:
    """The payloads, put together where they span blocks. Stops where a kill cut the file off."""
    assert content[:4] == b":W&B", "not a W&B file"
    place, parts = HEADER, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        checksum, length, kind = struct.unpack("<IHB", content[place : place + 7])
        data = content[place + 7 : place + 7 + length]
        if kind == 0 or len(data) < length:
            return
        assert zlib.crc32(bytes([kind]) + data) == checksum, "a damaged record"
        place += 7 + length
        parts += data
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield parts
            parts = b""


def read(path: Path, seconds: float = 30.0) -> dict[str, Any]:
    """As `read_now`, of a run that has ended: W&B's own process may still be writing, and is waited for."""
    until = time.monotonic() + seconds
    while (found := read_now(path))["exit_code"] is None and time.monotonic() < until:
        time.sleep(0.2)
    return found


def read_now(path: Path) -> dict[str, Any]:
    """What a run left: name, group, job type, tags, config, history (a list of rows), summary, axes, artifacts and
    exit_code (None while it runs).
    """
    found: dict[str, Any] = {"history": [], "summary": {}, "config": {}, "exit_code": None, "axes": {},
                             "artifacts": []}  # fmt: skip
    for chunk in chunks(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(chunk)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            found |= {
                "id": run.run_id,
                "name": run.display_name,
                "group": run.run_group,
                "tags": list(run.tags),
                "job_type": run.job_type,
            }
            found["config"] |= {item.key: json.loads(item.value_json) for item in run.config.update}
        elif kind == "metric":
            metric = record.metric
            found["axes"][metric.name or metric.glob_name] = metric.step_metric
        elif kind == "artifact":
            artifact = record.artifact
            paths = {entry.path: Path(entry.local_path) for entry in artifact.manifest.contents}
            found["artifacts"].append({"type": artifact.type, "name": artifact.name, "files": paths})
        elif kind == "history":
            found["history"].append({named(item): json.loads(item.value_json) for item in record.history.item})
        elif kind == "summary":
            found["summary"] |= {named(item): json.loads(item.value_json) for item in record.summary.update}
        elif kind == "exit":
            found["exit_code"] = record.exit.exit_code
    return found


def named(item: Any) -> str:
    return item.key or ".".join(item.nested_key)
