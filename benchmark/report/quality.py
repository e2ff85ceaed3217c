"""How a task's headline is written, compared and judged, everywhere in the report."""

from dataclasses import dataclass
from typing import final

from benchmark.headline import Headline
from benchmark.report import formats
from benchmark.report.statistics import Interval


@final
@dataclass(frozen=True)
class Quality:
    """A headline as the report speaks of it: shares in percent, other numbers as they are."""

    headline: Headline

    @property
    def key(self) -> str:
        return self.headline.key

    @property
    def name(self) -> str:
        return self.headline.name

    @property
    def title(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]

    @property
    def direction(self) -> str:
        return "Higher is better." if self.headline.higher_is_better else "Lower is better."

    @property
    def factor(self) -> float:
        """From the number in a record to the number as written."""
        return 100.0 if self.headline.percent else 1.0

    @property
    def decimals(self) -> int:
        return 2 if self.headline.percent else 3

    @property
    def unit(self) -> str:
        return " %" if self.headline.percent else ""

    @property
    def head(self) -> str:
        """Its name with its unit, for the head of a column or an axis."""
        return f"{self.name}, %" if self.headline.percent else self.name

    @property
    def tolerance(self) -> float:
        """How close to a published number counts as reproduced: a percentage point, or 0.02 of a score."""
        return 0.01 if self.headline.percent else 0.02

    @property
    def tolerance_words(self) -> str:
        return "1 point" if self.headline.percent else f"{self.tolerance:g}"

    @property
    def points(self) -> str:
        """The unit of a difference, for the head of a column."""
        return ", points" if self.headline.percent else ""

    @property
    def better(self) -> str:
        """Which sign of a difference is the better one."""
        return "positive" if self.headline.higher_is_better else "negative"

    @property
    def column(self) -> str:
        """Its name in a CSV file."""
        return f"{self.key}_percent" if self.headline.percent else self.key

    @property
    def worse_alone(self) -> str:
        """The head of the column of images on which one of two was the worse."""
        return "wrong alone: it / the other" if self.headline.binary else "images worse: it / the other"

    @property
    def test(self) -> str:
        return "McNemar" if self.headline.binary else "sign-flip"

    def written(self, value: float) -> str:
        """Without its unit."""
        return formats.minus(f"{self.factor * value:.{self.decimals}f}")

    def tick(self, value: float) -> str:
        return f"{self.factor * value:g}"

    def span(self, interval: Interval, decimals: int | None = None) -> str:
        return formats.span(interval, self.factor, self.decimals if decimals is None else decimals)

    def difference(self, value: float) -> str:
        return formats.minus(f"{self.factor * value:+.{self.decimals}f}")

    def loss(self, value: float) -> float:
        """The value turned so that less is better."""
        return -value if self.headline.higher_is_better else value

    def is_good(self, difference: float) -> bool:
        """Whether a difference speaks for the first of two."""
        return self.loss(difference) < 0
