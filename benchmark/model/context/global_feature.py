"""The mechanism's own feature of the whole image as context (Sermanet et al. 2015; Show, Attend and Tell).

Axes: B images, H size of the hidden state, F global feature.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.model.context.base import Context
from datamodules.contract import TaskSpec


@final
class GlobalFeature(Context):
    """tanh(W f), f the feature of the whole image by the mechanism's own encoder: one "visual core" for context and
    glimpses (Sermanet, Frome & Real 2015).

    size: H. detach: whether the context's gradient stops at f. The encoder is trained through the glimpses then; with
    detach=false it is also trained by the gradient of the hidden state that attention reads.
    """

    def __init__(self, spec: TaskSpec, size: int, global_feature_size: int, detach: bool):
        super().__init__()
        self.out = nn.Linear(global_feature_size, size)
        self.detach = detach

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        feature_BF = global_feature()
        return self.out(feature_BF.detach() if self.detach else feature_BF).tanh()
