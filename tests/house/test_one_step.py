"""docs/one_step.md is what a traced training step of `dram` does: its files, its numbers, its shapes."""

import json
import re
import subprocess
import sys

import pytest
from run_helpers import ROOT, environment

PAGE = (ROOT / "docs/one_step.md").read_text()
SHAPES = re.findall(r"`(\w+)`\s\(((?:\d+(?:, )?)*)\)", PAGE)
AXES = {
    axis: {int(size) for size in sizes.split(", ")}
    for axis, sizes in re.findall(r"^\| (\w) \| .* \| ([\d, ]+) \|$", PAGE, re.MULTILINE)
}


def dimensions(written):
    return [int(size) for size in written.split(", ") if size]


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    command = [sys.executable, str(ROOT / "scripts/trace_step.py"), "--json"]
    folder = tmp_path_factory.mktemp("trace")
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["numbers", "step", "command"])
def test_the_lists_are_those_of_a_traced_step(trace, name):
    (shown,) = re.findall(rf"<!-- {name} -->\n\n(.*?)\n\n<!-- end -->", PAGE, re.DOTALL)
    assert shown == trace["blocks"][name], "python scripts/trace_step.py --write puts the new lists into the page"


def test_every_shape_of_the_page_is_one_of_the_step(trace):
    assert len(SHAPES) > 15
    for name, written in SHAPES:
        assert dimensions(written) in trace["shapes"][name], name


def test_the_axes_of_a_name_have_the_sizes_that_the_page_gives_them():
    named = [(name, dimensions(written)) for name, written in SHAPES if "_" in name.removeprefix("log_")]
    assert len(named) > 10
    for name, sizes in named:
        axes = name.rpartition("_")[2]
        if axes.isalnum() and axes != "prob" and "P" not in axes:  # P: pixels of all levels of the retina
            assert len(axes) == len(sizes), name
            for axis, size in zip(axes, sizes, strict=True):
                assert size in ({int(axis)} if axis.isdigit() else AXES[axis]), name


def test_every_file_that_the_page_names_is_on_the_way(trace):
    prose = re.sub(r"<!-- \w+ -->.*?<!-- end -->", "", PAGE, flags=re.DOTALL)
    named = set(re.findall(r"`((?:benchmark|datamodules)/\S+\.py)`", prose))
    assert len(named) > 20 and named <= set(trace["files"])
    for path in re.findall(r"`((?:conf|tests|scripts)/\S+\.(?:py|yaml))[ `]", prose):
        assert (ROOT / path).is_file(), path


def test_lines_are_short():
    assert max(map(len, PAGE.splitlines())) <= 120
