"""All trajectories of an image, where each glimpse is at one of finitely many places.

Axes: B images, R = B * P rows, N places of a glimpse, G sampled glimpses of a sequence, P trajectories (N^G).
"""

from itertools import product
from math import prod
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Taken, Trajectories, rolled


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
        places: dict[int, int] = {}  # by number of the glimpse, of those that are sampled

        def counted(where: FiniteDistribution, number: int) -> Taken:
            places[number] = where.log_RN.shape[-1]
            return where.mode(), None

        with torch.no_grad():
            glimpses = rolled(roll, 1, counted, self.objective).log_prob.shape[2:].numel()
        # A model of several passes begins anew with each.
        of_sequence = {number: most for number, most in places.items() if number < glimpses}
        self._refuse([*of_sequence.values()])
        paths_PG = torch.tensor(list(product(*map(range, of_sequence.values()))))
        column = {number: column for column, number in enumerate(of_sequence)}

        def next_place(where: FiniteDistribution, number: int) -> Taken:
            path_P = paths_PG[:, column[number % glimpses]].to(where.log_RN.device)
            one_PN = one_hot(path_P, where.log_RN.shape[-1]).to(where.log_RN.dtype)
            return where.place(one_PN.repeat(len(where.log_RN) // len(one_PN), 1)), None

        return rolled(roll, len(paths_PG), next_place, self.objective)

    def _refuse(self, places: list[int]) -> None:
        if prod(places) > self.most:
            raise ConfigFault(
                [
                    f"objective: {self.objective} enumerates every trajectory, and {len(places)} glimpses at "
                    f"{', '.join(map(str, dict.fromkeys(places)))} places are {prod(places):,}; objective.most is "
                    f"{self.most}. Use fewer glimpses (look.glimpses=1), a coarser map of items, shorter sequences, or "
                    "objective=vimco"
                ]
            )
