"""What the part that attends knows of the image before the first glimpse.

Axes: B images, H size of the hidden state it starts.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.encoder import Encoder
from datamodules.contract import TaskSpec


class Context(nn.Module, ABC):
    """Gives the hidden state that attention reads first; never the one the classifier reads."""

    @abstractmethod
    def forward(self, image_BCHW: Tensor) -> Tensor:
        """(B, H) the initial hidden state."""


@final
class NoContext(Context):
    """Knows nothing: zeros."""

    def __init__(self, spec: TaskSpec, size: int):
        super().__init__()
        self.size = size

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return image_BCHW.new_zeros(len(image_BCHW), self.size)


@final
class CoarseImage(Context):
    """DRAM's context network: the whole image reduced to `side` pixels a side, encoded, brought to (-1, 1) as a
    hidden state is.

    The papers do not give the reduced size; see the knob's file.
    """

    def __init__(self, spec: TaskSpec, size: int, side: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.side = side
        self.encoder = encoder((spec.image_shape[0], side, side))
        channels, rows, columns = self.encoder.shape
        self.out = nn.Linear(channels * rows * columns, size)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.out(self.encoder(adaptive_avg_pool2d(image_BCHW, self.side)).flatten(1)).tanh()
