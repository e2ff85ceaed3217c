"""DRAM's context network: a coarse version of the whole image.

Axes: B images, H size of the hidden state, F global feature.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.model.context.base import Context
from benchmark.model.encoder.base import Encoder
from datamodules.contract import TaskSpec
from datamodules.ranges import Count


@final
class CoarseImage(Context):
    """DRAM's context network: tanh(W encoder(image)) of the image reduced to `side` x `side` pixels by averaging.

    The papers do not give the reduced size. size: H.
    """

    def __init__(
        self,
        spec: TaskSpec,
        size: int,
        global_feature_size: int,
        side: Count,
        encoder: Callable[[tuple[int, int, int]], Encoder],
    ):
        super().__init__()
        self.side = side
        self.encoder = encoder((spec.image_shape[0], side, side))
        channels, rows, columns = self.encoder.shape
        self.out = nn.Linear(channels * rows * columns, size)

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        return self.out(self.encoder(adaptive_avg_pool2d(image_BCHW, self.side)).flatten(1)).tanh()
