"""Reads untrusted or damaged JSON files: bounded in size, depth and digits."""

import json
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, final

MOST_BYTES = 64 * 2**20
"""Largest file; a record with 10,000 classes has about 1 MiB."""
MOST_DEPTH = 32
"""Deepest nesting of lists and objects; a record has 5."""
MOST_DIGITS = 18
"""Most digits of an integer, so that it fits into 64 bits."""


@final
class Damaged(Exception):  # noqa: N818  # the file has a fault; the program has no error
    """A file without the expected content; the message gives the reason, without the file's name."""


def read_bytes(path: Path, most: int) -> bytes:
    """A file's content. Raises Damaged if it cannot be read, is not a regular file or too large; FileNotFoundError."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("is not a regular file")
        if status.st_size > most:
            raise Damaged(f"has {status.st_size:,} bytes, at most {most:,} are read")
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise Damaged(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises Damaged, and FileNotFoundError where there is no file."""
    return parsed(read_bytes(path, MOST_BYTES))


def objects_of(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file that has one in each line, such as metrics.jsonl; none where there is no such file.
    Other lines are skipped, as the last one of a process that was killed while it wrote.
    """
    try:
        lines = read_bytes(path, MOST_BYTES).splitlines()
    except (Damaged, FileNotFoundError):
        return
    for line in lines:
        with suppress(Damaged):
            yield parsed(line)


def parsed(content: bytes) -> dict[str, Any]:
    """A JSON object. Raises Damaged."""
    found = parsed_value(content)
    if not isinstance(found, dict):
        raise Damaged(f"is not a JSON object but {called(found)}")
    return found


def parsed_value(content: bytes) -> Any:
    """Any JSON value. Raises Damaged."""
    try:
        found = json.loads(content.decode("utf-8"), parse_int=_integer)
    except RecursionError:
        raise Damaged("has lists or objects nested too deeply") from None
    except ValueError as error:  # of JSON and of UTF-8
        raise Damaged(f"is not JSON: {error}") from None
    if any(depth > MOST_DEPTH for depth in _depths(found)):
        raise Damaged("has lists or objects nested too deeply")
    return found


def called(value: object) -> str:
    """The kind of a JSON value, for a message."""
    names = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS + digits.startswith("-"):
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _depths(value: Any) -> Iterator[int]:
    """The nesting depth of every list and object, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, dict | list):
            yield depth
            waiting += [(each, depth + 1) for each in (one.values() if isinstance(one, dict) else one)]
