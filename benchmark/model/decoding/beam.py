"""Beam search over a whole batch at once.

Axes: B images, K beams, S trajectories, R = B * K * S rows of beams (B * S of the resulting rollout), T time steps, V
symbols.
"""

from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.nn.functional import pad

from benchmark.common.errors import ConfigFault
from benchmark.model.decoder.base import State
from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.length import LengthNormalisation
from benchmark.model.decoding.rollout import Rollout, Step, Unroll, averaged, is_end, rollout_of
from datamodules.contract import IGNORED
from datamodules.ranges import Count


class NBest(NamedTuple):
    """The K sequences of each image, the best first.

    symbol: (B, K, T), IGNORED after the end. log_prob: (B, K), minus infinity where there are fewer than K sequences.
    ended: (B, K) whether the end symbol was emitted. rollout: of each image's best sequence.
    """

    symbol: Tensor
    log_prob: Tensor
    ended: Tensor
    rollout: Rollout


class Beams(NamedTuple):
    """The beams after a time step, (B, K) each.

    log_prob: of the whole sequence. ended: whether it has emitted the end. length: in symbols. parent: index of the
    beam that it extends. symbol: emitted at this time step, IGNORED where the sequence had ended before.
    """

    log_prob: Tensor
    ended: Tensor
    length: Tensor
    parent: Tensor
    symbol: Tensor


@final
class Beam(Decoding):
    """At each time step the K most probable extensions of all beams are kept; a sequence that has ended keeps its beam,
    so that fewer and fewer are extended (as in Show, Attend and Tell's code; K = 1 is greedy decoding).

    It stops when all have ended, or after the last time step. The result is the best of the ended sequences by the
    score `length`; where none has ended, the best of the others. Each image has a search of its own, in one batch.
    width: K. Raises ConfigFault for a width below 1.
    """

    def __init__(self, width: Count, length: LengthNormalisation):
        if width < 1:
            raise ConfigFault([f"decoding.width: has to be 1 or more, and not {width}"])
        self.width, self.length = width, length

    def __call__(self, loop: Unroll) -> Rollout:
        """The rollout of the best sequence of each image."""
        return self.search(loop).rollout

    @torch.no_grad()
    def search(self, loop: Unroll) -> NBest:
        """All K sequences of each image: the n-best list."""
        samples, width = loop.samples, self.width
        like_RH = loop.state[0][0]
        images = len(like_RH) // samples
        first_B = torch.arange(images, device=like_RH.device)
        state = select_rows(loop.state, trajectory_rows(first_B.repeat_interleave(width), samples))
        symbol_R = loop.start_symbols().repeat_interleave(width, 0)
        beams = initial_beams(images, width, like_RH)
        steps: list[Step] = []
        history: list[Beams] = []
        for t in range(loop.steps):
            step = loop.step(state, symbol_R, t)
            beams = self._extended(beams, step.logits, loop)
            state = select_rows(
                step.state, trajectory_rows((first_B[:, None] * width + beams.parent).flatten(), samples)
            )
            symbol_R = beams.symbol.clamp(min=0).flatten().repeat_interleave(samples, 0)
            steps.append(step._replace(state=()))
            history.append(beams)
            if not beams.ended.is_meta and bool((beams.ended | beams.log_prob.isneginf()).all()):
                break
        return self._n_best(steps, history, loop)

    def _extended(self, beams: Beams, logits_RV: Tensor, loop: Unroll) -> Beams:
        log_RK, symbol_RK = top_symbols(logits_RV, loop.samples, self.width)
        total_BKK = beams.log_prob[..., None] + log_RK.unflatten(0, (-1, self.width))
        total_BKK = total_BKK.masked_fill(beams.ended[..., None], -torch.inf)
        # An ended sequence has one extension only, itself, which is always kept.
        total_BKK[..., 0] = torch.where(beams.ended, torch.inf, total_BKK[..., 0])
        log_BK, place_BK = total_BKK.flatten(1).topk(self.width, -1)
        parent_BK = place_BK // total_BKK.shape[-1]
        ended_before_BK = log_BK.isposinf()
        symbol_BK = symbol_RK.reshape(len(log_BK), -1).gather(1, place_BK).masked_fill(ended_before_BK, IGNORED)
        return Beams(
            torch.where(ended_before_BK, beams.log_prob.gather(1, parent_BK), log_BK),
            ended_before_BK | (is_end(symbol_BK, loop.end) & ~log_BK.isneginf()),
            beams.length.gather(1, parent_BK) + ~ended_before_BK,
            parent_BK,
            symbol_BK,
        )

    def _n_best(self, steps: list[Step], history: list[Beams], loop: Unroll) -> NBest:
        last = history[-1]
        score_BK = self.length(last.log_prob, last.length)
        # Ended sequences first, then by score: two stable sorts, the second by the more significant key.
        order_BK = score_BK.sort(dim=-1, descending=True, stable=True).indices
        others_BK = (~last.ended).gather(1, order_BK).byte()
        order_BK = order_BK.gather(1, others_BK.sort(dim=-1, stable=True).indices)
        symbol_BKT, from_BKT = backtraced(history, order_BK)
        symbol_BKT = pad(symbol_BKT, (0, loop.steps - len(steps)), value=IGNORED)
        rollout = self._best(steps, symbol_BKT[:, 0], from_BKT[:, 0], loop)
        return NBest(symbol_BKT, last.log_prob.gather(1, order_BK), last.ended.gather(1, order_BK), rollout)

    def _best(self, steps: list[Step], symbol_BT: Tensor, from_BT: Tensor, loop: Unroll) -> Rollout:
        """The rollout of these sequences; after its end a row repeats its last time step."""
        first_B = torch.arange(len(symbol_BT), device=symbol_BT.device) * self.width
        ended_RT = (symbol_BT == IGNORED).repeat_interleave(loop.samples, 0)
        path: list[Step] = []
        for t in range(loop.steps):
            if t >= len(steps):
                path.append(path[-1])
                continue
            row_R = trajectory_rows(first_B + from_BT[:, t], loop.samples)
            here = Step((), *(value[row_R] for value in steps[t][1:]))
            path.append(frozen_after_end(path[-1], here, ended_RT[:, t]) if t else here)
        return rollout_of(path, symbol_BT.repeat_interleave(loop.samples, 0), loop.samples)


