"""What of Lightning's Trainer a run honours, and what it refuses, each with the knob that does it here.

Every argument of `pytorch_lightning.Trainer` stands in one of the two tables; a test reads them off its signature.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import pytorch_lightning as pl

from benchmark.config.choices import NAMED

_HONOURED = """
accelerator devices precision deterministic benchmark detect_anomaly inference_mode profiler fast_dev_run max_epochs
min_epochs max_steps min_steps max_time limit_train_batches limit_val_batches check_val_every_n_epoch
accumulate_grad_batches
"""
HONOURED = frozenset(_HONOURED.split())

ONE_DEVICE = "a run trains in one process on one device; more devices carry more runs at once: -m hydra.launcher.jobs=N"
AT_EPOCH_END = "a run validates at the end of an epoch; data.images_per_epoch=N says how long one is"
OWN_SCREEN = "a run shows by itself how far it is; progress=false keeps it quiet"
EVERYTHING = "all of the test split is judged, once, with the best weights; data.test_images=N says how many images"

INSTEAD: Mapping[str, str] = {
    "strategy": ONE_DEVICE,
    "num_nodes": ONE_DEVICE,
    "sync_batchnorm": ONE_DEVICE,
    "use_distributed_sampler": ONE_DEVICE,
    "logger": "logger=csv, logger=tensorboard, logger=wandb, several as logger=[csv,wandb], or any other of "
    "Lightning's: +logger.NAME._target_=...",
    "callbacks": "callbacks=early_stopping, or any callback: +callbacks.NAME._target_=...",
    "plugins": "a run writes its checkpoints whole or not at all by a plugin of its own, and takes no other",
    "enable_checkpointing": "a run always keeps checkpoints/last.ckpt and checkpoints/best.ckpt; it resumes from the "
    "one and is judged by the other",
    "enable_progress_bar": OWN_SCREEN,
    "enable_model_summary": "the record says how many parameters and multiply-adds a model has",
    "barebones": OWN_SCREEN,
    "default_root_dir": "a run's folder follows from its settings; runs=FOLDER and study=NAME say where",
    "gradient_clip_val": "gradients are clipped apart: optimizer.clip_core=NORM for what reads, "
    "optimizer.clip_policy=NORM for what decides where to look",
    "gradient_clip_algorithm": "gradients are clipped by their norm: optimizer.clip_core=NORM and "
    "optimizer.clip_policy=NORM",
    "log_every_n_steps": "log_every=N says how often the training terms are logged",
    "num_sanity_val_steps": f"the first validation comes after the first epoch; {AT_EPOCH_END}",
    "val_check_interval": AT_EPOCH_END,
    "reload_dataloaders_every_n_epochs": "what an epoch shows is a function of the seed and the epoch already",
    "overfit_batches": "it would validate on training images; for fewer of those: data.images_per_epoch=N or "
    "trainer.limit_train_batches=N",
    "limit_test_batches": EVERYTHING,
    "limit_predict_batches": EVERYTHING,
    "enable_autolog_hparams": "each log is given every value of the configuration; logger=local asks for none",
    "model_registry": "a run's weights stay in its folder, checkpoints/best.ckpt; runs=FOLDER says where",
}
"""Why a run cannot honour an argument, or overrides it, and what to do instead."""

PRECISIONS = ("32-true", "32", 32, "16-mixed", "bf16-mixed")
"""Weights stay in single precision, as the evaluation reads them."""


def trainer_faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Faults of `trainer` and of parts with names of their own, in a resolved configuration: (path, what is wrong)."""
    trainer = config["trainer"]
    usual = inspect.signature(pl.Trainer).parameters
    for knob, why in INSTEAD.items():
        if knob in trainer and trainer[knob] != usual[knob].default:
            yield f"trainer.{knob}", f"is not a run's to choose: {why}"
    yield from length_faults(trainer)
    if (precision := trainer.get("precision", 32)) not in PRECISIONS:
        kinds = ", ".join(str(each) for each in PRECISIONS if str(each).count("-"))
        yield "trainer.precision", f"{precision!r}: has to be one of {kinds}; weights are kept and judged in 32 bits"
    for where in NAMED:
        for name, node in under(config, where).items():
            if not isinstance(node, Mapping) or "_target_" not in node:
                yield f"{where}.{name}", f"has no _target_: +{where}.{name}._target_=CLASS says what it is"


def under(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """What stands at a dotted key; empty where nothing does, or no mapping."""
    found: Any = config
    for key in where.split("."):
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def length_faults(trainer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What would train nothing, or end without a validation to choose the best weights by."""
    for knob, cure in {
        "limit_train_batches": "nothing would be trained. 1.0 is all of them; evaluation alone needs no run",
        "limit_val_batches": "the best weights are chosen by the validation split, so there has to be one. 1.0 is all "
        "of it; data.validation_images=N makes it small",
    }.items():
        value = trainer.get(knob, 1.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            yield f"trainer.{knob}", f"{value!r}: has to be above 0: {cure}"
    counts = {"max_epochs": -1, "min_epochs": None, "max_steps": -1, "min_steps": None, "accumulate_grad_batches": 1,
              "check_val_every_n_epoch": 1}  # fmt: skip
    for knob, unset in counts.items():
        value = trainer.get(knob, unset)
        if value != unset and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            yield f"trainer.{knob}", f"has to be a whole number of at least 1, and not {value!r}"
    if trainer.get("max_epochs") == -1 and trainer.get("max_steps", -1) == -1:
        told = "-1 leaves the end to trainer.max_steps, which is not set. Rates follow the share of training"
        yield "trainer.max_epochs", f"{told}, so its length has to be known"
