"""A policy whose first glimpse is at the centre."""

from typing import final

from benchmark.model.attention.policy.base import Canvas
from benchmark.model.attention.policy.centre import CentrePolicy
from benchmark.model.attention.policy.started import StartedPolicy


@final
class CentreStartPolicy(StartedPolicy):
    """The first location the image's centre, from where the widest window shows most of it. Without a context network
    the first glimpse is blind; a policy that samples it trains it by the little that it is worth.
    """

    @staticmethod
    def start(canvas: Canvas, query_size: int) -> CentrePolicy:
        return CentrePolicy(canvas, query_size)
