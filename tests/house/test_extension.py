"""The guide for contributors, carried out: its examples are taken out of the page, written to files and run."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from run_helpers import ROOT, TINY, environment

GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
COMMANDS = re.findall(r"^python -m benchmark\.run (.*)$", GUIDE, re.MULTILINE)
SMALL = [knob for knob in TINY if not knob.startswith("data")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The repository with the examples added, and the user's package beside it as an installation leaves it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("benchmark", "datamodules", "conf"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in FILES.items():
        if name != "pyproject.toml":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of installed packages: the one of the guide, installed from the files it shows."""
    source, site = tmp_path_factory.mktemp("mylab"), tmp_path_factory.mktemp("site")
    for name in ("pyproject.toml", *(name for name in FILES if name.startswith("mylab/"))):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(FILES[name])
    (source / "mylab" / "__init__.py").touch()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", site, source], check=True)
    return site


def run(checkout, *arguments, site=""):
    path = f"{checkout}:{site}" if site else str(checkout)
    command = [sys.executable, "-m", "benchmark.run", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment(PYTHONPATH=path), capture_output=True, text=True)


def test_the_guide_shows_one_file_and_one_yaml_for_each_kind():
    assert set(FILES) == {
        "benchmark/model/attention/bands.py", "conf/attention/bands.yaml",
        "datamodules/sides.py", "conf/data/sides.yaml",
        "benchmark/metrics/symbols_right.py", "conf/metrics/symbols_right.yaml",
        "pyproject.toml", "mylab/conf/attention/mylab_bands.yaml",
    }  # fmt: skip


def test_a_mechanism_and_a_data_set_are_a_file_and_a_yaml(checkout):
    commands = [command for command in COMMANDS if not command.startswith("--")]
    assert commands[:2] == ["attention=bands", "attention=bands data=sides"]
    done = run(checkout, *commands[1].split(), *SMALL, "study=guide")
    assert done.returncode == 0, done.stderr
    (record,) = checkout.glob("runs/guide/bands/sides/*/record.json")
    assert '"symbols"' not in record.read_text() and '"origin": "synthetic"' in record.read_text()
    told = run(checkout, "--help").stdout
    assert re.search(r"attention: .*\bbands, ", told) and re.search(r"data: .*\bsides\b", told)


def test_a_measure_is_a_file_and_a_yaml(checkout):
    command = [command for command in COMMANDS if "metrics=" in command][-1]
    done = run(checkout, *command.split(), *SMALL, "data.batch_size=4", "study=measure")
    assert done.returncode == 0, done.stderr
    (path,) = checkout.glob("runs/measure/bands/digit_pairs_ordered/*/record.json")
    record = json.loads(path.read_text())
    assert record["measure"]["key"] == "symbols_right" and 0 <= record["test"]["mean"]["symbols_right"] <= 1
    report = [sys.executable, "-m", "benchmark.report", str(checkout / "runs" / "measure")]
    shown = subprocess.run(
        report, cwd=checkout, env=environment(PYTHONPATH=str(checkout)), capture_output=True, text=True
    )
    assert shown.returncode == 0 and "test symbols right" in shown.stdout


def test_the_mechanism_of_the_guide_runs_with_our_data_and_its_data_with_our_mechanisms(checkout):
    pairs = {"ours": ("attention=bands", *TINY), "theirs": ("attention=dram", "data=sides", *SMALL)}
    for study, arguments in pairs.items():
        done = run(checkout, *arguments, f"study={study}", "trainer.max_epochs=1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(list(checkout.glob(f"runs/{study}/*/*/*/record.json"))) == 1


def test_the_examples_keep_the_contracts(checkout):
    """As their author would ask, the data set with the mechanism; CONTRIBUTING's own commands are of these."""
    arguments = ["data=sides", "attention=bands", "metrics=symbols_right"]
    command = [sys.executable, "-m", "benchmark.check", *arguments]
    done = subprocess.run(
        command, cwd=checkout, env=environment(PYTHONPATH=str(checkout)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"all \d\d contracts are kept", done.stdout)
    assert "python -m benchmark.check data=sides" in GUIDE and "from benchmark.check.suite import contracts" in GUIDE


def test_a_package_brings_its_own_choices(checkout, site):
    assert "mylab_bands" not in run(checkout, "--help").stdout
    assert "mylab_bands" in run(checkout, "--help", site=site).stdout
    done = run(checkout, "attention=mylab_bands", "data=sides", *SMALL, "study=package", site=site)
    assert done.returncode == 0, done.stderr
    assert len(list(checkout.glob("runs/package/mylab_bands/sides/*/record.json"))) == 1


def test_a_folder_of_configurations_does_as_well(checkout, site):
    command = ["--config-dir", str(site / "mylab/conf"), "attention=mylab_bands", "--cfg", "job", "-p", "attention"]
    assert "bands: 8" in run(checkout, *command).stdout


def test_the_examples_keep_the_rules_of_the_house(checkout):
    sources = [str(checkout / name) for name in FILES if name.endswith(".py")]
    lint = [sys.executable, "-m", "ruff", "check", *sources]
    linted = subprocess.run(lint, capture_output=True, text=True, cwd=checkout)
    assert linted.returncode == 0, linted.stdout
    packages = ("benchmark.model.attention.bands", "datamodules.sides", "benchmark.metrics.symbols_right")
    if (ROOT / ".mypy_cache").exists():  # what is known of the libraries need not be found again
        shutil.copytree(ROOT / ".mypy_cache", checkout / ".mypy_cache", dirs_exist_ok=True)
    types = [sys.executable, "-m", "mypy", *(word for name in packages for word in ("-p", name))]
    typed = subprocess.run(types, capture_output=True, text=True, cwd=checkout)
    assert typed.returncode == 0, typed.stdout
