"""Symbols sampled from the model.

Axes: B images, R rows, V symbols.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Unroll, averaged_rows, unroll
from datamodules.ranges import Positive


def drawn(log_RV: Tensor) -> Tensor:
    """(R,) one symbol of each row, sampled with probabilities proportional to exp(log)."""
    # argmax of log p + Gumbel noise is a categorical sample, without the device synchronisation of multinomial.
    return (log_RV - torch.empty_like(log_RV).exponential_().log()).argmax(-1)


@final
class Sampling(Decoding):
    """Ancestral sampling from softmax(log p / temperature), p the mean probability of an image's trajectories, which
    share the sample. Raises ConfigFault for a temperature of 0 or less.
    """

    def __init__(self, temperature: Positive):
        if not temperature > 0:
            raise ConfigFault([f"decoding.temperature: has to be above 0, and not {temperature}; greedy is its limit"])
        self.temperature = temperature

    def __call__(self, loop: Unroll) -> Rollout:
        """A different sequence at each call."""
        return unroll(loop, lambda logits_RV: self._choose(logits_RV, loop.samples), lambda t, chosen_R: chosen_R)

    def _choose(self, logits_RV: Tensor, samples: int) -> Tensor:
        log_BV = averaged_rows(logits_RV.detach(), samples)[::samples] / self.temperature
        return drawn(log_BV).repeat_interleave(samples, 0)


@final
class Each(Decoding):
    """Ancestral sampling of each trajectory by itself, at temperature 1: for the policy gradient over symbols."""

    def __call__(self, loop: Unroll) -> Rollout:
        """The trajectories of an image differ; samples have no gradient."""
        return unroll(loop, lambda logits_RV: drawn(logits_RV.detach()), lambda t, chosen_R: chosen_R)
