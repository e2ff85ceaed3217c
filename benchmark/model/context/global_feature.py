"""The mechanism's own feature of the whole image as context (Sermanet et al. 2015; Show, Attend and Tell).

Axes: B images, H size of the hidden state it starts, G gist.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.model.context.base import Context
from datamodules.contract import TaskSpec


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
