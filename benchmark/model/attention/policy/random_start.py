"""A policy whose first glimpse is sampled uniformly."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import GlimpseDistribution
from benchmark.model.attention.policy.base import Canvas, Policy
from benchmark.model.attention.policy.uniform import UniformPolicy


@final
class RandomStartPolicy(Policy):
    """The first location uniform over the image, then the policy `then`: RAM, which has no context network."""

    def __init__(self, canvas: Canvas, query_size: int, then: Callable[..., Policy]):
        super().__init__()
        self.first = UniformPolicy(canvas, query_size)
        self.then = then(canvas=canvas, query_size=query_size)
        self.drawn, self.reads_annotations = self.then.drawn, self.then.reads_annotations

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        policy = self.first if step == 0 else self.then
        return policy(query_RQ, boxes_BN4, step)
