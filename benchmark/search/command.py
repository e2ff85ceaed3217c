"""One search from its command line to its table: checks everything, carries it out, and writes what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.types import RunMode
from omegaconf import DictConfig
from optuna.trial import TrialState

from benchmark.config.check import find
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides
from benchmark.process.signals_and_log import signals_as_exits
from benchmark.process.terminal import of_sweep
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import explained
from benchmark.results.run_lock import held
from benchmark.search.best_settings import experiment_name, is_of_setting, write_experiment
from benchmark.search.checking_ends import refuse_impossible
from benchmark.search.request import SearchRequest, search_request
from benchmark.search.searching import Searching
from benchmark.search.summary import SearchRow, row_of, table, write_summary
from benchmark.search.trial_studies import TrialStudy, journal
from benchmark.sweep.ready import ready
from datamodules.printable import printable

LOCK, SUMMARY, BEST = ".search.lock", "search.json", "best"
TOGETHER = "together"


def search(composer: Composer, texts: Sequence[str], dry: bool) -> int:
    """Returns 1 where trials are open: their runs were stopped from outside. Raises ConfigFault with all faults."""
    request = search_request(composer, texts)
    config = composer.compose(request.usual, RunMode.MULTIRUN)
    launcher = ready(config, "a search")
    with of_sweep(config.progress) as console:
        usual = refuse_impossible(composer, request, console)
    places = launcher.places(config.trainer.accelerator)
    fitting = max(1, places // (len(request.mechanisms) * len(request.seeds)))
    together = request.settings.together or fitting
    print("\n".join(plan_of(request, together, places)), flush=True)
    if dry:
        print("dry run: nothing was written, nothing was started")
        return 0
    folder = Path(config.runs, config.study)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with held(folder / LOCK, lambda: f"{folder}: another process is carrying out this search; wait for it"):
        studies = studies_of(folder, request, usual, composer)
        together = int(remembered(studies, together))
        with of_sweep(config.progress) as console, signals_as_exits():
            Searching(request, composer, launcher, studies, together).run(console)
        return concluded(folder, request, studies, composer, config)


def plan_of(request: SearchRequest, together: int, places: int) -> list[str]:
    """What a search is about to do."""
    studies, seeds, budget = len(request.mechanisms), len(request.seeds), request.settings.budget
    runs = f" of {seeds} runs" if seeds > 1 else ""
    return [
        f"searching {', '.join(f'{each.knob}={each.text}' for each in request.ranges)}",
        *(f"  {attention} on {data}: {budget} trials{runs}" for attention, data in request.mechanisms),
        f"{studies * seeds * budget} runs, {min(together, budget)} trials of a mechanism at once, {places} places",
    ]


def headline_of(config: DictConfig) -> Headline:
    """The primary metric of a task."""
    found: Headline = find(str(config.metrics._target_)).headline
    return found


def studies_of(
    folder: Path, request: SearchRequest, usual: Mapping[tuple[str, str], DictConfig], composer: Composer
) -> list[TrialStudy]:
    """One for each mechanism. Raises ConfigFault where the folder holds a search of other settings."""
    storage = journal(folder)
    excludes = list(usual[request.mechanisms[0]].identity_excludes)
    typed = Overrides(composer, request.fixed, sweep=False)
    fixed = [str(each.input_line) for each in (*typed.groups, *typed.keys) if is_of_setting(each, excludes)]
    settings = request.settings
    asked = {
        "seed": request.seeds,
        "ranges": sorted(f"{each.knob}={each.text}" for each in request.ranges),
        "fixed": sorted(fixed),
        **{key: getattr(settings, key) for key in ("proposals", "together", "warmup", "sampler", "pruner")},
    }
    return [
        TrialStudy(storage, each, headline_of(usual[each]), request.ranges, settings, asked)
        for each in request.mechanisms
    ]


def remembered(studies: Sequence[TrialStudy], together: int) -> int:
    """The trials at once with which a search began: on a machine with other places it proposes the same."""
    found = next((each.study.user_attrs[TOGETHER] for each in studies if TOGETHER in each.study.user_attrs), together)
    for each in studies:
        each.study.set_user_attr(TOGETHER, found)
    return int(found)


def concluded(
    folder: Path, request: SearchRequest, studies: Sequence[TrialStudy], composer: Composer, config: DictConfig
) -> int:
    """Writes and prints what was found."""
    rows = [row_of(study) for study in studies]
    write_summary(folder / SUMMARY, request, rows)
    print("\n".join([*map(printable, table(rows, len(request.seeds))), f"all trials: {folder / SUMMARY}"]), flush=True)
    out = Path(request.settings.out or folder / BEST)
    for row in rows:
        if row.best is not None:
            path = write_best(out, row, request, composer, config)
            print(f"best setting of {row.study.name}: {path}", flush=True)
    left = sum(len(study.of_state(TrialState.RUNNING)) for study in studies)
    if left:
        print(f"{left} trials are open: their runs were stopped from outside. The same command again resumes them")
    return int(bool(left))


def write_best(out: Path, row: SearchRow, request: SearchRequest, composer: Composer, config: DictConfig) -> Path:
    """The yaml of a mechanism's best setting."""
    (attention, data), headline, trials = row.study.mechanism, row.study.headline, sum(row.counts.values())
    told = (
        f"The best of {trials} trials of {attention} on {data}, {row.counts['finished']} of them finished: validation "
        f"{headline.name} {headline.written(row.best)}, {'seeds' if len(request.seeds) > 1 else 'seed'} "
        f"{', '.join(map(str, request.seeds))}."
    )
    overrides = request.of_runs(row.study.mechanism, row.setting)[0]
    name = experiment_name(str(config.study), row.study.mechanism)
    return write_experiment(out, name, composer, overrides, list(config.identity_excludes), told)
