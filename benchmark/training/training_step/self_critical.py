"""Self-critical sequence training: REINFORCE on sampled captions, with CIDEr-D as reward (Rennie et al. 2017).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols.
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
"""The symbol of all words outside the vocabulary."""

RewardFunction = Callable[[Tensor, Tensor], Tensor]
"""(R, T) symbols and (R,) images to (R,) rewards."""


def trajectory_log_prob(rollout: Rollout) -> Tensor:
    """(B, S) log-probability of a trajectory: its sampled symbols, with the end, and the glimpses before them."""
    log_BST = -cross_entropy(rollout.logits.movedim(-1, 1), rollout.symbol, ignore_index=IGNORED, reduction="none")
    emitted_BST1 = (rollout.symbol != IGNORED)[..., None]
    return log_BST.sum(-1) + (rollout.log_prob * emitted_BST1).sum((-2, -1))


def rewards_of(rollout: Rollout, batch: Batch, reward_function: RewardFunction) -> Tensor:
    """(B, S) rewards of the rollout's captions."""
    samples = rollout.symbol.shape[1]
    index_R = batch.index.repeat_interleave(samples).to(rollout.symbol.device, non_blocking=True)
    return reward_function(rollout.symbol.flatten(0, 1), index_R).unflatten(0, (-1, samples))


class SequenceBaseline(ABC):
    """The baseline of a sampled caption's reward. It must not depend on the sample that it corrects."""

    @abstractmethod
    def __call__(self, rnn: AttentionRNN, batch: Batch, reward_function: RewardFunction, reward_BS: Tensor) -> Tensor:
        """The baseline, broadcastable to (B, S), without gradient. reward_BS: of the sampled captions."""


@final
class GreedyBaseline(SequenceBaseline):
    """The reward of the greedy caption, with the mode of each glimpse and without dropout: the paper's."""

    @torch.no_grad()
    def __call__(self, rnn: AttentionRNN, batch: Batch, reward_function: RewardFunction, reward_BS: Tensor) -> Tensor:
        rnn.eval()
        rollout = Greedy()(rnn.start_unroll(batch.image, batch.boxes, 1, mode, ImageKey("train", batch.index)))
        rnn.train()
        return rewards_of(rollout, batch, reward_function)


@final
class OtherSamplesBaseline(SequenceBaseline):
    """The mean reward of the image's other sampled captions, which needs no further rollout (Luo 2020).

    Raises ConfigFault where there is one caption only.
    """

    def __call__(self, rnn: AttentionRNN, batch: Batch, reward_function: RewardFunction, reward_BS: Tensor) -> Tensor:
        others = reward_BS.shape[1] - 1
        if others == 0:
            raise ConfigFault(
                ["training_step.baseline: self_critical_other_samples needs training_step.samples of 2 or more"]
            )
        return (reward_BS.sum(1, keepdim=True) - reward_BS) / others


@final
class SelfCritical(TrainingStep):
    """loss = -mean of advantage * log p(sampled caption), the advantage being CIDEr-D minus a baseline.

    Document frequencies are those of the training set. CIDEr-D counts the end symbol as a word, in captions and
    references: without it models learn to stop after "a" or "with". Where the mechanism samples glimpses, they are
    sampled with the words and get the same advantage. `feeding` is not used: sampled words are fed back.

    samples: S, sampled captions per image. teacher_forcing_weight: weight of the objective's loss with teacher forcing,
    which is added. Raises ConfigFault for data without captions, or several passes.
    """

    shares_batches = False
    repeats = False

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
        self.samples, self.baseline, self.teacher_forcing_weight = samples, baseline, teacher_forcing_weight
        self.likelihood_step = LikelihoodStep(spec, references)

    @cached_property
    def reward_function(self) -> CiderReward:
        """CIDEr-D, made at the first training step, when the references have been read."""
        references = self.references("train")
        if self.spec.end is None or not len(references):
            raise ConfigFault(
                [f"training_step: self_critical learns from captions, and data={self.spec.name} has none"]
            )
        number = {word: place for place, word in enumerate(self.spec.symbols)}
        return CiderReward(in_symbols(references, number, UNKNOWN), len(self.spec.symbols), self.spec.end)

    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        if not isinstance(rnn, AttentionRNN):
            raise ConfigFault(["training_step: self_critical samples captions in one pass. Use passes=single"])
        key = ImageKey("train", batch.index)
        rollout = Each()(rnn.start_unroll(batch.image, batch.boxes, self.samples, sample, key))
        reward_function = self.reward_function.to(batch.image.device)
        reward_BS = rewards_of(rollout, batch, reward_function)
        baseline_BS = self.baseline(rnn, batch, reward_function, reward_BS)
        advantage_BS = reward_BS - baseline_BS
        loss = -(advantage_BS * trajectory_log_prob(rollout)).mean()
        terms = {"reward": reward_BS.mean(), "baseline_reward": baseline_BS.mean()}
        if self.teacher_forcing_weight:
            likelihood_terms = self.likelihood_step(rnn, objective, batch)
            loss = loss + self.teacher_forcing_weight * likelihood_terms["loss"]
            terms = {**likelihood_terms, **terms}
        return {**terms, "loss": loss}
