"""Points in the training of a run at which its weights are known."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from benchmark.common.errors import RunFault
from benchmark.common.listing import sha256_of
from benchmark.common.schedule import Scheduled
from benchmark.model.loop import SequenceModel
from benchmark.results.run_folder import RunFolder
from benchmark.training.checkpoints import COPY, network_weights, read_checkpoint
from benchmark.training.start.checkpoint import misfits

KEPT = re.compile(r"progress=(\d+(?:\.\d+)?)\.ckpt")
NAMES = {0.0: "start", 0.5: "middle", 1.0: "end"}
FRESH = "initial weights"
"""The source of a start that was initialised again."""


class Point(NamedTuple):
    """Weights at a point. progress: share of training, for schedules. source: a file of the run's folder, with its
    sha256, or FRESH.
    """

    name: str
    step: int
    progress: float
    weights: Mapping[str, Tensor]
    source: str
    sha256: str

    def load_into(self, rnn: SequenceModel) -> None:
        """Gives a model these weights, and sets its schedules. Raises RunFault where they are another model's."""
        if faults := misfits(rnn.state_dict(), dict(self.weights)):
            raise RunFault(f"{self.source} does not fit the run's configuration: {'; '.join(faults[:5])}. {COPY}")
        rnn.load_state_dict(dict(self.weights), strict=False)
        for part in rnn.modules():
            if isinstance(part, Scheduled):
                part.at(self.progress)


def points_of(folder: RunFolder, fresh: Mapping[str, Tensor] | None, epochs: int, steps: int | None) -> list[Point]:
    """The points of a run: those that `callbacks=kept_checkpoints` kept; without any, its start, its best epoch and its
    last. Raises RunFault for a damaged checkpoint.

    fresh: the weights that it started from, None where they cannot be made again. epochs, steps: that end its
    training, whichever come first; steps None where epochs alone do.
    """
    known = ((KEPT.fullmatch(path.name), path) for path in folder.best.parent.glob("progress=*.ckpt"))
    kept = {float(match[1]): path for match, path in known if match}
    if kept:
        return [_read(path, NAMES.get(share, f"at {share:g}"), share) for share, path in sorted(kept.items())]
    found = [] if fresh is None else [Point("start", 0, 0.0, fresh, FRESH, "")]
    for path, name in ((folder.best, "best"), (folder.last, "last")):
        if not path.is_file():
            continue
        read = _read(path, name, None, epochs, steps)
        found = [each for each in found if each.name == "start" or each.step != read.step]  # the last may be the best
        found.append(read)
    return found


def _read(path: Path, name: str, progress: float | None, epochs: int = 0, steps: int | None = None) -> Point:
    checkpoint = read_checkpoint(path, cure=COPY)
    step, epoch = (_count(checkpoint, key, path) for key in ("global_step", "epoch"))
    if progress is None:
        shares = [step / steps] if steps else []
        shares += [(epoch + 1) / epochs] if epochs > 0 else []
        progress = min(1.0, max(shares, default=0.0))  # training ends with the first of the two
    return Point(name, step, progress, network_weights(checkpoint), f"{path.parent.name}/{path.name}", sha256_of(path))


def _count(checkpoint: Mapping[str, Any], key: str, path: Path) -> int:
    found = checkpoint.get(key)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise RunFault(f"{path} lacks a usable {key}. {COPY}")
    return found
