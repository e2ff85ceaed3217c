"""What the verdicts on claims are worth: level, coverage and power of each kind of claim, by simulation.

Mechanisms as in measure_statistics.py: 15 % error on 2,000 test images, an image harder or easier for all, a seed's
true error drawn with a spread of one point. Each claim is simulated where it is just not true, at its bound: a verdict
there is false. Coverage is of its 95 % interval. Power is the share of studies that decide rightly where the truth is
as the row says.

    python scripts/measure_claim_rules.py                  # in minutes
    python scripts/measure_claim_rules.py --studies 100 --seeds 3
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from measure_statistics import ERROR, IMAGES, asked, study
from rich.console import Console
from rich.progress import track
from scipy.stats import trim_mean

from benchmark.common.clustered_variance import Floats
from benchmark.process.program import program
from benchmark.report.analysis.aggregates import interquartile_mean
from benchmark.report.analysis.contrasts import (
    Contrast,
    SeedSample,
    Term,
    combination,
    combination_of_logarithms,
    contrast,
)
from benchmark.report.analysis.inference import CANNOT_TELL, FAILS, HOLDS, ClaimNumber, Region, decide
from benchmark.report.analysis.ranks import rank_correlation

SPREAD, MARGIN, SLOPE, TASKS, THINGS, CLAIMS = 0.01, 0.03, 0.02, 4, 15, 20
"""Over seeds; of an equivalence; error per doubling of the side; tasks of an aggregate; things that are ranked; claims
of a page.
"""

Draw = Callable[[np.random.Generator, int], tuple[Contrast, float]]
"""An estimate with its components, and the truth, from a generator and a number of seeds."""


def samples(errors: Sequence[float], seeds: int, generator: np.random.Generator) -> list[SeedSample]:
    """Of mechanisms with these expected errors, tested on the same images."""
    error_MS = np.array(errors)[:, None] + SPREAD * generator.standard_normal((len(errors), seeds))
    return [SeedSample.of(value_SN) for value_SN in study(error_MS, own(), generator)]


def own() -> np.ndarray:
    """Each image is its own source."""
    return np.arange(IMAGES)[:, None]


def difference(truth: float) -> Draw:
    """The first minus the second."""

    def draw(generator: np.random.Generator, seeds: int) -> tuple[Contrast, float]:
        first, second = samples([ERROR + truth, ERROR], seeds, generator)
        return contrast(first, second, own()), truth

    return draw


def ratio(truth: float) -> Draw:
    """The logarithm of the first divided by the second."""

    def draw(generator: np.random.Generator, seeds: int) -> tuple[Contrast, float]:
        first, second = samples([truth * ERROR, ERROR], seeds, generator)
        terms = [Term(1.0, first, "test"), Term(-1.0, second, "test")]
        return combination_of_logarithms(terms, {"test": own()}), float(np.log(truth))

    return draw


def slope(truth: float) -> Draw:
    """Of the error against the logarithm of the side to base two, at three sides, each with test images of its own."""

    def draw(generator: np.random.Generator, seeds: int) -> tuple[Contrast, float]:
        at = [samples([ERROR + truth * x], seeds, generator)[0] for x in (-1, 0, 1)]
        terms = [Term(x / 2, sample, str(x)) for x, sample in zip((-1, 0, 1), at, strict=True)]
        return combination(terms, {term.images: own() for term in terms}), truth

    return draw


def ranks(truth: float) -> Draw:
    """Of THINGS things whose scores are jointly normal with this Spearman correlation; seeds have no part in it."""

    def draw(generator: np.random.Generator, _: int) -> tuple[Contrast, float]:
        pearson = 2 * np.sin(np.pi * truth / 6)
        first, other = generator.standard_normal((2, THINGS))
        return rank_correlation(first, pearson * first + np.sqrt(1 - pearson**2) * other), float(np.arctanh(truth))

    return draw


LEVELS_T = np.array([0.2, 0.45, 0.6, 0.9])[:TASKS]
"""Scores of a mechanism on the tasks of an aggregate."""


Noise = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Noise over seeds of four points."""
    return 0.04 * generator.standard_normal(shape)


