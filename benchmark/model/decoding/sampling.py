"""Symbols drawn from the model.

Axes: B images, R rows, V symbols.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Unroll, pooled, unroll
from datamodules.ranges import Positive


def drawn(log_RV: Tensor) -> Tensor:
    """(R,) one symbol a row, drawn with probabilities proportional to exp(log)."""
    # The largest of log p + Gumbel noise is a categorical draw, and never waits for the device as multinomial does.
    return (log_RV - torch.empty_like(log_RV).exponential_().log()).argmax(-1)


@final
class Sampling(Decoding):
    """Each symbol is drawn from softmax(log p / temperature). The trajectories of an image share the draw, from their
    mean probability.
    """

    def __init__(self, temperature: Positive):
        if not temperature > 0:
            raise ConfigFault([f"decoding.temperature: has to be above 0, and not {temperature}; greedy is its limit"])
        self.temperature = temperature

    def __call__(self, walk: Unroll) -> Rollout:
        """Another sequence each time."""
        return unroll(walk, lambda logits_RV: self._say(logits_RV, walk.samples), lambda t, said_R: said_R)

    def _say(self, logits_RV: Tensor, samples: int) -> Tensor:
        log_BV = pooled(logits_RV.detach(), samples)[::samples] / self.temperature
        return drawn(log_BV).repeat_interleave(samples, 0)


@final
class Each(Decoding):
    """Each trajectory draws its own symbols from the model as it is: what a policy over symbols learns from."""

    def __call__(self, walk: Unroll) -> Rollout:
        """The trajectories of an image differ; no gradient flows through a draw."""
        return unroll(walk, lambda logits_RV: drawn(logits_RV.detach()), lambda t, said_R: said_R)
