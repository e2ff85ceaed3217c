"""The optimiser steps on one batch, and what is remembered from the first of them to the others."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar, final

Value = TypeVar("Value")


class Updates(ABC):
    """count: optimiser steps on each batch, each with a rollout and a loss of its own."""

    count: int

    @abstractmethod
    def on_one_batch(self) -> AbstractContextManager[None]:
        """Around the steps on one batch."""


@final
class OneUpdate(Updates):
    """The usual step: nothing is remembered."""

    count = 1

    def on_one_batch(self) -> AbstractContextManager[None]:
        return nullcontext()


@final
class SeveralUpdates(Updates):
    """Several steps. What the first one found is there for the others, and forgotten at the end."""

    def __init__(self, count: int):
        self.count = count
        self._found: dict[str, Any] = {}
        self._remembers = False

    @contextmanager
    def on_one_batch(self) -> Iterator[None]:
        self._remembers = True
        try:
            yield
        finally:
            self._remembers, self._found = False, {}

    def first(self, name: str, find: Callable[[], Value]) -> Value:
        """What `find` gave at the first step on this batch. Outside `on_one_batch` every call is a first one."""
        if not self._remembers:
            return find()
        if name not in self._found:
            self._found[name] = find()
        found: Value = self._found[name]
        return found
