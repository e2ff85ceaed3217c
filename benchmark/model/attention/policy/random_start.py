"""A policy whose first glimpse is sampled uniformly."""

from typing import final

from benchmark.model.attention.policy.started import StartedPolicy
from benchmark.model.attention.policy.uniform import UniformPolicy


@final
class RandomStartPolicy(StartedPolicy):
    """The first location uniform over the image: RAM, which has no context network."""

    start = UniformPolicy
