"""A control of the context network: it sees another image.

Axes: B images, H size of the hidden state, F global feature.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.context.base import Context
from datamodules.contract import TaskSpec


@final
class AnotherImage(Context):
    """The context of the previous image of the batch, the last one for the first: a context network with all its
    weights, and no information on the image that is read. What a model gains by its context and not by this one is what
    the context tells. Ours; a batch of one image has its own context.

    of: the context network. size: H.
    """

    shares_batches = False

    def __init__(self, spec: TaskSpec, size: int, global_feature_size: int, of: Callable[..., Context]):
        super().__init__()
        self.of = of(spec=spec, size=size, global_feature_size=global_feature_size)

    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        return self.of(image_BCHW, global_feature).roll(1, 0)
