"""A range of a knob: what Hydra's syntax of sweeps says, as a distribution of Optuna's."""

from collections.abc import Sequence
from typing import NamedTuple

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

LOG = "log"
"""The tag of a range that is searched on a logarithmic scale: tag(log, interval(1e-4, 1e-2))."""


class SearchRange(NamedTuple):
    """A knob or config group with a range. knob: as on the command line. text: the range as typed.
    distribution: numbers, or the values of a choice in command-line syntax.
    """

    knob: str
    text: str
    distribution: BaseDistribution

    def override(self, value: CategoricalChoiceType) -> str:
        """The override that sets a value of this range."""
        return f"{self.knob}={value}"

    def ends(self) -> list[str]:
        """Overrides of the lowest and the highest value, or of each value of a choice."""
        if isinstance(self.distribution, CategoricalDistribution):
            return [self.override(value) for value in self.distribution.choices]
        assert isinstance(self.distribution, FloatDistribution | IntDistribution)
        return [self.override(value) for value in (self.distribution.low, self.distribution.high)]


def search_range(override: Override) -> SearchRange:
    """The range of an override with several values. Raises ValueError, in words, where there is nothing to choose."""
    knob, text = override.get_key_element().lstrip("+"), str(override.input_line).partition("=")[2]
    value = override.value()
    if isinstance(value, IntervalSweep):
        return SearchRange(knob, text, interval(value))
    if isinstance(value, RangeSweep):
        return SearchRange(knob, text, steps(value))
    choices = list(dict.fromkeys(override.sweep_string_iterator()))
    if not choices:
        raise ValueError("there is nothing to choose from")
    return SearchRange(knob, text, CategoricalDistribution(choices))


def interval(sweep: IntervalSweep) -> BaseDistribution:
    """All numbers between two; whole ones for int(interval(1, 9))."""
    low, high, log = sweep.start, sweep.end, LOG in sweep.tags
    assert low is not None and high is not None
    refuse_empty(low, high, log)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def steps(sweep: RangeSweep) -> BaseDistribution:
    """The numbers of range(start, stop, step), which does not contain its stop."""
    found: Sequence[float] = list(sweep.range())
    if not found:
        raise ValueError("the range is empty")
    low, high, log = found[0], found[-1], LOG in sweep.tags
    if high < low:
        raise ValueError("a range has to rise")
    if log:
        raise ValueError("a range with steps has no logarithmic scale; write tag(log, int(interval(low, high)))")
    if isinstance(low, int) and isinstance(sweep.step, int):
        return IntDistribution(low, int(high), step=sweep.step)
    return FloatDistribution(low, high, step=sweep.step)


def refuse_empty(low: float, high: float, log: bool) -> None:
    if not low < high:
        raise ValueError(f"the interval is empty: {low:g} is not below {high:g}")
    if log and low <= 0:
        raise ValueError(f"a logarithmic scale begins above 0, and not at {low:g}")
