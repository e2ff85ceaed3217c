"""Header of a report: data, runs, hardware and versions of a study, and warnings about comparability."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.report.analysis import annotations, weights
from benchmark.report.analysis.formats import plural
from benchmark.report.analysis.grouping import Group, ReportTask
from benchmark.report.analysis.naming import in_common
from benchmark.report.analysis.predictions import Predictions
from benchmark.report.read.folders import Finished, Study, entry
from benchmark.results.version import PROJECT
from benchmark.results.words import as_overrides

ENOUGH = 5
"""Seeds per mechanism that nearly always detect a difference of 5 points at a standard deviation over seeds of 1."""

SAME: dict[str, tuple[str, ...]] = {
    "objective": ("objective",), "glimpses": ("glimpses",), "windows": ("windows",),
    "parameters": ("cost", "parameters"),
}  # fmt: skip
"""What all runs of a setting have in common, by name: where a record has it."""

ORIGINS = {
    "real": "real data", "sample": "a small sample of real data, not the full set", "synthetic": "synthetic data",
}  # fmt: skip


def facts(study: Study, tasks: Sequence[ReportTask]) -> list[tuple[str, str]]:
    """Name and value of each line of the header; lines without a value are left out."""
    states = Counter(run.state for run in study.unfinished)
    runs = [f"{len(study.finished)} finished", *(f"{number} {state}" for state, number in sorted(states.items()))]
    data = {task.data: f"{task.data} ({ORIGINS.get(task.origin, task.origin)})" for task in tasks}
    seeds = sorted({run.address.seed for run in study.finished})
    found = [
        ("Data", "; ".join(data.values())),
        ("Runs", ", ".join(runs)),
        ("Seeds", ", ".join(str(seed) for seed in seeds)),
        ("In every run", ", ".join(as_overrides(in_common(study.finished)))),
        ("Revision", "; ".join(sorted({revision(run) for run in study.finished}))),
        ("Hardware", "; ".join(sorted({hardware(run) for run in study.finished}))),
        ("Versions", versions(study.finished)),
        ("Weights", weights.names(study.finished)),
        ("Ran", times(study.finished)),
    ]
    return [(name, value) for name, value in found if value]


def revision(run: Finished) -> str:
    """The git revision of a run and whether it had uncommitted changes; the version for an installed wheel."""
    git, held = run.record["git"], run.record.get("versions")
    version = held.get(PROJECT) if isinstance(held, dict) else None
    name = str(git.get("revision") or "")[:12] or (f"version {version}" if version else "unknown")
    return f"{name} with uncommitted changes" if git.get("dirty") else name


def hardware(run: Finished) -> str:
    """The hardware of a run as text."""
    found = run.record["hardware"]
    device = found.get("device") if found.get("accelerator") not in (None, "cpu") else None
    threads, compilation = found.get("threads"), found.get("compilation")
    parts = [
        device,
        found.get("cpu"),
        f"{found['cores']} cores" if "cores" in found else None,
        plural(int(threads), "thread") + " per run" if isinstance(threads, int) else None,
        None if compilation in (None, "none") else f"compilation={compilation}",
    ]
    return ", ".join(str(part) for part in parts if part)


def versions(finished: Sequence[Finished]) -> str:
    """Each package with all versions that the runs used."""
    found: dict[str, set[str]] = defaultdict(set)
    for run in finished:
        held = run.record.get("versions")
        for name, version in held.items() if isinstance(held, dict) else ():
            found[str(name)].add(str(version))
    return ", ".join(f"{name} {' / '.join(sorted(held))}" for name, held in sorted(found.items()))


def times(finished: Sequence[Finished]) -> str:
    """Time of the first start and of the last end."""
    starts = sorted(str(run.record["started"]) for run in finished if run.record.get("started"))
    ends = sorted(str(run.record["finished"]) for run in finished if run.record.get("finished"))
    return f"{starts[0][:16].replace('T', ' ')} to {ends[-1][:16].replace('T', ' ')}" if starts and ends else ""


def warnings(study: Study, tasks: Sequence[ReportTask]) -> list[str]:
    """Sentences about what limits comparisons between runs."""
    canvases = Counter(task.data for task in tasks)
    found = (
        annotations.warning(study.finished)
        + weights.warning(study.finished)
        + [
            f"The test images of {data} differ between runs ({number} sets, by their fingerprints). Each set has its "
            "own section, and differences are tested within it alone."
            for data, number in canvases.items()
            if number > 1
        ]
    )
    if several(hardware(run) for run in study.finished):
        found.append("Runs were made on different hardware: times, speeds and memory are not comparable between them.")
    if several(revision(run) for run in study.finished):
        found.append("Runs were made at different revisions of the code.")
    elif any(run.record["git"].get("dirty") for run in study.finished):
        found.append("Runs were made with uncommitted changes: the revision alone does not reproduce them.")
    found += other_images(tasks) + changed_experiments(tasks) + same_words(tasks)
    found += [mixed for task in tasks for group in task.groups if (mixed := of_several_configurations(group))]
    for task in tasks:
        counts = {len(group.runs) for group in task.groups}
        if len(counts) > 1:
            found.append(f"On {task.name} the mechanisms have {min(counts)} to {max(counts)} seeds.")
    return found + few_seeds(tasks)


def other_images(tasks: Sequence[ReportTask]) -> list[str]:
    """A warning for each task whose runs were trained or validated on other images, though no knob of the data set
    differs: as where the files in the folder changed. Training images may depend on the seed.
    """
    found = []
    for task in tasks:
        for split, of_seed in (("training", "train"), ("validation", "validation")):
            seen: dict[str, set[str]] = defaultdict(set)
            for run in (run for group in task.groups for run in group.runs):
                knobs = {key: value for key, value in run.record["differs"].items() if key.startswith("data")}
                seed = run.address.seed if split == "training" else ""
                seen[f"{seed} {sorted(knobs.items())}"].add(str(entry(run.record, ("fingerprints", of_seed))))
            if any(len(prints) > 1 for prints in seen.values()):
                found.append(
                    f"On {task.name} the {split} images differ between runs of one seed and equal knobs of data, by "
                    "their fingerprints: other files lay in the data set's folder. Do not compare these runs."
                )
    return found


def changed_experiments(tasks: Sequence[ReportTask]) -> list[str]:
    """A warning where the yaml of an experiment changed between runs that name it."""
    names = {group.departure.experiment for task in tasks for group in task.groups if group.apart is not None}
    return [
        f"{name} changed between these runs. They are told apart by how they differ from the defaults, not from it."
        for name in sorted(names)
    ]


def same_words(tasks: Sequence[ReportTask]) -> list[str]:
    """A warning where settings of a mechanism have the same overrides."""
    names = {group.attention for task in tasks for group in task.groups if group.numbered}
    return [
        f"Settings of {name} have the same overrides and are not the same: the values of a choice's file changed "
        "between these runs. They are told apart by the hash at the end of their folders' names."
        for name in sorted(names)
    ]


def unlearned(task: ReportTask, predictions: Mapping[Path, Predictions]) -> list[str]:
    """A warning for each mechanism with runs whose answer does not depend on the image."""
    found = []
    for group in task.groups:
        held = [predictions.get(run.address.folder) for run in group.runs]
        if number := sum(each is not None and each.alike for each in held):
            found.append(
                f"{group.label} on {task.name}: in {number} of {plural(len(held), 'run')} all test images get the same "
                "answer. Nothing was learned there, so comparisons say nothing about the mechanism."
            )
    return found


def few_seeds(tasks: Sequence[ReportTask]) -> list[str]:
    """A warning where a mechanism has too few seeds for a claim."""
    counts = [len(group.runs) for task in tasks for group in task.groups]
    if not counts or min(counts) >= ENOUGH:
        return []
    few = {1: "With one seed there is no verdict.", 2: "With two seeds only very large differences are significant."}
    limit = few.get(min(counts), "")
    return [f"{limit} Use {ENOUGH} seeds per mechanism for a claim, and at least three.".strip()]


def of_several_configurations(group: Group) -> str:
    """A sentence where the runs of a group differ in more than their seeds; "" otherwise. A setting is told by what
    differs from the defaults, and a default may have changed between two runs.
    """
    differ = [name for name, of in SAME.items() if several(str(entry(run.record, of)) for run in group.runs)]
    if not differ:
        return ""
    return (
        f"The runs of {group.label} differ in their {' and '.join(differ)}, though they are of one setting: a default "
        "changed between them. Their mean is of no one model; put them into two studies."
    )


def several(values: Iterable[str]) -> bool:
    """Whether there are two or more different values."""
    return len(set(values)) > 1
