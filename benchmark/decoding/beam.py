"""Beam search over a whole batch at once.

Axes: B images, K beams, S trajectories, R = B * K * S rows, T symbols, V symbols to choose from.
"""

from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.nn.functional import pad

from benchmark.decoder import State
from benchmark.decoding.base import Decoding
from benchmark.decoding.length import Length
from benchmark.faults import ConfigFault
from benchmark.rollout import Rollout, Step, Walk, averaged, is_end
from datamodules.contract import IGNORED


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

    def __init__(self, width: int, length: Length):
        if width < 1:
            raise ConfigFault([f"decoding.width: has to be 1 or more, and not {width}"])
        self.width, self.length = width, length

    def __call__(self, walk: Walk) -> Rollout:
        """Of the best sequence of each image."""
        return self.search(walk).rollout

    @torch.no_grad()
    def search(self, walk: Walk) -> Found:
        """All K sequences of each image: its n-best list."""
        samples, width = walk.samples, self.width
        like_RH = walk.state[0][0]
        images = len(like_RH) // samples
        state = taken(walk.state, rows_of(torch.arange(images).repeat_interleave(width), samples, like_RH.device))
        symbol_R = walk.nothing_said().repeat_interleave(width, 0)
        beams = first(images, width, like_RH)
        steps: list[Step] = []
        went: list[Beams] = []
        for t in range(walk.steps):
            step = walk.step(state, symbol_R, t)
            beams = self._grown(beams, step.logits, walk)
            image_B1 = torch.arange(images, device=like_RH.device)[:, None] * width
            rows_R = rows_of((image_B1 + beams.parent).flatten(), samples, like_RH.device)
            state = taken(step.state, rows_R)
            symbol_R = beams.symbol.clamp(min=0).flatten().repeat_interleave(samples, 0)
            steps.append(step._replace(state=()))
            went.append(beams)
            if not beams.ended.is_meta and bool((beams.ended | beams.log_prob.isneginf()).all()):
                break
        return self._told(steps, went, walk)

    def _grown(self, beams: Beams, logits_RV: Tensor, walk: Walk) -> Beams:
        log_BKV = averaged(logits_RV.unflatten(0, (-1, walk.samples))).unflatten(0, (-1, self.width))
        symbols = log_BKV.shape[-1]
        total_BKV = (beams.log_prob[..., None] + log_BKV).masked_fill(beams.ended[..., None], -torch.inf)
        # An ended sequence goes on in one way only, before all others.
        total_BKV[..., 0] = torch.where(beams.ended, torch.inf, total_BKV[..., 0])
        best_BK, place_BK = total_BKV.flatten(1).topk(self.width, -1)
        parent_BK, symbol_BK = place_BK // symbols, place_BK % symbols
        kept_BK = best_BK.isposinf()
        symbol_BK = symbol_BK.masked_fill(kept_BK, IGNORED)
        return Beams(
            torch.where(kept_BK, beams.log_prob.gather(1, parent_BK), best_BK),
            kept_BK | (is_end(symbol_BK, walk.end) & ~best_BK.isneginf()),
            beams.length.gather(1, parent_BK) + ~kept_BK,
            parent_BK,
            symbol_BK,
        )

    def _told(self, steps: list[Step], went: list[Beams], walk: Walk) -> Found:
        last = went[-1]
        score_BK = self.length(last.log_prob, last.length)
        # Ended ones first, each kind by its score: two stable sorts, the second by the stronger key.
        order_BK = score_BK.sort(dim=-1, descending=True, stable=True).indices
        others_BK = (~last.ended).gather(1, order_BK).byte()
        order_BK = order_BK.gather(1, others_BK.sort(dim=-1, stable=True).indices)
        symbol_BKT, from_BKT = traced(went, order_BK)
        images, short = len(order_BK), walk.steps - len(steps)
        # Looks of a step are of the beam before it; after the end they stay where they were.
        ended_BT = (symbol_BKT[:, 0] == IGNORED).cumsum(-1)
        step_BT = torch.arange(len(steps), device=ended_BT.device) - ended_BT
        row_BT = torch.arange(images, device=ended_BT.device)[:, None] * self.width + from_BKT[:, 0].gather(1, step_BT)
        step_BT, row_BT = (torch.cat([x, x[:, -1:].expand(-1, short)], 1) for x in (step_BT, row_BT))
        index_BST = row_BT[:, None] * walk.samples + torch.arange(walk.samples, device=row_BT.device)[:, None]
        stacked = [torch.stack(parts) for parts in list(zip(*steps, strict=True))[1:]]
        path = [values[step_BT[:, None].expand_as(index_BST), index_BST] for values in stacked]
        symbol_BKT = pad(symbol_BKT, (0, short), value=IGNORED)
        symbol_BST = symbol_BKT[:, :1].expand(-1, walk.samples, -1)
        rollout = Rollout(path[0], symbol_BST, *path[1:])
        return Found(symbol_BKT, last.log_prob.gather(1, order_BK), last.ended.gather(1, order_BK), rollout)


def first(images: int, width: int, like_RH: Tensor) -> Beams:
    """One beginning an image, nothing said; the other places are empty."""
    log_BK = torch.full((images, width), -torch.inf, device=like_RH.device, dtype=like_RH.dtype)
    log_BK[:, 0] = 0
    zero_BK = torch.zeros_like(log_BK, dtype=torch.long)
    return Beams(log_BK, zero_BK.bool(), zero_BK, zero_BK, zero_BK)


def taken(state: State, row_R: Tensor) -> State:
    """The states of these rows."""
    return tuple(tuple(value.index_select(0, row_R) for value in part) for part in state)


def rows_of(place: Tensor, samples: int, device: torch.device) -> Tensor:
    """The rows of places that hold `samples` trajectories each, side by side."""
    return (place.to(device)[:, None] * samples + torch.arange(samples, device=device)).flatten()


def traced(went: list[Beams], order_BK: Tensor) -> tuple[Tensor, Tensor]:
    """(B, K, T) symbols of the sequences that end in these beams, and the beam that each came from at each step."""
    beam_BK, symbols, froms = order_BK, [], []
    for beams in reversed(went):
        symbols.append(beams.symbol.gather(1, beam_BK))
        beam_BK = beams.parent.gather(1, beam_BK)
        froms.append(beam_BK)
    return torch.stack(symbols[::-1], -1), torch.stack(froms[::-1], -1)
