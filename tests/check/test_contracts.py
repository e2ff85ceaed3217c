"""What every yaml of conf/ promises. A new one is found because its file exists."""

import ast
import functools
import re

import pytest
import yaml
from omegaconf import OmegaConf
from run_helpers import ROOT, call, composer

from benchmark.check import choice, mechanism
from benchmark.check.given import Given

CONF = ROOT / "conf"
COMPOSER = composer()
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and not path.name.startswith(("_", "hydra")))
OF_ANOTHER_PROGRAM = ("search", "claim")
"""Of python -m benchmark.search and benchmark.claims; tests/search and tests/claims have them."""
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
MECHANISMS = [name for group, name in CHOICES if group == "attention"]
SOURCES = sorted(path for folder in ("benchmark", "tests") for path in (ROOT / folder).rglob("*.py"))

NAMES_IT = ("attention", "experiment")
MUST_BE_NAMED = "attention=dram"
"""For the choices of groups that leave the mechanism open: any will do, and this one has every kind of part."""


@functools.cache
def composed(group, name):
    overrides = [*([] if group in NAMES_IT else [MUST_BE_NAMED]), f"{group}={name}"]
    left_open = OmegaConf.missing_keys(COMPOSER.compose(overrides)) - {"hydra"}
    given = {key: {"match.to": "dram"}.get(key, "given") for key in left_open if not key.startswith("hydra.")}
    return COMPOSER.job([*overrides, *(f"{key}={value}" for key, value in given.items())])


def every_choice(test):
    choices = [(group, name) for group, name in CHOICES if group not in OF_ANOTHER_PROGRAM]
    return pytest.mark.parametrize("group, name", choices, ids=[f"{group}-{name}" for group, name in choices])(test)


@pytest.mark.parametrize("contract", choice.CONTRACTS, ids=lambda contract: contract.promise)
@every_choice
def test_a_choice_keeps_the_contracts_of_every_yaml(group, name, contract):
    assert list(contract.faults(Given(composed(group, name), group, name))) == []


@every_choice
def test_a_yaml_begins_by_saying_what_it_is(group, name):
    lines = (CONF / group / f"{name}.yaml").read_text().splitlines()
    said = lines[1] if lines[0].startswith("# @package") else lines[0]
    assert re.match(r"# \S.{8,}", said), said


@pytest.mark.parametrize("contract", mechanism.CONTRACTS, ids=lambda contract: contract.promise)
@pytest.mark.parametrize("given", MECHANISMS, indirect=True)
def test_a_mechanism_keeps_the_contracts_of_mechanisms(given, contract):
    if contract not in mechanism.RUNS:  # test_matrix.py has those, with every data set
        assert list(contract.faults(given)) == []


@pytest.fixture(scope="module")
def given(request):
    """Of a mechanism, on sequences of two."""
    config = COMPOSER.job([f"attention={request.param}", "data=digit_pairs_ordered"])
    return Given(config, "attention", request.param)


def test_no_group_is_empty_and_each_has_its_defaults_line():
    assert {group for group, _ in CHOICES} == set(GROUPS)
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    assert {key for line in defaults if isinstance(line, dict) for key in line} >= {*GROUPS} - {*OF_ANOTHER_PROGRAM}


def test_help_explains_every_group_and_lists_every_choice(tmp_path):
    code, told, _ = call("--help", cwd=tmp_path)
    assert code == 0
    for group in GROUPS:
        assert re.search(rf"^ +{group} +\S", told, re.MULTILINE), f"{group} is not explained"
        (listed,) = re.findall(rf"^{group}: (.*)$", told, re.MULTILINE)
        assert set(listed.split(", ")) == {name for other, name in CHOICES if other == group}


LISTS = {"benchmark": ast.List | ast.Tuple | ast.Set | ast.Dict, "tests": ast.List | ast.Tuple | ast.Set}
"""A test may work out each mechanism's numbers by hand, by name."""


def strings(node):
    items = node.keys if isinstance(node, ast.Dict) else node.elts
    return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_keeps_a_list_of_mechanisms(path):
    """Of more than half, which a new one would have to join. Colours are no such list: a new one gets the next."""
    if path.name in ("palette.py", "fabricated_runs.py"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, LISTS[path.relative_to(ROOT).parts[0]]):
            listed = {text.removeprefix("attention=") for text in strings(node)} & set(MECHANISMS)
            assert 2 * len(listed) <= len(MECHANISMS), f"{path}:{node.lineno} lists {sorted(listed)}"
