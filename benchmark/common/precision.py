"""What is computed in single precision where `trainer.precision` has the rest of a training step in half precision."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def single_precision(like: Tensor) -> AbstractContextManager[object]:
    """Within the context matrix products keep the precision of their factors, on the device of `like`. For places in an
    image: in bf16 those near its edge would be multiples of 1/512 of its side.
    """
    device = like.device.type
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()
