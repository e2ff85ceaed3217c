"""A training step that PyTorch executes as it is written."""

from typing import final

from benchmark.training.compilation.base import Compilation, StepFunction


@final
class NoCompilation(Compilation):
    """No compilation: one operator after the other, as it is written."""

    second_gradients = True
    shares_batches = True

    def compiled(self, step: StepFunction) -> StepFunction:
        return step
