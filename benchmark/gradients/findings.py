"""What was found about each estimator at each point of training, as it stands in a record. Imports no PyTorch."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

FORMAT = 1
"""The entry `gradients` of a record."""
PARTS = ("policy", "rest", "all")
"""Entries of a gradient: of the weights that the policy alone has, all others, and both."""
WEIGHTS = {"policy": "weights of the policy", "rest": "all other weights"}
"""The parts that are shown, in words."""
TARGETS = {"bound": "the bound", "exact": "log p(y)"}
"""The enumerated objectives whose gradients a bias is measured from, and what they are the gradient of."""
CLEARLY = 3.0
"""Standard errors by which a squared bias has to exceed zero to be called one."""
MOST = 200
"""Most points of training and most estimators that are read."""


class Measured(NamedTuple):
    """A number with its standard error."""

    value: float
    error: float


class Bias(NamedTuple):
    """A bias as a share of the norm of the exact gradient. share: None where it is not told from zero. limit: what it
    is at most, CLEARLY standard errors up. error: of share.
    """

    share: float | None
    error: float
    limit: float

    @property
    def text(self) -> str:
        if self.share is None:
            return f"< {_percent(self.limit)}" if self.limit else "0"
        return f"{_percent(self.share)}" if not self.error else f"{_percent(self.share)} ± {_percent(self.error)}"


class EstimatorFinding(NamedTuple):
    """One estimator at one point. variance: the trace of the covariance of a training step's gradient, by part. bias:
    by target and part, empty where no exact gradient is known. seconds, bytes: of a step, forward and backward.
    trajectories: of each image, 0 for all there are.
    """

    estimator: str
    trajectories: int
    variance: Mapping[str, Measured]
    bias: Mapping[str, Mapping[str, Bias]]
    seconds: float
    bytes: float

    def at_equal_time(self, part: str) -> float:
        """Variance times seconds: the variance of the mean of the steps that fit into a second."""
        return self.variance[part].value * self.seconds


class PointFindings(NamedTuple):
    """All estimators at one point of training. step: of the optimiser. values: mean log-likelihoods of the images in
    nats, by how the glimpses were taken. reason: why there is no exact gradient, "" where there is one.
    """

    name: str
    step: int
    findings: tuple[EstimatorFinding, ...]
    values: Mapping[str, float]
    reason: str

    @property
    def title(self) -> str:
        return f"{self.name}, step {self.step:,}"

    @property
    def targets(self) -> list[str]:
        """Those of TARGETS that a bias of some estimator is known from."""
        return [target for target in TARGETS if any(target in each.bias for each in self.findings)]


class Findings(NamedTuple):
    """A record's content. images: of a batch."""

    run: str
    images: int
    draws: int
    points: tuple[PointFindings, ...]

    @property
    def estimators(self) -> list[str]:
        return list(dict.fromkeys(each.estimator for point in self.points for each in point.findings))


def findings_of(record: Mapping[str, Any]) -> Findings:
    """The content of a record. Raises ValueError for one that has another form, or values that cannot be."""
    try:
        if record["gradients"] != FORMAT:
            raise ValueError(f"has the format {str(record['gradients'])[:20]!r}, and {FORMAT} is read")
        points = tuple(_point(each) for each in record["points"][:MOST])
        found = Findings(str(record["run"])[:MOST], int(record["images"]), int(record["settings"]["draws"]), points)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"is no record of gradients ({type(error).__name__}: {str(error)[:60]})") from None
    if not found.points or not all(point.findings for point in found.points):
        raise ValueError("has no estimators")
    return found


def _point(entry: Mapping[str, Any]) -> PointFindings:
    norms = entry["squared_norm"]
    findings = tuple(_finding(each, norms) for each in entry["estimators"][:MOST])
    values = {str(key): _number(value) for key, value in entry["values"].items()}
    return PointFindings(str(entry["name"])[:40], int(entry["step"]), findings, values, str(entry["reason"])[:400])


def _finding(entry: Mapping[str, Any], norms: Mapping[str, Any]) -> EstimatorFinding:
    bias = {
        target: {part: _bias(_measured(entry["squared_bias"][target][part]), _number(norms[target][part]))
                 for part in PARTS}
        for target in TARGETS if target in entry["squared_bias"]
    }  # fmt: skip
    return EstimatorFinding(
        str(entry["name"])[:120],
        int(entry["trajectories"]),
        {part: _measured(entry["variance"][part], least=0.0) for part in PARTS},
        bias,
        _number(entry["seconds"], least=0.0),
        _number(entry["bytes"], least=0.0),
    )


def _bias(squared: Measured, norm: float) -> Bias:
    if norm <= 0:
        return Bias(None, 0.0, math.inf)
    limit = math.sqrt((max(squared.value, 0.0) + CLEARLY * squared.error) / norm)
    if squared.value <= CLEARLY * squared.error:
        return Bias(None, 0.0, limit)
    size = math.sqrt(squared.value)
    return Bias(size / math.sqrt(norm), squared.error / (2 * size * math.sqrt(norm)), limit)


def _measured(entry: Mapping[str, Any], least: float = -math.inf) -> Measured:
    return Measured(_number(entry["value"], least), _number(entry["error"], 0.0))


def _number(value: object, least: float = -math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise ValueError(f"has a value that cannot be: {str(value)[:40]}")
    return float(value)


def _percent(share: float) -> str:
    """A share in percent to two figures."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:,.0f} %"
