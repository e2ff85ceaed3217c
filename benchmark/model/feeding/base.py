"""Which symbol is fed to the decoder after each step of training.

Axes: R rows.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Feeding(nn.Module, ABC):
    """Chooses between the true symbol and the model's own, in training; free running has its own symbols only.

    repeats: whether the same symbols are fed when a batch is shown again.
    """

    repeats = True

    @abstractmethod
    def forward(self, true_R: Tensor, own_R: Tensor) -> Tensor:
        """(R,) the input symbol of the next time step."""
