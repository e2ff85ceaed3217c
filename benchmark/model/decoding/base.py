"""How symbols are chosen in free running, where no true ones are given."""

from abc import ABC, abstractmethod

from benchmark.model.decoding.rollout import Rollout, Unroll


class Decoding(ABC):
    """A decoding strategy. The S trajectories of an image emit the same symbols, except where a subclass says else."""

    @abstractmethod
    def __call__(self, loop: Unroll) -> Rollout:
        """A rollout of `loop.steps` time steps, its symbols IGNORED after the end."""
