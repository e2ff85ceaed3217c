"""Optimiser, learning rate schedules and gradient clipping, with separate groups for the policy and all else."""

from collections.abc import Callable, Mapping
from typing import Any, final

from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from benchmark.common.schedule import Schedule, Waiting
from benchmark.training.optimizer.base import Optimisation
from datamodules.ranges import Limit, Share


@final
class CoreAndPolicy(Optimisation):
    """make: builds the optimiser from parameter groups. rate, policy_rate: factors of its learning rate by progress.

    There are two groups: the policy (or the localisation network of a spatial transformer), which decides where to
    look, and the core, which is all else. While the core classifies at chance the gradient of the policy is noise, and
    an adaptive optimiser as Adam turns it into full-size steps, so the policy has a schedule of its own with a warm-up
    and an optional delay.

    policy_wait: fraction of training, 0 to 1, in which the policy is not trained; `policy_rate` runs over the rest. At
    1 it is never trained, as in the controls of spatial transformers.
    clip_core, clip_policy: maximal gradient norm of each group. With one norm for both, a noisy policy gradient would
    shrink the core's updates.
    """

    def __init__(
        self,
        make: Callable[[list[dict[str, Any]]], Optimizer],
        rate: Schedule,
        policy_rate: Schedule,
        policy_wait: Share,
        clip_core: Limit,
        clip_policy: Limit,
    ):
        self.make, self.rate, self.policy_rate = make, rate, Waiting(policy_wait, policy_rate)
        self.clip_core, self.clip_policy = clip_core, clip_policy

    def optimizer(
        self, core: list[Parameter], policy: list[Parameter], own: Mapping[Parameter, float], steps: int
    ) -> tuple[Optimizer, LambdaLR]:
        """Two groups, core and policy. Each factor in `own` makes two more after them."""
        groups = [(1.0, core, self.rate), (1.0, policy, self.policy_rate)]
        for by in sorted({*own.values()} - {1.0}):
            groups += [(by, core, self.rate), (by, policy, self.policy_rate)]
        optimizer = self.make([{"params": [p for p in of if own.get(p, 1.0) == by]} for by, of, _ in groups])
        return optimizer, LambdaLR(optimizer, [factor(rate, steps, by) for by, _, rate in groups])

    def clip(self, core: list[Parameter], policy: list[Parameter]) -> tuple[Tensor, Tensor]:
        """Clips both groups' gradients in place; returns their norms before."""
        return clip_grad_norm_(core, self.clip_core), clip_grad_norm_(policy, self.clip_policy)


def factor(rate: Schedule, steps: int, by: float) -> Callable[[int], float]:
    """The schedule as a function of the step, times `by`."""
    return lambda step: by * rate(min(1.0, step / steps))
