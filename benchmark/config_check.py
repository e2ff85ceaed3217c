"""Faults of a composed configuration, all at once and before anything is built.

A part's knobs are the arguments of its constructor, so its signature says which are wrong and which are missing.
"""

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmark.address import name_fault
from benchmark.blame import described
from benchmark.nearest import did_you_mean
from benchmark.pretrained import make_importable
from benchmark.trainer_knobs import trainer_faults

Config = Mapping[str, Any]

GIVEN = {
    "attention.mechanism": ("spec", "query_size"),
    "decoder": ("code_size", "spec"),
    "context": ("spec", "size", "gist_size"),
    "objective": ("query_size",),
    "reading": ("make", "spec"),
    "metrics": ("spec", "references"),
    "practice": ("spec", "references"),
}
"""What `build` adds to a part's arguments; a test reads it off there."""

OFFERED = {"callbacks": ("headline",), "logger": ("save_dir",)}
"""What it adds to those of a group's parts that take it; a test reads that off there too."""


def added(path: str) -> tuple[str, ...]:
    """What `build` adds, or offers, to the arguments of the part at a path."""
    return (*GIVEN.get(path, ()), *OFFERED.get(path.rpartition(".")[0], ()))


def config_faults(config: Config) -> list[str]:
    """One line for each fault of a resolved configuration; empty where there is none."""
    make_importable()  # before any part imports Lightning
    shortest: dict[str, str] = {}
    for path, fault in [*part_faults(config), *run_faults(config), *trainer_faults(config)]:
        if fault not in shortest or len(path) < len(shortest[fault]):
            shortest[fault] = path  # a part that another refers to stands in both; it is named where it is set
    return [f"{path}: {fault}" for fault, path in shortest.items()]


def part_faults(config: Config) -> Iterator[tuple[str, str]]:
    """Wrong targets, unknown and missing arguments of every part, each with the part's path."""
    for path, node in parts(config, ""):
        try:
            target = find(node["_target_"])
        except (ImportError, AttributeError) as error:
            yield path, f"_target_ {node['_target_']!r} cannot be imported ({error}){nearest_target(node['_target_'])}"
            continue
        except Exception as error:  # whatever a user's own module raises while it is imported
            told = described(error, {node["_target_"].split(".")[0]})
            yield path, f"_target_ {node['_target_']!r} cannot be imported: {told}"
            continue
        if callable(target):
            yield from ((path, fault) for fault in argument_faults(path, node, target))
        else:
            yield path, f"_target_ {node['_target_']!r} is nothing that can be called"


def parts(node: Any, path: str) -> Iterator[tuple[str, Config]]:
    """Every node with a `_target_`, by its dotted path."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield path, node
        for key, value in node.items():
            yield from parts(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from parts(value, f"{path}[{number}]")


def argument_faults(path: str, node: Config, target: Callable[..., Any]) -> Iterator[str]:
    try:
        known = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return  # written in C, without a signature to be read
    named = [
        name
        for name, parameter in known.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    given = [key for key in node if not (key.startswith("_") and key.endswith("_"))]
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        for key in given:
            if key not in known:
                cure = did_you_mean(key, named) or f"; it has {', '.join(named)}"
                yield f"{node['_target_']} has no knob {key!r}{cure}"
    if not node.get("_partial_") and "_args_" not in node:
        told = {*given, *added(path)}
        for key in named:
            if known[key].default is inspect.Parameter.empty and key not in told:
                yield f"{node['_target_']} needs {key!r}, which is not set"


def find(target: str) -> Any:
    """What a dotted name stands for. Raises ImportError or AttributeError.

    Hydra's own finder logs an error on the terminal where the name is wrong.
    """
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}.") or "." not in module:
            raise  # something that the module itself wants is missing
        return getattr(find(module), name)  # a name inside a class


def nearest_target(target: str) -> str:
    """The nearest name in the target's module, where that module can be imported."""
    module, _, name = target.rpartition(".")
    try:
        return did_you_mean(
            name, [known for known in vars(importlib.import_module(module)) if not known.startswith("_")]
        )
    except (ImportError, ValueError):
        return ""


def run_faults(config: Config) -> Iterator[tuple[str, str]]:
    """What a run itself needs, whatever its parts are."""
    if fault := name_fault(str(config["study"])):
        yield "study", fault
    whole = {"seed": (config["seed"], 0), "threads": (config["threads"], 1), "log_every": (config["log_every"], 1),
             "evaluation.samples": (config["evaluation"]["samples"], 1)}  # fmt: skip
    for key, (value, least) in whole.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            yield key, f"has to be a whole number of at least {least}, and not {value!r}"
    devices = config["trainer"].get("devices", 1)
    if devices not in (1, "1") and not (isinstance(devices, list) and len(devices) == 1):
        yield (
            "trainer.devices",
            (
                f"{devices!r}: a run trains in one process on one device, so that a sweep can't start itself again in "
                "its children. More devices carry more runs at once: -m with hydra.launcher.jobs=N"
            ),
        )