def top_symbols(logits_RV: Tensor, samples: int, most: int) -> tuple[Tensor, Tensor]:
    """The most probable symbols by the mean probability of an image's trajectories: log-probabilities and indices, both
    (R / S, K).
    """
    if samples > 1:
        return averaged(logits_RV.unflatten(0, (-1, samples))).topk(min(most, logits_RV.shape[-1]), -1)
    best = logits_RV.topk(min(most, logits_RV.shape[-1]), -1)
    return best.values - logits_RV.logsumexp(-1, keepdim=True), best.indices


def frozen_after_end(before: Step, here: Step, ended_R: Tensor) -> Step:
    """The time step `here`, with `before` in the rows that had ended."""
    pairs = zip(before[1:], here[1:], strict=True)
    return Step((), *(torch.where(ended_R.view(-1, *[1] * (now.dim() - 1)), then, now) for then, now in pairs))


def initial_beams(images: int, width: int, like_RH: Tensor) -> Beams:
    """One empty sequence of each image; the other beams have probability zero."""
    log_BK = torch.full((images, width), -torch.inf, device=like_RH.device, dtype=like_RH.dtype)
    log_BK[:, 0] = 0
    zero_BK = torch.zeros_like(log_BK, dtype=torch.long)
    return Beams(log_BK, zero_BK.bool(), zero_BK, zero_BK, zero_BK)


def select_rows(state: State, row_R: Tensor) -> State:
    """The state of these rows."""
    return tuple(tuple(value.index_select(0, row_R) for value in part) for part in state)


def trajectory_rows(place: Tensor, samples: int) -> Tensor:
    """(n * samples,) the rows of n beams that have `samples` neighbouring rows each."""
    return (place[:, None] * samples + torch.arange(samples, device=place.device)).flatten()


def backtraced(history: list[Beams], order_BK: Tensor) -> tuple[Tensor, Tensor]:
    """(B, K, T) symbols of the sequences that end in these beams, and the index of the beam each extended at each time
    step, by following the parents.
    """
    beam_BK, symbols, froms = order_BK, [], []
    for beams in reversed(history):
        symbols.append(beams.symbol.gather(1, beam_BK))
        beam_BK = beams.parent.gather(1, beam_BK)
        froms.append(beam_BK)
    return torch.stack(symbols[::-1], -1), torch.stack(froms[::-1], -1)
