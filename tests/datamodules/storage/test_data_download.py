"""Downloads, from a server on loopback that misbehaves on request."""

import threading
from collections.abc import Iterator
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from datamodules.contract import DataFault
from datamodules.storage.download import ATTEMPTS, Wanted, fetch

CONTENT = bytes(range(256)) * 2000
GOOD = Wanted("digits.gz", md5(CONTENT).hexdigest())


class Mirror(ThreadingHTTPServer):
    """Serves `files` by their names, and `content` under any other. cuts: after how many bytes the next answers break
    off. ranges: whether it resumes.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.content, self.cuts, self.ranges, self.status, self.asked = CONTENT, [], True, 200, []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mirror/"


class Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append((self.path, asked))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        if self.server.status != 200:
            return self.send_error(self.server.status)
        content = self.server.files.get(self.path.rsplit("/", 1)[1], self.server.content)
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            return self.end_headers()
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def whole(folder: Path) -> bool:
    """Whether the folder holds the file, and nothing half done."""
    return (folder / GOOD.name).read_bytes() == CONTENT and [path.name for path in folder.glob("[!.]*")] == [GOOD.name]


def test_a_file_arrives_whole_in_a_folder_that_was_not_there(mirror, tmp_path):
    fetch([GOOD], tmp_path / "new" / "folder", [mirror.url])
    assert whole(tmp_path / "new" / "folder")
    assert mirror.asked == [("/mirror/digits.gz", None)]


def test_a_file_that_is_there_is_not_asked_for(mirror, tmp_path):
    (tmp_path / GOOD.name).write_bytes(CONTENT)
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path) and mirror.asked == []


def test_a_damaged_file_is_replaced(mirror, tmp_path):
    (tmp_path / GOOD.name).write_bytes(CONTENT[:-1])
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path)


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(mirror, tmp_path):
    mirror.cuts = [100_000, 50_000]
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path)
    assert [asked for _, asked in mirror.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_what_an_earlier_command_left_is_used(mirror, tmp_path):
    (tmp_path / "digits.gz.part").write_bytes(CONTENT[:1234])
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path) and mirror.asked[0][1] == "bytes=1234-"


def test_a_server_that_cannot_resume_sends_all_again(mirror, tmp_path):
    mirror.ranges, mirror.cuts = False, [100_000]
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path)


def test_a_part_longer_than_the_file_is_begun_again(mirror, tmp_path):
    (tmp_path / "digits.gz.part").write_bytes(CONTENT + b"more")
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path)


def test_a_whole_file_that_was_not_checked_yet_is_not_fetched_again(mirror, tmp_path):
    """The command was stopped after the last byte, while it read gigabytes for their checksum."""
    (tmp_path / "digits.gz.part").write_bytes(CONTENT)
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path) and [asked for _, asked in mirror.asked] == [f"bytes={len(CONTENT)}-"]


def test_a_part_as_long_as_the_file_with_other_content_is_begun_again(mirror, tmp_path):
    (tmp_path / "digits.gz.part").write_bytes(CONTENT[::-1])
    fetch([GOOD], tmp_path, [mirror.url])
    assert whole(tmp_path) and [asked for _, asked in mirror.asked] == [f"bytes={len(CONTENT)}-", None]


def test_a_wrong_checksum_keeps_nothing_and_says_so(mirror, tmp_path):
    mirror.content = CONTENT[:-1] + b"x"
    with pytest.raises(DataFault, match=f"served a file whose md5 is not {GOOD.md5}"):
        fetch([GOOD], tmp_path, [mirror.url])
    assert not (tmp_path / GOOD.name).exists()


def test_the_next_mirror_is_tried(mirror, tmp_path):
    empty = Mirror()  # bound, never served: its port refuses once closed
    url = empty.url
    empty.server_close()
    fetch([GOOD], tmp_path, [url, mirror.url])
    assert whole(tmp_path)


def test_when_all_fail_every_mirror_is_named_with_its_answer(mirror, tmp_path):
    mirror.status = 404
    with pytest.raises(DataFault) as fault:
        fetch([GOOD], tmp_path, [mirror.url])
    message = str(fault.value)
    assert f"{mirror.url}digits.gz answered 404" in message
    assert "data.mirrors" in message and str(tmp_path) in message
    assert len(mirror.asked) == ATTEMPTS


def test_a_transfer_that_breaks_off_every_time_says_how_far_it_came(mirror, tmp_path):
    mirror.cuts = [1000] * ATTEMPTS
    with pytest.raises(DataFault, match=f"broke off after {1000 * ATTEMPTS} of {len(CONTENT)} bytes"):
        fetch([GOOD], tmp_path, [mirror.url])
    assert (tmp_path / "digits.gz.part").read_bytes() == CONTENT[: 1000 * ATTEMPTS]


def test_without_mirrors_the_knob_is_named(tmp_path):
    with pytest.raises(DataFault, match=r"no mirror is named \(data\.mirrors\)"):
        fetch([GOOD], tmp_path, [])


def test_a_folder_that_cannot_be_made_is_told(mirror, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match=r"cannot write .*file.*another folder \(data\.root\)"):
        fetch([GOOD], tmp_path / "file", [mirror.url])


def test_two_commands_at_once_do_not_write_into_each_other(mirror, tmp_path):
    threads = [threading.Thread(target=fetch, args=([GOOD], tmp_path, [mirror.url])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert whole(tmp_path)
