"""Context networks: they initialise the hidden state before the first glimpse.

Axes: B images, H size of the hidden state, F global feature.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn


class Context(nn.Module, ABC):
    """Gives the initial hidden state. Which layer it initialises is the decoder's choice: DRAM's context reaches only
    the layer that attention reads, not the classifier's.

    shares_batches: whether an image's state depends on that image alone, so that several processes can share a batch.
    """

    shares_batches = True

    @abstractmethod
    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        """(B, H) the initial hidden state. global_feature: computes the mechanism's feature of the image, (B, F)."""
