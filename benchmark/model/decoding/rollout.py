"""Rollouts of the attention RNN, and the unroll over time steps that makes them.

Axes: B images, S trajectories, R = B * S rows with an image's trajectories side by side, T time steps of one symbol, M
glimpses before each symbol, N items, V symbols, Q query, L glimpses whose logits were read out: M or none.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.model.decoder.base import State
from datamodules.contract import IGNORED

NOT_READ = torch.empty(0)
"""The logits after each glimpse where they are not read out, and notes where none are made."""


class Rollout(NamedTuple):
    """S trajectories of each image.

    logits: (B, S, T, V). symbol: (B, S, T) the symbols emitted, IGNORED after the end.
    where: (B, S, T, M, ...) of each glimpse, in the mechanism's own form. log_prob: (B, S, T, M) of sampled glimpses.
    query: (B, S, T, M, Q) the query before the glimpse, without gradient, for baselines: it does not depend on the
    sample that the baseline corrects. item_probs: (B, S, T, M, N) probability of each item before sampling; N = 0 for a
    mechanism without items. glimpse_logits: (B, S, T, L, V) the logits after each glimpse, without gradient.
    notes: (B, S, T, M, K) what an objective's trajectories wrote down of each glimpse, with gradient.
    """

    logits: Tensor
    symbol: Tensor
    where: Tensor
    log_prob: Tensor
    query: Tensor
    item_probs: Tensor
    glimpse_logits: Tensor = NOT_READ
    notes: Tensor = NOT_READ


class Step(NamedTuple):
    """One time step of all rows. state: after it. logits: (R, V). where, log_prob, query, item_probs: (R, M, ...).
    glimpse_logits: (R, L, V).
    """

    state: State
    logits: Tensor
    where: Tensor
    log_prob: Tensor
    query: Tensor
    item_probs: Tensor
    glimpse_logits: Tensor


class Unroll(NamedTuple):
    """The initial state and the step function of an RNN over a batch of images: what `unroll` and decodings need.

    state: of the B * S rows before the first time step. samples: S. steps: T, at most. end: index of the end symbol, or
    None. start_symbol: index of the start symbol, the input of the first time step. step: (state, symbol_R, t) to
    `Step`, for any number of rows of each image, as long as they are neighbours.
    """

    state: State
    samples: int
    steps: int
    end: int | None
    start_symbol: int
    step: Callable[[State, Tensor, int], Step]

    def start_symbols(self) -> Tensor:
        """(R,) the input of the first time step."""
        like_RH = self.state[0][0]
        return torch.full((len(like_RH),), self.start_symbol, device=like_RH.device)


def is_end(symbol: Tensor, end: int | None) -> Tensor:
    """Whether each symbol ends its sequence."""
    return symbol == (-1 if end is None else end)


def unroll(loop: Unroll, choose: Callable[[Tensor], Tensor], feed: Callable[[int, Tensor], Tensor]) -> Rollout:
    """Unrolls the RNN over its time steps.

    choose: (R, V) logits to the (R,) symbols emitted. feed: of a time step t and the symbols emitted at it, the (R,)
    input symbols of time step t + 1.
    """
    state, symbol_R = loop.state, loop.start_symbols()
    ended_R = torch.zeros_like(symbol_R, dtype=torch.bool)
    steps, symbols = [], []
    for t in range(loop.steps):
        steps.append(loop.step(state, symbol_R, t))
        state = steps[-1].state
        chosen_R = choose(steps[-1].logits)
        symbols.append(chosen_R.masked_fill(ended_R, IGNORED))
        ended_R = ended_R | is_end(chosen_R, loop.end)
        symbol_R = feed(t, chosen_R)
    return rollout_of(steps, torch.stack(symbols, 1), loop.samples)


def stacked(parts: Sequence[Tensor]) -> Tensor:
    """N tensors (R, ...) as one, (R, N, ...); a single one is not copied."""
    return torch.stack(list(parts), 1) if len(parts) > 1 else parts[0][:, None]


def rollout_of(steps: list[Step], symbol_RT: Tensor, samples: int) -> Rollout:
    """The time steps of all rows, as a rollout of images and trajectories."""
    logits, where, log_prob, query, item_probs, glimpse_logits = (
        stacked(parts).unflatten(0, (-1, samples)) for parts in list(zip(*steps, strict=True))[1:]
    )
    symbol_BST = symbol_RT.unflatten(0, (-1, samples))
    return Rollout(logits, symbol_BST, where, log_prob, query, item_probs, glimpse_logits)


def averaged(logits_BSxV: Tensor) -> Tensor:
    """(B, ..., V) log of the mean probability over an image's S trajectories (DRAM's averaging)."""
    return logits_BSxV.log_softmax(-1).logsumexp(1) - torch.tensor(logits_BSxV.shape[1]).log()


def averaged_rows(logits_RV: Tensor, samples: int) -> Tensor:
    """(R, V) the same for rows: every trajectory of an image gets their mean."""
    return averaged(logits_RV.unflatten(0, (-1, samples))).repeat_interleave(samples, 0)


def own_argmax(logits_RV: Tensor) -> Tensor:
    """(R,) the most probable symbol of each trajectory by itself, which depends on no other trajectory's samples."""
    return logits_RV.detach().argmax(-1)


def most_probable(logits_RV: Tensor, samples: int) -> Tensor:
    """(R,) the most probable symbol by the mean probability of an image's trajectories."""
    logits_RV = logits_RV.detach()
    return logits_RV.argmax(-1) if samples == 1 else averaged_rows(logits_RV, samples).argmax(-1)
