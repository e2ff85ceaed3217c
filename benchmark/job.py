"""Executes one run: trains, evaluates and writes its record. A finished run is skipped, an unfinished one resumes."""

from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from benchmark.build import Built, build, build_logs, build_rnn, make, without_weight_files
from benchmark.common.blame import packages_of
from benchmark.common.errors import RunFault, unwrap_user_faults
from benchmark.common.tones import tones
from benchmark.config.compose import plain
from benchmark.evaluation import cost
from benchmark.evaluation.examples import examples
from benchmark.evaluation.first_glimpses import FirstGlimpses
from benchmark.evaluation.panels import Panels
from benchmark.fitting import FitResult, Watching, fit, resume
from benchmark.process.allocator import keep_freed_memory
from benchmark.process.signals_and_log import Stopped, noted, own_log, signals_as_exits
from benchmark.process.terminal import Console, of_run
from benchmark.results.checksums import sealed
from benchmark.results.primary_metric import Headline
from benchmark.results.record import RecordTask, Result, annotations_read, assemble, git_state, hardware
from benchmark.results.run_folder import RunFolder, Status, now, read_json, write_json, write_whole
from benchmark.results.run_id import RunId
from benchmark.results.words import as_overrides
from benchmark.same_data import KnownData
from benchmark.same_start import refuse_other_start
from benchmark.scoring import ScoringSettings, device_name, scored
from benchmark.training.callbacks.builtin import Clock, seed_all
from benchmark.training.logger.base import About, JsonLines, Results
from benchmark.training.resuming import read_best
from benchmark.training.start.checkpoint import started_from


def run_one(config: DictConfig, address: RunId) -> None:
    """Trains, evaluates and records one run in its folder. Does nothing if its record exists.

    Raises ConfigFault, RunFault and BusyFault with a message for the user, Stopped on SIGTERM and SIGINT. All errors
    are written into the run's log and status.
    """
    folder = RunFolder(address.folder)
    folder.make()
    with folder.locked(), own_log(folder.log), signals_as_exits():
        if folder.is_finished(address.config_hash):
            return
        folder.refuse_another(address.config_hash)
        resumed = read_json(folder.status) if folder.last.exists() else {}
        status = Status(folder.status, address.config_hash, resumed.get("started", now()))
        earlier = {key: resumed[key] for key in ("fingerprints", "weights") if key in resumed}
        progress = config.progress and not config.trainer.get("fast_dev_run")
        with noted(status, packages_of(plain(config))), unwrap_user_faults(), of_run(progress) as out:
            code = git_state(Path(__file__).parent)  # now: the tree may be another one when the run ends
            setting = as_overrides(address.told.differs) if address.told else []
            status.update(message="preparing", run=address.name, setting=setting, git=code, **earlier)
            _carry_out(config, address, folder, status, out)


def _carry_out(config: DictConfig, address: RunId, folder: RunFolder, status: Status, out: Console) -> None:
    known, made = KnownData(), status.get("fingerprints")
    if made and (reason := known.refuse_others(config, made, f"{folder.path} holds an unfinished run")):
        raise RunFault(f"{folder.path} cannot be resumed: {reason}")
    write_whole(folder.config, OmegaConf.to_yaml(config, resolve=True).encode())
    torch.set_num_threads(config.threads)
    keep_freed_memory()
    resumed = resume(folder, address.config_hash)
    if resumed.checkpoint:
        refuse_other_start(config, status.get("weights") or (), f"{folder.path} holds an unfinished run")
    logs, clock, asked = build_logs(config, folder.path), Clock(), config.evaluation
    settings = ScoringSettings(asked.samples, asked.seed, address.seed, tones(plain(config)["data"]))
    exit_code = 1
    try:
        about = About(address, plain(config), folder, resumed.history, clock.count)
        loggers = [JsonLines(folder.metrics, clock.count), *logs.open(about)]
        seed_all(config.seed, "weights")
        weights = status.get("weights") if resumed.checkpoint else None
        built = build(config if weights is None else without_weight_files(config))
        write_json(folder.symbols, list(built.spec.symbols))
        write_json(folder.task, asdict(built.spec))
        if weights is None:
            weights = started_from(make(config.start), built.module)
        status.update(fingerprints=known.fingerprints(config, built.datamodule), weights=weights)
        look_first = FirstGlimpses(partial(build_rnn, without_weight_files(config)), config.attention.name)
        callbacks = [Panels(folder, settings.tones, logs.is_due, clock), *([] if resumed.checkpoint else [look_first])]
        watching = Watching(clock, loggers, callbacks)
        trained = fit(config, built, resumed, folder, watching, status, out)
        status.update(message="evaluating", seconds_left=None)
        record = _conclude(config, address, built, trained, folder, status, settings)
        data: Any = built.datamodule
        shown = examples(built.module, data, logs.examples, settings.tones)
        logs.results(Results(record, sorted(folder.pictures.glob("*.png")), shown))
        write_json(folder.record, sealed(record, folder.path, folder.sealed))
        status.update(state="finished", message="", seconds_left=0.0)
        exit_code = 0
    except Stopped as stop:
        exit_code = 128 + stop.signum
        raise
    finally:
        logs.close(exit_code)
    headline = Headline.of(record)
    out.line(f"test {headline.name} {headline.written(record['test']['mean'][headline.key])}; {folder.record}")


def _conclude(config: DictConfig, address: RunId, built: Built, trained: FitResult, folder: RunFolder,
              status: Status, settings: ScoringSettings) -> dict[str, Any]:  # fmt: skip
    """Evaluates the best checkpoint and returns the record. Its results are a function of the weights and the seeds."""
    device = trained.trainer.strategy.root_device
    data: Any = built.datamodule
    module, spec = built.module, built.spec
    module.load_state_dict(read_best(folder, module, address.config_hash))
    module.to(device)
    test = islice(data.batches("test", device), int(config.trainer.get("fast_dev_run") or 0) or None)
    found = scored(module, data, test, settings, folder)
    headline = module.measure.headline
    validation = {headline.key: trained.best.value}
    result = Result(headline, validation, found.test, found.localisation, _cost(config, built, trained, device))
    attention = module.rnn.attention
    task = RecordTask(
        spec.origin, status.get("weights"), attention.windows, spec.image_shape, status.get("fingerprints"),
        annotations_read(attention.reads_annotations, spec.cut_by_boxes),
    )  # fmt: skip
    machine = hardware(torch.get_num_threads(), device.type, device_name(device))
    machine["compilation"] = config.choices.compilation  # decides speed, as the machine does
    code, started = status.get("git"), status.get("started")
    return assemble(address, plain(config), task, code, machine, result, started, now())


def _cost(config: DictConfig, built: Built, trained: FitResult, device: torch.device) -> dict[str, Any]:
    clock, best, rnn, spec = trained.clock, trained.best, built.module.rnn, built.spec
    resized = partial(build_rnn, config)
    data: Any = built.datamodule
    speed = cost.inference_speed(rnn, next(data.batches("test", device)), config.evaluation.repeats)
    return {
        "parameters": cost.parameters(rnn),
        "multiply_adds": cost.multiply_adds(resized(spec), spec),
        "multiply_adds_by_side": cost.multiply_adds_by_side(resized, spec, config.evaluation.sides),
        "train_seconds": clock.seconds,
        "train_images_per_second": clock.images / max(clock.training_seconds, 1e-9),
        "inference_images_per_second": speed,
        "peak_memory_bytes": cost.peak_memory(device),
        "seconds_to_best": best.seconds,
        "best_epoch": best.epoch + 1,
        "epochs": trained.epochs,
        "steps": trained.trainer.global_step,
    }
