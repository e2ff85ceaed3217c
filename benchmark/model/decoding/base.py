"""How symbols are chosen where nobody tells the true ones."""

from abc import ABC, abstractmethod

from benchmark.model.decoding.rollout import Rollout, Unroll


class Decoding(ABC):
    """Goes through a pass that runs free. The trajectories of an image agree on each symbol."""

    @abstractmethod
    def __call__(self, walk: Unroll) -> Rollout:
        """Of `walk.steps` symbols, IGNORED after the end."""
