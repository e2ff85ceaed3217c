"""Old names lead to the names of now: of classes, knobs and choices; on the command line and in configurations."""

import pytest
import yaml
from run_helpers import composer

from benchmark.common import moved as module
from benchmark.common.moved import Moved, latest, moved, silent
from benchmark.config import compose
from benchmark.config.compose import Composer

TABLE = Moved(
    paths={
        "lab.decoder": "lab.model.decoder",
        "lab.decoder.OneStorey": "lab.model.decoder.single_layer.SingleLayer",
        "lab.objective": "lab.objective.base",
        "oldest.cell": "older.cell",
        "older.cell": "lab.cell",
    },
    knobs={
        "practice": "training_step",
        "practice.told": "training_step.teacher_forcing_weight",
        "look.gist": "look.code",
    },
    choices={
        "practice=told": "training_step=teacher_forcing",
        "feeding=truth": "feeding=given",
        "feeding=given": "feeding=teacher_forcing",
        "attention/policy=tour": "attention/policy=fixed",
    },
    added={"look.wait": 0.0, "absent.part.knob": 1},
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lab.decoder.TwoStorey", "lab.model.decoder.TwoStorey"),
        ("lab.decoder.OneStorey", "lab.model.decoder.single_layer.SingleLayer"),  # the longest counts
        ("lab.decoders.Other", "lab.decoders.Other"),  # only begins alike
        ("oldest.cell.Gated", "lab.cell.Gated"),  # one change after another
        ("lab.objective.Reinforce", "lab.objective.base.Reinforce"),
        ("lab.objective.base.Reinforce", "lab.objective.base.Reinforce"),  # a new name stays
    ],
)
def test_a_path_leads_to_that_of_now_and_says_so_once(old, new):
    said = []
    assert TABLE.path(old, said.append) == new
    assert said == ([f"{old} is called {new} now"] if old != new else [])


def test_names_that_lead_in_a_circle_are_an_error():
    with pytest.raises(ValueError, match="form a cycle"):
        latest("a.x", {"a": "b", "b": "a"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("practice=told", "training_step=teacher_forcing"),
        ("practice=told,self_critical", "training_step=teacher_forcing,self_critical"),
        ("practice=glob(*)", "training_step=glob(*)"),
        ("practice.told=0.5", "training_step.teacher_forcing_weight=0.5"),
        ("++practice.weight=1", "++training_step.weight=1"),
        ("~look.gist", "~look.code"),
        ("feeding=truth", "feeding=teacher_forcing"),
        ("feeding@second=truth", "feeding@second=teacher_forcing"),
        ("attention/policy=tour", "attention/policy=fixed"),
        ("cell._target_=oldest.cell.Gated", "cell._target_=lab.cell.Gated"),
        ("data.root=practice.told/feeding=truth", "data.root=practice.told/feeding=truth"),
        ("seed=0,1", "seed=0,1"),
    ],
)
def test_an_override_is_read_under_the_names_of_now(old, new):
    said = []
    assert TABLE.override(old, said.append) == new
    assert said == ([f"{old} is called {new} now"] if old != new else [])


def test_a_saved_configuration_is_read_under_the_names_of_now():
    old = {
        "practice": {"_target_": "lab.decoder.Told", "told": 0.5},
        "look": {"gist": [1]},
        "parts": [{"_target_": "oldest.cell.Gated", "size": 2}],
        "logger": {},
        "choices": {
            "practice": "told",
            "feeding": "truth",
            "callbacks": ["a"],
            "practice._target_": "lab.decoder.Told",
        },
    }
    assert TABLE.config(old, silent) == {
        "training_step": {"_target_": "lab.model.decoder.Told", "teacher_forcing_weight": 0.5},
        "look": {"code": [1], "wait": 0.0},
        "parts": [{"_target_": "lab.cell.Gated", "size": 2}],
        "logger": {},
        "choices": {
            "training_step": "teacher_forcing",
            "feeding": "teacher_forcing",
            "callbacks": ["a"],
            "training_step._target_": "lab.model.decoder.Told",
        },
    }


def test_every_old_name_of_the_table_leads_to_one_that_is_there():
    table, found = moved(), composer()
    for old in table.paths:
        table.path(old, silent)
    for old in table.knobs:
        table.knob(old, silent)
    for old in table.choices:
        group, name = table.choice(*old.split("="), silent)
        assert name in found.choices(group)


@pytest.mark.parametrize(
    ("typed", "present"),
    [
        (
            "attention/policy@attention.mechanism.policy.then=map",
            "attention/policy@attention.mechanism.policy.then=map",
        ),
        ("attention/policy@look.gist.then=tour", "attention/policy@look.code.then=fixed"),
        ("practice@look.gist=told", "training_step@look.code=teacher_forcing"),
    ],
)
def test_a_choice_that_stands_elsewhere_keeps_its_place(typed, present):
    said = []
    assert TABLE.choice(*typed.split("="), said.append) == tuple(present.split("="))
    assert said == ([] if typed == present else [f"{typed} is called {present} now"])


def test_a_renamed_choice_and_knob_work_on_the_command_line_and_say_their_names(monkeypatch, capsys):
    table = Moved({}, {"look.gaze": "look.size"}, {"cell=gated": "cell=gru"}, {})
    monkeypatch.setattr(module, "moved", lambda: table)
    typed = module.renamed(["attention=dram", "cell=gated", "look.gaze=12"])
    assert list(typed.values()) == ["attention=dram", "cell=gru", "look.size=12"]
    assert capsys.readouterr().err.splitlines() == [
        "cell=gated is called cell=gru now",
        "look.gaze=12 is called look.size=12 now",
    ]


def test_a_users_yaml_may_name_a_class_as_it_was_called(tmp_path, monkeypatch, capsys):
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_text(yaml.safe_dump({"_target_": "once.Gated", "_partial_": True}))
    composer()  # registers plugins
    monkeypatch.setattr(compose, "moved", lambda: Moved({"once.Gated": "benchmark.model.cell.gru.GRU"}, {}, {}, {}))
    config = Composer(str(tmp_path)).job(["attention=dram", "cell=mine"])
    assert config.cell._target_ == "benchmark.model.cell.gru.GRU" and config.choices.cell == "mine"
    assert capsys.readouterr().err == "once.Gated is called benchmark.model.cell.gru.GRU now\n"
