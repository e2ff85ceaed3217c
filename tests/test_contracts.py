"""What every yaml of conf/ promises. A new one is found because its file exists."""

import ast
import functools
import inspect
import re

import pytest
import yaml
from omegaconf import OmegaConf
from run_helpers import ROOT, call, composer

from benchmark.build import build_data, build_module
from benchmark.compose import plain
from benchmark.config_check import added, config_faults, find, parts

CONF = ROOT / "conf"
COMPOSER = composer()
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and not path.name.startswith(("_", "hydra")))
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
MECHANISMS = [name for group, name in CHOICES if group == "attention"]
SOURCES = sorted(path for folder in ("benchmark", "tests") for path in (ROOT / folder).rglob("*.py"))

MUST_BE_NAMED = "attention=dram"
"""For the choices of groups that leave the mechanism open: any will do, and this one has every kind of part."""

OF_ANOTHER_PART = {"shape", "canvas", "encoder", "query_size", "item_size", "what_size", "where_size", "input_size",
                   "hidden_size", "code_size", "channels", "scales", "side"}  # fmt: skip
"""What the holder of a part tells it, and no yaml does."""


@functools.cache
def composed(group, name):
    names_it = OmegaConf.select(COMPOSER.job([f"{group}={name}"]), "attention.name") is not None
    overrides = [*([] if names_it else [MUST_BE_NAMED]), f"{group}={name}"]
    left_open = OmegaConf.missing_keys(COMPOSER.job(overrides))
    return COMPOSER.job([*overrides, *(f"{key}=given" for key in left_open)])


def every_choice(test):
    return pytest.mark.parametrize("group, name", CHOICES, ids=[f"{group}-{name}" for group, name in CHOICES])(test)


@every_choice
def test_a_choice_composes_to_parts_that_exist_and_arguments_they_take(group, name):
    assert config_faults(plain(composed(group, name))) == []


@every_choice
def test_every_knob_is_in_the_yaml_and_no_default_in_python(group, name):
    for path, node in parts(plain(composed(group, name)), ""):
        target = find(node["_target_"])
        if not target.__module__.startswith(("benchmark.", "datamodules.")):
            continue
        for argument in inspect.signature(target).parameters.values():
            if argument.kind is argument.VAR_KEYWORD:
                continue  # handed on to another constructor, which takes nothing it does not know
            assert argument.default is inspect.Parameter.empty, f"{node['_target_']} repeats a default: {argument}"
            told = {*node, *added(path)} | (OF_ANOTHER_PART if node.get("_partial_") else set())
            assert argument.name in told, f"{path}: {argument.name} of {node['_target_']} is no line of its yaml"


@every_choice
def test_a_yaml_begins_by_saying_what_it_is(group, name):
    lines = (CONF / group / f"{name}.yaml").read_text().splitlines()
    said = lines[1] if lines[0].startswith("# @package") else lines[0]
    assert re.match(r"# \S.{8,}", said), said


@pytest.mark.parametrize("group, name", [choice for choice in CHOICES if choice[0] in ("attention", "data")])
def test_a_mechanism_and_a_data_set_bear_the_name_of_their_file(group, name):
    assert composed(group, name)[group].name == name


@pytest.mark.parametrize("name", MECHANISMS)
def test_what_is_drawn_is_trained_by_an_objective_for_it(name):
    config = composed("attention", name)
    data, spec = build_data(config)
    module = build_module(config, spec, data.references)  # refuses a drawn mechanism under plain likelihood
    assert module.objective.for_drawn or not module.rnn.attention.drawn
    assert bool(module.policy) >= module.rnn.attention.drawn


def test_no_group_is_empty_and_each_has_its_defaults_line():
    assert {group for group, _ in CHOICES} == set(GROUPS)
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    assert {key for line in defaults if isinstance(line, dict) for key in line} >= set(GROUPS)


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
