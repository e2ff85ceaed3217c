"""A single pass of the attention RNN over an image."""

from benchmark.model.loop import AttentionRNN
from benchmark.model.passes.base import Make
from datamodules.contract import TaskSpec


def forward(make: Make, spec: TaskSpec) -> AttentionRNN:
    """A single pass, from the first symbol to the last."""
    return make(spec)
