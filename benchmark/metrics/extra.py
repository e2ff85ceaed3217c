"""torchmetrics metrics that a configuration adds (`metrics.extra`), checked before a run to fit its task."""

import warnings
from collections.abc import Mapping

import torch
from torchmetrics import Metric

from benchmark.common.errors import ConfigFault
from benchmark.metrics.base import Measure
from datamodules.contract import TaskSpec


def with_extra(measure: Measure, extra: Mapping[str, object], spec: TaskSpec) -> Measure:
    """The measure, with these metrics reported beside its own numbers. Raises ConfigFault, one line for each fault."""
    if extra and spec.max_steps != 1:
        raise ConfigFault(
            [
                f"metrics.extra: {', '.join(extra)}: metrics of torchmetrics score one category an image, and data="
                f"{spec.name} has sequences of up to {spec.max_steps} symbols. Leave metrics.extra out"
            ]
        )
    taken = {measure.headline.key, "images", "standard_error", "after", "nll"}
    faults = [
        f"metrics.extra.{name}: {fault}" for name, metric in extra.items() if (fault := metric_fault(metric, spec))
    ]
    faults += [f"metrics.extra.{name}: the record has another number of this name" for name in extra if name in taken]
    if faults:
        raise ConfigFault(faults)
    measure.extra = {name: metric for name, metric in extra.items() if isinstance(metric, Metric)}
    return measure


def metric_fault(metric: object, spec: TaskSpec) -> str:
    """Why `metric` can't score class probabilities, "" where it can. Tried on a clone with a few made-up images."""
    kind = f"{type(metric).__module__}.{type(metric).__qualname__}"
    if not isinstance(metric, Metric):
        return f"{kind} is no torchmetrics.Metric"
    symbols = len(spec.symbols)
    images = symbols + 1  # differs from the number of categories, so that a metric can't mix up the two axes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about categories that are absent from these few images
            trial = metric.clone()
            trial.update(torch.full((images, symbols), 1 / symbols), torch.arange(images) % symbols)
            trial.compute()
    except Exception as error:  # a metric may raise anything for arguments that it was not written for
        message = " ".join(str(error).split())[:200]
        return (
            f"{kind} does not score categories: given the probabilities of {symbols} categories, (images, "
            f"{symbols}), and the true ones, (images,), it raises: {message}"
        )
    return ""
