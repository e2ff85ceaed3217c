"""What the part that attends knows of the image before the first glimpse.

Axes: B images, H size of the hidden state it starts, G gist.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.model.encoder.base import Encoder
from datamodules.contract import TaskSpec
from datamodules.ranges import Count


class Context(nn.Module, ABC):
    """Gives the hidden state that attention reads first; never the one the classifier reads."""

    @abstractmethod
    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        """(B, H) the initial hidden state. gist: asks the mechanism for its own code of the image, (B, G)."""


@final
class NoContext(Context):
    """Knows nothing: zeros."""

    def __init__(self, spec: TaskSpec, size: int, global_feature_size: int):
        super().__init__()
        self.size = size

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        return image_BCHW.new_zeros(len(image_BCHW), self.size)


@final
class CoarseImage(Context):
    """DRAM's context network: the whole image reduced to `side` pixels a side, encoded, brought to (-1, 1) as a
    hidden state is.

    The papers do not give the reduced size; see the knob's file.
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


@final
class GlobalFeature(Context):
    """The code that the mechanism's own encoder gives of the whole image, brought to (-1, 1): one visual core for the
    context and for the glimpses (Sermanet, Frome & Real 2015).

    detach: whether the context's gradient stops at that code. The likelihood trains the core through the glimpses; with
    detach=false what trains the state that attends trains the core too.
    """

    def __init__(self, spec: TaskSpec, size: int, global_feature_size: int, detach: bool):
        super().__init__()
        self.out = nn.Linear(global_feature_size, size)
        self.detach = detach

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        gist_BG = global_feature()
        return self.out(gist_BG.detach() if self.detach else gist_BG).tanh()
