"""The gain in log-likelihood that each glimpse brought: a reward for each glimpse.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols.
"""

from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import log_likelihood
from benchmark.objective.reward.base import Reward
from benchmark.objective.trajectories.sampled import SampledTrajectories


@final
class LikelihoodGain(Reward):
    """log p(y_t | after glimpse m) - log p(y_t | after glimpse m - 1), by the same classifier; of a symbol's first
    glimpse, log p(y_t) after it. This is shaping by a potential, log p(y_t) so far (Ng et al. 1999). Ours.

    The rewards of a symbol add up to its log-likelihood, so returns are those of reward=log_likelihood minus what was
    known before the glimpse, which does not depend on it: REINFORCE stays unbiased for the gradient of the bound. What
    was known before a symbol's first glimpse is not taken off: it depends on the glimpses of the symbols before, and
    what is optimised would change. With one glimpse for each symbol it is reward=log_likelihood. The likelihood trains
    the classifier to read out after the last glimpse alone.
    """

    can_be_negative = True
    trajectories = SampledTrajectories(each_glimpse=True)

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        read_MBST = torch.stack(
            [
                log_likelihood(rollout._replace(logits=logits_BSTV), target_BT)
                for logits_BSTV in rollout.glimpse_logits.unbind(-2)
            ]
        )
        known_BSTM = read_MBST.movedim(0, -1)
        return known_BSTM - pad(known_BSTM[..., :-1], (1, 0))
