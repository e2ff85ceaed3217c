"""What weights runs started from, and which of those have seen the images that they are tested on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.report.read.folders import Finished

PART_OF = {"stanford_dogs": "ImageNet"}
"""By the beginning of a data set's name, what its images were taken from, the test images among them."""
MARK = " †"


def told(run: Finished) -> list[Mapping[str, Any]]:
    """The weights that a run started from, as its record says; none of those that were drawn."""
    found = run.record.get("weights")
    held = found if isinstance(found, list) else []
    return [weights for weights in held if isinstance(weights, Mapping) and weights.get("name") not in (None, "none")]


def seen(run: Finished) -> bool:
    """Whether a run started from weights that had seen its test images."""
    whole = {whole for data, whole in PART_OF.items() if str(run.record["data"]).startswith(data)}
    if run.record["origin"] == "synthetic":
        return False
    return any(whole & {str(name) for name in weights.get("seen") or ()} for weights in told(run))


def marked(label: str, runs: Iterable[Finished]) -> str:
    """The name of a row, with a mark where one of its runs' weights had seen what it is tested on."""
    return label + MARK if any(seen(run) for run in runs) else label


def names(finished: Sequence[Finished]) -> str:
    """All weights of a study, each once, with the beginning of its file's sha256."""
    found = {
        f"{weights.get('network')} {weights['name']} ({str(weights.get('sha256'))[:8]})"
        for run in finished
        for weights in told(run)
    }
    return "; ".join(sorted(found))


def warning(finished: Sequence[Finished]) -> list[str]:
    """What the mark means, where there is one."""
    data = sorted({str(run.record["data"]) for run in finished if seen(run)})
    if not data:
        return []
    return [
        f"{MARK.strip()} started from weights that were trained on ImageNet, of which the test images of "
        f"{', '.join(data)} are a part: such a number does not say how a model does on images it has not seen."
    ]
