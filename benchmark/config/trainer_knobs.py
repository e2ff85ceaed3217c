"""Which arguments of Lightning's Trainer a run supports, and which it refuses, with the knob to use instead.

Every argument of `pytorch_lightning.Trainer` is in one of the two tables; a test compares them with its signature.
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

ONE_MACHINE = (
    "the processes of a run are on one machine, and share its batches in one way: trainer.devices=N. More devices for "
    "more runs at once: -m hydra.launcher.jobs=N"
)
AT_EPOCH_END = "a run validates at the end of an epoch; data.images_per_epoch=N sets its length"
OWN_SCREEN = "a run has its own progress display; progress=false turns it off"
EVERYTHING = "the whole test split is evaluated, once, with the best weights; data.test_images=N sets its size"

INSTEAD: Mapping[str, str] = {
    "strategy": ONE_MACHINE,
    "num_nodes": ONE_MACHINE,
    "sync_batchnorm": ONE_MACHINE,
    "use_distributed_sampler": ONE_MACHINE,
    "logger": "logger=csv, logger=tensorboard, logger=wandb, several as logger=[csv,wandb], or any other of "
    "Lightning's: +logger.NAME._target_=...",
    "callbacks": "callbacks=early_stopping, or any callback: +callbacks.NAME._target_=...",
    "plugins": "a run writes its checkpoints whole or not at all by a plugin of its own, and takes no other",
    "enable_checkpointing": "a run always writes checkpoints/last.ckpt and checkpoints/best.ckpt; it resumes from the "
    "first and is evaluated with the second",
    "enable_progress_bar": OWN_SCREEN,
    "enable_model_summary": "the record has the number of parameters and multiply-adds",
    "barebones": OWN_SCREEN,
    "default_root_dir": "a run's folder follows from its configuration; runs=FOLDER and study=NAME set its parents",
    "gradient_clip_val": "gradients are clipped in two groups: optimizer.clip_core=NORM, and "
    "optimizer.clip_policy=NORM for the policy",
    "gradient_clip_algorithm": "gradients are clipped by their norm: optimizer.clip_core=NORM and "
    "optimizer.clip_policy=NORM",
    "log_every_n_steps": "log_every=N sets the steps between logged training terms",
    "num_sanity_val_steps": f"the first validation comes after the first epoch; {AT_EPOCH_END}",
    "val_check_interval": AT_EPOCH_END,
    "reload_dataloaders_every_n_epochs": "the images of an epoch are already a function of seed and epoch",
    "overfit_batches": "it would validate on training images; for fewer of those: data.images_per_epoch=N or "
    "trainer.limit_train_batches=N",
    "limit_test_batches": EVERYTHING,
    "limit_predict_batches": EVERYTHING,
    "enable_autolog_hparams": "each logger receives the whole configuration; logger=local uses none",
    "model_registry": "a run's weights are in its folder, checkpoints/best.ckpt; runs=FOLDER sets its parent",
}
"""Why a run does not support an argument, and what to use instead."""

PRECISIONS = ("32-true", "32", 32, "16-mixed", "bf16-mixed")
"""Weights are always in single precision."""


def trainer_faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(knob, fault) of `trainer` and of named parts, in a resolved configuration."""
    trainer = config["trainer"]
    usual = inspect.signature(pl.Trainer).parameters
    for knob, why in INSTEAD.items():
        if knob in trainer and trainer[knob] != usual[knob].default:
            yield f"trainer.{knob}", f"is not supported: {why}"
    yield from length_faults(trainer)
    if (precision := trainer.get("precision", 32)) not in PRECISIONS:
        kinds = ", ".join(str(each) for each in PRECISIONS if str(each).count("-"))
        yield (
            "trainer.precision",
            f"{precision!r}: has to be one of {kinds}; weights are always stored in 32 bits",
        )
    make = under(config, "optimizer.make")
    if precision == "16-mixed" and make.get("fused"):
        yield (
            "optimizer.make.fused",
            "a fused optimiser undoes the scaling of 16-mixed only after gradients are clipped, which would cut all of "
            "them: optimizer.make.fused=false, or trainer.precision=bf16-mixed, which scales nothing",
        )
    if trainer.get("max_steps", -1) != -1 and under(config, "encoder.tuning").get("epoch", 1) != 1:
        yield (
            "encoder.tuning.epoch",
            "counts in shares of trainer.max_epochs, which trainer.max_steps would shorten: set the length by "
            "trainer.max_epochs alone",
        )
    for where in NAMED:
        for name, node in under(config, where).items():
            if not isinstance(node, Mapping) or "_target_" not in node:
                yield f"{where}.{name}", f"has no _target_: +{where}.{name}._target_=CLASS sets its class"


def under(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The mapping at a dotted key; empty where there is none."""
    found: Any = config
    for key in where.split("."):
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def length_faults(trainer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Faults of knobs that would train nothing, or never validate, so that no best weights are selected."""
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
        unset_length = "-1 leaves the length to trainer.max_steps, which is not set"
        yield "trainer.max_epochs", f"{unset_length}. Schedules need the length of training"
