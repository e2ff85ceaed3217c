"""How the report formats and compares the primary metric."""

from dataclasses import dataclass
from typing import final

from benchmark.report.analysis import formats
from benchmark.report.analysis.statistics import Interval
from benchmark.results.primary_metric import Headline


@final
@dataclass(frozen=True)
class Quality:
    """The primary metric as the report writes it: shares in percent, other numbers as they are."""

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
        return formats.at_start(self.name)

    @property
    def direction(self) -> str:
        return "Higher is better." if self.headline.higher_is_better else "Lower is better."

    @property
    def factor(self) -> float:
        """From the value in a record to the value in the report."""
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
        """How close to a published number counts as reproduced: a quarter of an error, at most 1 point; a twentieth of
        a score, at most 0.02. 10,000 test images cannot resolve less of a small error, whatever the number of seeds.
        """
        share = 0.05 if self.headline.higher_is_better else 0.25
        return min(share * published, 0.01 if self.headline.percent else 0.02)

    @property
    def points(self) -> str:
        """The unit of a difference, for the head of a column."""
        return ", points" if self.headline.percent else ""

    @property
    def better(self) -> str:
        """Which sign of a difference is better."""
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
        return formats.minus(f"{self.factor * value:+z.{self.decimals}f}")

    def visible(self, value: float | None) -> str:
        """The smallest detectable difference as text; "none" where it exceeds the whole scale."""
        if value is None:
            return formats.DASH
        return "none" if self.headline.percent and value >= 1 else self.written(value)

    def loss(self, value: float) -> float:
        """The value turned so that lower is better."""
        return -value if self.headline.higher_is_better else value

    def is_good(self, difference: float) -> bool:
        """Whether a difference (first minus second) means that the first is better."""
        return self.loss(difference) < 0
