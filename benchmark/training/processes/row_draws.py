"""Random numbers of the images of one process, as one process would have drawn them for the whole batch."""

from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.common.errors import RunFault

DROPOUT = "aten::native_dropout"
"""Dropout as one kernel, as on a GPU."""


@final
class RowDraws(TorchDispatchMode):
    """Draws for all images of a batch and returns the rows of the own ones, within a `with` block.

    The generators of all processes stay equal, since each draws everything. A tensor is taken to have rows if its first
    size is a multiple of the number of own images, with the rows of an image side by side; any other is drawn as it is.
    images: of the batch. own: the places of the own ones. Raises RunFault for a function whose arguments have rows.
    """

    def __init__(self, images: int, own: slice):
        super().__init__()
        self._images, self._own = images, own

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        name, tensors = func._schema.name, [value for value in args if isinstance(value, Tensor)]
        if not tensors and args and (size := _size_of(func, args)) is not None:
            place, sizes = size
            if not self._has_rows(sizes):
                return func(*args, **kwargs)
            whole = (*args[:place], [self._rows(sizes[0]), *sizes[1:]], *args[place + 1 :])
            return func(*whole, **kwargs)[self._part(sizes[0])]
        if len(tensors) != 1 or tensors[0] is not args[0] or not (name.endswith(("_", "_like")) or name == DROPOUT):
            raise RunFault(
                f"the processes of a run cannot share the random numbers of {name}, which depend on each image. Use "
                "trainer.devices=1"
            )
        like = args[0]
        if like.dim() == 0 or not self._has_rows(like.shape):
            return func(*args, **kwargs)
        if name == DROPOUT:
            ones = like.new_ones(self._rows(len(like)), *like.shape[1:])
            scale, mask = (values[self._part(len(like))] for values in func(ones, *args[1:], **kwargs))
            return like * scale, mask
        # The first axis has the widest stride or stands alone, so the strides are those of a tensor of all rows.
        all_rows = torch.empty_strided(
            (self._rows(len(like)), *like.shape[1:]), like.stride(), dtype=like.dtype, device=like.device
        )
        drawn = func(all_rows, *args[1:], **kwargs)[self._part(len(like))]
        return like.copy_(drawn) if name.endswith("_") else drawn

    def _has_rows(self, sizes: Any) -> bool:
        return len(sizes) > 0 and sizes[0] > 0 and sizes[0] % self._count == 0

    @property
    def _count(self) -> int:
        count: int = self._own.stop - self._own.start
        return count

    def _rows(self, own: int) -> int:
        return own // self._count * self._images

    def _part(self, own: int) -> slice:
        each = own // self._count
        return slice(self._own.start * each, self._own.stop * each)


def _size_of(func: Any, args: Any) -> tuple[int, list[int]] | None:
    """The place and value of the argument `size`; None where there is none."""
    for place, argument in enumerate(func._schema.arguments[: len(args)]):
        if argument.name == "size":
            return place, list(args[place])
    return None
