"""Locates faults of a composition in yaml files: file and line, in place of Hydra's or YAML's messages."""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from benchmark.common.moved import NAMED
from benchmark.common.nearest import did_you_mean

OF_ATTENTION = {"glimpses": "${look.glimpses}", "mechanism": "{_target_: package.module.Class, ...}"}
"""What every choice of attention sets beside its name, with an example."""
GLOBAL = "# @package _global_"
"""First line of a yaml that sets more than its own group."""
HEADER = re.compile(r"#\s*@\s*(\w+)\s*(\S*)")


def file_of(loader: ConfigLoader, config: str) -> Path | None:
    """The file of a configuration such as data/mine, in the first folder or package that has it; None for none."""
    return next(files_of(loader, config), None)


def files_of(loader: ConfigLoader, config: str, beside: str = "") -> Iterator[Path]:
    """All files of a configuration, the one that is read first. beside: a provider of files that are left out."""
    for source in loader.get_sources():
        if source.provider == beside:
            continue
        if source.scheme() == "file":
            folder = Path(source.path)
        elif source.scheme() == "pkg" and (found := importlib.util.find_spec(source.path.replace("/", "."))):
            folder = Path(next(iter(found.submodule_search_locations or [""])))
        else:
            continue
        if (path := folder / f"{config}.yaml").is_file():
            yield path


def chosen_files(loader: ConfigLoader, overrides: Sequence[str]) -> list[Path]:
    """The files of chosen configurations, and of those that they include as defaults."""
    names = [f"{group.lstrip('+')}/{choice}" for group, _, choice in (text.partition("=") for text in overrides)]
    found: list[Path] = []
    while names:
        path = file_of(loader, name := names.pop(0))
        if path is None or path in found:
            continue
        found.append(path)
        names += [
            f"{name.rpartition('/')[0]}/{each}" for each in re.findall(r"^ +- +(\w+) *$", text_of(path), re.MULTILINE)
        ]
    return found


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def located(fault: Exception, loader: ConfigLoader, overrides: Sequence[str]) -> str:
    """The message of a composition's fault with file and line; "" where no chosen file has it."""
    if isinstance(fault, yaml.MarkedYAMLError) and (mark := fault.problem_mark or fault.context_mark):
        cure = ". Indent with blanks, not with a tab" if "'\\t'" in str(fault.problem) else ""
        return f"{mark.name}:{mark.line + 1}: {fault.problem}{cure}"
    files = chosen_files(loader, overrides)
    words = str(fault).splitlines()[0] if str(fault) else ""
    return next((reason for path in files if (reason := unreadable(path))), "") or _missing_default(
        words, files, loader
    )


def unreadable(path: Path) -> str:
    """Why a file is no configuration, with its line; "" if it is one."""
    try:
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as fault:
        before = path.read_bytes()[: fault.start].count(b"\n")
        return f"{path}:{before + 1}: is no UTF-8 text ({fault.reason}). Save it as UTF-8"
    except yaml.YAMLError:
        return ""  # already reported with its line
    if node is not None and not isinstance(node, dict):
        return f"{path}: has to hold lines of `key: value` at its top, and holds a {type(node).__name__}"
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if line.split(" #")[0].count("${") > line.split(" #")[0].count("}"):
            return f"{path}:{number}: ${{ is not closed with }}: {line.strip()}"
    return ""


def _missing_default(words: str, files: Sequence[Path], loader: ConfigLoader) -> str:
    """The line with a default that does not exist, found by its name."""
    named = [name for name in re.findall(r"'([^']+)'", words) if name.partition("@")[0]]
    for name in reversed(named):
        group, _, choice = name.partition("@")[0].rpartition("/")
        wanted = re.compile(rf"\b{re.escape(choice)}\b")
        for path in files:
            for number, line in enumerate(text_of(path).splitlines(), 1):
                if wanted.search(line.split("#")[0]) and line.lstrip().startswith("- "):
                    if "Could not override" in words and not any(map(HEADER.match, text_of(path).split("\n"))):
                        return f"{path}:{number}: {line.strip()!r}: needs {GLOBAL!r} as the first line of the file"
                    known = list(loader.get_group_options(group)) or [*loader.get_group_options("")]
                    known += [] if group else loader.list_groups("")
                    return f"{path}:{number}: {line.strip()!r}: {words.split(': ', 1)[-1]}{did_you_mean(choice, known)}"
    return ""


