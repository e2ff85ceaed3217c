"""Knobs that are no argument of a part, with what each may be: those of config.yaml itself, and of `look`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from datamodules.ranges import Count, Natural, NotAll, Positive


class RunSettings(NamedTuple):
    """What stands on top of config.yaml; said there."""

    study: str
    seed: Natural
    runs: str
    threads: Count
    log_every: Count
    progress: bool
    identity_excludes: list[str]


class EvaluationSettings(NamedTuple):
    """How a trained model is measured; said in config.yaml."""

    samples: Count
    seed: Natural
    sides: list[Count]
    repeats: Count


class AttentionSettings(NamedTuple):
    """A mechanism's choice: its name, and how often it looks for each symbol."""

    name: str
    glimpses: Count


class LookSettings(NamedTuple):
    """How finely models look at a task; said in each yaml of data. Mechanisms and decoders refer to these."""

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
"""By the place in the configuration."""
