"""Which runs read annotations in the test, by their records' own word, and the mark of their rows."""

from collections.abc import Iterable, Sequence

from benchmark.report.read.folders import Finished

MARK = " \N{DOUBLE DAGGER}"
MEANING = {
    "mechanism": "looks at the true boxes, in the test too, which no model may: a control, and what it reaches is no "
    "result",
    "images": "shown images that are cut around annotated objects, in the test too, and so spared finding them: such "
    "numbers compare only with each other and with papers that cut images likewise",
}


def read_by(run: Finished) -> list[str]:
    """What of a run reads annotations: its mechanism, its images, or neither."""
    found = run.record.get("reads_annotations")
    return [what for what in MEANING if isinstance(found, list) and what in found]


def marked(label: str, runs: Iterable[Finished]) -> str:
    """The name of a row, with a mark where one of its runs reads annotations."""
    return label + MARK if any(read_by(run) for run in runs) else label


def warning(finished: Sequence[Finished]) -> list[str]:
    """What the mark means, where there is one."""
    told = []
    for what, meaning in MEANING.items():
        runs = [run for run in finished if what in read_by(run)]
        named = {run.address.attention if what == "mechanism" else f"all on {run.address.data}" for run in runs}
        if named:
            told.append(f"{MARK.strip()} {', '.join(sorted(named))}: {meaning}.")
    return told
