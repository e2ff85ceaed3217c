"""Captions for anyone's pictures: what is asked, what is said, where it looked, and what is told of wrong input."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from models import configurations, task
from omegaconf import OmegaConf
from PIL import Image

from benchmark import captioning as command
from benchmark.build import build_rnn
from benchmark.caption import main
from benchmark.captioning import asked, caption, captions, figure, page
from benchmark.faults import ConfigFault, RunFault
from benchmark.folder import RunFolder
from benchmark.tones import Stretched

SIDE, END = 32, 5


class Pictured:
    """A data set that reads anyone's pictures, as far as this command is concerned."""

    def __init__(self, name):
        self.name = name

    def pictures(self, paths):
        images = [np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE))) for path in paths]
        return torch.from_numpy(np.stack(images) / 255).float().permute(0, 3, 1, 2)


@pytest.fixture
def run(tmp_path):
    """The folder of a run that learned nothing, with all that a run leaves for this command."""
    folder = RunFolder(tmp_path / "run")
    folder.make()
    cfg = configurations().job(["attention=item_soft", "look.hidden=16", "look.symbol_size=8", "look.glimpses=1"])
    cfg.data = {"_target_": "test_caption_command.Pictured", "name": "toy"}
    spec = task(SIDE, symbols=END + 1, steps=4, end=END, channels=3)
    torch.manual_seed(0)
    rnn = build_rnn(cfg, spec)
    folder.config.write_text(OmegaConf.to_yaml(cfg, resolve=True))
    folder.task.write_text(json.dumps(asdict(spec)))
    torch.save({"state_dict": {f"rnn.{name}": value for name, value in rnn.state_dict().items()}}, folder.best)
    return folder


def photograph(path, colour=(200, 30, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (50, 40), colour).save(path)
    return path


def test_captions_are_printed_and_drawn(run, tmp_path, capsys):
    photos = [photograph(tmp_path / "photos" / f"{name}.png", (i * 60, 10, 200)) for i, name in enumerate("ab<")]
    for decoding in ([], ["decoding=beam", "decoding.width=2"]):
        arguments = [f"run={run.path}", f"images={tmp_path / 'photos'}", f"out={tmp_path / 'out'}", *decoding]
        caption(asked(arguments), configurations())
        said = capsys.readouterr().out.splitlines()
        assert [line.rpartition(": ")[0] for line in said] == sorted(map(str, photos))
        assert (tmp_path / "out" / "003.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "out" / "index.html").read_text()
    assert text.count("<figure>") == 3 and "&lt;.png" in text and "<.png" not in text


def test_each_word_has_the_look_before_it(run, tmp_path):
    found = command.trained(run, [], configurations())
    image = torch.rand(2, 3, SIDE, SIDE)
    for number, one in enumerate(captions(found.rnn, found.spec, image)):
        assert END not in one.words and len(one.words) == len(one.maps) == len(one.fixations)
        assert all(word in found.spec.symbols for word in one.words)
        drawn = figure(image[number], one, Stretched())
        shown = [axis for axis in drawn.axes if axis.get_visible()]
        assert [axis.get_title() for axis in shown] == ["", *one.words]


def test_files_folders_and_patterns(tmp_path):
    names = [photograph(tmp_path / "in" / name) for name in ("b.jpg", "a.PNG", "c.gif")]
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    run, folder = "run=somewhere", tmp_path / "in"
    assert asked([run, f"images={folder}"]).images == sorted(names)
    assert asked([run, f"images={folder}/*.jpg"]).images == [folder / "b.jpg"]
    assert asked([run, f"images={names[0]},{names[2]}"]).images == [names[0], names[2]]
    assert asked([run, f"images={names[0]}", str(names[1])]).images == names[:2]  # as a shell spreads a pattern
    assert asked([f"images={names[0]}", run]).out == Path("captions")


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    with pytest.raises(ConfigFault) as fault:
        asked(["size=3", f"images={tmp_path}/*.jpg"])
    assert len(fault.value.faults) == 3
    for word in ("size=3", "run=FOLDER", "*.jpg"):
        assert any(word in line for line in fault.value.faults)


def test_folders_that_are_no_run_s(run, tmp_path):
    with pytest.raises(RunFault, match=r"config\.yaml, task\.json, best\.ckpt missing"):
        command.trained(RunFolder(tmp_path / "nowhere"), [], configurations())
    with pytest.raises(ConfigFault, match="decoding"):
        command.trained(run, ["decoding=guess"], configurations())
    with pytest.raises(ConfigFault):
        command.trained(run, ["decoding=beam", "decoding.widht=3"], configurations())
    whole = json.loads(run.task.read_text())
    run.task.write_text(json.dumps({**whole, "symbols": whole["symbols"][:-1]}))
    with pytest.raises(RunFault, match="does not fit"):
        command.trained(run, [], configurations())
    run.task.write_text(json.dumps({**whole, "end": None}))
    with pytest.raises(RunFault, match="no sentences"):
        command.trained(run, [], configurations())
    run.task.write_text("{")
    with pytest.raises(RunFault, match="damaged"):
        command.trained(run, [], configurations())
    run.config.write_text("attention: [")
    with pytest.raises(RunFault, match="damaged"):
        command.trained(run, [], configurations())


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
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == code
        told = capsys.readouterr().err
        assert word in told and "Traceback" not in told
    monkeypatch.setattr(sys, "argv", ["caption", "--help"])
    main()
    assert "python -m benchmark.caption" in capsys.readouterr().out
