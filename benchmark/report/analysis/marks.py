"""The marks behind a name, alike wherever a report names it: what a reader has to know of its number."""

from collections.abc import Sequence

from benchmark.report.analysis import annotations, weights
from benchmark.report.read.folders import Finished


def marked(name: str, runs: Sequence[Finished]) -> str:
    """A name, marked where weights have seen the test images and where annotations are read."""
    return annotations.marked(weights.marked(name, runs), runs)
