"""Names and paths arrive as they were typed, or are refused with the form that works."""

import shlex
from pathlib import Path

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from run_helpers import call, composer

from benchmark.common.paths import at_home, parted
from benchmark.config.overrides import Overrides, values
from benchmark.config.typed import as_text, quoted, requoted, shell_form
from benchmark.results.run_id import name_fault

COMPOSER = composer()
PARSER = OverridesParser.create(config_loader=COMPOSER.loader)
ODD = [
    "/data/my data (1)",
    "/50%",
    "/data/#1",
    "/data/a,b",
    "/it's",
    "/seed=0/x",
    "/[a]/{b}",
    '/say "no"',
    "a\\",
    "/a\\\\b",
    "choice(a)",
    "a: b",
    "007",
    "1_000",
    "null",
    "true",
    " x ",
    "glob(*)",
    "&x",
    "*x",
    "a\\'",
    "-3",
]


def read(text, sweep=False):
    """What Hydra makes of an override as it is told it; None where it reads nothing, or several values."""
    told = as_text(COMPOSER, [text], sweep).get(text, text)
    try:
        (found,) = PARSER.parse_overrides([told])
    except HydraException:
        return None
    return None if found.is_sweep_override() else found.value()


def in_a_sweep(text):
    """The same for a job of a sweep: read by the sweeper, written anew, and read by the job's own process."""
    told = as_text(COMPOSER, [text], True).get(text, text)
    (((written,),),) = BasicSweeper.split_arguments(PARSER.parse_overrides([told]), None)
    return read(requoted(COMPOSER, written))


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x3FF, exclude_categories=("Cc", "Cs")), min_size=1))
@example("~/coco")
def test_any_path_arrives_as_it_was_typed_or_the_quoted_form_works(path):
    assume("${" not in path and not (len(path) > 1 and path[0] == path[-1] and path[0] in "'\""))
    arrived = read(f"data.root={path}")
    if arrived is None:
        (form,) = shlex.split(shell_form("data.root", path))
        arrived = read(form)
    assert arrived == at_home(path)
    if len(parted(path)) == 1 and read(f"data.root={path}") is not None:
        assert in_a_sweep(f"data.root={path}") == at_home(path)


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_arrive_and_so_do_their_quoted_forms(path):
    assert read(f"data.root={path}") in (path, None)
    (form,) = shlex.split(shell_form("data.root", path))
    assert read(form) == path == in_a_sweep(form)


@pytest.mark.parametrize("name", ["2024_01_05", "1e5", "1_2", "12", "0x10", "null", "true", "007", "1.50"])
def test_a_study_is_called_as_it_was_typed(name):
    assert read(f"study={name}") == name == in_a_sweep(f"study={name}") and name_fault(name) == ""


@pytest.mark.parametrize("name", ["..", ".", "~", "a b", "a/b", "../x", "[x]", "50%", "x,y", "it's", "", "a\nb"])
def test_a_name_that_cannot_be_a_folder_is_refused_with_one_that_can(name):
    told = name_fault(name)
    assert told.startswith(repr(name)) and "letters, digits and . _ - + = can" in told
    if "study=" in told:
        assert name_fault(told.rpartition("study=")[2]) == ""


def test_studies_are_swept_one_by_one():
    told = as_text(COMPOSER, ["study=2024_01_05,1e5,'b c'"], True)["study=2024_01_05,1e5,'b c'"]
    assert values(PARSER.parse_override(told)) == ["2024_01_05", "1e5", "b c"]


def test_a_path_that_exists_wins_over_the_comma(tmp_path):
    for name in ("a,b", "c", "d"):
        (tmp_path / name).mkdir()
    whole, two = f"data.root={tmp_path}/a,b", f"data.root={tmp_path}/a,b,{tmp_path}/c"
    assert read(whole) == read(whole, sweep=True) == f"{tmp_path}/a,b"
    assert values(PARSER.parse_override(as_text(COMPOSER, [two], True)[two])) == [f"{tmp_path}/a,b", f"{tmp_path}/c"]
    (fault,) = Overrides(
        COMPOSER, ["attention=none", "data=mnist28", f"data.root={tmp_path}/c,{tmp_path}/d"], False
    ).faults()
    assert "a sweep is started with -m" in fault and "'data.root=\"" in fault


def test_what_hydra_understands_is_left_alone():
    texts = ["attention=none", "seed=0,1", "data.root=/a/b", "data.root='/a b'", "study=${seed}", "start.take=[a,b]",
             "~features.store.folder", "hydra.run.dir=a b", "data.root=choice('/a b',c)", "+data.root=/x"]  # fmt: skip
    assert as_text(COMPOSER, texts, True) == {}


def test_a_knob_that_holds_a_word_gets_a_word():
    texts = ["attention=none", "data=flickr8k", "data.file=my file, new.json", "data.origin=5", "data.size=5"]
    assert as_text(COMPOSER, texts, False) == {"data.origin=5": 'data.origin="5"'}  # a comma may mean a sweep
    assert as_text(COMPOSER, [*texts[:2], "data.file=my file (1).json"], True) == {
        "data.file=my file (1).json": 'data.file="my file (1).json"'}  # fmt: skip


def test_a_home_is_found_in_quotes_too():
    assert read("data.root='~/x'") == str(Path.home() / "x") == read("data.cache=~/x") and read("study=~") == "~"
    assert quoted("a'\"b") == '"a\'\\"b"'


def test_the_command_line_uses_a_path_as_it_was_typed_and_refuses_a_study_outside(tmp_path):
    code, out, err = call("attention=none", "runs=it's (1), #2", "study=1e5", "--cfg", "job", cwd=tmp_path)
    assert code == 0 and "study: '1e5'" in out and "runs: 'it''s (1), #2'" in out, err
    code, _, err = call("-m", "attention=none", "study=..", cwd=tmp_path)
    assert code == 2 and "'..' is outside the folder of runs" in err and list(tmp_path.iterdir()) == []
