"""Policies that start with a control: the first glimpse by it, the others by a policy of their own."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor

from benchmark.model.attention.policy.base import Canvas, ControlPolicy, Policy, PolicyOutput, Seen, in_the_plane


class StartedPolicy(Policy, ABC):
    """The first location by `start`, then the policy `then`. Of the items of `then` none has a probability at first."""

    def __init__(self, canvas: Canvas, query_size: int, then: Callable[..., Policy]):
        super().__init__()
        self.first = self.start(canvas, query_size)
        self.then = then(canvas=canvas, query_size=query_size)
        self.drawn, self.reads_annotations = self.then.drawn, self.then.reads_annotations
        self.items, self.item_size = self.then.items, self.then.item_size
        self.takes_expectation = self.then.takes_expectation

    @staticmethod
    @abstractmethod
    def start(canvas: Canvas, query_size: int) -> ControlPolicy:
        """The policy of the first glimpse."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        if step:
            output: PolicyOutput = self.then(query_RQ, boxes_BN4, step, seen)
            return output
        first = self.first(query_RQ, boxes_BN4, step, seen)
        return in_the_plane(first.where, query_RQ, self.items)
