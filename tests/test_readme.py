"""What a user can name stands in the README, and nothing else does."""

import re

import pytest
from run_helpers import ROOT

README = (ROOT / "README.md").read_text()


def named(group):
    r"""The first column of the group's table, `a_<b\\|c>` written out."""
    table = README.split(f"| `{group}=`")[1].split("\n\n")[0]
    found = set()
    for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE):
        for name in re.findall(r"`(.+?)`", cell):
            stem, _, ends = name.partition("<")
            found |= {stem + end.strip(">") for end in ends.split("\\|")}
    return found


@pytest.mark.parametrize("group", ["attention", "data", "experiment"])
def test_every_choice_is_in_the_table(group):
    assert named(group) == {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}
