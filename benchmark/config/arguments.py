"""The arguments that `build` passes to each part besides its knobs, because they follow from the data or other parts.

A part's constructor takes them by these names. They are in no yaml, and the check of a configuration does not expect
them there. place: dotted key of the part, or of the group of parts, in the configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_args

from benchmark.results.primary_metric import Headline
from datamodules.contract import References, TaskSpec


@dataclass(frozen=True)
class ForMechanism:
    """Arguments of an attention mechanism. query_size: width of one hidden state of the decoder."""

    spec: TaskSpec
    query_size: int
    place: ClassVar[str] = "attention.mechanism"


@dataclass(frozen=True)
class ForDecoder:
    """Arguments of a decoder. code_size: width of the glimpse feature."""

    code_size: int
    spec: TaskSpec
    place: ClassVar[str] = "decoder"


@dataclass(frozen=True)
class ForContext:
    """Arguments of a context. size: width of the hidden state that it initialises. global_feature_size: width of the
    mechanism's feature of the whole image.
    """

    spec: TaskSpec
    size: int
    global_feature_size: int
    place: ClassVar[str] = "context"


@dataclass(frozen=True)
class ForPasses:
    """Arguments of a group `passes`. make: builds one pass of the model for a task."""

    make: Callable[[TaskSpec], Any]
    spec: TaskSpec
    place: ClassVar[str] = "passes"


@dataclass(frozen=True)
class ForObjective:
    """Arguments offered to an objective. query_size: width of all hidden states that a baseline may read. item_size:
    width of the features of the mechanism's items, 0 where it has none. symbols: number of the task's symbols.
    """

    query_size: int
    item_size: int
    symbols: int
    place: ClassVar[str] = "objective"


@dataclass(frozen=True)
class ForMeasure:
    """Arguments of a measure. references: the reference captions of a split's images; empty for other tasks."""

    spec: TaskSpec
    references: References
    place: ClassVar[str] = "metrics"


@dataclass(frozen=True)
class ForTrainingStep:
    """Arguments of a training step. references: as for a measure."""

    spec: TaskSpec
    references: References
    place: ClassVar[str] = "training_step"


@dataclass(frozen=True)
class ForCallback:
    """Arguments offered to callbacks. headline: the primary metric, which selects the best checkpoint."""

    headline: Headline
    place: ClassVar[str] = "callbacks"


@dataclass(frozen=True)
class ForLogger:
    """Arguments offered to loggers. save_dir: the run's folder."""

    save_dir: str
    place: ClassVar[str] = "logger"


@dataclass(frozen=True)
class ForExtraMetric:
    """Arguments offered to torchmetrics. task: as torchmetrics names it. num_classes: number of the task's symbols."""

    task: str
    num_classes: int
    place: ClassVar[str] = "metrics.extra"


Given = ForMechanism | ForDecoder | ForContext | ForPasses | ForMeasure | ForTrainingStep
"""Passed to the one part at a place, which has to take all of them."""

Offered = ForObjective | ForCallback | ForLogger | ForExtraMetric
"""Passed to a part that takes them: the one at the place, or those of the group there."""


def added(path: str) -> tuple[str, ...]:
    """The names of the arguments that `build` passes to the part at a dotted path."""
    of_one = {kind.place: kind for kind in (*get_args(Given), ForObjective)}
    of_group = {kind.place: kind for kind in get_args(Offered) if kind is not ForObjective}
    kind = of_one.get(path) or of_group.get(path.rpartition(".")[0])
    return tuple(field.name for field in fields(kind)) if kind else ()
