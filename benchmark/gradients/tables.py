"""The tables of a measurement for the terminal, one for each point of training."""

from collections.abc import Sequence

from benchmark.gradients.findings import TARGETS, WEIGHTS, EstimatorFinding, PointFindings

MEGA = 1e6


def lines(point: PointFindings) -> list[str]:
    """A point's tables, and what it leads to for the log-likelihood."""
    heads = ["estimator", "trajectories", "variance: policy", "rest", "x time: policy", "rest", "ms", "MB"]
    found = ["", point.title, *aligned([heads, *map(row, point.findings)])]
    if targets := point.targets:
        named = [f"from {TARGETS[target]}: {part}" for target in targets for part in WEIGHTS]
        found += aligned([["bias", *named], *(biases(each, targets) for each in point.findings)])
    return [*found, *explained(point)]


def row(found: EstimatorFinding) -> list[str]:
    """An estimator's cells."""
    return [
        found.estimator,
        str(found.trajectories or "all"),
        *(f"{found.variance[part].value:.2e}" for part in WEIGHTS),
        *(f"{found.at_equal_time(part):.2e}" for part in WEIGHTS),
        f"{1000 * found.seconds:.1f}",
        f"{found.bytes / MEGA:.1f}",
    ]


def biases(found: EstimatorFinding, targets: Sequence[str]) -> list[str]:
    """An estimator's biases."""
    return [
        found.estimator,
        *(found.bias[target][part].text if target in found.bias else "-" for target in targets for part in WEIGHTS),
    ]


def explained(point: PointFindings) -> list[str]:
    """Where the log-likelihood is lost, or why that is not known."""
    if point.reason:
        return [f"no exact gradient: {point.reason}"]
    return [f"nats per image: {'; '.join(f'{name} {value}' for name, value in decomposition(point))}"]


def decomposition(point: PointFindings) -> list[tuple[str, str]]:
    """What the log-likelihood of an image comes to, by how the glimpses are taken; empty where that is not known."""
    values = point.values
    if not {"marginal", "bound", "deviation", "mode"} <= set(values):
        return []
    found = [
        ("log p(y)", f"{values['marginal']:.4f}"),
        ("its bound", f"{values['bound']:.4f}"),
        ("bound gap", f"{values['marginal'] - values['bound']:.4f}"),
        ("standard deviation of one trajectory", f"{values['deviation']:.4f}"),
    ]
    for name in ("mode", "expectation"):
        if name in values:
            found.append((f"{name} minus bound", f"{values[name] - values['bound']:+.4f}"))
    return found


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Columns, the first to the left and all others to the right."""
    wide = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(f"{text:{'<' if not column else '>'}{wide[column]}}" for column, text in enumerate(line)).rstrip()
        for line in cells
    ]
