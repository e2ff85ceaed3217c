"""The knobs of a part: the arguments of its constructor, with what each may be.

What is not ours has no ranges in its signature. Those of optimisers and of Lightning's Trainer and tables stand here.
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
"""Of any of torch.optim; PyTorch checks some of them itself, when a run has begun."""

TRAINER = {"max_epochs": Count | Literal[-1], "log_every_n_steps": Natural,
           "num_sanity_val_steps": Annotated[int, Ge(-1)],
           "limit_train_batches": Count | SomeShare | None, "limit_val_batches": Count | SomeShare | None,
           "accumulate_grad_batches": Count, "gradient_clip_val": NonNegative | None,
           "check_val_every_n_epoch": Count | None}  # fmt: skip

TABLE = {"flush_logs_every_n_steps": Count}

METRIC = {"compute_on_cpu": bool, "sync_on_compute": bool, "compute_with_cache": bool}
"""What any torchmetrics metric takes besides its own arguments, which it refuses all else with when it is built."""

BORROWED: Mapping[type, Mapping[str, Any]] = {
    Optimizer: OPTIMISER, pl.Trainer: TRAINER, CSVLogger: TABLE, Metric: METRIC,
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """knobs: what each argument may be, by its name. needed: those without a default. any: whether further ones are
    taken, whatever they are called.
    """

    knobs: Mapping[str, Any]
    needed: tuple[str, ...]
    any: bool


@cache
def signature(target: Callable[..., Any]) -> Signature:
    """Raises TypeError or ValueError for what has none that can be read, such as a class written in C."""
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
    """Whether it is a class of torchmetrics, whose **kwargs are those of `Metric` alone."""
    return isinstance(target, type) and issubclass(target, Metric)


def passed_on(hint: Any) -> list[Signature]:
    """Of the functions or classes that an annotation says to take further arguments."""
    return [signature(one.target) for one in get_args(hint)[1:] if isinstance(one, ArgumentsOf)]


def read(target: Callable[..., Any]) -> inspect.Signature:
    """With annotations that are objects, where those that are text can be read."""
    try:
        return inspect.signature(target, eval_str=True)
    except (NameError, AttributeError, SyntaxError):
        return inspect.signature(target)


def borrowed(target: Callable[..., Any]) -> dict[str, Any]:
    """Ranges of the arguments of what is not ours."""
    if not isinstance(target, type):
        return {}
    return {name: hint for base, hints in BORROWED.items() if issubclass(target, base) for name, hint in hints.items()}
