"""Compares estimators at one point of training with each other and, where it is known, with the exact gradient."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from benchmark.build import build_objective
from benchmark.common.errors import ConfigFault
from benchmark.common.schedule import Scheduled
from benchmark.config.compose import Composer
from benchmark.gradients.estimators import EstimatorChoice, with_objective
from benchmark.gradients.findings import TARGETS, Measured
from benchmark.gradients.measuring import Meter, trajectories
from benchmark.gradients.moments import GradientMoments
from benchmark.gradients.points import Point
from benchmark.gradients.request import MeterSettings
from benchmark.objective.base import Objective
from benchmark.training.callbacks.builtin import seed_all

RANDOM = (
    "the enumerated gradient is random itself here, as with dropout or scheduled sampling, so it is not what a mean is "
    "compared with"
)


class Enumerated(NamedTuple):
    """The enumerated objectives, by target. reason: why there are none, "" where there are."""

    configs: Mapping[str, DictConfig]
    reason: str


def enumerated(config: DictConfig, chosen: Sequence[EstimatorChoice], meter: Meter, composer: Composer) -> Enumerated:
    """Those of a run, with the largest `most` of the chosen ones; none where its trajectories cannot be enumerated."""
    known = [each.knobs["most"] for each in chosen if "most" in each.knobs]
    most = {"objective.most": str(max(known))} if known else {}
    try:
        found = {target: with_objective(config, {"objective": target, **most}, composer) for target in TARGETS}
        for one in found.values():
            meter.refuse_misuse(build_objective(one, meter.rnn).to(meter.device))
    except ConfigFault as fault:
        return Enumerated({}, fault.faults[0])
    return Enumerated(found, "")


def refuse_misuse(chosen: Sequence[EstimatorChoice], meter: Meter) -> None:
    """Raises ConfigFault with the faults of all estimators that are not for a model."""
    faults = []
    for each in chosen:
        try:
            meter.refuse_misuse(build_objective(each.config, meter.rnn).to(meter.device))
        except ConfigFault as fault:
            faults += fault.faults
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))


def compared(
    point: Point, chosen: Sequence[EstimatorChoice], exact: Enumerated, meter: Meter, settings: MeterSettings
) -> dict[str, Any]:
    """A point's entry of a record; see `PointFindings`."""
    point.load_into(meter.rnn)
    objectives = {each.name: made(each.config, point, meter) for each in chosen}
    targets = {name: made(config, point, meter) for name, config in exact.configs.items()}
    held = {OmegaConf.to_yaml(exact.configs[name].objective): meter.draws(one, settings.draws)
            for name, one in targets.items()}  # fmt: skip
    known = dict(zip(targets, held.values(), strict=True))
    reason = exact.reason or ("" if all(moments.is_certain() for moments in known.values()) else RANDOM)
    expected = {} if reason else {name: moments.mean for name, moments in known.items()}
    moments = {}
    for each in chosen:
        meter.fit(objectives[each.name], settings.fit)
        drawn = held.get(OmegaConf.to_yaml(each.config.objective))
        moments[each.name] = drawn or meter.draws(objectives[each.name], settings.draws)
    costs = meter.costs(objectives)
    return {
        "name": point.name, "step": point.step, "progress": point.progress, "source": point.source,
        "sha256": point.sha256, "reason": reason,
        "values": {} if reason else meter.log_likelihoods(targets["exact"]),
        "squared_norm": {name: {part: each.value for part, each in known[name].squared_norm().items()}
                         for name in expected},
        "estimators": [
            {"name": name, "trajectories": trajectories(objectives[name]), "seconds": costs[name][0],
             "bytes": costs[name][1], **numbers(found, expected, len(meter.batches))}
            for name, found in moments.items()
        ],
    }  # fmt: skip


def made(config: DictConfig, point: Point, meter: Meter) -> Objective:
    """An objective as it is at a point of training, its own parameters untrained."""
    seed_all(meter.seed, "objective")
    objective = build_objective(config, meter.rnn).to(meter.device)
    for part in objective.modules():
        if isinstance(part, Scheduled):
            part.at(point.progress)
    return objective


def numbers(moments: GradientMoments, expected: Mapping[str, Tensor], batches: int) -> dict[str, Any]:
    """The variance of a step on one batch, and the squared biases by target. batches: those that a draw is a mean over,
    each with draws of its own.
    """
    variance = {
        part: Measured(found.value * batches, found.error * batches) for part, found in moments.variance().items()
    }
    bias = {target: moments.squared_bias(gradient_P) for target, gradient_P in expected.items()}
    return {
        "draws": moments.count,
        "variance": _plain(variance),
        "squared_norm": _plain(moments.squared_norm()),
        "squared_bias": {target: _plain(found) for target, found in bias.items()},
    }


def _plain(found: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    return {part: each._asdict() for part, each in found.items()}