def unset(config: DictConfig, loader: ConfigLoader) -> list[str]:
    """One line for each node with knobs that are interpolated but not set, and the file to set them in."""
    lacking: dict[str, list[str]] = {}
    for key, reference in references(OmegaConf.to_container(config, resolve=False), ""):
        found = OmegaConf.select(config, reference.rpartition(".")[0] or reference, throw_on_resolution_failure=False)
        if found is None or ("." in reference and reference.rpartition(".")[2] not in found):
            lacking.setdefault(reference, []).append(key)
    return [_unset_message(reference, keys, config, loader) for reference, keys in _by_node(lacking).items()]


def _by_node(lacking: dict[str, list[str]]) -> dict[str, list[str]]:
    """Keys of the same node joined: `look.size, look.unit`."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for reference, keys in sorted(lacking.items()):
        node = found.setdefault(reference.partition(".")[0], ([], []))
        node[0].append(reference)
        node[1].extend(keys)
    return {", ".join(names): keys for names, keys in found.values()}


def _unset_message(names: str, keys: Sequence[str], config: DictConfig, loader: ConfigLoader) -> str:
    users = ", ".join(sorted(keys)[:3]) + (" ..." if len(keys) > 3 else "")
    node, _, name = names.rpartition(".")
    beside = OmegaConf.select(config, node) if node else config
    if isinstance(beside, DictConfig) and (near := did_you_mean(name, map(str, beside))):
        return f"{names}: not set, but used by {users}{near}"
    path = file_of(loader, f"data/{OmegaConf.select(config, 'data.name')}") if names.startswith("look.") else None
    usual = file_of(loader, "data/digit_pairs")
    where = f". A data set's yaml sets them under `look:` in {path}, as in {usual}" if path else ""
    if path and path == usual:
        where = f". {path} sets them: the command line may not remove them"
    return f"{names}: not set, but used by {users}{where}"


def references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """(key, knob) of every plain interpolation ${knob} of a configuration."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from references(value, f"{path}.{key}" if path else str(key))
    if isinstance(node, str):
        yield from ((path, found) for found in re.findall(r"\$\{([\w.]+)\}", node))


def clash(loader: ConfigLoader, group: str, choice: str) -> list[str]:
    """The fault of a choice that several packages bring: all but one would silently be another than was meant."""
    found = [str(path) for path in files_of(loader, f"{group}/{choice}", beside="command-line")]
    return [f"{group}={choice}: is in several files: {', '.join(found)}. Rename yours"] if len(found) > 1 else []


def header_faults(loader: ConfigLoader, group: str, choice: str) -> list[str]:
    """Faults of a misspelled header `# @package _global_`, with which keys would be put in the wrong place."""
    path = file_of(loader, f"{group}/{choice}")
    for number, line in enumerate(text_of(path).splitlines() if path else [], 1):
        if not line.startswith("#"):
            break
        found = HEADER.match(line)
        known = {"_global_", "_group_", "hydra", *loader.list_groups("")}
        if found and (found[1] != "package" or found[2].split(".")[0] not in known):
            return [f"{path}:{number}: {line.strip()!r}: has to be {GLOBAL!r}, or no such line"]
    return []


def name_faults(config: DictConfig, loader: ConfigLoader) -> list[str]:
    """Choices whose `name` differs from their file's name, by which a run's folder is found."""
    found = []
    for group in NAMED:
        choice = config.hydra.runtime.choices.get(group)
        if choice is None:
            continue
        path, name = file_of(loader, f"{group}/{choice}"), OmegaConf.select(config, f"{group}.name")
        if name is None and path and _lacks_its_group(path, group):
            found.append(f"{path}: begins with {GLOBAL!r}, so its keys have to be below `{group}:`. Or leave that out")
        elif name != choice:
            state = f"is {name!r}" if name is not None else "is not there"
            found.append(
                f"{path}: {group}.name {state}, and has to be {choice!r} as the file: a run's folder is found by it"
            )
        elif group == "attention" and (lacking := [key for key in OF_ATTENTION if key not in config.attention]):
            found += [f"{path}: attention.{key} is not there: `{key}: {OF_ATTENTION[key]}`" for key in lacking]
    return found


def _lacks_its_group(path: Path, group: str) -> bool:
    text = text_of(path)
    return text.startswith(GLOBAL) and not re.search(rf"^{group}:", text, re.MULTILINE)
