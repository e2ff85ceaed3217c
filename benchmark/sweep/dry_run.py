"""A dry run: what a command would start, how many at once and for how long. Nothing is written, nothing is started."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from hydra.types import RunMode
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import jobs_of_sweep
from benchmark.process.terminal import of_sweep, span
from benchmark.results.run_folder import RunFolder
from benchmark.results.run_id import RunId
from benchmark.sweep.base import SweepLauncher, SweepPlan, given_twice, plan
from benchmark.sweep.estimate import EarlierRuns, together
from benchmark.sweep.jobs import settings
from datamodules.printable import printable


class Would(NamedTuple):
    """What would become of a job. what: the first word of its line. seconds: of training, None where unknown or where
    it does not start. earlier: of how many runs they are the mean.
    """

    what: str
    address: RunId
    detail: str = ""
    seconds: float | None = None
    earlier: int = 0


def dry_run(composer: Composer, texts: Sequence[str], sweep: bool) -> int:
    """Prints the jobs of a command line and what would become of each. Raises ConfigFault with the faults of all jobs.

    texts: overrides that Hydra accepts. Returns 1 where a folder has to be deleted before its job can start, else 0.
    """
    config = composer.compose(texts, RunMode.MULTIRUN if sweep else RunMode.RUN)
    jobs = jobs_of_sweep(composer.loader, config) if sweep else [list(config.hydra.overrides.task)]
    launcher = launcher_of(config) if sweep else None
    knobs: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True) if launcher else {}
    with of_sweep(config.progress) as console:
        found = plan(composer, jobs, knobs, console, writes=False)
    given_twice(found, len(jobs))
    for line in settings(found.addresses, jobs):
        print(printable(line))
    would = outcomes(found)
    width = max((len(job.what) for job in would), default=0)
    for job in would:
        detail = f"  {job.detail}" if job.detail else ""
        print(printable(f"{job.what:{width}}  {job.address.folder}{detail}"))
    for remark in found.not_compared:
        print(printable(f"finished, but {remark}"))
    places = launcher.places(config.trainer.accelerator) if launcher else 1
    print("\n".join([*summary(would, places), "dry run: nothing was written, nothing was started"]))
    return int(bool(found.unusable))


def outcomes(found: SweepPlan) -> list[Would]:
    """What would become of each job of a plan, by folder."""
    earlier = EarlierRuns()
    would = [Would("finished", address) for address in found.finished]
    would += [Would("unusable", each.job.address, each.message) for each in found.unusable]
    for address, _ in found.todo:
        folder = RunFolder(address.folder)
        if folder.holding() == "held":
            would.append(Would("elsewhere", address, "another process is executing it"))
            continue
        seconds, runs = earlier.seconds(address, found.configs[address.folder].trainer.get("max_epochs"))
        detail = "no earlier run to estimate from" if seconds is None else f"about {span(seconds)} of training"
        would.append(Would("resumes" if folder.last.exists() else "starts", address, detail, seconds, runs))
    return sorted(would, key=lambda job: str(job.address.folder))


def launcher_of(config: DictConfig) -> SweepLauncher | None:
    """The launcher of a sweep; None for Hydra's own and others, which execute one job after another or say nothing."""
    target = config.hydra.launcher.get("_target_", "")
    if not (target and issubclass(get_class(target), SweepLauncher)):
        return None
    made: SweepLauncher = instantiate(config.hydra.launcher)
    return made


def summary(would: Sequence[Would], places: int) -> list[str]:
    """The sums, and the estimate of the time."""
    counted = Counter(job.what for job in would)
    starting = [job for job in would if job.what in ("starts", "resumes")]
    at = f", {min(places, len(starting))} at a time" if starting else ""
    parts = [f"{counted['finished']} of {len(would)} jobs finished", f"{len(starting)} would start{at}"]
    parts += [f"{counted['resumes']} of them resume"] if counted["resumes"] else []
    parts += [f"{counted['elsewhere']} in work elsewhere"] if counted["elsewhere"] else []
    parts += [f"{counted['unusable']} unusable"] if counted["unusable"] else []
    return [", ".join(parts), *([estimate(starting, places)] if starting else [])]


def estimate(starting: Sequence[Would], places: int) -> str:
    """The time of training as a sentence. A job that resumes is counted whole."""
    known = [job.seconds for job in starting if job.seconds is not None]
    if not known:
        return "no estimate of the time: no finished run has the same mechanism, data and number of epochs"
    runs = sum(
        {(job.address.attention, job.address.data, job.address.setting): job.earlier for job in starting}.values()
    )
    whose = "" if len(known) == len(starting) else f" for {len(known)} of {len(starting)} jobs"
    more = "" if len(known) == len(starting) else "; the others have no earlier run"
    return (
        f"estimate{whose}: {span(together(known, places))} of training, evaluation not counted, "
        f"from {runs} earlier run{'s' if runs != 1 else ''} of the same mechanisms, data and numbers of epochs{more}"
    )
