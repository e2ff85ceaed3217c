"""The tables of a measurement for the terminal, one for each point of training."""

from collections.abc import Sequence

from benchmark.gradients.findings import TARGETS, Finding, PointFindings

MEGA = 1e6


def lines(point: PointFindings) -> list[str]:
    """A point's table, and what it leads to for the log-likelihood."""
    targets = [target for target in TARGETS if any(target in each.bias for each in point.findings)]
    heads = ["estimator", "draws", "variance: policy", "rest", "x time: policy", "rest",
             *(f"bias from {TARGETS[target]}: {part}" for target in targets for part in ("policy", "rest")),
             "ms", "MB"]  # fmt: skip
    cells = [heads, *(row(each, targets) for each in point.findings)]
    return ["", point.title, *aligned(cells), *explained(point)]


def row(found: Finding, targets: Sequence[str]) -> list[str]:
    """The cells of an estimator."""
    parts = ("policy", "rest")
    return [
        found.estimator,
        str(found.trajectories or "all"),
        *(f"{found.variance[part].value:.2e}" for part in parts),
        *(f"{found.at_equal_time(part):.2e}" for part in parts),
        *(found.bias[target][part].text if target in found.bias else "-" for target in targets for part in parts),
        f"{1000 * found.seconds:.1f}",
        f"{found.bytes / MEGA:.1f}",
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
