"""Checks a composed configuration before anything is built, and lists all faults at once.

A part's knobs are the arguments of its constructor: its signature defines which exist, which are required, and the type
and range of each.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from inspect import isabstract
from types import MappingProxyType
from typing import Any, NamedTuple, get_args, get_origin

from benchmark.common.blame import described
from benchmark.common.nearest import did_you_mean
from benchmark.common.torchvision_import import make_importable
from benchmark.config.arguments import added
from benchmark.config.ranges import wrong
from benchmark.config.references import set_at
from benchmark.config.settings import SETTINGS
from benchmark.config.signatures import passed_on, signature
from benchmark.config.trainer_knobs import trainer_faults
from benchmark.process.accelerators import accelerator_faults
from benchmark.results.run_id import name_fault

Config = Mapping[str, Any]

BESIDE = {"metrics": ("extra",), "match": ("chosen",)}
"""Keys of a part's node that are not its arguments: `build` makes separate parts of them, or they are its result."""


class Fault(NamedTuple):
    """A fault of a knob. knob: its dotted name; message: what is wrong with it."""

    knob: str
    message: str


def config_faults(config: Config, written: Config = MappingProxyType({})) -> list[str]:
    """One line for each fault of a resolved configuration.

    written: the configuration before interpolation. A fault is reported once, at the knob that a user sets, wherever
    its value is interpolated.
    """
    make_importable()  # before any part imports Lightning
    of_trainer = [Fault(knob, message) for knob, message in trainer_faults(config)]
    checked = {fault.knob for fault in of_trainer}  # of Lightning's ranges a run supports only a part
    others = [*part_faults(config), *setting_faults(config), *run_faults(config)]
    found = [*(fault for fault in others if fault.knob not in checked), *of_trainer]
    return list(dict.fromkeys(f"{set_at(knob, written)}: {message}" for knob, message in found))


def part_faults(config: Config) -> Iterator[Fault]:
    """Wrong targets; unknown, missing and wrong arguments of every part."""
    for path, node in parts(config, ""):
        try:
            target = find(node["_target_"])
        except (ImportError, AttributeError) as error:
            cure = nearest_target(node["_target_"])
            yield Fault(path, f"_target_ {node['_target_']!r} cannot be imported ({error}){cure}")
            continue
        except Exception as error:  # whatever a user's own module raises while it is imported
            message = described(error, {node["_target_"].split(".")[0]})
            yield Fault(path, f"_target_ {node['_target_']!r} cannot be imported: {message}")
            continue
        if missing := sorted(getattr(target, "__abstractmethods__", ())):
            yield Fault(path, f"{node['_target_']} lacks {', '.join(missing)}, which its base class leaves to it")
        elif callable(target):
            yield from argument_faults(path, node, target)
        else:
            yield Fault(path, f"_target_ {node['_target_']!r} is not callable")


def parts(node: Any, path: str) -> Iterator[tuple[str, Config]]:
    """(dotted path, node) of every node with a `_target_`."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield path, node
        for key, value in node.items():
            yield from parts(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from parts(value, f"{path}[{number}]")


def argument_faults(path: str, node: Config, target: Callable[..., Any]) -> Iterator[Fault]:
    """Unknown, missing and wrong arguments of one part."""
    try:
        known = signature(target)
    except (TypeError, ValueError):
        return  # written in C, without a readable signature
    beside = BESIDE.get(path, ())
    given = [key for key in node if key not in beside and not (key.startswith("_") and key.endswith("_"))]
    for key in given:
        if key not in known.knobs and not known.any:
            cure = did_you_mean(key, list(known.knobs)) or f"; it has {', '.join(known.knobs)}"
            yield Fault(path, f"{node['_target_']} has no knob {key!r}{cure}")
    if not node.get("_partial_") and "_args_" not in node:
        for key in known.needed:
            if key not in (*given, *added(path)):
                yield Fault(path, f"{node['_target_']} needs {key!r}, which is not set")
    yield from value_faults(path, node, known.knobs)


def value_faults(path: str, node: Config, knobs: Mapping[str, Any]) -> Iterator[Fault]:
    """Values of the wrong type, or out of range. knobs: annotations by name."""
    for key, value in node.items():
        knob = f"{path}.{key}" if path else key
        if key not in knobs:
            continue
        if isinstance(value, Mapping) and "_target_" in value:
            yield from interface_faults(knob, value, knobs[key])
            continue
        yield from (Fault(f"{knob}{place}", message) for place, message in wrong(value, knobs[key]))
        if isinstance(value, Mapping):
            for inner in passed_on(knobs[key]):
                yield from value_faults(knob, value, inner.knobs)


def interface_faults(knob: str, node: Config, hint: Any) -> Iterator[Fault]:
    """A part whose class is none of those that a constructor asks for. hint: the annotation of its argument."""
    wanted = get_args(hint)[-1] if node.get("_partial_") and get_origin(hint) is Callable else hint
    try:
        made = find(node["_target_"])
    except Exception:  # reported with the part itself
        return
    if isinstance(made, type) and isinstance(wanted, type) and isabstract(wanted) and not issubclass(made, wanted):
        yield Fault(knob, f"{node['_target_']} is no subclass of {wanted.__module__}.{wanted.__qualname__}")


def setting_faults(config: Config) -> Iterator[Fault]:
    """Wrong values of knobs that are not arguments of a part."""
    for path, settings in SETTINGS.items():
        node = config.get(path) if path else config
        if isinstance(node, Mapping):
            yield from value_faults(path, node, signature(settings).knobs)


def find(target: str) -> Any:
    """The object of a dotted name. Raises ImportError or AttributeError.

    Hydra's own function logs an error on the terminal for a wrong name.
    """
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}.") or "." not in module:
            raise  # an import of the module itself fails
        return getattr(find(module), name)  # a name inside a class


def nearest_target(target: str) -> str:
    """A suggestion for the first part of a dotted name that is not there, from the module or package before it."""
    module, _, name = target.rpartition(".")
    try:
        held = importlib.import_module(module)
    except ImportError:
        return nearest_target(module)
    except ValueError:  # no module before it
        return ""
    inside = [each.name for each in pkgutil.iter_modules(getattr(held, "__path__", ()))]
    known = sorted({*inside, *(each for each in vars(held) if not each.startswith("_"))})
    return "" if name in known else did_you_mean(name, known)


def run_faults(config: Config) -> Iterator[Fault]:
    """Faults of knobs that every run has."""
    study = config["study"]
    if isinstance(study, str) and (fault := name_fault(study)):
        yield Fault("study", fault)
    yield from (
        Fault("trainer.accelerator", message) for message in accelerator_faults(config["trainer"]["accelerator"])
    )
    images, batch = (config["data"].get(key) for key in ("images_per_epoch", "batch_size"))
    if isinstance(images, int) and isinstance(batch, int) and 0 < images < batch:
        yield Fault("data.images_per_epoch", f"{images} images do not fill one batch of data.batch_size={batch}")
    devices = config["trainer"].get("devices", 1)
    if isinstance(devices, bool) or not isinstance(devices, int) or devices < 1:
        yield Fault(
            "trainer.devices",
            f"{devices!r}: has to be a number of processes, each with a device of its own, that share the batches of "
            "one run. More devices for more runs at once: -m with hydra.launcher.jobs=N",
        )
    elif isinstance(batch, int) and devices > 1 and batch < 2 * devices:
        yield Fault(
            "trainer.devices", f"data.batch_size={batch} is fewer than two images for each of {devices} processes"
        )
