"""The tables of CONTRIBUTING.md are true: every name of the glossary and of the map of folders exists."""

import ast
import re

import pytest
from omegaconf import OmegaConf
from run_helpers import ROOT, composer

GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
SOURCES = sorted(path for folder in ("benchmark", "datamodules") for path in (ROOT / folder).rglob("*.py"))


def rows(heading):
    """The cells of the table below a heading, without its head."""
    section = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


GLOSSARY = rows("Glossary")
ROOMS = rows("Where does my new X go?")


def targets(node):
    """The names that a statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    found = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
    return [target.id for target in found if isinstance(target, ast.Name)]


@pytest.fixture(scope="module")
def names():
    """Public names of all modules, and those of their classes as Class.name."""
    found = set()
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            found |= set(targets(node))
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{name}" for inner in node.body for name in targets(inner)}
    return found


@pytest.fixture(scope="module")
def config():
    return composer().job(["attention=dram"])


@pytest.mark.parametrize("term, meaning, symbol, code", GLOSSARY, ids=[row[0] for row in GLOSSARY])
def test_a_term_of_the_glossary_has_a_name_in_the_code(term, meaning, symbol, code, names, config):
    assert meaning and symbol
    for name in re.findall(r"`(.+?)`", code):
        group, _, choice = name.partition("=")
        if choice:
            assert (ROOT / "conf" / group / f"{choice}.yaml").is_file(), name
        else:
            assert name in names or OmegaConf.select(config, name) is not None, name


def test_the_glossary_is_as_long_as_it_should_be_and_names_each_term_once():
    terms = [row[0] for row in GLOSSARY]
    assert 30 <= len(terms) <= 50 and len(set(terms)) == len(terms)
    assert all("`" in row[3] for row in GLOSSARY)


@pytest.mark.parametrize("what, code, yamls, base", ROOMS, ids=[row[0] for row in ROOMS])
def test_a_room_of_the_map_exists(what, code, yamls, base, names):
    for folder in re.findall(r"`(.+?/)`", code + yamls):
        assert (ROOT / folder).is_dir(), folder
        assert any((ROOT / folder).iterdir())
    (name,) = re.findall(r"`(.+?)`", base)
    assert name in names or not base.startswith("`"), name


def test_every_group_of_choices_is_on_the_map():
    on_the_map = {folder for row in ROOMS for folder in re.findall(r"`conf/(.+?)/`", row[2])}
    groups = {path.parent.relative_to(ROOT / "conf").as_posix() for path in (ROOT / "conf").glob("*/**/*.yaml")}
    assert groups - on_the_map == {"debug", "experiment", "hydra/help", "search", "trainer"}  # which choose no class
