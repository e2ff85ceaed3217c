"""Schedules: values as functions of training progress from 0 to 1, so that a resumed run continues exactly."""

import math
from abc import ABC, abstractmethod
from typing import final

from benchmark.common.errors import ConfigFault
from datamodules.ranges import Finite, NonNegative, NotAll, Positive, Share


class Schedule(ABC):
    """A value as a function of training progress."""

    @abstractmethod
    def __call__(self, progress: float) -> float:
        """The value at progress in [0, 1]."""


class Scheduled(ABC):
    """A part that changes with training progress; the LightningModule calls `at` of each before every step."""

    @abstractmethod
    def at(self, progress: float) -> None:
        """Sets the value for progress in [0, 1]."""


def refuse_zero(knob: str, schedule: Schedule) -> None:
    """Raises ConfigFault where a schedule starts or ends at zero or below, and what it scales would not be finite."""
    if (least := min(schedule(0.0), schedule(1.0))) <= 0:
        raise ConfigFault([f"{knob}: {least:g} at one end; it has to stay above zero"])


def part(progress: float, whole: float) -> float:
    """Progress as a fraction of `whole`, at most 1. With whole = 0 it is 1 from the first progress on."""
    return min(1.0, progress / max(whole, 1e-9))


@final
class Constant(Schedule):
    def __init__(self, value: Finite):
        self.value = value

    def __call__(self, progress: float) -> float:
        return self.value


@final
class Linear(Schedule):
    """Linear from start to end. until: the progress at which the end is reached."""

    def __init__(self, start: Finite, end: Finite, until: Share):
        self.start, self.end, self.until = start, end, until

    def __call__(self, progress: float) -> float:
        return self.start + (self.end - self.start) * part(progress, self.until)


@final
class Geometric(Schedule):
    """Geometric from start to end, as a constant factor per step. until: the progress at which the end is reached."""

    def __init__(self, start: Positive, end: Positive, until: Share):
        self.start, self.end, self.until = start, end, until

    def __call__(self, progress: float) -> float:
        return self.start * (self.end / self.start) ** part(progress, self.until)


@final
class Steps(Schedule):
    """From start, multiplied by factor at each progress in `at`."""

    def __init__(self, start: Finite, factor: Positive, at: list[Share]):
        self.start, self.factor, self.marks = start, factor, at

    def __call__(self, progress: float) -> float:
        return self.start * self.factor ** sum(progress >= mark for mark in self.marks)


@final
class Cosine(Schedule):
    """Linear warm-up over the first `warmup` of training, then half a cosine from peak to end."""

    def __init__(self, peak: NonNegative, end: NonNegative, warmup: Share):
        self.peak, self.end, self.warmup = peak, end, warmup

    def __call__(self, progress: float) -> float:
        if progress < self.warmup:
            return self.peak * progress / self.warmup
        done = part(progress - self.warmup, 1 - self.warmup)
        return self.end + (self.peak - self.end) * 0.5 * (1 + math.cos(math.pi * done))


@final
class Waiting(Schedule):
    """Zero for the first `wait` of training, then another schedule over the rest; always zero for wait = 1."""

    def __init__(self, wait: NotAll, then: Schedule):
        self.wait, self.then = wait, then

    def __call__(self, progress: float) -> float:
        waits = progress < self.wait or self.wait == 1
        return 0.0 if waits else self.then((progress - self.wait) / (1 - self.wait))
