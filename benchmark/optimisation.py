"""How the parameters move: optimiser, learning rate over time, and clipping apart for the reader and the policy."""

from collections.abc import Callable, Iterable
from typing import final

from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from benchmark.schedule import Schedule


@final
class Optimisation:
    """make: the optimiser from parameters. rate: factor of its learning rate by progress.

    clip_core, clip_policy: the largest gradient norm of what the likelihood trains and of what the policy gradient alone
    trains. One norm for both would let a noisy policy gradient shrink the reader's steps.
    """

    def __init__(
        self, make: Callable[[Iterable[Parameter]], Optimizer], rate: Schedule, clip_core: float, clip_policy: float
    ):
        self.make, self.rate = make, rate
        self.clip_core, self.clip_policy = clip_core, clip_policy

    def optimizer(self, parameters: Iterable[Parameter], steps: int) -> tuple[Optimizer, LambdaLR]:
        """The optimiser, and the schedule of its learning rate over `steps` steps."""
        optimizer = self.make(parameters)
        return optimizer, LambdaLR(optimizer, lambda step: self.rate(min(1.0, step / steps)))

    def clip(self, core: list[Parameter], policy: list[Parameter]) -> tuple[Tensor, Tensor]:
        """Clips both in place; their norms before."""
        return clip_grad_norm_(core, self.clip_core), clip_grad_norm_(policy, self.clip_policy)
