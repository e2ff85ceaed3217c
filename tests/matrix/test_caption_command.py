"""Captions for anyone's pictures: what is asked, what is said, where it looked, and what is told of wrong input."""

import errno
import json
import os
import sys
from pathlib import Path

import pytest
import torch
from hostile_folders import END, SIDE, captioning_run, with_toy
from PIL import Image

from benchmark import captioning as command
from benchmark.caption import main
from benchmark.captioning import caption, captions, figure, page, parse_arguments
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.tones import Stretched
from benchmark.library import Run
from benchmark.results.run_folder import RunFolder


@pytest.fixture(scope="module")
def choices(tmp_path_factory):
    return with_toy(tmp_path_factory.mktemp("choices"))


@pytest.fixture
def run(tmp_path):
    return captioning_run(tmp_path / "run")


def photograph(path, colour=(200, 30, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (50, 40), colour).save(path)
    return path


def test_captions_are_printed_and_drawn(run, choices, tmp_path, capsys):
    photos = [photograph(tmp_path / "photos" / f"{name}.png", (i * 60, 10, 200)) for i, name in enumerate("ab<")]
    for decoding in ([], ["decoding=beam", "decoding.width=2"]):
        arguments = [f"run={run.path}", f"images={tmp_path / 'photos'}", f"out={tmp_path / 'out'}", *decoding]
        caption(parse_arguments(arguments), choices)
        said = capsys.readouterr().out.splitlines()
        assert [line.rpartition(": ")[0] for line in said] == sorted(map(str, photos))
        assert (tmp_path / "out" / "003.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "out" / "index.html").read_text()
    assert text.count("<figure>") == 3 and "&lt;.png" in text and "<.png" not in text


def test_a_full_disk_is_told_with_the_file_and_leaves_no_half_picture(run, choices, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    photo = photograph(tmp_path / "photo.png")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFault, match=r"out/001\.png: the disk is full"):
        caption(parse_arguments([f"run={run.path}", f"images={photo}", f"out={tmp_path / 'out'}"]), choices)
    assert not [*(tmp_path / "out").iterdir()]


def test_each_word_has_the_look_before_it(run, choices, tmp_path):
    found = command.trained(run, [], choices)
    image = torch.rand(2, 3, SIDE, SIDE)
    for number, one in enumerate(captions(Run(found), image)):
        assert END not in one.words and len(one.words) == len(one.maps) == len(one.fixations)
        assert all(word in found.spec.symbols for word in one.words)
        drawn = figure(image[number], one, Stretched())
        shown = [axis for axis in drawn.axes if axis.get_visible()]
        assert [axis.get_title() for axis in shown] == ["", *one.words]


def test_files_folders_and_patterns(tmp_path):
    names = [photograph(tmp_path / "in" / name) for name in ("b.jpg", "a.PNG", "c.gif")]
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    run, folder = "run=somewhere", tmp_path / "in"
    assert parse_arguments([run, f"images={folder}"]).images == sorted(names)
    assert parse_arguments([run, f"images={folder}/*.jpg"]).images == [folder / "b.jpg"]
    assert parse_arguments([run, f"images={names[0]},{names[2]}"]).images == [names[0], names[2]]
    assert (
        parse_arguments([run, f"images={names[0]}", str(names[1])]).images == names[:2]
    )  # as a shell spreads a pattern
    assert parse_arguments([f"images={names[0]}", run]).out == Path("captions")


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    with pytest.raises(ConfigFault) as fault:
        parse_arguments(["size=3", f"images={tmp_path}/*.jpg"])
    assert len(fault.value.faults) == 3
    for word in ("size=3", "run=FOLDER", "*.jpg"):
        assert any(word in line for line in fault.value.faults)


def test_folders_that_are_no_run_s(run, choices, tmp_path):
    with pytest.raises(RunFault, match=r"config\.yaml, task\.json, best\.ckpt missing"):
        command.trained(RunFolder(tmp_path / "nowhere"), [], choices)
    with pytest.raises(ConfigFault, match="decoding"):
        command.trained(run, ["decoding=guess"], choices)
    with pytest.raises(ConfigFault):
        command.trained(run, ["decoding=beam", "decoding.widht=3"], choices)
    whole = json.loads(run.task.read_text())
    run.task.write_text(json.dumps({**whole, "symbols": whole["symbols"][:-1], "end": 4}))
    with pytest.raises(RunFault, match="lists other symbols"):
        command.trained(run, [], choices)
    run.task.write_text(json.dumps({**whole, "end": None}))
    with pytest.raises(RunFault, match="no sentences"):
        command.caption(command.CaptionArguments(run, [tmp_path / "a.png"], tmp_path, []), choices)
    run.task.write_text("{")
    with pytest.raises(RunFault, match="damaged"):
        command.trained(run, [], choices)
    run.config.write_text("attention: [")
    with pytest.raises(RunFault, match="damaged"):
        command.trained(run, [], choices)


def test_the_page_shows_captions_as_text():
    told = page(Path("runs/<b>"), [(Path('x"<i>.jpg'), "001.png", '<script>alert("a")</script>')])
    assert "<script>" not in told and "<i>" not in told and "<b>" not in told
    assert "&lt;script&gt;alert(&quot;a&quot;)&lt;/script&gt;" in told


def test_the_command_ends_with_a_word_and_a_code(monkeypatch, capsys, tmp_path):
    for arguments, code, word in (
        (["run=nowhere", f"images={photograph(tmp_path / 'a.jpg')}"], 1, "no folder of a run"),
        (["images=*.nothing"], 2, "run=FOLDER"),
    ):
        monkeypatch.setattr(sys, "argv", ["caption", *arguments])
        assert main() == code
        told = capsys.readouterr().err
        assert word in told and "Traceback" not in told
    monkeypatch.setattr(sys, "argv", ["caption", "--help"])
    main()
    assert "python -m benchmark.caption" in capsys.readouterr().out
