"""The loop: T symbols, with M glimpses before each (eqs 6, 11, 18-24).

Axes: B images, S trajectories, R = B * S rows with an image's trajectories side by side, T symbols, M glimpses before
each, Q query.
"""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, final

from torch import Tensor, nn

from benchmark.model.attention.base import Attention
from benchmark.model.attention.distribution import Draw
from benchmark.model.context.base import Context
from benchmark.model.decoder.base import Decoder, State
from benchmark.model.decoding.base import Decoding
from benchmark.model.decoding.rollout import Rollout, Step, Unroll, in_turn, own, unroll
from benchmark.model.decoding.rollout import averaged as averaged
from benchmark.model.feeding.base import Feeding
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


class SequenceModel(nn.Module, ABC):
    """What a run trains: a loop, or several that work together.

    attention: judges and draws where was looked. end: as the task's. query_size: Q of its rollouts.
    """

    attention: Attention
    end: int | None
    query_size: int

    @abstractmethod
    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        """With a target as in training: the rollout answers `asked(target)`. Without one as in use.

        key: which images of the data set these are, for encoders whose features are cached; without it they compute.
        """

    @abstractmethod
    def training_targets(self, target_BT: Tensor) -> Tensor:
        """The targets of a training rollout's rows."""

    @abstractmethod
    def policy_parameters(self) -> list[nn.Parameter]:
        """What decides where to look, by the parts' own word."""


@final
class AttentionRNN(SequenceModel):
    """A mechanism, a core and a context in one loop.

    The survey's eqs 21-24 read the classifier and the policy from one state; DRAM needs two, which the decoder's two
    views give. Eq 6 feeds the model's own symbol where eqs 7-8 condition on the true ones: with a target `feeding`
    chooses between them, without it the loop runs free and `decoding` chooses the symbols.
    """

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
        walk = self.walk(image, boxes, samples, draw, key)
        if target is None:
            return self.decoding(walk)
        # As many steps as the longest sequence of this batch has.
        true_TR = target.clamp(min=0).repeat_interleave(samples, 0).T
        return unroll(
            walk._replace(steps=len(true_TR)),
            own,  # pooled over an image's trajectories, a baseline of the others would know of the draw it corrects
            lambda t, own_R: self.feeding(true_TR[t], own_R),
        )

    def walk(self, image: Tensor, boxes: Tensor, samples: int, draw: Draw, key: ImageKey = NO_KEY) -> Unroll:
        """The images encoded, and the loop before its first step."""
        features = self.attention.encode(image, boxes, key)
        context_BH = self.context(image, lambda: self.attention.global_feature(features))
        state = self.decoder.start(context_BH.repeat_interleave(samples, 0))
        step = partial(self._step, features, draw)
        return Unroll(state, samples, self.steps, self.end, self.symbols, step)

    def _step(self, features: Any, draw: Draw, state: State, symbol_R: Tensor, t: int) -> Step:
        state = self.decoder.feed_symbol(symbol_R, state)
        looks = []
        for m in range(self.glimpses):
            query_RQ = self.decoder.query(state)
            glimpse = self.attention(features, query_RQ, t * self.glimpses + m, draw)
            state = self.decoder.step(glimpse.code, state)
            looks.append((glimpse.where, glimpse.log_prob, query_RQ.detach(), glimpse.item_probs))
        return Step(state, self.decoder.logits(state), *(in_turn(parts) for parts in zip(*looks, strict=True)))

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return target_BT

    def policy_parameters(self) -> list[nn.Parameter]:
        """Where glimpses are drawn, what of the decoder and the context reaches the classifier through them alone is
        among it. Only the policy gradient trains it then, but for the softened draws of items.
        """
        if not self.attention.drawn:
            return self.attention.policy_parameters()
        context = list(self.context.parameters())
        return self.attention.policy_parameters() + self.decoder.policy_parameters(context)
