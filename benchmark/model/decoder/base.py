"""The recurrent decoder, phi_dec. Attention reads its state by `query`, the classifier by `logits`.

Axes: R rows, D code, Q query, V symbols, H hidden, U symbols of all positions.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from benchmark.common.relu_layers import relu_layers
from datamodules.contract import TaskSpec

State = tuple[tuple[Tensor, ...], ...]


class Decoder(nn.Module, ABC):
    """A recurrent decoder (eqs 6, 21-24). Symbol V, one past the vocabulary, is the start symbol. query_size: Q.

    A time step is `feed_symbol`, then for each glimpse `query` and `step`, then `logits`. A state is a tuple of tuples
    of (R, ...) tensors, the first tensor being a hidden state.
    """

    query_size: int

    @abstractmethod
    def start(self, context_RH: Tensor) -> State:
        """The state before the first glimpse. context_RH: the initial hidden state that attention reads."""

    @abstractmethod
    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        """The state with the previous symbol as input, before the glimpses of this time step."""

    @abstractmethod
    def query(self, state: State) -> Tensor:
        """(R, Q) what alignment, policy and baseline read."""

    @abstractmethod
    def step(self, code_RD: Tensor, state: State) -> State:
        """The state after a glimpse."""

    @abstractmethod
    def logits(self, state: State) -> Tensor:
        """(R, V) unnormalised log-probabilities of this time step's symbol."""

    @abstractmethod
    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        """The parameters, its own and of `context`, that influence the classifier only by where the model looks."""


def classifier(hidden_size: int, hidden: list[int], symbols: int) -> nn.Sequential:
    """ReLU layers of these widths, then a linear layer to the logits."""
    layers, width = relu_layers(hidden_size, hidden)
    return nn.Sequential(*layers, nn.Linear(width, symbols))


def position_classifier(code_size: int, hidden: list[int], spec: TaskSpec) -> nn.Sequential:
    """A `classifier` for each position of a sequence, on the same ReLU layers; their logits are side by side."""
    return classifier(code_size, hidden, spec.max_steps * len(spec.symbols))


def at_position(logits_RU: Tensor, position: int, spec: TaskSpec) -> Tensor:
    """(..., V) the logits of one position, of those that a `position_classifier` gives."""
    return logits_RU.unflatten(-1, (spec.max_steps, len(spec.symbols)))[..., position, :]


def maybe_detached(hidden_RH: Tensor, detach: bool) -> Tensor:
    """The hidden state that attention reads, detached where its gradient is to stop there."""
    return hidden_RH.detach() if detach else hidden_RH


def with_symbol(code_RD: Tensor, symbol_RE: Tensor) -> Tensor:
    """Code and symbol embedding, concatenated; the code itself where embeddings have no width, without a copy."""
    return torch.cat([code_RD, symbol_RE], -1) if symbol_RE.shape[-1] else code_RD
