"""What `build` gives each part beside its knobs: what only the data set or another part knows.

A part's constructor takes these arguments under these names. They stand in no yaml, so the check of a configuration
does not miss them there. place: of the part, or of the group of parts, in the configuration.
"""

from typing import NamedTuple, get_args

from benchmark.headline import Headline
from benchmark.reading import Make
from datamodules.contract import References, TaskSpec


class ForMechanism(NamedTuple):
    """query_size: width of one state of the decoder."""

    spec: TaskSpec
    query_size: int
    place = "attention.mechanism"


class ForDecoder(NamedTuple):
    """code_size: width of the glimpse's code."""

    code_size: int
    spec: TaskSpec
    place = "decoder"


class ForContext(NamedTuple):
    """size: width of the state that it sets. gist_size: width of the mechanism's code of the whole image."""

    spec: TaskSpec
    size: int
    gist_size: int
    place = "context"


class ForReading(NamedTuple):
    """make: builds one pass of the model for a task."""

    make: Make
    spec: TaskSpec
    place = "reading"


class ForObjective(NamedTuple):
    """query_size: width of all states that a baseline may read."""

    query_size: int
    place = "objective"


class ForMeasure(NamedTuple):
    """references: the captions of a split's images; none where a task has none."""

    spec: TaskSpec
    references: References
    place = "metrics"


class ForPractice(NamedTuple):
    """references: as for a measure."""

    spec: TaskSpec
    references: References
    place = "practice"


class ForCallback(NamedTuple):
    """headline: the measure that chooses the best weights."""

    headline: Headline
    place = "callbacks"


class ForLogger(NamedTuple):
    """save_dir: the run's folder."""

    save_dir: str
    place = "logger"


Given = ForMechanism | ForDecoder | ForContext | ForReading | ForObjective | ForMeasure | ForPractice
"""To the one part at a place."""

Offered = ForCallback | ForLogger
"""To those parts of a group that take it."""


def added(path: str) -> tuple[str, ...]:
    """The names of the arguments that the part at a dotted path is given or offered."""
    found = {kind.place: kind._fields for kind in get_args(Given)}
    offered = {kind.place: kind._fields for kind in get_args(Offered)}
    return (*found.get(path, ()), *offered.get(path.rpartition(".")[0], ()))
