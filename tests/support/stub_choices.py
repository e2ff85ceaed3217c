"""Run in a clone that stubs were added to: each composes without a fault, and a run of it is built.

The stubs are named in `stubs.json` of the working folder, as rows of `open_groups.Choice`.
"""

import json
from pathlib import Path

import pytest
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf
from open_groups import Choice
from run_helpers import composer

from benchmark.build import build, build_callbacks, build_logs, make
from benchmark.config.check import config_faults, find
from benchmark.config.compose import plain, targets, written

COMPOSER = composer()
CHOICES = [Choice(*row) for row in json.loads(Path("stubs.json").read_text())]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"{choice.group}={choice.name}")
def test_a_run_is_composed_and_built(choice, tmp_path):
    texts = [*choice.context, f"{choice.group}={choice.name}"]
    if choice.group == "hydra/launcher":
        config = COMPOSER.compose(texts)
        launcher = Plugins.instance().instantiate_launcher(hydra_context=None, task_function=None, config=config)
        assert type(launcher) is find(choice.target)
        return
    config = COMPOSER.job(texts)
    assert choice.target in dict(targets(config, "")).values()
    assert config_faults(plain(config), written(config)) == []
    assert OmegaConf.select(config, "choices")[choice.group] == choice.name
    built = build(config)
    make(config.features)
    make(config.compilation)
    build_callbacks(config, built.module.measure.headline)
    build_logs(config, tmp_path)
