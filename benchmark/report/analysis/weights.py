"""The pretrained weights of runs, and which of them were trained on the test images."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.report.read.folders import Finished

PART_OF = {"stanford_dogs": "ImageNet"}
"""By prefix of a data set's name: the data set that contains its images, test images included."""
MARK = " †"


def pretrained_weights(run: Finished) -> list[Mapping[str, Any]]:
    """The pretrained weights that a run started from, by its record; randomly initialised ones are left out."""
    found = run.record.get("weights")
    held = found if isinstance(found, list) else []
    return [weights for weights in held if isinstance(weights, Mapping) and weights.get("name") not in (None, "none")]


def seen(run: Finished) -> bool:
    """Whether a run started from weights that were trained on its test images."""
    whole = {whole for data, whole in PART_OF.items() if str(run.record["data"]).startswith(data)}
    if run.record["origin"] == "synthetic":
        return False
    return any(whole & {str(name) for name in weights.get("seen") or ()} for weights in pretrained_weights(run))


def marked(label: str, runs: Iterable[Finished]) -> str:
    """A label, with a mark if one of its runs started from weights that were trained on its test images."""
    return label + MARK if any(seen(run) for run in runs) else label


def names(finished: Sequence[Finished]) -> str:
    """All pretrained weights of a study, each with the beginning of its file's sha256."""
    found = {
        f"{weights.get('network')} {weights['name']} ({str(weights.get('sha256'))[:8]})"
        for run in finished
        for weights in pretrained_weights(run)
    }
    return "; ".join(sorted(found))


def warning(finished: Sequence[Finished]) -> list[str]:
    """The meaning of the mark, for the data sets that have it."""
    data = sorted({str(run.record["data"]) for run in finished if seen(run)})
    if not data:
        return []
    return [
        f"{MARK.strip()} started from weights that were trained on ImageNet, of which the test images of "
        f"{', '.join(data)} are a part: such a number does not measure generalisation to unseen images."
    ]
