"""What the report's verdicts are worth: false findings, coverage and power, by simulation.

Six mechanisms are trained with S seeds each and tested on the same 2,000 images; by default all have the same expected
error of 15 %. An image is harder or easier for all, and for each mechanism besides; a seed's true error is drawn. Then
the report's own rule (benchmark/report/analysis/inference.py) judges all 15 pairs, beside rules that were considered.

    python scripts/measure_statistics.py            # every table, in minutes
    python scripts/measure_statistics.py --studies 100 --seeds 2 3
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.special import bdtr, ndtri, stdtr

from benchmark.common.clustered_variance import Floats
from benchmark.process.program import program
from benchmark.report.analysis.contrasts import SeedSample, contrast
from benchmark.report.analysis.inference import FAMILY
from benchmark.report.analysis.statistics import holm

MECHANISMS, IMAGES, ERROR, DIGITS = 6, 2000, 0.15, 400
COMMON, OWN = 1.2, 0.6
"""How much harder one image is than another for all mechanisms, and for one alone: std of a latent normal whose noise
from seed to seed has 1."""

Errors = Callable[[np.random.Generator, int], Floats]


def equal(spread: float) -> Errors:
    """Errors of (mechanisms, seeds) whose seeds have one spread."""
    return lambda generator, seeds: ERROR + spread * generator.standard_normal((MECHANISMS, seeds))


def unequal(generator: np.random.Generator, seeds: int) -> Floats:
    """Spreads from half a point to eight."""
    spread_M1 = generator.permutation([0.005, 0.01, 0.02, 0.04, 0.06, 0.08])[:, None]
    return ERROR + spread_M1 * generator.standard_normal((MECHANISMS, seeds))


def plateau(generator: np.random.Generator, seeds: int) -> Floats:
    """15 % of seeds never learned: they stay at 60 %."""
    stuck_MS = generator.random((MECHANISMS, seeds)) < 0.15
    return np.where(stuck_MS, 0.6, ERROR) + 0.01 * generator.standard_normal((MECHANISMS, seeds))


def skewed(generator: np.random.Generator, seeds: int) -> Floats:
    """A long tail of bad seeds."""
    return ERROR - 0.04 + 0.04 * generator.exponential(1.0, (MECHANISMS, seeds))


def first_alone(world: Errors, mean: float) -> Errors:
    """The first mechanism's seeds as in a world, where their expected error is `mean`; the others' all but that."""

    def errors(generator: np.random.Generator, seeds: int) -> Floats:
        error_MS = mean + 0.01 * generator.standard_normal((MECHANISMS, seeds))
        error_MS[0] = world(generator, seeds)[0]
        return error_MS

    return errors


WORLDS: Mapping[str, Errors] = {
    "equal, 0 points": equal(0.0), "equal, 1 point": equal(0.01), "equal, 3 points": equal(0.03),
    "unequal, 0.5 to 8": unequal, "15 % never learned": plateau, "skewed, 4 points": skewed,
}  # fmt: skip


ALONE: Mapping[str, Errors] = {
    "15 % never learned, of the first alone": first_alone(plateau, 0.15 * 0.6 + 0.85 * ERROR),
    "skewed, 4 points, the first alone": first_alone(skewed, ERROR),
}
"""Worlds where no few seeds show how one mechanism varies, and the others hardly do; its pairs are counted alone."""


def difficulty(generator: np.random.Generator, sources_NK: np.ndarray, mechanisms: int) -> Floats:
    """(mechanisms, images) how much harder each image is, as a latent normal: in part its sources'."""
    of_source = generator.standard_normal((mechanisms + 1, int(sources_NK.max()) + 1))
    latent_MN = of_source[:, sources_NK].sum(axis=2) / np.sqrt(sources_NK.shape[1])
    return COMMON * latent_MN[:1] + OWN * latent_MN[1:]


def study(error_MS: Floats, sources_NK: np.ndarray, generator: np.random.Generator) -> list[Floats]:
    """(seeds, images) of each mechanism: 1 where an image was misread. The mean over all images that there could be is
    exactly the seed's error.
    """
    scale = np.sqrt(1 + COMMON**2 + OWN**2)
    threshold_MS = ndtri(np.clip(error_MS, 0.002, 0.98)) * scale
    harder_MN = difficulty(generator, sources_NK, len(error_MS))
    noise = generator.standard_normal((*error_MS.shape, len(sources_NK)), dtype=np.float32)
    return list((threshold_MS[..., None] + harder_MN[:, None] + noise > 0).astype(float))


class Rule(NamedTuple):
    """p of every pair of a study, before Holm, and whether each pair's 95 % interval holds no difference."""

    p: list[float]
    covered: list[bool]


def ours(held: list[Floats], sources_NK: np.ndarray) -> Rule:
    samples = [SeedSample.of(value_SN) for value_SN in held]
    found = [contrast(first, second, sources_NK) for first, second in combinations(samples, 2)]
    covered = [each.interval.low <= 0 <= each.interval.high for each in found if each.interval]
    return Rule([each.p or 1.0 for each in found], covered)


def from_p(p: list[float]) -> Rule:
    return Rule(p, [value >= 0.05 for value in p])


