"""Trains a run with Lightning's Trainer and the run's own callbacks, from its last checkpoint if there is one."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler

from benchmark.build import Built, build, build_callbacks, make, without_weight_files
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.companions import joined, processes_of
from benchmark.process.allocator import keep_freed_memory
from benchmark.process.ranks import given_ranks
from benchmark.process.terminal import Console
from benchmark.results.run_folder import RunFolder, Status
from benchmark.training.callbacks.builtin import Checkpoints, Clock, EpochSeed, StepLimit, seed_all
from benchmark.training.callbacks.first_batch import FirstBatches
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.callbacks.later_batches import LaterBatches
from benchmark.training.callbacks.own_checkpoints import KEY, MarkCheckpoints
from benchmark.training.callbacks.weight_layout import WeightLayout
from benchmark.training.checkpoints import WholeCheckpoints
from benchmark.training.logger.base import rewind
from benchmark.training.processes.base import Processes
from benchmark.training.resuming import read_last, refuse_misfits
from benchmark.training.symbols import KEY as SYMBOLS
from benchmark.training.symbols import refuse_others

PROFILERS = {"simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler}


class Resumed(NamedTuple):
    """Where a run resumes. checkpoint: None for a new run; history: the lines of metrics.jsonl up to there."""

    checkpoint: dict[str, Any] | None
    history: list[dict[str, Any]]


class Watching(NamedTuple):
    """What a run tells while it trains, and to whom. clock: counts. callbacks: of the job, beside those of training."""

    clock: Clock
    loggers: Sequence[Any]
    callbacks: Sequence[pl.Callback]


class FitResult(NamedTuple):
    """The result of training besides the checkpoint files.

    best: the callback, which knows the best epoch and its primary metric. epochs: trained, over all interruptions.
    """

    trainer: pl.Trainer
    clock: Clock
    best: Checkpoints
    epochs: int


def resume(folder: RunFolder, config_hash: str) -> Resumed:
    """The last checkpoint of a run, with metrics.jsonl rewound to it. Raises RunFault for a damaged checkpoint, and for
    another run's.
    """
    checkpoint = read_last(folder, config_hash)
    if checkpoint is None:
        folder.metrics.unlink(missing_ok=True)
        return Resumed(None, [])
    return Resumed(checkpoint, rewind(folder.metrics, checkpoint["epoch"]))


def fit(config: DictConfig, built: Built, resumed: Resumed, folder: RunFolder, watching: Watching,
        status: Status, out: Console) -> FitResult:  # fmt: skip
    """Trains to the end. Raises RunFault if training ends before the first validation."""
    if resumed.checkpoint:
        refuse_misfits(folder, built.module, resumed.checkpoint)
        refuse_others(resumed.checkpoint, built.spec.symbols)
        out.line(f"resumes {folder.path} after epoch {resumed.checkpoint['epoch'] + 1}")
    clock = watching.clock
    headline = built.module.measure.headline
    best = Checkpoints(folder, clock, headline)
    beat = Heartbeat(status, out, clock, headline)
    mark = MarkCheckpoints({KEY: status.get("config_hash"), SYMBOLS: list(built.spec.symbols)})
    compilation = make(config.compilation)
    for notice in compilation.notices:
        out.line(notice)
    own = [EpochSeed(config.seed), make(config.features), compilation, clock, beat, mark, best]
    # Those that watch come first: an average of the weights leaves its place when its validation ends.
    callbacks = [*watching.callbacks, *build_callbacks(config, headline), *own]
    last = folder.last if resumed.checkpoint else None
    with processes_of(config.trainer.devices, folder.path) as processes:
        processes.same(last is not None)
        trainer = _train(config, built, processes, folder, watching.loggers, callbacks, last)
    if best.epoch < 0:
        raise RunFault(
            "training ended before the first validation, so there are no best weights. Set "
            "trainer.check_val_every_n_epoch=1, and a longer trainer.max_time if there is one"
        )
    progress: Any = trainer.fit_loop.epoch_progress.current  # includes the last epoch, also in a resumed run
    return FitResult(trainer, clock, best, progress.processed)


def _train(
    config: DictConfig, built: Built, processes: Processes, folder: RunFolder, loggers: Sequence[Any],
    callbacks: Sequence[pl.Callback], last: Path | None,
) -> pl.Trainer:  # fmt: skip
    """Trains, as one of the run's processes. All have the same callbacks of those that wait for the others."""
    trainer: pl.Trainer = make(
        config.trainer,
        logger=list(loggers),
        callbacks=[FirstBatches(), LaterBatches(), StepLimit(), WeightLayout(), *callbacks],
        # With an explicit environment Lightning does not detect Slurm and requeue the job itself.
        plugins=[WholeCheckpoints(), LightningEnvironment()],
        profiler=profiler(config.trainer.get("profiler"), folder),
        log_every_n_steps=config.log_every,
        num_sanity_val_steps=0,  # nothing is validated before the first epoch
        enable_checkpointing=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder.path,
        **processes.trainer_arguments(),
    )
    built.module.processes = processes
    trainer.fit(built.module, datamodule=built.datamodule, ckpt_path=last, weights_only=True)
    return trainer


def assist_in(path: Path) -> None:
    """`assist` with the configuration that process 0 has written into the run's folder."""
    config = OmegaConf.load(RunFolder(path).config)
    assert isinstance(config, DictConfig)
    assist(config, path)


def assist(config: DictConfig, path: Path) -> None:
    """Trains as a further process of a run, which writes nothing. path: the run's folder, to resume from."""
    torch.set_num_threads(config.threads)
    keep_freed_memory()
    folder, clock = RunFolder(path), Clock()
    with joined(given_ranks(os.environ)) as processes:
        resumes = processes.same(False)
        seed_all(config.seed, "weights")
        built = build(without_weight_files(config))  # the weights are those of process 0
        headline = built.module.measure.headline
        checkpoints = Checkpoints(folder, clock, headline)
        own = [EpochSeed(config.seed), make(config.features), make(config.compilation), clock, checkpoints]
        callbacks = [*build_callbacks(config, headline), *own]
        _train(config, built, processes, folder, (), callbacks, folder.last if resumes else None)


def profiler(wanted: Any, folder: RunFolder) -> Profiler | None:
    """Lightning's profiler by name, writing into the run's folder (fit-profile.txt), or a configured one."""
    if not isinstance(wanted, str):
        made: Profiler | None = make(wanted) if wanted is not None else None
        return made
    if wanted not in PROFILERS:
        raise ConfigFault([f"trainer.profiler={wanted}: there is no such profiler. Choices: {', '.join(PROFILERS)}"])
    return PROFILERS[wanted](dirpath=folder.path, filename="profile")
