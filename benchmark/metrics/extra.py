"""Metrics of torchmetrics that a configuration names: made sure, before a run, that they judge its task."""

import warnings
from collections.abc import Mapping

import torch
from torchmetrics import Metric

from benchmark.common.errors import ConfigFault
from benchmark.metrics.base import Measure
from datamodules.contract import TaskSpec


def with_extra(measure: Measure, extra: Mapping[str, object], spec: TaskSpec) -> Measure:
    """The measure, which reports these metrics too. Raises ConfigFault, one line each, for what can't be."""
    if extra and spec.max_steps != 1:
        raise ConfigFault(
            [
                f"metrics.extra: {', '.join(extra)}: metrics of torchmetrics judge one category an image, and data="
                f"{spec.name} has sequences of up to {spec.max_steps} symbols. Leave metrics.extra out"
            ]
        )
    taken = {measure.headline.key, "images", "standard_error", "after", "nll"}
    faults = [f"metrics.extra.{name}: {fault}" for name, metric in extra.items() if (fault := misfit(metric, spec))]
    faults += [f"metrics.extra.{name}: the record has another number of this name" for name in extra if name in taken]
    if faults:
        raise ConfigFault(faults)
    measure.extra = {name: metric for name, metric in extra.items() if isinstance(metric, Metric)}
    return measure


def misfit(metric: object, spec: TaskSpec) -> str:
    """Why something can't judge categories by their probabilities; "" where it can. Tried on a few made-up images."""
    kind = f"{type(metric).__module__}.{type(metric).__qualname__}"
    if not isinstance(metric, Metric):
        return f"{kind} is no torchmetrics.Metric"
    symbols = len(spec.symbols)
    images = symbols + 1  # another number than of categories, so that no metric takes one axis for the other
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of categories that these few images lack
            trial = metric.clone()
            trial.update(torch.full((images, symbols), 1 / symbols), torch.arange(images) % symbols)
            trial.compute()
    except Exception as error:  # whatever a metric raises of arguments that it was not made for
        told = " ".join(str(error).split())[:200]
        return (
            f"{kind} does not judge categories: given the probabilities of {symbols} categories, (images, "
            f"{symbols}), and the true ones, (images,), it says: {told}"
        )
    return ""
