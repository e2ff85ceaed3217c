"""Windows between pixels: a retina whose windows have a gradient of their place.

Axes: B images, R rows, C channels, g side of a window, k scales, P pyramid.
"""

from typing import final

from torch import Tensor

from benchmark.common.constants import constant
from benchmark.model.attention.location import AttentionOverLocations
from benchmark.model.attention.window import Retina


def windows_between(retina: Retina, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
    """(R, k, C, g, g) windows at places that need not be whole pixels: the bilinear mean of the four windows at the
    whole pixels around, at every scale. At whole pixels they are the retina's. The gradient by the place is the
    difference of neighbouring windows, from the right at whole pixels.
    """
    corner_R2 = centre_R2 - retina.size / 2
    whole_R2 = corner_R2.detach().floor()
    share_R2 = corner_R2 - whole_R2
    mean: Tensor | float = 0.0
    for right in (0, 1):
        for down in (0, 1):
            at_R2 = whole_R2 + constant([right, down], whole_R2) + retina.size / 2
            x_R, y_R = (share if side else 1 - share for share, side in zip(share_R2.T, (right, down), strict=True))
            mean = mean + (x_R * y_R).view(-1, 1, 1, 1, 1) * retina(pyramid_BCP, at_R2)
    assert isinstance(mean, Tensor)
    return mean


@final
class SmoothLocationAttention(AttentionOverLocations):
    """Location-wise attention (eqs 18-20) whose windows lie between pixels, for objective=pathwise: what is seen is a
    continuous function of the location, with a gradient almost everywhere.

    At coarse scales a pixel of the window is the mean of a block, so its slope sees as far as the block is wide. A
    glimpse costs four windows. Everything else is `LocationAttention`'s, and so are the arguments.
    """

    smooth = True

    def windows_at(self, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        return windows_between(self.retina, pyramid_BCP, centre_R2)
