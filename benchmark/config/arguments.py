"""What `build` gives each part beside its knobs: what only the data set or another part knows.

A part's constructor takes these arguments under these names. They stand in no yaml, so the check of a configuration
does not miss them there. place: of the part, or of the group of parts, in the configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_args

from benchmark.results.primary_metric import Headline
from datamodules.contract import References, TaskSpec


@dataclass(frozen=True)
class ForMechanism:
    """query_size: width of one state of the decoder."""

    spec: TaskSpec
    query_size: int
    place: ClassVar[str] = "attention.mechanism"


@dataclass(frozen=True)
class ForDecoder:
    """code_size: width of the glimpse's code."""

    code_size: int
    spec: TaskSpec
    place: ClassVar[str] = "decoder"


@dataclass(frozen=True)
class ForContext:
    """size: width of the state that it sets. gist_size: width of the mechanism's code of the whole image."""

    spec: TaskSpec
    size: int
    global_feature_size: int
    place: ClassVar[str] = "context"


@dataclass(frozen=True)
class ForPasses:
    """make: builds one pass of the model for a task."""

    make: Callable[[TaskSpec], Any]
    spec: TaskSpec
    place: ClassVar[str] = "passes"


@dataclass(frozen=True)
class ForObjective:
    """query_size: width of all states that a baseline may read."""

    query_size: int
    place: ClassVar[str] = "objective"


@dataclass(frozen=True)
class ForMeasure:
    """references: the captions of a split's images; none where a task has none."""

    spec: TaskSpec
    references: References
    place: ClassVar[str] = "metrics"


@dataclass(frozen=True)
class ForTrainingStep:
    """references: as for a measure."""

    spec: TaskSpec
    references: References
    place: ClassVar[str] = "training_step"


@dataclass(frozen=True)
class ForCallback:
    """headline: the measure that chooses the best weights."""

    headline: Headline
    place: ClassVar[str] = "callbacks"


@dataclass(frozen=True)
class ForLogger:
    """save_dir: the run's folder."""

    save_dir: str
    place: ClassVar[str] = "logger"


@dataclass(frozen=True)
class ForExtraMetric:
    """task: as torchmetrics names it. num_classes: of the task's symbols."""

    task: str
    num_classes: int
    place: ClassVar[str] = "metrics.extra"


Given = ForMechanism | ForDecoder | ForContext | ForPasses | ForObjective | ForMeasure | ForTrainingStep
"""To the one part at a place."""

Offered = ForCallback | ForLogger | ForExtraMetric
"""To those parts of a group that take it."""


def added(path: str) -> tuple[str, ...]:
    """The names of the arguments that the part at a dotted path is given or offered."""
    given = {kind.place: kind for kind in get_args(Given)}
    offered = {kind.place: kind for kind in get_args(Offered)}
    kind = given.get(path) or offered.get(path.rpartition(".")[0])
    return tuple(field.name for field in fields(kind)) if kind else ()
