"""How the parameters move: optimiser, learning rate over time, and clipping apart for the reader and the policy."""

from collections.abc import Callable
from typing import Any, final

from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from benchmark.schedule import Schedule


@final
class Optimisation:
    """make: the optimiser from groups of parameters. rate, policy_rate: factors of its learning rate by progress.

    The two groups are what reads and what decides where to look: a policy, or the localiser of a spatial transformer.
    Before the reader can read, the gradient of where to look is noise; an optimiser that scales its steps, as Adam
    does, would walk the looks away on it, so their rate has a rise and a peak of its own.

    clip_core, clip_policy: the largest gradient norm of either group. One norm for both would let a noisy policy
    gradient shrink the reader's steps.
    """

    def __init__(
        self,
        make: Callable[[list[dict[str, Any]]], Optimizer],
        rate: Schedule,
        policy_rate: Schedule,
        clip_core: float,
        clip_policy: float,
    ):
        self.make, self.rate, self.policy_rate = make, rate, policy_rate
        self.clip_core, self.clip_policy = clip_core, clip_policy

    def optimizer(self, core: list[Parameter], policy: list[Parameter], steps: int) -> tuple[Optimizer, LambdaLR]:
        """The optimiser, and the schedule of its learning rates over `steps` steps."""
        optimizer = self.make([{"params": core}, {"params": policy}])
        return optimizer, LambdaLR(optimizer, [factor(self.rate, steps), factor(self.policy_rate, steps)])

    def clip(self, core: list[Parameter], policy: list[Parameter]) -> tuple[Tensor, Tensor]:
        """Clips both in place; their norms before."""
        return clip_grad_norm_(core, self.clip_core), clip_grad_norm_(policy, self.clip_policy)


def factor(rate: Schedule, steps: int) -> Callable[[int], float]:
    """The schedule as a function of the step."""
    return lambda step: rate(min(1.0, step / steps))
