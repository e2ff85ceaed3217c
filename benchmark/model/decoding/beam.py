"""Beam search over a whole batch at once.

Axes: B images, K beams, S trajectories, R = B * K * S rows of beams (B * S of the answer), T symbols, V symbols to
choose from.
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


class Found(NamedTuple):
    """The K sequences of each image, the best first.

    symbol: (B, K, T), IGNORED after the end. log_prob: (B, K), minus infinity for a place that no sequence has taken.
    ended: (B, K). rollout: of the best ones.
    """

    symbol: Tensor
    log_prob: Tensor
    ended: Tensor
    rollout: Rollout


class Beams(NamedTuple):
    """After a step, (B, K) each: log-probability, whether it has ended, its length; parent: the beam it goes on from,
    symbol: what it emitted, IGNORED where it had ended before.
    """

    log_prob: Tensor
    ended: Tensor
    length: Tensor
    parent: Tensor
    symbol: Tensor


@final
class Beam(Decoding):
    """At each step the K most probable continuations of all beams go on; a sequence that has ended keeps its place, so
    that ever fewer go on (the search of Show, Attend and Tell's authors; K = 1 is greedy).

    It stops when all have ended, or after the last step. The answer is the best of the ended sequences, by `length`;
    where none has, the best of the others. Images search apart from each other, in one batch of rows.
    width: K.
    """

    def __init__(self, width: Count, length: LengthNormalisation):
        if width < 1:
            raise ConfigFault([f"decoding.width: has to be 1 or more, and not {width}"])
        self.width, self.length = width, length

    def __call__(self, walk: Unroll) -> Rollout:
        """Of the best sequence of each image."""
        return self.search(walk).rollout

    @torch.no_grad()
    def search(self, walk: Unroll) -> Found:
        """All K sequences of each image: its n-best list."""
        samples, width = walk.samples, self.width
        like_RH = walk.state[0][0]
        images = len(like_RH) // samples
        first_B = torch.arange(images, device=like_RH.device)
        state = taken(walk.state, rows_of(first_B.repeat_interleave(width), samples))
        symbol_R = walk.no_symbol().repeat_interleave(width, 0)
        beams = first(images, width, like_RH)
        steps: list[Step] = []
        went: list[Beams] = []
        for t in range(walk.steps):
            step = walk.step(state, symbol_R, t)
            beams = self._grown(beams, step.logits, walk)
            state = taken(step.state, rows_of((first_B[:, None] * width + beams.parent).flatten(), samples))
            symbol_R = beams.symbol.clamp(min=0).flatten().repeat_interleave(samples, 0)
            steps.append(step._replace(state=()))
            went.append(beams)
            if not beams.ended.is_meta and bool((beams.ended | beams.log_prob.isneginf()).all()):
                break
        return self._told(steps, went, walk)

    def _grown(self, beams: Beams, logits_RV: Tensor, walk: Unroll) -> Beams:
        best_RK, symbol_RK = likely(logits_RV, walk.samples, self.width)
        total_BKK = beams.log_prob[..., None] + best_RK.unflatten(0, (-1, self.width))
        total_BKK = total_BKK.masked_fill(beams.ended[..., None], -torch.inf)
        # An ended sequence goes on in one way only, before all others.
        total_BKK[..., 0] = torch.where(beams.ended, torch.inf, total_BKK[..., 0])
        log_BK, place_BK = total_BKK.flatten(1).topk(self.width, -1)
        parent_BK = place_BK // total_BKK.shape[-1]
        kept_BK = log_BK.isposinf()
        symbol_BK = symbol_RK.reshape(len(log_BK), -1).gather(1, place_BK).masked_fill(kept_BK, IGNORED)
        return Beams(
            torch.where(kept_BK, beams.log_prob.gather(1, parent_BK), log_BK),
            kept_BK | (is_end(symbol_BK, walk.end) & ~log_BK.isneginf()),
            beams.length.gather(1, parent_BK) + ~kept_BK,
            parent_BK,
            symbol_BK,
        )

    def _told(self, steps: list[Step], went: list[Beams], walk: Unroll) -> Found:
        last = went[-1]
        score_BK = self.length(last.log_prob, last.length)
        # Ended ones first, each kind by its score: two stable sorts, the second by the stronger key.
        order_BK = score_BK.sort(dim=-1, descending=True, stable=True).indices
        others_BK = (~last.ended).gather(1, order_BK).byte()
        order_BK = order_BK.gather(1, others_BK.sort(dim=-1, stable=True).indices)
        symbol_BKT, from_BKT = traced(went, order_BK)
        symbol_BKT = pad(symbol_BKT, (0, walk.steps - len(steps)), value=IGNORED)
        rollout = self._best(steps, symbol_BKT[:, 0], from_BKT[:, 0], walk)
        return Found(symbol_BKT, last.log_prob.gather(1, order_BK), last.ended.gather(1, order_BK), rollout)

    def _best(self, steps: list[Step], symbol_BT: Tensor, from_BT: Tensor, walk: Unroll) -> Rollout:
        """What happened on the way to these sequences; after its end a row stays as it was."""
        first_B = torch.arange(len(symbol_BT), device=symbol_BT.device) * self.width
        ended_RT = (symbol_BT == IGNORED).repeat_interleave(walk.samples, 0)
        path: list[Step] = []
        for t in range(walk.steps):
            if t >= len(steps):
                path.append(path[-1])
                continue
            row_R = rows_of(first_B + from_BT[:, t], walk.samples)
            here = Step((), *(value[row_R] for value in steps[t][1:]))
            path.append(stayed(path[-1], here, ended_RT[:, t]) if t else here)
        return rollout_of(path, symbol_BT.repeat_interleave(walk.samples, 0), walk.samples)


def likely(logits_RV: Tensor, samples: int, most: int) -> tuple[Tensor, Tensor]:
    """The most probable symbols of each image's trajectories together: log-probabilities and numbers, (R / S, K)."""
    if samples > 1:
        return averaged(logits_RV.unflatten(0, (-1, samples))).topk(min(most, logits_RV.shape[-1]), -1)
    best = logits_RV.topk(min(most, logits_RV.shape[-1]), -1)
    return best.values - logits_RV.logsumexp(-1, keepdim=True), best.indices


def stayed(before: Step, here: Step, ended_R: Tensor) -> Step:
    """Of rows that had ended, what was before."""
    pairs = zip(before[1:], here[1:], strict=True)
    return Step((), *(torch.where(ended_R.view(-1, *[1] * (now.dim() - 1)), then, now) for then, now in pairs))


def first(images: int, width: int, like_RH: Tensor) -> Beams:
    """One beginning an image, nothing said; the other places are empty."""
    log_BK = torch.full((images, width), -torch.inf, device=like_RH.device, dtype=like_RH.dtype)
    log_BK[:, 0] = 0
    zero_BK = torch.zeros_like(log_BK, dtype=torch.long)
    return Beams(log_BK, zero_BK.bool(), zero_BK, zero_BK, zero_BK)


def taken(state: State, row_R: Tensor) -> State:
    """The states of these rows."""
    return tuple(tuple(value.index_select(0, row_R) for value in part) for part in state)


def rows_of(place: Tensor, samples: int) -> Tensor:
    """The rows of places that hold `samples` trajectories each, side by side."""
    return (place[:, None] * samples + torch.arange(samples, device=place.device)).flatten()


def traced(went: list[Beams], order_BK: Tensor) -> tuple[Tensor, Tensor]:
    """(B, K, T) symbols of the sequences that end in these beams, and the beam that each came from at each step."""
    beam_BK, symbols, froms = order_BK, [], []
    for beams in reversed(went):
        symbols.append(beams.symbol.gather(1, beam_BK))
        beam_BK = beams.parent.gather(1, beam_BK)
        froms.append(beam_BK)
    return torch.stack(symbols[::-1], -1), torch.stack(froms[::-1], -1)
