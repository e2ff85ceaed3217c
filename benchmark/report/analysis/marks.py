"""The marks behind a mechanism's label: pretrained weights that saw the test images, and annotations read at test."""

from collections.abc import Sequence

from benchmark.report.analysis import annotations, weights
from benchmark.report.read.folders import Finished


def marked(name: str, runs: Sequence[Finished]) -> str:
    """A label, marked where pretrained weights have seen the test images and where annotations are read."""
    return annotations.marked(weights.marked(name, runs), runs)
