"""Every `group=choice` and `word.word=value` that a page or a comment of a yaml names is a choice or a knob."""

import re
from pathlib import Path

import pytest
import yaml
from run_helpers import ROOT

CONF = ROOT / "conf"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
YAMLS = sorted(CONF.rglob("*.yaml"))
GROUPS = {path.parent.relative_to(CONF).as_posix() for path in YAMLS if path.parent != CONF}
NAMED = re.compile(r"(?<![\w./$+-])([a-z][\w/]*(?:\.\w+)*)=(\[[^\]]*\]|'[^']*'|[^\s`()'\"]+)")
LEFT_OPEN = re.compile(r"[A-Z]{2,}|\.\.\.|glob\(|range\(|[<{$*]")
"""In a value: a name of the reader's own, or a sweep over what there is."""
OF_OTHERS = {
    "data": {"sides"}, "attention": {"bands", "mylab_bands"}, "metrics": {"symbols_right"},
    "hydra/launcher": {"basic", "joblib", "submitit_local", "released_ray"},
}  # fmt: skip
"""The examples of CONTRIBUTING.md, and what Hydra and its plugins bring."""
OF_PROGRAMS = {"hydra.mode", "start.checkpoint", "hydra.launcher.n_jobs", "hydra.sweeper.max_failure_rate"}
"""Hydra's own, a knob that has to be given, and those of plugins of Hydra."""


def flat(node, prefix=""):
    """Dotted keys of a node, those of its inner nodes among them."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield f"{prefix}{key}"
        yield from flat(value, f"{prefix}{key}.")


def knobs(path: Path):
    """The knobs that a yaml has, under the names they have in a composed configuration."""
    text = path.read_text()
    package = re.match(r"# @package (\S+)", text)
    place = package.group(1) if package else path.parent.relative_to(CONF).as_posix().replace("/", ".")
    return set(flat(yaml.safe_load(text) or {}, "" if place in ("_global_", ".") else f"{place}."))


KNOBS = OF_PROGRAMS.union(*map(knobs, YAMLS))


def prose(path: Path) -> str:
    """What a page says and its commands, or the comments of a yaml."""
    text = path.read_text()
    if path.suffix == ".yaml":
        return "\n".join(re.findall(r"(?:^|\s)#\s(.*)$", text, re.MULTILINE))
    return re.sub(r"^```(?:python|yaml|toml)\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def found(path: Path) -> list[tuple[str, str]]:
    """(key, value) of what is named, once each."""
    pairs = {(key, value.rstrip(".,;:)")) for key, value in NAMED.findall(prose(path))}
    return sorted((key, value) for key, value in pairs if key in GROUPS or "." in key)


def fault(key: str, value: str) -> str:
    """Why this is no choice or knob; "" where it is."""
    if key not in GROUPS:
        return "" if key in KNOBS else f"{key}={value}: no such knob"
    names = {path.stem for path in (CONF / key).glob("*.yaml")} | OF_OTHERS.get(key, set()) | {"null"}
    wanted = [] if LEFT_OPEN.search(value) else re.split(r"[,|]", value.strip("[]'"))
    unknown = sorted({*wanted} - names)
    return f"{key}={value}: no choice {unknown}" if unknown else ""


@pytest.mark.parametrize("path", [*PAGES, *YAMLS], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_named_is_there(path):
    assert [line for key, value in found(path) if (line := fault(key, value))] == []


def test_what_is_named_is_found():
    assert ("training_step", "self_critical") in found(ROOT / "docs/design.md")
    assert ("encoder.body.weights", "DEFAULT") in found(ROOT / "docs/choices.md")
    assert fault("loss_mask", "whole") and fault("look.glimpsez", "3")
    assert not fault("look.glimpses", "3") and not fault("optimizer.make.lr", "0.1")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_file_that_a_page_names_is_there(path):
    for name in set(re.findall(r"`((?:\w+/)+\w+\.(?:py|yaml))`", path.read_text())):
        roots = [ROOT, ROOT / "benchmark", ROOT / "benchmark/model"]
        assert any((root / name).is_file() for root in roots) or re.search("bands|sides|NAME", name), name
