"""Windows at whole pixels.

Axes: B images, R rows, C channels, g side of a window, k scales, P pyramid.
"""

from typing import final

from torch import Tensor

from benchmark.model.attention.window import Retina
from benchmark.model.attention.windows.base import Windows


@final
class WholePixels(Windows):
    """At the whole pixel nearest to the place, as RAM and DRAM cut them (eqs 19-20)."""

    smooth = False

    def __call__(self, retina: Retina, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        windows: Tensor = retina(pyramid_BCP, centre_R2)
        return windows


WHOLE_PIXELS = WholePixels()
