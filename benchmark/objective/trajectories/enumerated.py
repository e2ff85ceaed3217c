"""All trajectories of an image, where each glimpse is at one of finitely many places.

Axes: B images, R = B * P rows, N places of a glimpse, G = T * M glimpses of a sequence, P = N^G trajectories.
"""

from itertools import product
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Trajectories, finite


@final
class EnumeratedTrajectories(Trajectories):
    """Every trajectory of every image, once. No glimpse is softened.

    most: trajectories of an image at most. objective: the choice, for messages. An unroll of one trajectory, without
    gradient, comes first: it tells N, which may depend on the batch. Raises ConfigFault where there are more
    trajectories than `most`, or infinitely many.
    """

    def __init__(self, most: int, objective: str):
        self.most, self.objective = most, objective

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        places: list[int] = []

        def counted(where: GlimpseDistribution) -> Tensor:
            places.append(finite(where, self.objective).log_RN.shape[-1])
            return where.mode()

        with torch.no_grad():
            glimpses = roll(1, counted).log_prob.shape[2:].numel()
        self._refuse(places[0], glimpses)
        paths_PG = torch.tensor(list(product(range(places[0]), repeat=glimpses)))
        taken = 0

        def next_place(where: GlimpseDistribution) -> Tensor:
            nonlocal taken
            where = finite(where, self.objective)
            path_P = paths_PG[:, taken % glimpses].to(where.log_RN.device)
            taken += 1  # a model of several passes begins anew with each
            one_PN = one_hot(path_P, places[0]).to(where.log_RN.dtype)
            return where.place(one_PN.repeat(len(where.log_RN) // len(one_PN), 1))

        return roll(len(paths_PG), next_place)

    def _refuse(self, places: int, glimpses: int) -> None:
        if places**glimpses > self.most:
            raise ConfigFault(
                [
                    f"objective: {self.objective} enumerates every trajectory, and {glimpses} glimpses at {places} "
                    f"places are {places}^{glimpses}; objective.most is {self.most}. Use fewer glimpses "
                    "(look.glimpses=1), a coarser map of items, shorter sequences, or objective=vimco"
                ]
            )
