"""Finds the factor by which the widths of a configuration meet a budget, on the meta device."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf, open_dict

from benchmark.build import build_rnn, make, without_weight_files
from benchmark.common.errors import ConfigFault, fault_lines
from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.match.base import Reference
from benchmark.match.nearest_scale import Nearest, nearest_scale
from benchmark.match.widths import scaled, widths
from benchmark.model.loop import SequenceModel
from benchmark.results.run_id import digest
from datamodules.contract import TaskSpec

_known: dict[str, int] = {}


class Budget(NamedTuple):
    """unit: in words. number: that of a model. to: the number, or a mechanism's name. tolerance: share by which
    it may be missed. fixed: knobs whose widths are not scaled.
    """

    unit: str
    number: Callable[[SequenceModel, TaskSpec], int]
    to: int | str
    tolerance: float
    fixed: Sequence[str]


def scale_to(config: DictConfig, budget: Budget, reference: Reference) -> None:
    """Sets the widths of a configuration and `match.chosen`. See `Match.apply`."""
    values, unresolved = plain(config), written(config)
    if config_faults(values, unresolved):
        return
    aim = budget.to if isinstance(budget.to, int) else known_cost(reference(budget.to), budget)
    known = widths(values, unresolved, budget.fixed)
    counts: dict[str, int] = {}

    def cost(scale: float) -> int:
        changed = {knob: scaled(value, hint, scale) for knob, (value, hint) in known.items()}
        if (key := digest(changed)) not in counts:
            counts[key] = cost_of(with_values(config, changed), budget)
        return counts[key]

    found = nearest_scale(cost, aim, budget.tolerance)
    if abs(found.cost - aim) > budget.tolerance * aim:
        raise ConfigFault([refusal(config, budget, aim, found, list(known))])
    chosen = {knob: scaled(value, hint, found.scale) for knob, (value, hint) in known.items()}
    for knob, value in chosen.items():
        if value != known[knob][0]:
            OmegaConf.update(config, knob, value, merge=False)
    with open_dict(config):
        config.match.chosen = {
            "budget": aim, "reached": found.cost, "scale": round(found.scale, 6), "widths": dict(chosen),
        }  # fmt: skip


def with_values(config: DictConfig, values: dict[str, Any]) -> DictConfig:
    """A copy of a configuration with other values."""
    found = config.copy()
    for knob, value in values.items():
        OmegaConf.update(found, knob, value, merge=False)
    return found


def cost_of(config: DictConfig, budget: Budget) -> int:
    """The number of a configuration's model, built without memory for its weights. Raises ConfigFault."""
    without = without_weight_files(config)
    spec = task_of(OmegaConf.to_yaml(without.data))
    try:
        with torch.device("meta"):
            return budget.number(build_rnn(without, spec), spec)
    except Exception as error:
        if lines := fault_lines(error):
            raise ConfigFault(lines) from error
        return budget.number(build_rnn(without, spec), spec)  # a user's part that does not support the meta device


def known_cost(config: DictConfig, budget: Budget) -> int:
    """The same, counted once for a configuration that many runs are matched to."""
    key = digest([budget.unit, plain(config)])
    if key not in _known:
        _known[key] = cost_of(config, budget)
    return _known[key]


@cache
def task_of(data: str) -> TaskSpec:
    """The task of a data set, given as yaml. A vocabulary is read from its files, since its size counts."""
    spec: TaskSpec = make(OmegaConf.create(data)).spec
    return spec


def refusal(config: DictConfig, budget: Budget, aim: int, found: Nearest, known: Sequence[str]) -> str:
    """Why a budget cannot be met, and the nearest that can."""
    asked = f"match.to={budget.to}: attention={config.attention.name} on data={config.data.name}"
    if not known or found.least == found.most:
        of = f"; match.fixed leaves {list(budget.fixed)} as they are" if budget.fixed else ""
        return f"{asked} has {found.cost:,} {budget.unit}, and no widths that could be scaled to {aim:,}{of}"
    bounds = f"it has at least {found.least:,}" if found.least > aim else f"the nearest is {found.cost:,}"
    share = f"{100 * budget.tolerance:g} %"
    return (
        f"{asked} cannot have {aim:,} {budget.unit} within {share}: {bounds}. Take match.to={found.cost}, or a larger "
        "match.tolerance"
    )
