"""No context network.

Axes: B images, H size of the hidden state, F global feature.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.context.base import Context
from datamodules.contract import TaskSpec


@final
class NoContext(Context):
    """The hidden state starts at zero."""

    def __init__(self, spec: TaskSpec, size: int, global_feature_size: int):
        super().__init__()
        self.size = size

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        return image_BCHW.new_zeros(len(image_BCHW), self.size)
