"""A fault of a user's own yaml is told with file and line, before anything is composed into a run."""

import pytest
from run_helpers import TINY, composer

from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides

GLOBAL = "# @package _global_\n"
LIKE_PAIRS = f"{GLOBAL}defaults:\n  - digit_pairs\n  - _self_\n"


@pytest.fixture(scope="module", autouse=True)
def plugins():
    composer()


def faults(folder, text, name="mine", *overrides):
    """What is said of conf/data/<name>.yaml, where its address is asked for too."""
    (folder / "data").mkdir()
    (folder / "data" / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found, texts = Composer(str(folder)), ["attention=none", f"data={name}", *overrides]
    try:
        if told := Overrides(found, texts, sweep=False).faults():
            return told
        found.address(found.job(texts))
    except ConfigFault as fault:
        return fault.faults
    return []


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (f"{GLOBAL}data:\n\tname: mine\n", 3, "found character '\\t' that cannot start any token. Indent with blanks"),
        (f"{LIKE_PAIRS}data:\n  name: mine\n  name: mine\n", 7, "found duplicate key name"),
        (f"{LIKE_PAIRS}data:\n  name: mine\n   canvas: 3\n", 7, "mapping values are not allowed here"),
        (f"{LIKE_PAIRS}data:\n  name: 'mine\n", 7, "found unexpected end of stream"),
        (f"{GLOBAL}defaults:\n  - digit_pears\ndata:\n  name: mine\n", 3, "did you mean 'digit_pairs'"),
        (f"{GLOBAL}defaults:\n  - digit_pairs\n  - override /metrics@_global_.metrics: sequense\n", 4, "'sequence'"),
        (f"{GLOBAL}defaults:\n  - digit_pairs\n  - override /optimiser@_global_.optimizer: adam\n", 4, "No match"),
        (f"# @pakage _global_\n{LIKE_PAIRS}", 1, "has to be '# @package _global_', or no such line"),
        (f"# @package global\n{LIKE_PAIRS}", 1, "has to be '# @package _global_', or no such line"),
        (f"{LIKE_PAIRS}data:\n  name: mine\n  canvas: ${{data.side\n", 7, "${ is not closed with }"),
        (f"{GLOBAL}# caf\xe9\ndata:\n  name: mine\n".encode("latin-1"), 2, "is no UTF-8 text"),
    ],
)
def test_file_and_line(tmp_path, text, line, told):
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"{tmp_path / 'data' / 'mine.yaml'}:{line}: "), fault
    assert told in fault


def test_what_is_no_mapping_has_no_line(tmp_path):
    (fault,) = faults(tmp_path, f"{GLOBAL}- a\n- b\n")
    assert fault == f"{tmp_path}/data/mine.yaml: has to hold lines of `key: value` at its top, and holds a list"


def test_a_look_that_is_missing_or_lacks_a_key_is_told_with_its_file(tmp_path):
    (fault,) = faults(tmp_path, f"{GLOBAL}data:\n  _target_: datamodules.mine.Mine\n  name: mine\n")
    assert fault.startswith("look.hidden, look.symbol_size: not set, but used by decoder.hidden_size")
    assert f"under `look:` in {tmp_path}/data/mine.yaml, as in " in fault and "digit_pairs.yaml" in fault


def test_what_refers_to_nothing_is_told_with_who_refers(tmp_path):
    (fault,) = faults(tmp_path, f"{LIKE_PAIRS}data:\n  name: mine\n  canvas: ${{data.sidee}}\n")
    assert fault == "data.sidee: not set, but used by data.canvas"


@pytest.mark.parametrize(("name", "told"), [("digit_pairs", "is 'digit_pairs'"), ("", "is not there")])
def test_a_copied_yaml_that_kept_its_name_is_told(tmp_path, name, told):
    """It would be found under the other's address."""
    text = LIKE_PAIRS if name else f"{GLOBAL}data:\n  side: 3\n"
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"{tmp_path}/data/mine.yaml: data.name {told}, and has to be 'mine' as the file")


NEEDY = f"{LIKE_PAIRS}data:\n  name: mine\n  root: ???\n"


def test_a_root_that_has_to_be_named_can_be(tmp_path):
    assert faults(tmp_path, NEEDY, "mine", "data.root=here") == []
    found = Composer(str(tmp_path))
    with pytest.raises(ConfigFault, match=r"^data\.root: has no value, and needs one: data\.root=\.\.\.$"):
        found.address(found.job(["attention=none", "data=mine"]))
    here, there = (found.address(found.job(["attention=none", "data=mine", f"data.root={root}"])) for root in "ab")
    assert here.setting == there.setting == "" and here.folder == there.folder
    sweep = Overrides(found, ["attention=none", "data=mine,digit_pairs", "seed=0,1"], sweep=True)
    assert sweep.faults() == []


def test_the_tiny_runs_of_these_tests_have_no_fault():
    found = composer()
    assert Overrides(found, ["attention=none", *TINY], sweep=False).faults() == []
