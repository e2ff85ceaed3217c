"""The groups of conf/ that choose a class, the folder of the code that each has, and a stub of any of them.

A stub is a choice that is new to the house: a copy of one that there is, under other names, in a file of its own.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import yaml
from run_helpers import ROOT

CONF = ROOT / "conf"

OF_OTHERS = {
    "experiment": "choices and values of other groups",
    "debug": "values of other groups",
    "search": "ranges of knobs",
    "claim": "what is claimed: the runs that decide it, a measure and a rule",
    "trainer": "arguments of Lightning's Trainer",
    "hydra/help": "Hydra's text",
}
"""Groups that choose no class of ours, each with what it holds."""

ELSEWHERE = {"data": "datamodules", "hydra/launcher": "benchmark/sweep"}
"""Folders that do not have their group's name."""

MECHANISM = "dram"
"""It uses a part of every group but those of parts that it does not have."""

BASES = {"callbacks": "pytorch_lightning.Callback", "hydra/launcher": "hydra.plugins.launcher.Launcher"}
"""Groups whose choices are subclasses of a library's class."""

TARGET = re.compile(r"_target_: ([\w.]+)")


class Choice(NamedTuple):
    """A choice of a group. target: the dotted path of its class. context: overrides under which a run uses it."""

    group: str
    name: str
    target: str
    context: list[str]


def groups() -> list[str]:
    """Every group that chooses a class, as it stands on the command line."""
    found = {path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml") if path.parent != CONF}
    return sorted(found - {*OF_OTHERS})


def folders(group: str) -> list[Path]:
    """The folders in which a group's classes may lie, relative to the checkout; there has to be one."""
    if group in ELSEWHERE:
        return [Path(ELSEWHERE[group])]
    return [path.relative_to(ROOT) for path in (ROOT / "benchmark").rglob(group) if path.is_dir()]


def source_of(target: str) -> str:
    """The code of the file that has a class."""
    return ROOT.joinpath(*target.split(".")[:-1]).with_suffix(".py").read_text()


def targets_of(group: str) -> dict[Path, str]:
    """By yaml of a group, the first class in it that lies in the group's folder, by its dotted path; none of a file
    that has its base class too, which a stub would copy with it.
    """
    package, found = ".".join(folders(group)[0].parts) + ".", {}
    for path in sorted((CONF / group).glob("*.yaml")):
        ours = [target for target in TARGET.findall(path.read_text())
                if target.startswith(package) and "(ABC)" not in source_of(target)]  # fmt: skip
        if ours:
            found[path] = ours[0]
    return found


def main_targets(group: str) -> list[str]:
    """The classes that the yamls of a group name on top: what they choose, not what that is made of."""
    found = []
    for path in (CONF / group).glob("*.yaml"):
        node = yaml.safe_load(path.read_text()) or {}
        node = node.get(group, node)
        top = [node] if "_target_" in node else node.values()
        found += [each["_target_"] for each in top if isinstance(each, dict) and "_target_" in each]
    return found


def usual() -> dict[str, str]:
    """By group, what MECHANISM is run with."""
    listed = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    listed += yaml.safe_load((CONF / f"attention/{MECHANISM}.yaml").read_text())["defaults"]
    named = {key: name for each in listed if isinstance(each, dict) for key, name in each.items()}
    return {key.removeprefix("override ").removeprefix("/"): name for key, name in named.items()}


def copied(group: str) -> tuple[Path, str]:
    """The yaml that a stub is a copy of, and its class: the usual choice; where that has none, the shortest yaml's."""
    known = targets_of(group)
    path = CONF / group / f"{usual().get(group)}.yaml"
    path = path if path in known else min(known, key=lambda each: len(each.read_text()))
    return path, known[path]


def context(group: str) -> list[str]:
    """Overrides under which a run uses what a group chooses: for a part of a part, a choice that has such a part."""
    if group in usual():
        return [f"attention={MECHANISM}"]
    above, _, name = group.rpartition("/")
    has = re.compile(rf"^  - (/{group}|{name}): ", re.MULTILINE)
    (_, having), *_ = sorted((len(text), path.stem) for path in (CONF / above).glob("*.yaml")
                             if has.search(text := path.read_text()))  # fmt: skip
    return [f"{above}={having}", *(["attention=none"] if above != "attention" else [])]


def write_stub(group: str, module: str, yamls: Path, sources: Path, name: str) -> Choice:
    """Writes one file of code and one yaml. module: the dotted name of the former, below `sources`."""
    template, target = copied(group)
    source, kind = target.rpartition(".")[::2]
    code = source_of(target)
    mark = "".join(part.title() for part in re.split(r"\W|_", f"{module.partition('.')[0]}_{group}"))
    new = {node.name: f"{mark}{node.name}" for node in ast.parse(code).body if isinstance(node, ast.ClassDef)}
    for old in new:
        code = re.sub(rf"\b{old}\b", new[old], code)
    text = re.sub(rf"\b{re.escape(source)}\.(\w+)", lambda hit: f"{module}.{new.get(hit[1], hit[1])}",
                  template.read_text())  # fmt: skip
    text = re.sub(rf"^(\s*name: ){template.stem}$", rf"\g<1>{name}", text, flags=re.MULTILINE)
    for path, content in ((sources.joinpath(*module.split(".")).with_suffix(".py"), code),
                          (yamls / group / f"{name}.yaml", text)):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Choice(group, name, f"{module}.{new.get(kind, kind)}", context(group))
