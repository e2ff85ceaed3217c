"""One measurement, from its request to its record, its plot and its tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmark.build import build, without_weight_files
from benchmark.common.errors import ConfigFault, RunFault, unwrap_user_faults
from benchmark.common.moved import CHOICES
from benchmark.config.compose import Composer
from benchmark.evaluating import replaced
from benchmark.evaluation.pictures import save
from benchmark.gradients.comparing import compared, enumerated, refuse_misuse
from benchmark.gradients.estimators import EstimatorChoice, estimators
from benchmark.gradients.findings import FORMAT, findings_of
from benchmark.gradients.measuring import Meter
from benchmark.gradients.plot import plot
from benchmark.gradients.request import GradientsRequest
from benchmark.gradients.subject import Subject, subject
from benchmark.gradients.tables import lines
from benchmark.results.checksums import is_intact, sealed
from benchmark.results.record import git_state, hardware, versions
from benchmark.results.run_folder import RunFolder, now, read_json, write_json
from benchmark.results.run_id import digest
from benchmark.run import one
from benchmark.scoring import device_name
from benchmark.stored import StoredRuns
from benchmark.sweep.planning import job_faults
from datamodules.printable import printable

PLOT = "gradients.png"
MOST = 60
"""Most characters of a name that is made of estimators."""


def measure(request: GradientsRequest, composer: Composer) -> None:
    """Trains a run where none is given, measures, and prints. Raises ConfigFault, RunFault, BusyFault and DataFault."""
    folder, chosen = (request.run, []) if request.run else trained_run(request, composer)
    found = subject(folder, request.data, request.settings.batches, composer)
    if not chosen:
        chosen = estimators(found.saved.config, request.estimators, composer)
        refuse_misuse(chosen, found.meter)
    asked = {
        "estimators": {each.name: each.knobs for each in chosen},
        "settings": request.settings._asdict(),
        "differs": found.differs,
        "weights": {point.name: point.sha256 or point.source for point in found.points},
    }
    place = folder.gradients / (request.out or name_of(asked))
    if not request.again and is_finished(RunFolder(place), asked):
        print(f"finished before, skipped: {place}", flush=True)
        return
    started, points = now(), list[dict[str, Any]]()
    exact = enumerated(found.saved.config, chosen, found.meter, composer)
    with replaced(folder.gradients, place) as fresh:
        record = {**head(found, asked), "points": points}
        for point in found.points:
            points.append(compared(point, chosen, exact, found.meter, request.settings))
            print("\n".join(map(printable, lines(findings_of(record).points[-1]))), flush=True)
        record |= {"started": started, "finished": now()}
        save(plot(findings_of(record)), fresh.path / PLOT)
        write_json(fresh.record, sealed(record, fresh.path, [fresh.path / PLOT]))
    print(f"\n{place / PLOT}\n{place / 'record.json'}", flush=True)


def trained_run(request: GradientsRequest, composer: Composer) -> tuple[RunFolder, list[EstimatorChoice]]:
    """The folder of the run, trained as by `python -m benchmark.run`; the estimators have no part in that. They are
    returned if the run was not finished, and are then checked before it is trained. Raises ConfigFault where they are
    not for its mechanism.
    """
    chosen: list[EstimatorChoice] = []
    config = composer.job(request.overrides)
    address = StoredRuns().address(composer.address(config), config)
    folder = RunFolder(address.folder)
    if not folder.is_finished(address.config_hash):
        if faults := job_faults({address.folder: config})[address.folder]:
            raise ConfigFault(faults)
        if config.trainer.devices > 1:
            raise ConfigFault(["trainer.devices: train the run by python -m benchmark.run, then name it: run=FOLDER"])
        chosen = estimators(config, request.estimators, composer)
        with unwrap_user_faults():
            built = build(without_weight_files(config))
            built.datamodule.prepare_data()
            batch = next(iter(built.datamodule.batches("train", torch.device("cpu"))))  # type: ignore[attr-defined]
        module = built.module
        refuse_misuse(chosen, Meter(module.rnn, module.train_step, [batch], lambda: iter(()), config.seed))
    one(config, composer, str(config[CHOICES].get("experiment") or ""))
    return folder, chosen


def name_of(asked: Mapping[str, Any]) -> str:
    """The name of a measurement, made of its estimators and of a hash of all that was asked."""
    words = "-".join(dict.fromkeys(name.split()[0] for name in asked["estimators"]))
    return f"{words[:MOST].strip('-')}-{digest(dict(asked))[:8]}"


def is_finished(place: RunFolder, asked: Mapping[str, Any]) -> bool:
    """Whether this measurement has a record. Raises RunFault where the record is of another one, or damaged."""
    if not place.record.exists():
        return False
    record = read_json(place.record)
    cure = "again=true replaces it, out=NAME gives this one another name"
    if record.get("gradients") != FORMAT or not is_intact(record):
        raise RunFault(f"{place.record} is damaged, or of no measurement of gradients. {cure}")
    if digest(record.get("asked")) != digest(dict(asked)):
        raise RunFault(f"{place.path} holds another measurement, of other estimators, settings or weights. {cure}")
    return True


def head(found: Subject, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured, of which run, with which code, where."""
    device = found.meter.device
    return {
        "gradients": FORMAT,
        "run": "/".join(found.saved.folder.path.absolute().parts[-4:]),
        "attention": str(found.config.attention.name),
        "data": found.saved.spec.name,
        "seed": found.config.seed,
        "images": len(found.meter.batches[0].image),
        "settings": asked["settings"],
        "asked": dict(asked),
        "fingerprints": found.fingerprints,
        "git": git_state(Path(__file__).parent),
        "versions": versions(),
        "hardware": hardware(torch.get_num_threads(), device.type, device_name(device)),
    }
