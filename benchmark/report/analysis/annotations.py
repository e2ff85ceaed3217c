"""Which runs read test annotations, by their records, and the mark of their rows."""

from collections.abc import Iterable, Sequence

from benchmark.report.read.folders import Finished

MARK = " \N{DOUBLE DAGGER}"
MEANING = {
    "mechanism": "looks at the true boxes, at test time too, which no model may: a control, not a result",
    "images": "images are cropped around annotated objects, at test time too, so that objects need not be found: such "
    "numbers are comparable only with each other and with papers that crop in the same way",
}


def read_by(run: Finished) -> list[str]:
    """Which parts of a run read annotations: "mechanism", "images", both or none."""
    found = run.record.get("reads_annotations")
    return [what for what in MEANING if isinstance(found, list) and what in found]


def marked(label: str, runs: Iterable[Finished]) -> str:
    """A label, with a mark if one of its runs reads annotations."""
    return label + MARK if any(read_by(run) for run in runs) else label


def warning(finished: Sequence[Finished]) -> list[str]:
    """The meaning of the mark, for the runs that have it."""
    warnings = []
    for what, meaning in MEANING.items():
        runs = [run for run in finished if what in read_by(run)]
        named = {run.address.attention if what == "mechanism" else f"all on {run.address.data}" for run in runs}
        if named:
            warnings.append(f"{MARK.strip()} {', '.join(sorted(named))}: {meaning}.")
    return warnings
