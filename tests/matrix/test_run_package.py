"""The wheel outside of its checkout, with a user's own package beside it and a user's own `conf` folder in the way."""

import json
import shutil
import subprocess
import sys
import tomllib

import pytest
from run_helpers import ROOT, TINY, environment

THEIRS = '''
from typing import final
import torch
from benchmark.model.attention.base import Attention, Glimpse

@final
class Corner(Attention):
    """Sees the mean of the upper left corner, always."""

    drawn = False
    code_size = global_feature_size = 1

    def __init__(self, spec, query_size, side):
        super().__init__()
        self.side = side

    def encode(self, image_BCHW, boxes_BN4, key):
        return image_BCHW[..., : self.side, : self.side].mean((-3, -2, -1))[:, None]

    def global_feature(self, features):
        return features

    def forward(self, features, query_RS, step, draw, past):
        code = features.repeat_interleave(len(query_RS) // len(features), 0)
        return Glimpse(code, code[:, :0], code.new_zeros(len(code)), code[:, :0])

    def attention_map(self, where, side):
        return where.new_ones(len(where), *side)

    def fixation(self, where):
        return where.new_full((len(where), 2), float("nan"))

    def policy_parameters(self):
        return []
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of installed packages: our wheel, and a package of a user's with one mechanism."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name in ("benchmark", "datamodules", "conf"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", site, source], check=True)
    (site / "theirs/conf/attention").mkdir(parents=True)
    for folder in ("theirs", "theirs/conf"):
        (site / folder / "__init__.py").touch()
    (site / "theirs/corner.py").write_text(THEIRS)
    (site / "theirs/conf/attention/corner.yaml").write_text(
        "name: corner\nglimpses: 1\nmechanism:\n  _target_: theirs.corner.Corner\n  side: 3\n"
    )
    (site / "theirs-1.0.dist-info").mkdir()
    (site / "theirs-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (site / "theirs-1.0.dist-info/entry_points.txt").write_text("[attention_benchmark.configs]\ntheirs = theirs.conf\n")
    return site


def run(site, cwd, *arguments):
    command = [sys.executable, "-m", "benchmark.run", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(PYTHONPATH=str(site)), capture_output=True, text=True)


@pytest.fixture
def elsewhere(tmp_path):
    """A working folder with a `conf` package of its own."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/__init__.py").touch()
    (tmp_path / "conf/config.yaml").write_text("x: 1\n")
    return tmp_path


def test_every_yaml_is_in_the_wheel(site):
    ours = {path.relative_to(ROOT / "conf") for path in (ROOT / "conf").rglob("*.yaml")}
    assert {path.relative_to(site / "benchmark/conf") for path in (site / "benchmark/conf").rglob("*.yaml")} == ours


def test_every_template_is_in_the_wheel(site):
    for path in (ROOT / "benchmark").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            assert (site / path.relative_to(ROOT)).is_file(), path


HELP = """
import importlib.metadata, sys
(wheel,) = importlib.metadata.distributions(name="rnn-attention-benchmark", path=[sys.argv[1]])
for script in wheel.entry_points.select(group="console_scripts"):
    sys.argv = [script.name, "--help"]
    try:
        code = script.load()()
    except SystemExit as end:
        code = end.code
    print(f"{script.name} {code or 0}", file=sys.stderr)
"""


def test_every_console_script_of_the_wheel_answers_help(site, elsewhere):
    done = subprocess.run(
        [sys.executable, "-c", HELP, site], cwd=elsewhere, env=environment(PYTHONPATH=str(site)), capture_output=True,
        text=True,
    )  # fmt: skip
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert sorted(done.stderr.splitlines()) == [f"{name} 0" for name in sorted(scripts)], done.stderr
    assert all(word in done.stdout for word in ("attention-fetch", "attention-check-data", "attention-score"))
    assert all((site / "bin" / name).is_file() for name in scripts)
    assert len([*site.glob("rnn_attention_benchmark-*.dist-info/licenses/LICENSE")]) == 1


def test_a_users_mechanism_is_a_choice_like_any_other(site, elsewhere):
    told = run(site, elsewhere, "--help").stdout
    assert "cnn_weak, corner, dram" in told
    done = run(site, elsewhere, "attention=corner", "+attention.mechanism.sde=1", *TINY)
    assert done.returncode == 2 and "theirs.corner.Corner has no knob 'sde'; did you mean 'side'?" in done.stderr


@pytest.mark.slow
def test_a_sweep_runs_from_the_wheel_with_a_users_mechanism_and_a_folder_of_configurations(site, elsewhere):
    (elsewhere / "more/attention").mkdir(parents=True)
    (elsewhere / "more/attention/wide.yaml").write_text(
        "defaults:\n  - corner\n  - _self_\nname: wide\nmechanism:\n  side: 9\n"
    )
    done = run(site, elsewhere, "--config-dir=more", "attention=wide", "--cfg", "job", "-p", "attention.mechanism")
    assert "side: 9" in done.stdout, done.stderr
    done = run(site, elsewhere, "--config-dir=more", "-m", "attention=corner,wide", *TINY, "study=s")
    assert done.returncode == 0, done.stderr + done.stdout
    records = {path.parts[-4]: json.loads(path.read_text()) for path in elsewhere.glob("runs/s/*/*/*/record.json")}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {*records} == {"corner", "wide"}
    for record in records.values():
        assert record["git"]["revision"] is None and record["versions"]["rnn-attention-benchmark"] == version
