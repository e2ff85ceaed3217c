"""The loop: T symbols, with M glimpses before each (eqs 6, 11, 18-24).

Axes: B images, S trajectories, R = B * S rows with an image's trajectories side by side, T symbols, M glimpses before
each, V symbols to choose from, Q query.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.attention.base import Attention
from benchmark.attention.distribution import Draw
from benchmark.context import Context
from benchmark.decoder import Decoder
from benchmark.feeding import Feeding
from datamodules.contract import IGNORED, TaskSpec


class Rollout(NamedTuple):
    """Everything that happened.

    logits: (B, S, T, V). symbol: (B, S, T) what was emitted, IGNORED after the end.
    where: (B, S, T, M, ...) as the mechanism gives it. log_prob: (B, S, T, M). query: (B, S, T, M, Q), the state before
    the glimpse, free of gradient, for baselines: it can't depend on the draw it corrects.
    """

    logits: Tensor
    symbol: Tensor
    where: Tensor
    log_prob: Tensor
    query: Tensor


class Reader(nn.Module, ABC):
    """What a run trains: a loop, or several that work together.

    attention: judges and draws where was looked. end: as the task's. cores: how many cores' states its queries hold,
    side by side.
    """

    attention: Attention
    end: int | None
    cores: int

    @abstractmethod
    def forward(self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw) -> Rollout:
        """With a target as in training: the rollout answers `asked(target)`. Without one as in use."""

    @abstractmethod
    def asked(self, target_BT: Tensor) -> Tensor:
        """The targets of a training rollout's rows."""

    @abstractmethod
    def policy_parameters(self) -> list[nn.Parameter]:
        """What decides where to look, by the parts' own word."""


def averaged(logits_BSxV: Tensor) -> Tensor:
    """(B, ..., V) log-probabilities, averaged as probabilities over an image's S trajectories (DRAM's averaging)."""
    return logits_BSxV.log_softmax(-1).logsumexp(1) - torch.tensor(logits_BSxV.shape[1]).log()


def pooled(logits_RV: Tensor, samples: int) -> Tensor:
    """(R, V) the same of rows: each trajectory of an image gets what they say together."""
    return averaged(logits_RV.unflatten(0, (-1, samples))).repeat_interleave(samples, 0)


@final
class AttentionRNN(Reader):
    """A mechanism, a core and a context in one loop.

    The survey's eqs 21-24 read the classifier and the policy from one state; DRAM needs two, which the decoder's two
    views give. Eq 6 feeds the model's own symbol where eqs 7-8 condition on the true ones: with a target `feeding`
    chooses between them, without it the loop runs free, the trajectories of an image agreeing on each symbol by their
    mean probability.
    """

    cores = 1

    def __init__(
        self,
        spec: TaskSpec,
        attention: Attention,
        decoder: Decoder,
        context: Context,
        feeding: Feeding,
        glimpses: int,
    ):
        super().__init__()
        self.attention, self.decoder, self.context, self.feeding = attention, decoder, context, feeding
        self.steps, self.glimpses, self.end = spec.max_steps, glimpses, spec.end
        self.symbols = len(spec.symbols)

    def forward(self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw) -> Rollout:
        rows = len(image) * samples
        features = self.attention.encode(image, boxes)
        context_BH = self.context(image, lambda: self.attention.gist(features))
        state = self.decoder.start(context_BH.repeat_interleave(samples, 0))
        symbol_R = torch.full((rows,), self.symbols, device=image.device)
        ended_R = torch.zeros(rows, dtype=torch.bool, device=image.device)
        logits, symbols, where, log_prob, query = [], [], [], [], []
        for t in range(self.steps):
            for m in range(self.glimpses):
                query_RQ = self.decoder.query(state)
                glimpse = self.attention(features, query_RQ, t * self.glimpses + m, draw)
                state = self.decoder.step(glimpse.code, symbol_R, state)
                where.append(glimpse.where)
                log_prob.append(glimpse.log_prob)
                query.append(query_RQ.detach())
            logits_RV = self.decoder.logits(state)
            logits.append(logits_RV)
            emitted_R = pooled(logits_RV.detach(), samples).argmax(-1)
            symbols.append(emitted_R.masked_fill(ended_R, IGNORED))
            ended_R = ended_R | (emitted_R == (-1 if self.end is None else self.end))
            symbol_R = emitted_R
            if target is not None:
                symbol_R = self.feeding(target[:, t].clamp(min=0).repeat_interleave(samples), emitted_R)
        shape = (len(image), samples, self.steps, self.glimpses)
        return Rollout(
            torch.stack(logits, 1).unflatten(0, shape[:2]),
            torch.stack(symbols, 1).unflatten(0, shape[:2]),
            torch.stack(where, 1).reshape(*shape, *where[0].shape[1:]),
            torch.stack(log_prob, 1).reshape(shape),
            torch.stack(query, 1).reshape(*shape, -1),
        )

    def asked(self, target_BT: Tensor) -> Tensor:
        return target_BT

    def policy_parameters(self) -> list[nn.Parameter]:
        """Where glimpses are drawn, what of the decoder and the context reaches the classifier through them alone is
        among it. Only the policy gradient trains it then, but for the softened draws of items.
        """
        if not self.attention.drawn:
            return self.attention.policy_parameters()
        context = list(self.context.parameters())
        return self.attention.policy_parameters() + self.decoder.policy_parameters(context)
