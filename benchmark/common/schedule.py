"""Values that change while training, as functions of its progress from 0 to 1, so that a resume changes nothing."""

import math
from abc import ABC, abstractmethod
from typing import final

from datamodules.ranges import Finite, NonNegative, NotAll, Positive, Share


class Schedule(ABC):
    """A value as a function of training's progress."""

    @abstractmethod
    def __call__(self, progress: float) -> float:
        """The value at progress in [0, 1]."""


class Scheduled(ABC):
    """A part that changes with training's progress; the module tells all of them before each step."""

    @abstractmethod
    def at(self, progress: float) -> None:
        """Take the value that belongs to progress in [0, 1]."""


def part(progress: float, whole: float) -> float:
    """Progress as a share of `whole`, at most 1; of a whole of zero, all as soon as there is progress."""
    return min(1.0, progress / max(whole, 1e-9))


@final
class Constant(Schedule):
    def __init__(self, value: Finite):
        self.value = value

    def __call__(self, progress: float) -> float:
        return self.value


@final
class Linear(Schedule):
    """From start to end in a straight line, reached at `until`, a share of training."""

    def __init__(self, start: Finite, end: Finite, until: Share):
        self.start, self.end, self.until = start, end, until

    def __call__(self, progress: float) -> float:
        return self.start + (self.end - self.start) * part(progress, self.until)


@final
class Geometric(Schedule):
    """From start to end by a constant factor, reached at `until`: equal shares of training for equal ratios."""

    def __init__(self, start: Positive, end: Positive, until: Share):
        self.start, self.end, self.until = start, end, until

    def __call__(self, progress: float) -> float:
        return self.start * (self.end / self.start) ** part(progress, self.until)


@final
class Steps(Schedule):
    """From start, times factor at each share of training in `at`."""

    def __init__(self, start: Finite, factor: Positive, at: list[Share]):
        self.start, self.factor, self.marks = start, factor, at

    def __call__(self, progress: float) -> float:
        return self.start * self.factor ** sum(progress >= mark for mark in self.marks)


@final
class Cosine(Schedule):
    """A linear rise over the first `warmup` of training, then half a cosine from peak to end."""

    def __init__(self, peak: NonNegative, end: NonNegative, warmup: Share):
        self.peak, self.end, self.warmup = peak, end, warmup

    def __call__(self, progress: float) -> float:
        if progress < self.warmup:
            return self.peak * progress / self.warmup
        done = part(progress - self.warmup, 1 - self.warmup)
        return self.end + (self.peak - self.end) * 0.5 * (1 + math.cos(math.pi * done))


@final
class Waiting(Schedule):
    """Nothing for a share of training, then another schedule over the rest; nothing ever where the share is all."""

    def __init__(self, wait: NotAll, then: Schedule):
        self.wait, self.then = wait, then

    def __call__(self, progress: float) -> float:
        still = progress < self.wait or self.wait == 1
        return 0.0 if still else self.then((progress - self.wait) / (1 - self.wait))