def images_as_replicates(held: list[Floats], sources_NK: np.ndarray) -> Rule:
    """McNemar's test pooled over seeds: every image of every seed counts as an independent replicate."""
    p = []
    for first, second in combinations(held, 2):
        one, other = int((first > second).sum()), int((first < second).sum())
        p.append(min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5))) if one + other else 1.0)
    return from_p(p)


def welch(held: list[Floats], sources_NK: np.ndarray, images: bool = False) -> Rule:
    """Welch's test over seeds; with `images` their variance is added by Satterthwaite's rule."""
    p = []
    for first, second in combinations(held, 2):
        means = [value_SN.mean(axis=1) for value_SN in (first, second)]
        parts = [(max(float(m.var(ddof=1)), 1e-9) / len(m), len(m) - 1) for m in means]
        if images:
            difference_N = first.mean(axis=0) - second.mean(axis=0)
            parts.append((float(difference_N.var(ddof=1)) / len(difference_N), len(difference_N) - 1))
        variance = sum(part for part, _ in parts)
        freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
        p.append(float(2 * stdtr(freedom, -abs(means[0].mean() - means[1].mean()) / np.sqrt(variance))))
    return from_p(p)


def independent_images(held: list[Floats], sources_NK: np.ndarray) -> Rule:
    """Ours, taking images that share a digit as independent."""
    return ours(held, np.arange(len(sources_NK))[:, None])


RULES: Mapping[str, Callable[[list[Floats], np.ndarray], Rule]] = {
    "the report's": ours,
    "images as replicates (McNemar)": images_as_replicates,
    "Welch over seeds": welch,
    "Welch and images (Satterthwaite)": lambda held, sources: welch(held, sources, images=True),
    "the report's, digits ignored": independent_images,
}


class Measured(NamedTuple):
    """Shares of studies with a false finding among the pairs that are equal, of intervals that contain the truth, and
    of pairs with a true difference that are found significantly different.
    """

    family: float
    coverage: float
    power: float


def measure(
    rule: str,
    world: Errors,
    seeds: int,
    studies: int,
    better: float = 0.0,
    digits: bool = False,
    start: int = 0,
    of_first: bool = False,
) -> Measured:
    """A rule in a world. better: by how much the first mechanism's expected error is less. digits: whether images are
    pairs of few digits. start: of the generator. of_first: whether the first mechanism's pairs are counted alone.
    """
    generator = np.random.default_rng(start)
    false, told, held_truth = [], [], []
    pairs = list(combinations(range(MECHANISMS), 2))
    differs = np.array([better > 0 and first == 0 for first, _ in pairs])
    counted = ~differs & np.array([first == 0 or not of_first for first, _ in pairs])
    for _ in range(studies):
        sources_NK = generator.integers(DIGITS, size=(IMAGES, 2)) if digits else np.arange(IMAGES)[:, None]
        error_MS = world(generator, seeds)
        error_MS[0] -= better
        found = RULES[rule](study(error_MS, sources_NK, generator), sources_NK)
        apart = np.array(holm(found.p)) < FAMILY
        false.append(bool(apart[counted].any()))
        told.append(float(apart[differs].mean()) if differs.any() else 0.0)
        held_truth.append(float(np.array(found.covered)[counted].mean()))
    return Measured(float(np.mean(false)), float(np.mean(held_truth)), float(np.mean(told)))


def table(seeds: list[int], studies: int) -> list[str]:
    """Every rule in every world, as Markdown."""
    heads = ["rule", "spread over seeds", *(f"{count} seeds" for count in seeds)]
    lines = ["| " + " | ".join(heads) + " |", "|---|---|" + "---:|" * len(seeds)]
    cases = [(rule, name, 0.0, False) for rule in RULES if "digits" not in rule for name in WORLDS]
    cases += [(rule, "equal, 1 point", 0.0, True) for rule in ("the report's", "the report's, digits ignored")]
    compared = product(("the report's", "Welch over seeds"), ("equal, 1 point", "equal, 3 points"))
    cases += [(rule, name, 0.05, False) for rule, name in compared]
    for rule, name, better, digits in track(cases, "simulating", console=Console(stderr=True)):
        found = [measure(rule, WORLDS[name], count, studies, better, digits) for count in seeds]
        what = f"{name}; canvases of {DIGITS} digits" if digits else name
        if better:
            cells = [f"power {each.power:.2f}" for each in found]
            what = f"{name}; one 5 points better"
        else:
            cells = [f"{each.family:.3f} / {each.coverage:.3f}" for each in found]
        lines.append("| " + " | ".join([rule, what, *cells]) + " |")
    for name, world in ALONE.items():
        found = [measure("the report's", world, count, studies, of_first=True) for count in seeds]
        cells = [f"{each.family:.3f} / {each.coverage:.3f}" for each in found]
        lines.append("| " + " | ".join(["the report's", name, *cells]) + " |")
    return lines


def asked(about: str | None) -> argparse.Namespace:
    """The command line of a simulation: studies and seeds."""
    words = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--studies", type=int, default=1000, help="simulated studies of each cell (default 1000)")
    words.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5, 10], help="seeds a mechanism")
    return words.parse_args()


@program
def main() -> None:
    given = asked(__doc__)
    error = np.sqrt(0.05 * 0.95 / given.studies)
    print(f"At least one false finding of 15 (level 0.05, simulation error {error:.3f}) / coverage of a 95 % interval")
    print("\n".join(table(given.seeds, given.studies)))


if __name__ == "__main__":
    sys.exit(main())
