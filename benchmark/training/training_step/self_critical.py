"""Self-critical sequence training: words are drawn, and what they are worth as a caption trains them (Rennie et al.
2017).

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols to choose from.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmark.common.errors import ConfigFault
from benchmark.metrics.caption.reward import CiderReward, in_symbols
from benchmark.model.attention.distribution import mode, sample
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.decoding.sampling import Each
from benchmark.model.loop import AttentionRNN, SequenceModel
from benchmark.objective.base import Objective
from benchmark.training.training_step.base import TrainingStep
from benchmark.training.training_step.likelihood import LikelihoodStep
from datamodules.contract import IGNORED, Batch, ImageKey, References, TaskSpec
from datamodules.ranges import Count, NonNegative

UNKNOWN = 0
"""The symbol of all words that the vocabulary has not."""

RewardFunction = Callable[[Tensor, Tensor], Tensor]
"""(R, T) symbols and (R,) images to (R,) rewards."""


def log_probability(rollout: Rollout) -> Tensor:
    """(B, S) of all that was drawn: the symbols, the end among them, and the places that were looked at before them."""
    log_BST = -cross_entropy(rollout.logits.movedim(-1, 1), rollout.symbol, ignore_index=IGNORED, reduction="none")
    said_BST1 = (rollout.symbol != IGNORED)[..., None]
    return log_BST.sum(-1) + (rollout.log_prob * said_BST1).sum((-2, -1))


def rewards_of(rollout: Rollout, batch: Batch, worth: RewardFunction) -> Tensor:
    """(B, S) rewards."""
    samples = rollout.symbol.shape[1]
    index_R = batch.index.repeat_interleave(samples).to(rollout.symbol.device, non_blocking=True)
    return worth(rollout.symbol.flatten(0, 1), index_R).unflatten(0, (-1, samples))


class SequenceBaseline(ABC):
    """What a drawn caption has to be better than. It must not depend on the draw it judges."""

    @abstractmethod
    def __call__(self, rnn: AttentionRNN, batch: Batch, worth: RewardFunction, reward_BS: Tensor) -> Tensor:
        """What broadcasts against (B, S), free of gradient."""


@final
class GreedyBaseline(SequenceBaseline):
    """What the model says when it takes the most probable words and places, without dropout: the paper's."""

    @torch.no_grad()
    def __call__(self, rnn: AttentionRNN, batch: Batch, worth: RewardFunction, reward_BS: Tensor) -> Tensor:
        rnn.eval()
        rollout = Greedy()(rnn.walk(batch.image, batch.boxes, 1, mode, ImageKey("train", batch.index)))
        rnn.train()
        return rewards_of(rollout, batch, worth)


@final
class OtherSamplesBaseline(SequenceBaseline):
    """The mean reward of the image's other drawn captions, which costs no pass of its own (Luo 2020)."""

    def __call__(self, rnn: AttentionRNN, batch: Batch, worth: RewardFunction, reward_BS: Tensor) -> Tensor:
        others = reward_BS.shape[1] - 1
        if others == 0:
            raise ConfigFault(
                ["training_step.baseline: self_critical_other_samples needs training_step.samples of 2 or more"]
            )
        return (reward_BS.sum(1, keepdim=True) - reward_BS) / others


@final
class SelfCritical(TrainingStep):
    """Maximises the expected CIDEr-D of captions drawn from the model: the score of all that was drawn, weighed by
    reward less rival's, summed over symbols and averaged over captions.

    Document frequencies are those of the training set, and the end is a word of caption and references alike: without
    it models learn to break off after "a" and "with". Places that a mechanism draws are drawn with the words, and their
    score earns the same reward. The feeding has no part in it.
    samples: captions drawn of each image.
    teacher_forcing_weight: the weight of the objective on true captions beside it.
    """

    def __init__(
        self,
        spec: TaskSpec,
        references: References,
        samples: Count,
        baseline: SequenceBaseline,
        teacher_forcing_weight: NonNegative,
    ):
        super().__init__()
        self.spec, self.references = spec, references
        self.samples, self.baseline, self.teacher_forcing_weight, self.telling = (
            samples,
            baseline,
            teacher_forcing_weight,
            LikelihoodStep(spec, references),
        )

    @cached_property
    def worth(self) -> CiderReward:
        """What captions earn; the references are asked for at the first step, when the data are read."""
        several = self.references("train")
        if self.spec.end is None or not len(several):
            raise ConfigFault(
                [f"training_step: self_critical learns from captions, and data={self.spec.name} has none"]
            )
        number = {word: place for place, word in enumerate(self.spec.symbols)}
        return CiderReward(in_symbols(several, number, UNKNOWN), len(self.spec.symbols), self.spec.end)

    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        if not isinstance(rnn, AttentionRNN):
            raise ConfigFault(["training_step: self_critical draws in one pass. Use passes=single"])
        rollout = Each()(rnn.walk(batch.image, batch.boxes, self.samples, sample, ImageKey("train", batch.index)))
        worth = self.worth.to(batch.image.device)
        reward_BS = rewards_of(rollout, batch, worth)
        baseline_BS = self.baseline(rnn, batch, worth, reward_BS)
        loss = -((reward_BS - baseline_BS) * log_probability(rollout)).mean()
        terms = {"reward": reward_BS.mean(), "rival": baseline_BS.mean()}
        if self.teacher_forcing_weight:
            told = self.telling(rnn, objective, batch)
            loss = loss + self.teacher_forcing_weight * told["loss"]
            terms = {**told, **terms}
        return {**terms, "loss": loss}
