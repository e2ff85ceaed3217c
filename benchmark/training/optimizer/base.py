"""How the parameters move: the optimiser, its learning rates over time, and the clipping of gradients."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


class Optimisation(ABC):
    """core: the parameters of what reads. policy: those of what decides where to look, and nothing else."""

    @abstractmethod
    def optimizer(
        self, core: list[Parameter], policy: list[Parameter], own: Mapping[Parameter, float], steps: int
    ) -> tuple[Optimizer, LambdaLR]:
        """The optimiser, and the schedule of its learning rates over `steps` steps.

        own: factors of the learning rate of parameters that have one, encoders'.
        """

    @abstractmethod
    def clip(self, core: list[Parameter], policy: list[Parameter]) -> tuple[Tensor, Tensor]:
        """Clips the gradients of both in place; their norms before."""
