"""What initialises the recurrent state before the first glimpse.

Axes: B images, H size of the hidden state it starts, G gist.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn


class Context(nn.Module, ABC):
    """Gives the hidden state that attention reads first; never the one the classifier reads."""

    @abstractmethod
    def forward(self, image_BCHW: Tensor, global_feature: Callable[[], Tensor]) -> Tensor:
        """(B, H) the initial hidden state. gist: asks the mechanism for its own code of the image, (B, G)."""
