"""What a message tells to do can be done, and helps: every knob and choice it names is there, and the cures cure."""

import ast
import json
import re
import shutil

import pytest
import wandb
import yaml
from run_helpers import ROOT
from test_run_job import prepared, run

from benchmark.build import build_logs
from benchmark.common.errors import RunFault
from benchmark.config.trainer_knobs import HONOURED
from benchmark.job import run_one
from benchmark.results.run_folder import read_json
from benchmark.training.logger.base import About
from datamodules.contract import DataFault
from datamodules.photos.photo_stock import without_faults

CONF = ROOT / "conf"
SOURCES = sorted(path for package in ("benchmark", "datamodules") for path in (ROOT / package).rglob("*.py"))
CHOICES = {str(path.parent.relative_to(CONF)): set() for path in CONF.rglob("*.yaml") if path.parent != CONF}
for path in CONF.rglob("*.yaml"):
    CHOICES.get(str(path.parent.relative_to(CONF)), set()).add(path.stem)

TYPED = re.compile(r"(?<![\w./+<&?~-])([a-z][a-z_]*(?:[./][a-z_]+)*)=(\[?[\w.,]*)")
NAMED = re.compile(r"(?<![\w./=])([a-z]+(?:\.[a-z_]+)+)(?![\w(./])")
FILES = (".npy", ".pkl", ".jsonl", ".json", ".csv", ".yaml", ".png", ".journal")
"""What looks like a knob in a message and is the name of a file."""


def knobs_of(node, prefix):
    """Every dotted key, branches and leaves."""
    for key, value in (node or {}).items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from knobs_of(value, f"{prefix}{key}.")


def all_knobs():
    """Of all choices together, as their files have them."""
    yield from (f"trainer.{knob}" for knob in HONOURED)
    for file in CONF.rglob("*.yaml"):
        text = file.read_text()
        group = "" if file.parent == CONF or "@package _global_" in text else str(file.parent.relative_to(CONF))
        yield from knobs_of(yaml.safe_load(text), f"{group.replace('/', '.')}." if group else "")


KNOBS = {*all_knobs(), "metrics.extra"}
FIRST = {knob.split(".")[0] for knob in KNOBS}


def texts(tree):
    """What may be a message: every text but docstrings, with {} where values come in."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in said:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def wrong(text):
    """What a text names and nobody knows."""
    for name, value in TYPED.findall(text):
        chosen = [each.strip(".") for each in value.strip("[").split(",") if re.fullmatch(r"[a-z_0-9]+\.?", each)]
        if name in CHOICES and not name.startswith("hydra"):
            yield from (f"{name}={each}" for each in chosen if each not in CHOICES[name])
        elif "." in name and name.split(".")[0] in FIRST - {"hydra"} and name not in KNOBS:
            yield name
    for name in NAMED.findall(text):
        if name.split(".")[0] in FIRST - {"hydra"} and name not in KNOBS and not name.endswith(FILES):
            yield name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_knob_and_choice_that_a_message_names_is_there(path):
    assert [each for text in texts(ast.parse(path.read_text())) for each in wrong(text)] == []


@pytest.mark.parametrize(("text", "told"), [
    ("Use objective=reinforced.", ["objective=reinforced"]), ("lower data.mincount", ["data.mincount"]),
    ("data.skip_unreadable=true, features=live. logger=[csv,wand]", ["logger=wand"]),
    ("Set logger.mode=offline", ["logger.mode", "logger.mode"]),
])  # fmt: skip
def test_a_knob_that_is_none_would_be_found(text, told):
    assert [*wrong(text)] == told


def test_another_study_or_no_folder_cures_a_folder_of_other_settings(tmp_path):
    folder = run(tmp_path, "attention=none", "trainer.max_epochs=1")
    record = read_json(folder.record)
    folder.record.write_text(json.dumps({**record, "config_hash": "another", "sha256": None}))
    with pytest.raises(RunFault, match=r"another study=NAME, or delete the folder"):
        run(tmp_path, "attention=none", "trainer.max_epochs=1")
    assert run(tmp_path, "attention=none", "trainer.max_epochs=1", "study=NAME").record.exists()
    shutil.rmtree(folder.path)
    assert read_json(run(tmp_path, "attention=none", "trainer.max_epochs=1").record)["test"] == record["test"]


def test_a_damaged_last_checkpoint_deleted_begins_the_run_anew(tmp_path):
    config, address, folder = prepared(tmp_path, "attention=none", "trainer.max_epochs=1")
    folder.make()
    folder.last.write_bytes(b"half")
    folder.status.write_text(json.dumps({"config_hash": address.config_hash}))
    with pytest.raises(RunFault, match="delete it to start this run anew"):
        run_one(config, address)
    folder.last.unlink()
    run_one(config, address)
    assert read_json(folder.status)["state"] == "finished"


def test_offline_or_local_cure_what_wandb_refuses(tmp_path, monkeypatch):
    def init(**settings):
        if settings["mode"] == "online":
            raise wandb.Error("no network")
        raise KeyboardInterrupt  # it would have begun

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setattr(wandb, "finish", lambda **_: None)
    for name in (
        "WANDB_DATA_DIR",
        "WANDB_CACHE_DIR",
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL",
        "WANDB_ERROR_REPORTING",
    ):
        monkeypatch.setenv(name, "1")

    def opened(*overrides):
        config, address, folder = prepared(tmp_path, "attention=none", *overrides)
        return build_logs(config, folder.path).open(About(address, {}, folder, [], int))

    with pytest.raises(RunFault, match=r"no network\. Set logger\.wandb\.mode=offline .* or logger=local"):
        opened("logger=wandb", "logger.wandb.mode=online")
    with pytest.raises(KeyboardInterrupt):
        opened("logger=wandb", "logger.wandb.mode=offline")
    assert opened("logger=local") == []


def test_leaving_out_is_advised_where_it_helps():
    with pytest.raises(DataFault, match=r"data\.skip_unreadable=true"):
        without_faults(["a.jpg is cut off", ""], False, "dogs", "check")
    assert without_faults(["a.jpg is cut off", ""], True, "dogs", "check") == [1]
    for skip in (False, True):
        with pytest.raises(DataFault, match=r"None of them can be read: fetch them again\.$"):
            without_faults(["a.jpg is cut off", "b.jpg is cut off"], skip, "dogs", "check")


def test_nothing_is_said_with_progress_false(tmp_path, capsys):
    run(tmp_path, "attention=none", "trainer.max_epochs=1", "progress=false")
    assert capsys.readouterr().out == ""
