"""Executes the runs that claims lack, the cheapest claim first."""

from collections.abc import Sequence
from typing import NamedTuple, final

from hydra.types import RunMode

from benchmark.claims.evidence import ClaimEvidence, ClaimRun
from benchmark.claims.request import ClaimsRequest
from benchmark.config.compose import Composer
from benchmark.process.terminal import span
from benchmark.sweep.base import summarise
from benchmark.sweep.estimate import EarlierRuns, together
from benchmark.sweep.ready import ready
from datamodules.printable import printable


@final
class Missing(NamedTuple):
    """The runs that a claim lacks on a task. seconds: of each, expected. folders: names of data folders that were not
    given, without which none of them can start.
    """

    evidence: ClaimEvidence
    runs: tuple[ClaimRun, ...]
    seconds: tuple[float, ...]
    folders: tuple[str, ...]


def missing_runs(evidences: Sequence[ClaimEvidence], request: ClaimsRequest) -> list[Missing]:
    """What is missing, the cheapest claim and task first."""
    earlier = EarlierRuns()
    found = []
    for evidence in evidences:
        if runs := tuple(evidence.lacking):
            seconds = tuple(expected(run, earlier, evidence.claim.minutes) for run in runs)
            folders = evidence.claim.folders(evidence.task) - request.folders.keys()
            found.append(Missing(evidence, runs, seconds, tuple(sorted(folders))))
    return sorted(found, key=lambda each: sum(each.seconds))


def expected(run: ClaimRun, earlier: EarlierRuns, minutes: float) -> float:
    """Seconds of a run: of earlier ones of its mechanism, data and number of epochs, else what the claim says."""
    seconds, _ = earlier.seconds(run.address, run.epochs)
    return 60 * minutes if seconds is None else seconds


def within(missing: Sequence[Missing], budget: float | None, places: int) -> list[Missing]:
    """The first ones whose runs, counted once, fit into so many minutes. budget: None for no limit."""
    chosen: list[Missing] = []
    for each in missing:
        if each.folders:
            continue
        if budget is not None and duration([*chosen, each], places) > 60 * budget:
            break
        chosen.append(each)
    return chosen


def distinct(missing: Sequence[Missing]) -> dict[str, tuple[ClaimRun, float]]:
    """The runs by folder, each once, with their seconds."""
    return {
        str(run.address.folder): (run, seconds)
        for each in missing
        for run, seconds in zip(each.runs, each.seconds, strict=True)
    }


def duration(missing: Sequence[Missing], places: int) -> float:
    """Seconds until all of them have ended. places: runs at once."""
    seconds = [seconds for _, seconds in distinct(missing).values()]
    return together(seconds, places) if seconds else 0.0


def execute(evidences: Sequence[ClaimEvidence], request: ClaimsRequest, composer: Composer) -> int:
    """Runs what is missing and fits the budget; returns the number of failed runs."""
    config = composer.compose(["attention=none", f"study={request.study}", *request.of_hydra], RunMode.MULTIRUN)
    launcher = ready(config, "a run of claims")
    places = launcher.places(config.trainer.accelerator)
    missing = missing_runs(evidences, request)
    chosen = within(missing, request.budget, places)
    print("\n".join(map(printable, plan_lines(missing, chosen, places))), flush=True)
    runs = [run.overrides for run, _ in distinct(chosen).values()]
    return summarise(launcher.carried_out(composer, runs)[1]) if runs else 0


def plan_lines(missing: Sequence[Missing], chosen: Sequence[Missing], places: int) -> list[str]:
    """What is about to be done, and for how long."""
    lines = []
    for each in missing:
        name = f"{each.evidence.claim.name} on {each.evidence.task}"
        needs = f"{len(each.runs)} runs, {span(sum(each.seconds))} one after another"
        if each.folders:
            lines.append(f"left out: {name} ({needs}): where its data are is not given, {each.folders[0]}=FOLDER")
        else:
            lines.append(f"{'runs' if each in chosen else 'over the budget'}: {name} ({needs})")
    count = len(distinct(chosen))
    if not count:
        return [*lines, "nothing to run"]
    return [*lines, f"{count} runs, {places} at a time: about {span(duration(chosen, places))} of training"]
