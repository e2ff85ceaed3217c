"""Work that lets others run while it waits or decodes, in several threads, with a bar of progress."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Sequence[Item], workers: int, title: str) -> Iterator[Result]:
    """The results in the order of the items."""
    with ThreadPoolExecutor(workers) as pool, Progress(console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(pool.map(work, items), total=len(items), description=title)
