"""The rules of the house: what a reader may rely on everywhere, read off syntax trees and classes."""

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import benchmark
import datamodules

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("benchmark", "datamodules")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
YAMLS = sorted((ROOT / "conf").rglob("*.yaml"))


def floors() -> dict[str, int]:
    """The floor of each folder or file, by its dotted name. The table of docs/design.md is the one list of them."""
    section = (ROOT / "docs/design.md").read_text().split("\n## Floors\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", section, re.MULTILINE)
    return {
        name.removesuffix(".py").replace("/", "."): int(number)
        for number, names in rows
        for name in re.findall(r"`([^`]+)`", names)
    }


FLOORS = floors()
"""A folder stands for all that is in it. Imports stay on their floor or go down."""

SHARED = ("datamodules.contract", "datamodules.words", "datamodules.ranges", "datamodules.printable")
"""What models know of data: the batch and the task; what a word is, which is learned here and scored there; in what
ranges values lie; and how text of damaged files is shown.
"""

CHECKS_FILES = ("datamodules.captions.inspection", "datamodules.digits.inspection", "datamodules.dogs.inspection",
                "datamodules.house_numbers.inspection")  # fmt: skip
"""What the command that checks a data set's files knows besides: it needs no model, and no configuration of a run."""

SEES_A_CONFIG = (
    "benchmark.config", "benchmark.sweep", "benchmark.build", "benchmark.fitting", "benchmark.job", "benchmark.run",
    "benchmark.same_data", "benchmark.same_start", "benchmark.stored", "benchmark.trained", "benchmark.rechosen",
    "benchmark.retested", "benchmark.check", "benchmark.commands", "benchmark.match", "benchmark.search",
    "benchmark.gradients", "benchmark.claims",
)  # fmt: skip


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def floor(module: str) -> int | None:
    """Of a module, by its longest listed prefix; None for an empty package root."""
    parts = module.split(".")
    found = [".".join(parts[:end]) for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in FLOORS]
    return FLOORS[found[0]] if found else None


def is_in(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import, those inside functions included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_only_go_down(path):
    mine = floor(name_of(path))
    if name_of(path) in ("benchmark", "benchmark.model"):  # imports nothing before it is asked for something
        body = ast.parse(path.read_text()).body
        assert not [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        return
    assert mine is not None, f"{name_of(path)} stands on no floor: give it one in FLOORS"
    for line, module in imports(path):
        if module.split(".")[0] in PACKAGES:
            theirs = floor(module)
            assert theirs is None or theirs <= mine, f"{path}:{line} imports {module} ({theirs}) from floor {mine}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_data_and_models_know_each_other_by_contract_alone(path):
    for line, module in imports(path):
        if path.is_relative_to(ROOT / "datamodules"):
            assert not module.startswith("benchmark"), f"{path}:{line}"
        elif module.startswith("datamodules"):
            more = CHECKS_FILES if name_of(path) == "benchmark.commands.check_data" else ()
            assert module.startswith((*SHARED, *more)), f"{path}:{line} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_few_see_a_config_and_the_report_nothing_of_training(path):
    module, found = name_of(path), {name.split(".")[0] for _, name in imports(path)}
    if not is_in(module, SEES_A_CONFIG):
        assert not found & {"hydra", "omegaconf"}, path
    if module.startswith("benchmark.report"):
        assert not found & {"torch", "pytorch_lightning", "torchmetrics"}, path


SEES_HYDRAS_INSIDE = "benchmark.config.hydra_internals"
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=name_of)
def test_one_file_uses_private_names_of_hydra(path):
    """Underscored names and the registry of plugins, wherever Hydra or OmegaConf are imported."""
    named = imports(path)
    if name_of(path) == SEES_HYDRAS_INSIDE or not {name.split(".")[0] for _, name in named} & {"hydra", "omegaconf"}:
        return
    inside = re.compile(r"(hydra|omegaconf)\.(.*\.)?_|hydra\.core\.(plugins|config_loader_impl|global_hydra)\b")
    assert not [f"{path}:{line} imports {name}" for line, name in named if inside.match(name)]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and re.fullmatch(r"_[a-z]\w*[a-z]", node.attr):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            assert own or node.attr in ("_asdict", "_replace", "_fields"), f"{path}:{node.lineno} {node.attr}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "__init__.py"], ids=name_of)
def test_a_file_is_short_and_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= 300
    assert ast.get_docstring(tree), "no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 45, f"{path}:{node.lineno} {node.name} is long"


def classes():
    for package in (benchmark, datamodules):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.startswith("benchmark.conf") or found.name.endswith("__main__"):
                continue
            for _, kind in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
                if kind.__module__ == found.name:
                    yield kind


CLASSES = sorted(set(classes()), key=lambda kind: (kind.__module__, kind.__qualname__))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_a_class_is_abstract_or_final(kind):
    is_value = issubclass(kind, tuple) or hasattr(kind, "__dataclass_fields__") or issubclass(kind, Exception)
    assert inspect.isabstract(kind) or "__final__" in vars(kind) or is_value or getattr(kind, "_is_protocol", False)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_nobody_overrides_what_is_implemented(kind):
    for base in kind.__mro__[1:]:
        if base.__module__.split(".")[0] not in PACKAGES:
            continue
        for name, value in vars(base).items():
            open_ = name.startswith("__") or getattr(value, "__isabstractmethod__", False)
            if inspect.isfunction(value) and not open_:
                assert name not in vars(kind), f"{kind.__name__}.{name} overrides {base.__name__}'s"


def test_a_class_name_stands_in_one_module():
    places: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, set()).add(name_of(path))
    assert not {name: sorted(modules) for name, modules in places.items() if len(modules) > 1}


TRAINED = ("benchmark.model", "benchmark.objective", "benchmark.training")


STEP = ("forward", "encode", "step", "training_step", "logits", "query")


@pytest.mark.parametrize("path", [path for path in SOURCES if is_in(name_of(path), TRAINED)], ids=name_of)
def test_a_training_step_waits_for_no_device(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name in STEP:
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
            waits = [n for n in calls if n.func.attr in ("item", "tolist", "cpu", "numpy") and not n.args]
            assert not waits, f"{path}:{waits[0].lineno}"


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: str(path.relative_to(ROOT / "conf")))
def test_a_yaml_says_what_it_is_and_is_called_what_it_names(path):
    text = path.read_text()
    assert text.startswith("#") or path.parent.parent.name == "hydra", "the first line says what it is"
    node, group = yaml.safe_load(text) or {}, path.parent.name
    if group in ("attention", "data"):
        named = node.get(group, node)  # a file of package _global_ sets other groups too
        assert named["name"] == path.stem


def test_the_wheel_holds_every_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {name_of(path.parent / "__init__.py") for path in SOURCES if path.name == "__init__.py"}
    assert set(settings["packages"]) == found | {"benchmark.conf"}
    folders = {path.parent for path in SOURCES}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_every_floor_exists_and_the_floors_are_numbered_from_the_ground_up():
    for name in FLOORS:
        path = ROOT.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name
    assert sorted(set(FLOORS.values())) == list(range(1, max(FLOORS.values()) + 1))
