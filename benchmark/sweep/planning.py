"""Whether jobs can be run, said of all of them before the first begins."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from benchmark.build import build_module, make, without_weight_files
from benchmark.common.errors import causes, fault_lines
from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.results.run_folder import RunFolder
from datamodules.contract import Outlined, References, TaskSpec

ELSEWHERE = ("study", "seed", "runs", "threads", "progress", "log_every", "identity_excludes", "evaluation", "logger")
"""What no part of a model is built from."""

WORDS = ("a word", "the end")
"""The symbols of a task whose own stand in files that are not read yet."""


def job_faults(jobs: Mapping[Path, DictConfig]) -> dict[Path, list[str]]:
    """Of each job, by its folder, a line for each fault: what its knobs cannot be, or where its parts do not fit.

    Parts are built on the meta device, which makes no numbers, and once for jobs that differ in their seeds alone.
    """
    found: dict[Path, list[str]] = {}
    built: dict[str, list[str]] = {}
    for folder, config in jobs.items():
        values = plain(config)
        found[folder] = config_faults(values, written(config))
        if not found[folder]:
            resumes = RunFolder(folder).last.exists()
            key = f"{resumes} {distinct(values)}"
            if key not in built:
                built[key] = building_faults(config, resumes)
            found[folder] = built[key]
    return found


def distinct(values: Mapping[str, Any]) -> str:
    """A configuration without what its model does not depend on."""
    kept = {key: value for key, value in values.items() if key not in ELSEWHERE}
    data = {key: value for key, value in values["data"].items() if key != "seed"}
    return json.dumps(kept | {"data": data}, sort_keys=True, default=str)


def building_faults(config: DictConfig, resumes: bool) -> list[str]:
    """What stops the parts of a run from being built. resumes: its weights are a checkpoint's of its own."""
    without = without_weight_files(config)
    try:
        spec, references, known = task(without)
        with torch.device("meta"):
            module = build_module(without, spec, references)
        if known and not resumes:
            make(config.start)(module.rnn, spec.symbols)
    except Exception as error:
        if (told := fault_lines(error)) or resumes:
            return told
        return really(without)
    return []


def task(config: DictConfig) -> tuple[TaskSpec, References, bool]:
    """The task, what is written of its images, and whether its symbols are known without reading a file."""
    data: Any = make(config.data)
    references: References = data.references
    if isinstance(data, Outlined):
        return data.outline(WORDS), references, False
    return data.spec, references, True


def really(config: DictConfig) -> list[str]:
    """Faults of parts built with numbers: somebody's part may need those, and does not work on the meta device."""
    try:
        spec, references, _ = task(config)
        build_module(config, spec, references)
    except Exception as error:
        *_, last = causes(error)
        return fault_lines(error) or [f"the parts cannot be built ({type(last).__name__}: {last})"]
    return []
