"""Mutations that take a format apart: JSON, XML, PNG, JPEG, .npy, gzip, zip, MATLAB 5 and pickle.

Each is Change(content, chance, deeper) -> (content, what was done); `deeper` damages what is packed within.
"""

import gzip
import io
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Deeper = Callable[[bytes, random.Random], bytes]
Change = Callable[[bytes, random.Random, Deeper], tuple[bytes, str]]

RAW = [
    "null", "true", "-1", "0", "1.5", "1e999", "-Infinity", "NaN", "9" * 400, "9" * 5000, "1e-400", '""', '"7"', "[]",
    "{}", "[1]", '{"a": 1}', '"\\ud800"', '"a\\u0000b"', '"../../etc/passwd"', '"/etc/passwd"', '"C:\\\\x.jpg"',
    '"\\u001b[31mred"', '"\\u202egpj"', '"' + "x" * 5000 + '"', "[" * 100_000, "[" * 3000 + "]" * 3000,
    '{"a":' * 3000 + "1" + "}" * 3000, "2147483648", "18446744073709551616",
]  # fmt: skip
"""What may stand where another value should."""
MARK = "<here>"


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    own: list[tuple[Any, ...]] = [path]
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            own += _paths(node[key], (*path, key))
    return own


def json_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    lines = content.decode().splitlines(keepends=True)
    if not _is_json(content):  # a file of one object a line
        row = chance.randrange(len(lines))
        changed, what = json_changed(lines[row].encode(), chance, deeper)
        return b"".join(
            [*(one.encode() for one in lines[:row]), changed, b"\n", *map(str.encode, lines[row + 1 :])]
        ), what
    told = {"whole": json.loads(content)}
    *way, last = chance.choice(_paths(told)[1:])
    node = told
    for key in way:
        node = node[key]
    what = chance.choice(["value", "value", "value", "deleted", "renamed", "doubled", "key twice"])
    raw = chance.choice(RAW)
    if what == "deleted":
        del node[last]
    elif what == "renamed" and isinstance(node, dict):
        node[f"{last}s"] = node.pop(last)
    elif what == "doubled" and isinstance(node, list):
        node.insert(last, node[last])
    elif what == "key twice" and isinstance(node, dict):
        raw = f"{raw}, {json.dumps(last)}: {json.dumps(node[last])}"
        node[last] = MARK
    else:
        what, node[last] = "value", MARK
    text = json.dumps(told.get("whole")).replace(json.dumps(MARK), raw, 1)
    return text.encode(), f"JSON {what} at {'/'.join(map(str, [*way, last]))[:60]}: {raw[:30]}"


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_lines(content: bytes) -> bool:
    return content[:1] == b"{" and b"\n" in content.strip() and all(map(_is_json, content.strip().splitlines()))


BOMB = '<!DOCTYPE a [<!ENTITY x "{}">{}]>'.format(
    "ha" * 1000, "".join(f'<!ENTITY x{n} "{f"&x{n - 1 if n else str()};" * 20}">' for n in range(9))
)


def xml_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    text = content.decode("utf-8", "replace")
    leaves = list(re.finditer(r"<(\w+)>([^<]*)</\1>", text))
    leaf = chance.choice(leaves)
    what = chance.choice(["text", "text", "deleted", "doubled", "bomb", "deep", "encoding", "comment"])
    said = chance.choice(
        ["", "-5", "1e400", "nan", "inf", "x", "9" * 5000, "&x8;", "&#0;", "\0", "１２", "0x1f", "1_0"]
    )
    if what == "text":
        text = text[: leaf.start(2)] + said + text[leaf.end(2) :]
    elif what == "deleted":
        text = text[: leaf.start()] + text[leaf.end() :]
    elif what == "doubled":
        text = text[: leaf.end()] + leaf.group() + text[leaf.end() :]
    elif what == "bomb":
        text = BOMB + text.replace(leaf.group(2), "&x8;", 1)
    elif what == "deep":
        text = text[: leaf.start(2)] + "<a>" * 50_000 + "</a>" * 50_000 + text[leaf.end(2) :]
    elif what == "encoding":
        text = f'<?xml version="1.0" encoding="{chance.choice(["utf-16", "utf-7", "ebcdic", "latin-1"])}"?>' + text
    else:
        text = text[: leaf.start()] + "<!-- " + text[leaf.start() :]
    return text.encode(), f"XML {what} of {leaf.group(1)}: {said[:20]!r}"


def _png_chunk(kind: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))


