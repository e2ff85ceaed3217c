"""The knobs of a part: the arguments of its constructor, with types and ranges.

Classes of libraries declare no ranges. Those of torch.optim, of Lightning's Trainer and CSVLogger, and of torchmetrics
are declared here.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter
from typing import Annotated, Any, Literal, get_args

import pytorch_lightning as pl
from annotated_types import Ge
from pytorch_lightning.loggers import CSVLogger
from torch.optim import Optimizer
from torchmetrics import Metric

from datamodules.ranges import ArgumentsOf, Count, Natural, NonNegative, NotAll, Positive, SomeShare

OPTIMISER = {"lr": NonNegative, "weight_decay": NonNegative, "eps": Positive, "momentum": NotAll, "dampening": NotAll,
             "alpha": NotAll, "rho": NotAll, "betas": tuple[NotAll, NotAll]}  # fmt: skip
"""Arguments of torch.optim; PyTorch itself checks some of them, but only when a run has started."""

TRAINER = {"max_epochs": Count | Literal[-1], "log_every_n_steps": Natural,
           "num_sanity_val_steps": Annotated[int, Ge(-1)],
           "limit_train_batches": Count | SomeShare | None, "limit_val_batches": Count | SomeShare | None,
           "accumulate_grad_batches": Count, "gradient_clip_val": NonNegative | None,
           "check_val_every_n_epoch": Count | None}  # fmt: skip

TABLE = {"flush_logs_every_n_steps": Count}

METRIC = {"compute_on_cpu": bool, "sync_on_compute": bool, "compute_with_cache": bool}
"""Arguments of every torchmetrics metric; others in **kwargs are refused when it is built."""

BORROWED: Mapping[type, Mapping[str, Any]] = {
    Optimizer: OPTIMISER, pl.Trainer: TRAINER, CSVLogger: TABLE, Metric: METRIC,
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """The arguments of a constructor. knobs: annotations by name. needed: those without a default. any: whether
    arguments of any other name are accepted.
    """

    knobs: Mapping[str, Any]
    needed: tuple[str, ...]
    any: bool


@cache
def signature(target: Callable[..., Any]) -> Signature:
    """The signature of a class or function. Raises TypeError or ValueError if it has none, as when written in C."""
    parameters = read(target).parameters.values()
    plain = [one for one in parameters if one.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)]
    further = [one for one in parameters if one.kind is Parameter.VAR_KEYWORD]
    elsewhere = [inner for one in further for inner in passed_on(one.annotation)]
    knobs = {name: hint for inner in elsewhere for name, hint in inner.knobs.items()}
    knobs |= {one.name: one.annotation for one in plain} | borrowed(target)
    needed = tuple(one.name for one in plain if one.default is Parameter.empty)
    anything = all(inner.any for inner in elsewhere) if elsewhere else bool(further) and not is_metric(target)
    return Signature(knobs, needed, anything)


def is_metric(target: Callable[..., Any]) -> bool:
    """Whether it is a torchmetrics class, whose **kwargs are those of `Metric` only."""
    return isinstance(target, type) and issubclass(target, Metric)


def passed_on(hint: Any) -> list[Signature]:
    """The signatures of the classes that further arguments are passed to, by an annotation ArgumentsOf."""
    return [signature(one.target) for one in get_args(hint)[1:] if isinstance(one, ArgumentsOf)]


def read(target: Callable[..., Any]) -> inspect.Signature:
    """The signature with annotations evaluated, if they can be."""
    try:
        return inspect.signature(target, eval_str=True)
    except (NameError, AttributeError, SyntaxError):
        return inspect.signature(target)


def borrowed(target: Callable[..., Any]) -> dict[str, Any]:
    """The ranges declared here for a library's class."""
    if not isinstance(target, type):
        return {}
    return {name: hint for base, hints in BORROWED.items() if issubclass(target, base) for name, hint in hints.items()}
