"""Numbers as text."""

from benchmark.process.terminal import span as span_of_time
from benchmark.report.analysis.statistics import Interval

DASH = "–"
STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def percent(share: float) -> str:
    """A fraction in percent, two decimals, without the sign."""
    return f"{100 * share:.2f}"


def span(interval: Interval, scale: float = 100, decimals: int = 2) -> str:
    """An interval, by default of fractions in percent."""
    return minus(f"{scale * interval.low:z.{decimals}f} to {scale * interval.high:z.{decimals}f}")


def at_start(text: str) -> str:
    """A text as the beginning of a sentence; other capitals stay."""
    return text[:1].upper() + text[1:]


def minus(text: str) -> str:
    """Hyphens replaced by minus signs."""
    return text.replace("-", "\N{MINUS SIGN}")


def count(value: float) -> str:
    """A large number to three figures with its prefix: 13.9 M."""
    for size, prefix in STEPS:
        if abs(value) >= 0.9995 * size:
            held = value / size
            return f"{held:.3g} {prefix}" if abs(held) < 999.5 else f"{held:,.0f} {prefix}"
    return f"{value:.3g}"


def rate(value: float) -> str:
    """A rate per second, as an integer with thousands separators from 10 on."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def memory(size: float) -> str:
    """Bytes in binary units."""
    for step, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= step:
            return f"{size / step:.3g} {unit}" if size < 999.5 * step else f"{size / step:,.0f} {unit}"
    return f"{size:.0f} B"


def duration(seconds: float) -> str:
    """Seconds as the two largest units that matter: 2 h 05 min, 3 min 20 s, 8.4 s."""
    return f"{seconds:.1f} s" if seconds < 59.95 else span_of_time(seconds)


def probability(p: float | None) -> str:
    """A p value to two figures, "< 0.0001" below that; a dash for None."""
    if p is None:
        return DASH
    return "<\N{NO-BREAK SPACE}0.0001" if p < 1e-4 else f"{p:.2g}"


def plural(number: int, noun: str) -> str:
    """1 seed, 2 seeds."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
