"""Greedy decoding."""

from typing import final

from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Unroll, most_probable, unroll


@final
class Greedy(Decoding):
    """The most probable symbol at each time step, by the mean probability of an image's trajectories (DRAM)."""

    def __call__(self, loop: Unroll) -> Rollout:
        """Not always the most probable sequence: that is what `Beam` searches."""
        return unroll(loop, lambda logits_RV: most_probable(logits_RV, loop.samples), lambda t, chosen_R: chosen_R)
