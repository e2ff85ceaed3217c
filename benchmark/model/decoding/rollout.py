"""Everything that happened in one pass of the loop, and how it is gone through symbol by symbol.

Axes: B images, S trajectories, R = B * S rows with an image's trajectories side by side, T symbols, M glimpses before
each, N items, V symbols to choose from, Q query.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.model.decoder.base import State
from datamodules.contract import IGNORED


class Rollout(NamedTuple):
    """Everything that happened.

    logits: (B, S, T, V). symbol: (B, S, T) what was emitted, IGNORED after the end.
    where: (B, S, T, M, ...) as the mechanism gives it. log_prob: (B, S, T, M). query: (B, S, T, M, Q), the state before
    the glimpse, free of gradient, for baselines: it can't depend on the draw it corrects. chance: (B, S, T, M, N) of
    each item to be looked at, before anything is drawn; N = 0 for a mechanism without items.
    """

    logits: Tensor
    symbol: Tensor
    where: Tensor
    log_prob: Tensor
    query: Tensor
    item_probs: Tensor


class Step(NamedTuple):
    """One symbol of all rows. state: after it. logits: (R, V). where, log_prob, query, chance: (R, M, ...)."""

    state: State
    logits: Tensor
    where: Tensor
    log_prob: Tensor
    query: Tensor
    item_probs: Tensor


class Unroll(NamedTuple):
    """A pass over a batch of images that waits to be gone through.

    state: of the B * S rows before the first symbol. samples: S. steps: T, at most. end: as the task's. none: the
    symbol that stands for "no symbol yet". step: (state, symbol_R, t) to what comes next, for any number of rows of
    each image side by side.
    """

    state: State
    samples: int
    steps: int
    end: int | None
    none: int
    step: Callable[[State, Tensor, int], Step]

    def no_symbol(self) -> Tensor:
        """(R,) what is told before the first symbol."""
        like_RH = self.state[0][0]
        return torch.full((len(like_RH),), self.none, device=like_RH.device)


def is_end(symbol: Tensor, end: int | None) -> Tensor:
    """Whether each symbol ends its sequence."""
    return symbol == (-1 if end is None else end)


def unroll(walk: Unroll, say: Callable[[Tensor], Tensor], tell: Callable[[int, Tensor], Tensor]) -> Rollout:
    """Every step in turn. say: (R, V) logits to the (R,) symbol emitted. tell: of a step and what was emitted at it,
    the (R,) symbol that the next one hears.
    """
    state, symbol_R = walk.state, walk.no_symbol()
    ended_R = torch.zeros_like(symbol_R, dtype=torch.bool)
    steps, symbols = [], []
    for t in range(walk.steps):
        steps.append(walk.step(state, symbol_R, t))
        state = steps[-1].state
        said_R = say(steps[-1].logits)
        symbols.append(said_R.masked_fill(ended_R, IGNORED))
        ended_R = ended_R | is_end(said_R, walk.end)
        symbol_R = tell(t, said_R)
    return rollout_of(steps, torch.stack(symbols, 1), walk.samples)


def in_turn(parts: Sequence[Tensor]) -> Tensor:
    """(R, ...) each, as (R, N, ...); the only one is not copied."""
    return torch.stack(list(parts), 1) if len(parts) > 1 else parts[0][:, None]


def rollout_of(steps: list[Step], symbol_RT: Tensor, samples: int) -> Rollout:
    """The steps of all rows, as images and trajectories."""
    logits, where, log_prob, query, item_probs = (
        in_turn(parts).unflatten(0, (-1, samples)) for parts in list(zip(*steps, strict=True))[1:]
    )
    return Rollout(logits, symbol_RT.unflatten(0, (-1, samples)), where, log_prob, query, item_probs)


def averaged(logits_BSxV: Tensor) -> Tensor:
    """(B, ..., V) log-probabilities, averaged as probabilities over an image's S trajectories (DRAM's averaging)."""
    return logits_BSxV.log_softmax(-1).logsumexp(1) - torch.tensor(logits_BSxV.shape[1]).log()


def pooled(logits_RV: Tensor, samples: int) -> Tensor:
    """(R, V) the same of rows: each trajectory of an image gets what they say together."""
    return averaged(logits_RV.unflatten(0, (-1, samples))).repeat_interleave(samples, 0)


def own(logits_RV: Tensor) -> Tensor:
    """(R,) the most probable symbol of each trajectory by itself: what it is told depends on no other's draws."""
    return logits_RV.detach().argmax(-1)


def likeliest(logits_RV: Tensor, samples: int) -> Tensor:
    """(R,) the symbol on which the trajectories of an image agree: the most probable by their mean probability."""
    logits_RV = logits_RV.detach()
    return logits_RV.argmax(-1) if samples == 1 else pooled(logits_RV, samples).argmax(-1)
