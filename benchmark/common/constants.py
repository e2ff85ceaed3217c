"""Numbers that the host knows, for work on a device."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def constant(values: Sequence[Any], like: Tensor) -> Tensor:
    """The numbers, as `like.new_tensor` has them, but the host doesn't wait until the device has done all before."""
    return torch.tensor(values, dtype=like.dtype).to(like.device, non_blocking=True)
