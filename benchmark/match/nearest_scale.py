"""Searches the factor of widths whose cost is nearest to a budget: costs grow with the factor, in steps."""

import math
from collections.abc import Callable
from typing import NamedTuple

CLOSE = 0.2
"""Share of the tolerance that is near enough to stop searching."""
MOST_LOOKS = 24
"""Most costs that are counted between two bounds. Where widths are small, fewer tell neighbouring ones apart."""
SMALLEST, LARGEST = 2.0**-12, 2.0**10
"""The factors that are tried: all widths 1, and a thousand times as wide."""


class Nearest(NamedTuple):
    """The factor with the nearest cost. least, most: the lowest and highest costs that were counted."""

    scale: float
    cost: int
    least: int
    most: int


def nearest_scale(cost: Callable[[float], int], aim: int, tolerance: float) -> Nearest:
    """cost: of a factor; the same for equal widths. aim: the cost to meet. The factor 1 is tried first.

    The logarithm of a cost is nearly linear in that of the factor, so that a secant needs few looks; a bisection
    follows where it does not help.
    """
    tried = {1.0: cost(1.0)}

    def best() -> float:
        return min(tried, key=lambda scale: (abs(tried[scale] - aim), scale))

    def near() -> bool:
        return abs(tried[best()] - aim) <= CLOSE * tolerance * aim

    low = high = 1.0
    while tried[low] > aim and low > SMALLEST and not near():
        low = max(SMALLEST, low * min(0.5, aim / tried[low]))
        tried[low] = cost(low)
    while tried[high] < aim and high < LARGEST and not near():
        high = min(LARGEST, high * min(4.0, max(1.5, 1.1 * math.sqrt(aim / tried[high]))))
        tried[high] = cost(high)
    for look in range(MOST_LOOKS):
        if near() or not tried[low] < aim < tried[high]:
            break
        middle = between(low, tried[low], high, tried[high], aim) if look % 3 < 2 else math.sqrt(low * high)
        tried[middle] = cost(middle)
        low, high = (middle, high) if tried[middle] < aim else (low, middle)
    return Nearest(best(), tried[best()], min(tried.values()), max(tried.values()))


def between(low: float, low_cost: int, high: float, high_cost: int, aim: int) -> float:
    """Where the line through two points, in logarithms, meets a cost; kept off both ends."""
    share = (math.log(aim) - math.log(max(1, low_cost))) / (math.log(high_cost) - math.log(max(1, low_cost)))
    share = min(0.95, max(0.05, share))
    return low * (high / low) ** share
