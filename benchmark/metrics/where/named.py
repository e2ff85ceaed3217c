"""Attention mass on an object while the caption names it, for captioned images whose objects have boxes.

Axes: B images, T time steps, M glimpses before each symbol, V symbols of the vocabulary, N boxes, H rows, W columns.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.metrics.where.maps import FLAT, inside
from datamodules.contract import IGNORED, TaskSpec

NOTHING_NAMED = torch.zeros(0, 0, dtype=torch.bool)


def naming(spec: TaskSpec) -> Tensor:
    """(V, N) bool: whether a symbol is the class name of a box, or its plural. Of a name of several words the last one
    counts ("light" for "traffic light"), numbers are skipped. Synonyms are not recognised.
    """
    held = [[word for word in name.lower().split() if not word.isdigit()][-1:] for name in spec.box_names]
    words = [{form for word in kind for form in (word, f"{word}s", f"{word}es")} for kind in held]
    names = [[symbol.lower() in forms for forms in words] for symbol in spec.symbols]
    return torch.tensor(names, dtype=torch.bool).view(len(spec.symbols), len(words))


def mass_on_named(
    maps: Callable[[Tensor], Tensor], where_BTMx: Tensor, symbol_BT: Tensor, boxes_BN4: Tensor, names_VN: Tensor
) -> Tensor:
    """(B,) in [0, 1]: share of a glimpse's map inside the boxes of the object that its symbol names, averaged over
    such glimpses. NaN for images where no symbol names an object with a box, or where those maps are constant.

    maps: from the glimpses of one step, (B, ...), to their maps, (B, H, W). symbol_BT: as emitted, IGNORED after the
    end. names_VN: as `naming` returns it.
    """
    there_BN = ~boxes_BN4.isnan().any(-1)
    names_BTN = names_VN.to(symbol_BT.device)[symbol_BT.clamp(min=0)] & there_BN[:, None]
    names_BTN = names_BTN & (symbol_BT != IGNORED)[..., None]
    mass_B, glimpses_B = torch.zeros(()), torch.zeros(())
    for where_BMx, names_BN in zip(where_BTMx.unbind(1), names_BTN.unbind(1), strict=True):
        box_BN4 = boxes_BN4.masked_fill(~names_BN[..., None], torch.nan)
        for where_Bx in where_BMx.unbind(1):
            map_BHW = maps(where_Bx)
            whole_B = map_BHW.sum((1, 2)).clamp(min=1e-12)
            counts_B = names_BN.any(-1) & (map_BHW.amin((1, 2)) <= FLAT * map_BHW.amax((1, 2)))
            mass_B = mass_B + counts_B * (map_BHW * inside(box_BN4, map_BHW)).sum((1, 2)) / whole_B
            glimpses_B = glimpses_B + counts_B
    return mass_B / glimpses_B
