"""The interface of rules: from the scores of arms to parts of a claim, which the statistics decide."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from benchmark.claims.measure.base import ArmScores
from benchmark.report.analysis.contrasts import Contrast, Term, combination, combination_of_logarithms
from benchmark.report.analysis.inference import Region

Show = Callable[[float], float]
"""From the scale that is tested to the one that is shown: the exponential of the logarithm of a ratio."""


def as_it_is(value: float) -> float:
    return value


@final
class ClaimPart(NamedTuple):
    """One number that a claim is about. words: what it is. kind: a difference of the measure's numbers, such a number
    itself, or a pure number. shown: from the scale that is tested to the one that is shown.
    """

    words: str
    found: Contrast
    region: Region
    shown: Show
    kind: Literal["difference", "itself", "pure"]


class ClaimRule(ABC):
    """What a claim says: an order, an equivalence, a ratio, a slope, a correlation."""

    @abstractmethod
    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        """One for each number that the claim says something of. All have to be so."""

    @abstractmethod
    def arms(self) -> list[str]:
        """The names of the arms that it compares."""


def sum_of(weights: Mapping[str, float], arms: Mapping[str, ArmScores]) -> Contrast:
    """sum_i w_i mean_i over arms."""
    return combination(*terms_of(weights, arms))


def sum_of_logarithms(weights: Mapping[str, float], arms: Mapping[str, ArmScores]) -> Contrast:
    """sum_i w_i log mean_i over arms. Raises ValueError where a mean is not positive."""
    if bad := [name for name in weights if arms[name].sample.mean <= 0]:
        raise ValueError(f"{', '.join(bad)} is not above zero, and has no logarithm")
    return combination_of_logarithms(*terms_of(weights, arms))


def terms_of(
    weights: Mapping[str, float], arms: Mapping[str, ArmScores]
) -> tuple[list[Term], dict[str, NDArray[np.int64]]]:
    """The terms of a weighted sum of arms, and the sources of each set of test images."""
    terms = [Term(weight, arms[name].sample, arms[name].images) for name, weight in weights.items()]
    return terms, {arm.images: arm.sources_NK for arm in arms.values()}


def between(above: float | None, below: float | None, tested: Show = as_it_is) -> Region:
    """The region between two bounds, None for no bound. tested: from the scale that is shown to the tested one.

    Raises ValueError where nothing lies between them, or there is no bound.
    """
    if above is None and below is None:
        raise ValueError("above or below has to be a number: without a bound a claim says nothing")
    if above is not None and below is not None and not above < below:
        raise ValueError(f"above: {above} has to be less than below: {below}")
    return Region(-np.inf if above is None else tested(above), np.inf if below is None else tested(below))


def different(arms: Sequence[str]) -> list[str]:
    """Arms, each named once. Raises ValueError where one is named twice: a number is not compared with itself."""
    if twice := sorted({arm for arm in arms if arms.count(arm) > 1}):
        raise ValueError(f"the arm {', '.join(twice)} is named twice")
    return list(arms)


def slope_weights(x: Sequence[float]) -> list[float]:
    """The weights of the least-squares slope over x. Raises ValueError for fewer than two different x."""
    centred = np.asarray(x, float) - np.mean(x)
    if not np.square(centred).sum() > 0:
        raise ValueError("a slope needs two different places")
    return [float(each) for each in centred / np.square(centred).sum()]
