"""The attention RNN: unrolled over T time steps of one symbol each, with M glimpses before it (eqs 6, 11, 18-24).

Axes: B images, S trajectories, R = B * S rows with an image's trajectories side by side, T symbols, M glimpses before
each, Q query, V symbols.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, final

import torch
from torch import Tensor, nn

from benchmark.model.attention.base import NO_GLIMPSE, Attention
from benchmark.model.attention.distribution import Draw
from benchmark.model.context.base import Context
from benchmark.model.decoder.base import Decoder, State
from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Step, Unroll, own_argmax, stacked, unroll
from benchmark.model.feeding.base import Feeding
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


class SequenceModel(nn.Module, ABC):
    """What a run trains: one attention RNN, or a composition of several (forward-backward, focus).

    attention: the mechanism that reads `Rollout.where`, for attention maps and fixations. end: the index of the end
    symbol, None where all sequences are equally long. query_size: Q of its rollouts. symbols: V of its logits.
    """

    attention: Attention
    end: int | None
    query_size: int
    symbols: int

    @abstractmethod
    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        """A rollout of `samples` trajectories of each image.

        target: (B, T) true symbols. With it, as in training: teacher forcing or scheduled sampling, and the rollout is
        to be compared with `training_targets(target)`. None, as in evaluation: free running.
        draw: how a glimpse is taken from its distribution: a sample, the mode, the expectation, or uniformly.
        key: which images of the data set these are, for encoders with cached features; without it they compute.
        """

    @abstractmethod
    def training_targets(self, target_BT: Tensor) -> Tensor:
        """The targets of a training rollout: (B, T), or more rows where several models are trained together."""

    @abstractmethod
    def policy_parameters(self) -> list[nn.Parameter]:
        """The parameters that decide where to look: an optimiser group of their own."""


@final
class AttentionRNN(SequenceModel):
    """An attention mechanism, a recurrent decoder and a context network, unrolled.

    The survey's eqs 21-24 read the classifier and the policy from one hidden state; DRAM needs two, so a decoder gives
    `query` and `logits` separately. Eq 6 feeds back the model's own symbol, eqs 7-8 the true one: with a target
    `feeding` chooses between them (teacher forcing, scheduled sampling); without it `decoding` chooses the symbols.
    reads_each_glimpse: whether rollouts have the logits after each glimpse (`reading_each_glimpse`).
    """

    reads_each_glimpse = False

    def __init__(
        self,
        spec: TaskSpec,
        attention: Attention,
        decoder: Decoder,
        context: Context,
        feeding: Feeding,
        decoding: Decoding,
        glimpses: int,
    ):
        super().__init__()
        self.attention, self.decoder, self.context = attention, decoder, context
        self.feeding, self.decoding = feeding, decoding
        self.steps, self.glimpses, self.end = spec.max_steps, glimpses, spec.end
        self.symbols, self.query_size = len(spec.symbols), decoder.query_size

    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        loop = self.start_unroll(image, boxes, samples, draw, key)
        if target is None:
            return self.decoding(loop)
        # As many time steps as the longest sequence of this batch has.
        true_TR = target.clamp(min=0).repeat_interleave(samples, 0).T
        return unroll(
            loop._replace(steps=len(true_TR)),
            own_argmax,  # not their average: then a leave-one-out baseline would depend on the sample that it corrects
            lambda t, own_R: self.feeding(true_TR[t], own_R),
        )

    def start_unroll(self, image: Tensor, boxes: Tensor, samples: int, draw: Draw, key: ImageKey = NO_KEY) -> Unroll:
        """Encodes the images and gives the initial state and the step function, for `unroll` or for a decoding."""
        features = self.attention.encode(image, boxes, key)
        context_BH = self.context(image, lambda: self.attention.global_feature(features))
        state = self.decoder.start(context_BH.repeat_interleave(samples, 0))
        step = partial(self._step, features, draw)
        return Unroll((*state, NO_GLIMPSE), samples, self.steps, self.end, self.symbols, step)

    def _step(self, features: Any, draw: Draw, state: State, symbol_R: Tensor, t: int) -> Step:
        """One time step. The last part of the state is where the glimpses so far were, so that it follows its row."""
        past = state[-1]
        state = self.decoder.feed_symbol(symbol_R, state[:-1])
        glimpses, read = [], []
        for m in range(self.glimpses):
            query_RQ = self.decoder.query(state)
            glimpse = self.attention(features, query_RQ, t * self.glimpses + m, draw, past)
            state = self.decoder.step(glimpse.code, state)
            past = (*past, glimpse.where.detach())
            glimpses.append((glimpse.where, glimpse.log_prob, query_RQ.detach(), glimpse.item_probs))
            if self.reads_each_glimpse and m < self.glimpses - 1:
                with torch.no_grad():
                    read.append(self.decoder.logits(state))
        logits_RV = self.decoder.logits(state)
        read_RLV = stacked([*read, logits_RV.detach()])[:, : self.glimpses if self.reads_each_glimpse else 0]
        where, log_prob, query, item_probs = (stacked(parts) for parts in zip(*glimpses, strict=True))
        return Step((*state, past), logits_RV, where, log_prob, query, item_probs, read_RLV)

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return target_BT

    def policy_parameters(self) -> list[nn.Parameter]:
        """The mechanism's; and where glimpses are sampled, those of the decoder and the context whose only path to the
        classifier is where the model looks (DRAM's r2 and context network). The policy gradient alone trains these,
        but for hard attention's glimpses that are replaced by their expectation.
        """
        if not self.attention.drawn:
            return self.attention.policy_parameters()
        context = list(self.context.parameters())
        return self.attention.policy_parameters() + self.decoder.policy_parameters(context)


@contextmanager
def reading_each_glimpse(rnn: nn.Module) -> Iterator[None]:
    """Within the context the rollouts of a model have `Rollout.glimpse_logits`."""
    loops = [loop for loop in rnn.modules() if isinstance(loop, AttentionRNN)]
    for loop in loops:
        loop.reads_each_glimpse = True
    try:
        yield
    finally:
        for loop in loops:
            loop.reads_each_glimpse = False
