"""The most probable symbol at each step."""

from typing import final

from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Unroll, likeliest, unroll


@final
class Greedy(Decoding):
    """The trajectories of an image agree by their mean probability (DRAM's averaging)."""

    def __call__(self, walk: Unroll) -> Rollout:
        """Never looks back: the most probable sequence may be another."""
        return unroll(walk, lambda logits_RV: likeliest(logits_RV, walk.samples), lambda t, said_R: said_R)
