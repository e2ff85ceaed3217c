"""Whether a trial is pruned: from the validation values that its runs have written after each epoch."""

import math
from collections.abc import Sequence
from pathlib import Path

from benchmark.common.json_files import objects_of
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.vocabulary import EPOCH
from benchmark.search.trial_studies import PRUNED_AFTER, TrialStudy


def validation_values(path: Path, key: str) -> dict[int, float]:
    """The values of a series of metrics.jsonl by epoch, from 0; of the test split there are none."""
    values = ((line.get(EPOCH, 0), line.get(key)) for line in objects_of(path))
    return {
        int(epoch): float(value) for epoch, value in values if isinstance(value, int | float) and math.isfinite(value)
    }


def mean_values(folders: Sequence[RunFolder], key: str) -> tuple[dict[int, float], int]:
    """The mean over a trial's runs after each epoch that all of them have validated, and the planned epochs: 0 where a
    run has not said.
    """
    values = [validation_values(folder.metrics, key) for folder in folders]
    shared = sorted(set.intersection(*map(set, values)))
    planned = [read_json(folder.status).get("epochs") for folder in folders]
    epochs = min((each if isinstance(each, int) else 0 for each in planned), default=0)
    return {epoch: sum(each[epoch] for each in values) / len(values) for epoch in shared}, epochs


def pruned_after(study: TrialStudy, number: int, folders: Sequence[RunFolder], warmup: float) -> int | None:
    """The epoch, from 1, after which a trial is pruned; None while it is not. New values are reported to Optuna.

    A trial is judged by its values alone, epoch by epoch, and against trials that ended before it was proposed, so that
    it does not matter when this is asked. The last epoch ends a trial anyway. warmup: share of training without a
    judgement.
    """
    trial = study.trials[number]
    if (known := trial.user_attrs.get(PRUNED_AFTER)) is not None:
        return int(known)
    values, epochs = mean_values(folders, study.headline.monitor)
    for epoch, value in values.items():
        if epoch in trial.intermediate_values:
            continue
        study.report(number, epoch, value)
        done = epoch + 1
        if warmup * epochs <= done < epochs and study.would_prune(number):
            study.note(number, PRUNED_AFTER, done)
            return done
    return None
