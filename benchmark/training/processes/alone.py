"""A run in one process."""

from typing import Any, final

from benchmark.model.loop import SequenceModel
from benchmark.training.processes.base import Processes


@final
class Alone(Processes):
    """One process, which computes all images of a batch."""

    def shared(self, rnn: SequenceModel) -> SequenceModel:
        return rnn

    def trainer_arguments(self) -> dict[str, Any]:
        return {}

    def same(self, value: bool) -> bool:
        return value
