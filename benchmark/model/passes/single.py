"""One pass of the loop over an image."""

from benchmark.model.loop import AttentionRNN
from benchmark.model.passes.base import Make
from datamodules.contract import TaskSpec


def forward(make: Make, spec: TaskSpec) -> AttentionRNN:
    """One pass, from the first symbol to the last."""
    return make(spec)
