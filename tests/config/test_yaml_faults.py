"""A fault of a user's own yaml is told with file and line, before anything is composed into a run."""

import importlib.metadata

import pytest
from run_helpers import TINY, composer

from benchmark.common.errors import ConfigFault
from benchmark.config.compose import ENTRY_POINTS, Composer
from benchmark.config.known_parts import known_parts
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
    assert fault == "data.sidee: not set, but used by data.canvas; did you mean 'seed'?"


@pytest.mark.parametrize(("name", "told"), [("digit_pairs", "is 'digit_pairs'"), ("", "is not there")])
def test_a_copied_yaml_that_kept_its_name_is_told(tmp_path, name, told):
    """It would be found under the other's address."""
    text = LIKE_PAIRS if name else f"{GLOBAL}data:\n  side: 3\n"
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"{tmp_path}/data/mine.yaml: data.name {told}, and has to be 'mine' as the file")


def of_attention(folder, text, *overrides, name="mine"):
    """What is said of conf/attention/<name>.yaml."""
    (folder / "attention").mkdir(parents=True)
    (folder / "attention" / f"{name}.yaml").write_text(text)
    try:
        found = Composer(str(folder))
        if told := Overrides(found, [f"attention={name}", *overrides], sweep=False).faults():
            return told
        found.address(found.job([f"attention={name}"]))
    except ConfigFault as fault:
        return fault.faults
    return []


MECHANISM = "mechanism:\n  _target_: a.B\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"defaults:\n  - override /encoder: conv\nattention:\n  name: mine\n  {MECHANISM}",
            "yaml:2: '- override /encoder: conv': needs '# @package _global_' as the first line of the file",
        ),
        (
            f"{GLOBAL}name: mine\nglimpses: 2\n{MECHANISM}",
            "yaml: begins with '# @package _global_', so its keys have to be below `attention:`. Or leave that out",
        ),
        (f"name: mine\n{MECHANISM}", "yaml: attention.glimpses is not there: `glimpses: ${look.glimpses}`"),
        ("name: mine\nglimpses: 2\n", "yaml: attention.mechanism is not there"),
        (
            f"name: mine\nglimpses: ${{look.glimpse}}\n{MECHANISM}",
            "look.glimpse: not set, but used by attention.glimpses; did you mean 'glimpses'?",
        ),
    ],
)
def test_a_mechanism_with_a_slip_in_its_yaml(tmp_path, text, told):
    (fault,) = of_attention(tmp_path, text)
    assert told in fault


def test_another_broken_yaml_does_not_hide_a_misspelled_choice(tmp_path):
    """Where the mechanism is misspelled, knobs are looked up in all of them: one of these need not be readable."""
    (tmp_path / "attention").mkdir()
    (tmp_path / "attention" / "a_broken.yaml").write_text("name: a_broken\n\tglimpses: 2\n")
    (fault,) = Overrides(Composer(str(tmp_path)), ["attention=drama", "look.size=3"], sweep=False).faults()
    assert fault.startswith("attention=drama: there is no attention 'drama'; did you mean 'dram'")


def test_a_broken_yaml_does_not_keep_other_runs_from_being_loaded(tmp_path):
    (tmp_path / "attention").mkdir()
    (tmp_path / "attention" / "a_broken.yaml").write_text("mechanism:\n\t_target_: a.B\n")
    (tmp_path / "attention" / "mine.yaml").write_text(f"name: mine\n{MECHANISM}")
    assert "a.B" in known_parts(Composer(str(tmp_path)))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package `theirs` that names a module of yamls."""

    def install(module):
        entry = importlib.metadata.EntryPoint("theirs", module, ENTRY_POINTS)
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry])
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    return install


def test_a_package_of_yamls_needs_no_init(tmp_path, installed):
    assert not of_attention(tmp_path / "theirs" / "yamls", f"name: mine\nglimpses: 2\n{MECHANISM}")
    installed("theirs.yamls")
    assert "mine" in Composer().choices("attention")


@pytest.mark.parametrize(
    ("module", "told"),
    [("theirs.yaml", "there is no such folder"), ("their.yamls", "ModuleNotFoundError: No module named 'their'")],
)
def test_a_package_that_names_no_folder_of_yamls_is_told(tmp_path, installed, module, told):
    """Its choices would be missing without a word."""
    (tmp_path / "theirs").mkdir()
    installed(module)
    with pytest.raises(ConfigFault, match=f"^theirs: the installed package names {module} .*{told}.*pip uninstall"):
        Composer()


def test_a_choice_of_two_packages_is_refused(tmp_path, installed):
    of_attention(tmp_path / "theirs" / "yamls", f"name: dram\nglimpses: 2\n{MECHANISM}", name="dram")
    installed("theirs.yamls")
    (fault,) = Overrides(Composer(), ["attention=dram"], sweep=False).faults()
    assert fault.startswith("attention=dram: is in several files: ") and "theirs/yamls/attention/dram.yaml" in fault


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