def png_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    """Chunks with right sums."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += 12 + size
    number = chance.randrange(len(chunks))
    kind, held = chunks[number]
    what = chance.choice(["odd", "odd", "changed", "deleted", "doubled", "moved", "huge"])
    odd = chance.choice([b"iCCP", b"tRNS", b"zTXt", b"iTXt", b"PLTE", b"eXIf", b"gAMA", b"pHYs", b"fcTL", b"acTL",
                         b"fdAT", b"sRGB", b"IHDR", b"IEND", b"\0\0\0\0", b"AbCd"])  # fmt: skip
    if what == "odd":
        full = chance.choice(
            [
                b"",
                b"x",
                b"x\0",
                b"x\0\0",
                b"x\0\1",
                bytes(4),
                chance.randbytes(12),
                b"x\0\0" + zlib.compress(bytes(1 << 22)),
            ]
        )
        chunks.insert(number + 1, (odd, full))
    elif what == "changed":
        chunks[number] = kind, deeper(held, chance) if held else chance.randbytes(3)
    elif what == "deleted":
        del chunks[number]
    elif what == "doubled":
        chunks.insert(number, chunks[number])
    elif what == "moved":
        chunks.insert(chance.randrange(len(chunks)), chunks.pop(number))
    else:
        sides = chance.choice([(1 << 31) - 1, 60_000, 16_000, 4_000]), chance.choice([1, 16_000, 60_000])
        chunks = [(k, struct.pack(">II", *sides) + h[8:] if k == b"IHDR" else h) for k, h in chunks]
    return content[:8] + b"".join(_png_chunk(*chunk) for chunk in chunks), f"PNG {what}: {kind!r} {odd!r}"


def jpeg_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    segments, place = [], 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        size = 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        segments.append(content[place : place + size])
        place += size
    rest = content[place:]
    number = chance.randrange(len(segments))
    held = segments[number]
    what = chance.choice(["changed", "deleted", "doubled", "odd", "length", "huge", "scan"])
    if what == "changed":
        segments[number] = held[:4] + deeper(held[4:], chance)[:65_000]
    elif what == "deleted":
        del segments[number]
    elif what == "doubled":
        segments.insert(number, held)
    elif what == "odd":
        marker = bytes([0xFF, chance.choice([0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDD, 0xC2, 0xC4, 0xDB, 0xDA])])
        segments.insert(
            number, marker + chance.choice([b"\0\2", b"\0\0", b"\0\x08Exif\0\0", b"\xff\xff", b"\0\x10ICC_PROFILE\0\1"])
        )
    elif what == "length":
        segments[number] = held[:2] + chance.randbytes(2) + held[4:]
    elif what == "huge":
        sides = struct.pack(">HH", *(chance.choice([0, 1, 65_535, 9_000]) for _ in range(2)))
        segments = [s[:5] + sides + s[9:] if s[1] in (0xC0, 0xC2) else s for s in segments]
    else:
        rest = deeper(rest, chance)
    return content[:2] + b"".join(segments) + rest, f"JPEG {what}: segment {held[:2].hex()}"


def npy_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    size = int.from_bytes(content[8:10], "little")
    head, rest = content[10 : 10 + size].decode("latin-1"), content[10 + size :]
    shapes = [
        "(99999999999,)",
        "(-1,)",
        "()",
        "(1.5,)",
        "'x'",
        "(2**40,)",
        "(0,)",
        "(1,) * 9",
        "(True,)",
        f"({'9' * 400},)",
    ]
    kinds = ["'|O'", "'<f8'", "'<U9999999'", "'|V0'", "[('a', '|O')]", "'x'", "1", "'<M8[ns]'", "'>i2'"]
    what = chance.choice(["shape", "descr", "order", "deep", "code", "length", "body"])
    if what == "shape":
        head = re.sub(r"'shape': .*?\)", lambda _: f"'shape': {chance.choice(shapes)}", head)
    elif what == "descr":
        head = re.sub(r"'descr': '.*?'", lambda _: f"'descr': {chance.choice(kinds)}", head)
    elif what == "order":
        head = head.replace("False", chance.choice(["True", "1", "None"]))
    elif what == "deep":
        head = chance.choice(["(" * 5000, "{" * 5000, "-" * 9000 + "1", "{'a':" * 3000])
    elif what == "code":
        head = chance.choice(["__import__('os').getpid()", "{", "", "\0", "None", "{'descr': '<f4'}", "['x'"])
    elif what == "length":
        return content[:8] + chance.randbytes(2) + content[10:], "npy length of the header"
    else:
        return content[: 10 + size] + deeper(rest, chance), "npy body"
    said = head.encode("latin-1", "replace")
    return content[:8] + struct.pack("<H", min(len(said), 65_535)) + said[:65_535] + rest, f"npy {what}: {head[:40]}"


def gzip_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    what = chance.choice(["inside", "inside", "inside", "member", "flags", "bomb"])
    if what == "inside":
        return gzip.compress(deeper(gzip.decompress(content), chance), 1, mtime=0), "gzip content, packed again"
    if what == "member":
        return content + gzip.compress(chance.choice([b"", b"x", bytes(9)]), mtime=0), "gzip member more"
    if what == "flags":
        return content[:3] + chance.randbytes(1) + content[4:], "gzip flags"
    return gzip.compress(gzip.decompress(content) + bytes(1 << 28), 9, mtime=0), "gzip bomb"


NAMES = ["../x", "/etc/x", "a\0b", "", "x/../../y", "con", "C:\\x", "\ud7ff", "x" * 3000, "."]


def zip_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    """Entries changed and packed again with right sums, or fields of the directory."""
    what = chance.choice(["inside", "inside", "inside", "renamed", "deleted", "doubled", "added", "field", "field"])
    if what == "field":
        starts = [found.start() for found in re.finditer(b"PK\1\2|PK\3\4|PK\5\6|PK\6\6", content)]
        place = chance.choice(starts) + chance.randint(4, 46)
        return content[:place] + chance.randbytes(1) + content[place + 1 :], "zip field"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = [(info.filename, archive.read(info), info.compress_type) for info in archive.infolist()]
    number = chance.randrange(len(held))
    name, part, way = held[number]
    if what == "inside":
        held[number] = name, deeper(part, chance), way
    elif what == "renamed":
        held[number] = chance.choice(NAMES), part, way
    elif what == "deleted":
        del held[number]
    elif what == "doubled":
        held.append((name, deeper(part, chance), way))
    else:
        held.append((chance.choice(NAMES), b"x", way))
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")  # names that are there twice
        for title, inner, method in held:
            archive.writestr(zipfile.ZipInfo(title), inner, method)
    return packed.getvalue(), f"zip {what}: {name}"


def matlab_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    """Tags (type and length) of elements, which stand on multiples of eight bytes after a header of 128."""
    place = 128 + 8 * chance.randrange(max(1, min(len(content) - 128, 4096) // 8)) + chance.choice([0, 4])
    number = chance.choice([0, 1, 2, 5, 6, 9, 13, 14, 15, 16, 17, 255, 1 << 16, 1 << 30, (1 << 31) - 1, (1 << 32) - 1])
    return content[:place] + struct.pack("<I", number) + content[place + 4 :], f"MATLAB tag at {place}: {number}"


CODES = [
    b"cos\ngetpid\n", b"cposix\nsystem\n", b"R", b"(", b"t", b"u", b"s", b"b", b"0", b"2", b".", b"N", b"]", b"Q",
    b"\x81", b"\x93", b"h\xff", b"j\xff\xff\xff\xff", b"B\xff\xff\xff\x7f", b"L9\n",
]  # fmt: skip


def pickle_changed(content: bytes, chance: random.Random, deeper: Deeper) -> tuple[bytes, str]:
    place = chance.randrange(2, len(content))
    code = chance.choice(CODES)
    keep = chance.choice([0, 0, 1, len(code)])
    return content[:place] + code + content[place + keep :], f"pickle opcode {code[:12]!r} at {place}"


STRUCTURES: list[tuple[Callable[[bytes], bool], Change]] = [
    (lambda content: content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) > 60, png_changed),
    (lambda content: content[:3] == b"\xff\xd8\xff" and len(content) > 60, jpeg_changed),
    (lambda content: content[:6] == b"\x93NUMPY", npy_changed),
    (lambda content: content[:2] == b"\x1f\x8b", gzip_changed),
    (lambda content: content[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(content)), zip_changed),
    (lambda content: content[:6] == b"MATLAB", matlab_changed),
    (lambda content: content[:1] == b"\x80" and content[-1:] == b"." and len(content) > 8, pickle_changed),
    (lambda content: bool(re.search(rb"<(\w+)>[^<]*</\1>", content[:5000])), xml_changed),
    (lambda content: content[:1] in (b"{", b"[") and (_is_json(content) or _is_lines(content)), json_changed),
]
"""How a format is told by its content, and its mutations."""
