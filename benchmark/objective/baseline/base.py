"""Baselines of REINFORCE: subtracted from the return, to lower the variance of the policy gradient.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from benchmark.common.errors import contract_fault
from benchmark.common.tensor_checks import constant_fault
from benchmark.model.decoding.rollout import Rollout


def masked_mean(value_BSTM: Tensor, mask_BSTM: Tensor) -> Tensor:
    """The mean over the entries whose mask is 1; zero where there are none."""
    return (value_BSTM * mask_BSTM).sum() / mask_BSTM.sum().clamp(min=1)


class Baseline(nn.Module, ABC):
    """The expected return of a glimpse; independent of the sample that it corrects, or the gradient would be biased.

    fewest: the trajectories of an image that it needs.
    """

    fewest = 1

    @abstractmethod
    def forward(self, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        """The (B, S, T, M) baseline, without gradient, and its own scalar loss.

        mask_BSTM: 1 for glimpses that count, 0 for those after the end or left out by the loss mask.
        """


def checked(baseline: Baseline, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
    """What a baseline gives. Raises RunFault where it breaks the contract, as with a gradient, which would bias."""
    found = baseline(rollout, return_BSTM, mask_BSTM)
    if not isinstance(found, tuple) or len(found) != 2:
        fault = f"it gives a {type(found).__name__}, and has to give two tensors: the baseline, and its own loss"
    else:
        fault = constant_fault("the baseline", found[0], return_BSTM.shape)
    if fault:
        raise contract_fault("baseline", baseline, [fault])
    return found
