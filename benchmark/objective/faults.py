"""Faults of what an objective gives: a loss, and terms to be logged."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor


def term_faults(terms: Any) -> Iterator[str]:
    """What is wrong with the terms of a training step, without reading a value off the device."""
    if not isinstance(terms, dict) or "loss" not in terms:
        given = f"a dictionary of {', '.join(terms)}" if isinstance(terms, dict) and terms else f"a {_kind(terms)}"
        yield f"it gives {given}, and has to give a dictionary with 'loss' among its terms"
        return
    for name, value in terms.items():
        if not isinstance(value, Tensor):
            yield f"{name} is a {_kind(value)}, and has to be a tensor of one number"
        elif value.dim():
            yield f"{name} has the shape {tuple(value.shape)}, and has to be one number: its mean over images"
        elif name == "loss" and not value.requires_grad:
            yield "loss carries no gradient"
        elif name != "loss" and value.requires_grad:
            yield f"{name} carries a gradient, and would keep each step's graph: detach it"


def _kind(value: Any) -> str:
    return type(value).__name__
