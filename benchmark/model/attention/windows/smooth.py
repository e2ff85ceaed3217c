"""Windows between pixels, which have a gradient of their place.

Axes: B images, R rows, C channels, g side of a window, k scales, P pyramid.
"""

from typing import final

from torch import Tensor

from benchmark.common.constants import constant
from benchmark.model.attention.window import Retina
from benchmark.model.attention.windows.base import Windows


@final
class BetweenPixels(Windows):
    """The bilinear mean of the four windows at the whole pixels around the place, at every scale: what is seen is a
    continuous function of the location. At whole pixels they are those of `WholePixels`. Costs four windows.

    The gradient by the place is the difference of neighbouring windows, from the right at whole pixels. At coarse
    scales a pixel of the window is the mean of a block, so its slope sees as far as the block is wide.
    """

    smooth = True

    def __call__(self, retina: Retina, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
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
