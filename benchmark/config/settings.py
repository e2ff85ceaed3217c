"""Types and ranges of knobs that are not arguments of a part: those of config.yaml itself, and of `look`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from datamodules.ranges import Count, Natural, NotAll, Positive


class RunSettings(NamedTuple):
    """Top-level knobs of config.yaml; explained there."""

    study: str
    seed: Natural
    runs: str
    threads: Count
    log_every: Count
    progress: bool
    identity_excludes: list[str]


class EvaluationSettings(NamedTuple):
    """How a trained model is evaluated; explained in config.yaml."""

    samples: Count
    seed: Natural
    sides: list[Count]
    repeats: Count


class AttentionSettings(NamedTuple):
    """Knobs of every attention mechanism: its name, and its glimpses per symbol."""

    name: str
    glimpses: Count


class LookSettings(NamedTuple):
    """Knobs that fit the models to a data set, set in its yaml. Mechanisms and decoders interpolate them."""

    glimpses: Count
    size: Count
    crop: Count
    oversample: Count
    scales: Count
    unit: Positive
    explore: Positive
    aim: Positive
    wait: NotAll
    hidden: Count
    symbol_size: Natural


SETTINGS: Mapping[str, Any] = {
    "": RunSettings,
    "evaluation": EvaluationSettings,
    "attention": AttentionSettings,
    "look": LookSettings,
}
"""By dotted key in the configuration."""
