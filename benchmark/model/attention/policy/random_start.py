"""A policy whose first glimpse is sampled uniformly."""

from typing import final

from benchmark.model.attention.policy.base import Canvas
from benchmark.model.attention.policy.started import StartedPolicy
from benchmark.model.attention.policy.uniform import UniformPolicy


@final
class RandomStartPolicy(StartedPolicy):
    """The first location uniform over the image: RAM, which has no context network."""

    @staticmethod
    def start(canvas: Canvas, query_size: int) -> UniformPolicy:
        return UniformPolicy(canvas, query_size)
