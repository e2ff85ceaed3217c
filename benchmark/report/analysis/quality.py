"""How a task's headline is written, compared and judged, everywhere in the report."""

from dataclasses import dataclass
from typing import final

from benchmark.report.analysis import formats
from benchmark.report.analysis.statistics import Interval
from benchmark.results.primary_metric import Headline


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

    def tolerance(self, published: float) -> float:
        """How close to a published number counts as reproduced: a quarter of an error, but no more than one point; a
        twentieth of a score, but no more than 0.02. Less of a small error could not be told from 10,000 test images,
        whatever the number of seeds.
        """
        share = 0.05 if self.headline.higher_is_better else 0.25
        return min(share * published, 0.01 if self.headline.percent else 0.02)

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

    def written(self, value: float) -> str:
        """Without its unit."""
        return formats.minus(f"{self.factor * value:.{self.decimals}f}")

    def tick(self, value: float) -> str:
        return f"{self.factor * value:g}"

    def span(self, interval: Interval, decimals: int | None = None) -> str:
        return formats.span(interval, self.factor, self.decimals if decimals is None else decimals)

    def difference(self, value: float) -> str:
        return formats.minus(f"{self.factor * value:+.{self.decimals}f}")

    def visible(self, value: float | None) -> str:
        """The size of a difference that could have been seen; in words where there is none so large."""
        if value is None:
            return formats.DASH
        return "none" if self.headline.percent and value >= 1 else self.written(value)

    def loss(self, value: float) -> float:
        """The value turned so that less is better."""
        return -value if self.headline.higher_is_better else value

    def is_good(self, difference: float) -> bool:
        """Whether a difference speaks for the first of two."""
        return self.loss(difference) < 0
