"""Checks whether jobs can be run, for all of them before the first starts."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from hydra.utils import get_class
from omegaconf import DictConfig

from benchmark.build import build_module, make, without_weight_files
from benchmark.common.blame import described, packages_of
from benchmark.common.errors import causes, fault_lines
from benchmark.config.check import argument_faults, config_faults
from benchmark.config.compose import plain, written
from benchmark.results.run_folder import RunFolder
from datamodules.contract import Outlined, References, TaskSpec

ELSEWHERE = ("study", "seed", "runs", "threads", "progress", "log_every", "identity_excludes", "evaluation", "logger")
"""Keys of a configuration that the model does not depend on."""

WORDS = ("a word", "the end")
"""Placeholder symbols for a task whose vocabulary is in files that are not read yet."""


def launcher_faults(knobs: Mapping[str, Any]) -> list[str]:
    """The faults of a launcher's knobs. knobs: with its class as `_target_`; none for launchers of others."""
    wrong = argument_faults("hydra.launcher", knobs, get_class(knobs["_target_"])) if knobs else ()
    return [f"{knob}: {message}" for knob, message in wrong]


def job_faults(
    jobs: Mapping[Path, DictConfig], checked: Callable[[], object] = lambda: None,
    known: Mapping[Path, Mapping[str, Any]] = MappingProxyType({}),
) -> dict[Path, list[str]]:  # fmt: skip
    """The faults of each job, by its folder: of its knobs, or else of parts that do not fit together.

    Parts are built on the meta device, without memory for weights, and once for jobs that differ only in seeds.
    checked: called after each job. known: `plain` of the configurations, where it is known.
    """
    found: dict[Path, list[str]] = {}
    built: dict[str, list[str]] = {}
    of_knobs: dict[str, list[str]] = {}
    for folder, config in jobs.items():
        values = known[folder] if folder in known else plain(config)
        seeds = values["seed"], values["data"].get("seed")
        of_seeds = None if all(seed is None or (type(seed) is int and seed >= 0) for seed in seeds) else seeds
        relevant = {**values, "seed": of_seeds, "data": _seedless(values)}
        knobs = json.dumps(relevant, sort_keys=True, default=str)
        if knobs not in of_knobs:
            of_knobs[knobs] = config_faults(values, written(config))
        found[folder] = of_knobs[knobs]
        if not found[folder]:
            resumes = RunFolder(folder).last.exists()
            key = f"{resumes} {distinct(values)}"
            if key not in built:
                built[key] = building_faults(config, resumes)
            found[folder] = built[key]
        checked()
    return found


def distinct(values: Mapping[str, Any]) -> str:
    """A configuration without the keys that its model does not depend on, as JSON."""
    relevant = {key: value for key, value in values.items() if key not in ELSEWHERE}
    return json.dumps(relevant | {"data": _seedless(values)}, sort_keys=True, default=str)


def _seedless(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the data set without its seed."""
    return {key: value for key, value in values["data"].items() if key != "seed"}


def building_faults(config: DictConfig, resumes: bool) -> list[str]:
    """Faults from building the parts of a run. resumes: whether its weights come from its own checkpoint."""
    without = without_weight_files(config)
    try:
        spec, references, known = task(without)
        with torch.device("meta"):
            module = build_module(without, spec, references)
        if known and not resumes:
            make(config.start)(module.rnn, spec.symbols)
    except Exception as error:
        if (lines := fault_lines(error)) or resumes:
            return lines
        return faults_off_meta(without)
    return []


def task(config: DictConfig) -> tuple[TaskSpec, References, bool]:
    """The TaskSpec, its reference captions, and whether its symbols are known without reading a file."""
    data: Any = make(config.data)
    references: References = data.references
    if isinstance(data, Outlined):
        return data.outline(WORDS), references, False
    return data.spec, references, True


def faults_off_meta(config: DictConfig) -> list[str]:
    """Faults of parts built on the CPU, for a user's part that does not support the meta device."""
    try:
        spec, references, _ = task(config)
        build_module(config, spec, references)
    except Exception as error:
        *_, last = causes(error)
        return fault_lines(error) or [f"the parts cannot be built ({described(last, packages_of(plain(config)))})"]
    return []
