"""What a user can name stands in the docs, and nothing else does; links lead somewhere, and commands compose."""

import re
import shlex

import pytest
from run_helpers import ROOT, composer

from benchmark.config.overrides import Overrides

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CHOICES = (ROOT / "docs/choices.md").read_text()
COMMANDS = [ROOT / "README.md", ROOT / "docs/running.md", ROOT / "docs/choices.md"]


def named(group):
    r"""The first column of the group's table, `a_<b\\|c>` written out."""
    table = CHOICES.split(f"| `{group}=`")[1].split("\n\n")[0]
    found = set()
    for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE):
        for name in re.findall(r"`(.+?)`", cell):
            stem, _, ends = name.partition("<")
            found |= {stem + end.strip(">") for end in ends.split("\\|")}
    return found


@pytest.mark.parametrize("group", ["attention", "data", "debug", "experiment"])
def test_every_choice_is_in_the_table(group):
    assert named(group) == {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}


def test_every_choice_of_a_part_is_in_the_table_of_parts():
    table = CHOICES.split("## Parts of a model")[1].split("## Encoders")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*?) \|", table, re.MULTILINE))
    assert len(rows) > 10
    for group, choices in rows.items():
        told = set(re.findall(r"`(\w+)`", choices))
        assert told == {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}, group


def test_the_readme_is_one_screen():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120 and max(map(len, lines)) <= 120


def anchors(page):
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_every_picture_is_there(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not link.startswith(("http:", "https:")):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def runs(page):
    """The arguments of every command of a page that trains."""
    text = page.read_text().replace("\\\n", " ")
    for line in re.findall(r"^python -m benchmark\.run (.*)$", text, re.MULTILINE):
        yield shlex.split(line.replace("<best.ckpt>", "x"), comments=True)


@pytest.mark.parametrize("page", COMMANDS, ids=lambda page: page.name)
def test_every_command_names_choices_and_knobs_that_there_are(page):
    found = list(runs(page))
    assert found
    for words in found:
        texts = [word for word in words if word not in ("-m", "--dry-run")]
        assert Overrides(composer(), texts, sweep="-m" in words).faults() == [], words