def skewed(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """The same with a long tail of bad seeds."""
    return 0.04 * (1 - generator.exponential(1.0, shape))


def scores(noise: Noise, generator: np.random.Generator, seeds: int) -> Floats:
    """(TASKS, seeds) of a mechanism."""
    return LEVELS_T[:, None] + noise(generator, (TASKS, seeds))


class Row(NamedTuple):
    """A kind of claim: where it lies at its bound, and where it is clearly so."""

    name: str
    region: Region
    at_bound: Draw
    clear: Draw
    word: str


ROWS = [
    Row("order: the first is better", Region(high=0.0), difference(0.0), difference(-0.05), HOLDS),
    Row("order, truth reversed", Region(high=0.0), difference(0.0), difference(0.05), FAILS),
    Row("equal within 3 points", Region(-MARGIN, MARGIN), difference(MARGIN), difference(0.0), HOLDS),
    Row("equal within 3 points, 9 apart", Region(-MARGIN, MARGIN), difference(-MARGIN), difference(0.09), FAILS),
    Row("a ratio below a half, a third", Region(high=np.log(0.5)), ratio(0.5), ratio(1 / 3), HOLDS),
    Row("slope below 2 points a doubling, 0", Region(high=SLOPE), slope(SLOPE), slope(0.0), HOLDS),
    Row("rank correlation of 15 things below 0.7, 0", Region(high=np.arctanh(0.7)), ranks(0.7), ranks(0.0), HOLDS),
]  # fmt: skip


class Measured(NamedTuple):
    """Shares of studies: a verdict at the bound, an interval that holds the truth there, the right verdict where it is
    clear.
    """

    false: float
    coverage: float
    power: float


def measure(row: Row, seeds: int, studies: int, start: int = 0) -> Measured:
    """At the bound of a region with two bounds "holds" is false, and "does not hold" too."""
    generator = np.random.default_rng(start)
    false, covered, right = [], [], []
    for _ in range(studies):
        found, truth = row.at_bound(generator, seeds)
        false.append(decide([[ClaimNumber(found, row.region)]])[0].word != CANNOT_TELL)
        covered.append(found.interval is not None and found.interval.low <= truth <= found.interval.high)
        right.append(decide([[ClaimNumber(row.clear(generator, seeds)[0], row.region)]])[0].word == row.word)
    return Measured(float(np.mean(false)), float(np.mean(covered)), float(np.mean(right)))


def pages(seeds: int, studies: int, start: int = 0) -> float:
    """The share of pages of CLAIMS orders with a false verdict: a third of them are true, a third false, the others at
    their bound.
    """
    generator = np.random.default_rng(start)
    wrong = []
    for _ in range(studies):
        truths = [(-0.03, 0.0, 0.03)[place % 3] for place in range(CLAIMS)]
        claims = [[ClaimNumber(difference(truth)(generator, seeds)[0], Region(high=0.0))] for truth in truths]
        words = [decision.word for decision in decide(claims)]
        allowed = {-0.03: (HOLDS, CANNOT_TELL), 0.0: (CANNOT_TELL,), 0.03: (FAILS, CANNOT_TELL)}
        wrong.append(any(word not in allowed[truth] for word, truth in zip(words, truths, strict=True)))
    return float(np.mean(wrong))


def middle_coverage(noise: Noise, seeds: int, studies: int, start: int = 0) -> float:
    """The share of 95 % intervals of an interquartile mean that hold that of very many seeds."""
    truth = trim_mean(scores(noise, np.random.default_rng(1), 500_000).ravel(), 0.25)
    generator = np.random.default_rng(start)
    found = [interquartile_mean(list(scores(noise, generator, seeds))).interval for _ in range(studies)]
    return float(np.mean([each is not None and each.low <= truth <= each.high for each in found]))


AGGREGATES: Mapping[str, Callable[[int, int, int], float]] = {
    "interquartile mean: coverage": partial(middle_coverage, normal),
    "interquartile mean, a long tail of bad seeds: coverage": partial(middle_coverage, skewed),
}


def table(seeds: list[int], studies: int) -> list[str]:
    """Every kind of claim, as Markdown."""
    lines = [
        "| " + " | ".join(["claim", *(f"{count} seeds" for count in seeds)]) + " |",
        "|---|" + "---:|" * len(seeds),
    ]
    for row in track(ROWS, "simulating", console=Console(stderr=True)):
        found = [measure(row, count, studies) for count in seeds]
        cells = [f"{each.false:.3f} / {each.coverage:.3f} / {each.power:.2f}" for each in found]
        lines.append("| " + " | ".join([row.name, *cells]) + " |")
    cells = [f"{pages(count, max(1, studies // 10)):.3f}" for count in seeds]
    lines.append("| " + " | ".join([f"a page of {CLAIMS} orders: a false verdict", *cells]) + " |")
    for name, coverage in AGGREGATES.items():
        cells = [f"{coverage(count, studies, 0):.3f}" for count in seeds]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return lines


@program
def main() -> None:
    given = asked(__doc__)
    print("verdict at the bound (level 0.05) / coverage of the 95 % interval there / power where it is clear")
    print("\n".join(table(given.seeds, given.studies)))


if __name__ == "__main__":
    sys.exit(main())
