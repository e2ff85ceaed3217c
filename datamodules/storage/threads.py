"""A thread pool with a progress bar, for work that releases the GIL (reading, decoding)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Sequence[Item], workers: int, title: str) -> Iterator[Result]:
    """The results of `work` for each item, in the order of the items. title: of the progress bar."""
    with ThreadPoolExecutor(workers) as pool, Progress(console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(pool.map(work, items), total=len(items), description=title)
