"""Does the model look at a thing while it names it? For sentences on images whose objects have boxes.

Axes: B images, T symbols, M glimpses before each, V symbols to choose from, N boxes, H rows, W columns.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.metrics.where.maps import FLAT, inside
from datamodules.contract import IGNORED, TaskSpec

NOTHING_NAMED = torch.zeros(0, 0, dtype=torch.bool)


def naming(spec: TaskSpec) -> Tensor:
    """(V, N) bool: whether a symbol is the word for what a box holds, or its plural; of several words the last counts
    ("light" names a traffic light), and a number is none. Other words for the same thing are not known here.
    """
    held = [[word for word in name.lower().split() if not word.isdigit()][-1:] for name in spec.box_names]
    words = [{form for word in kind for form in (word, f"{word}s", f"{word}es")} for kind in held]
    names = [[symbol.lower() in forms for forms in words] for symbol in spec.symbols]
    return torch.tensor(names, dtype=torch.bool).view(len(spec.symbols), len(words))


def mass_on_named(
    maps: Callable[[Tensor], Tensor], where_BTMx: Tensor, symbol_BT: Tensor, boxes_BN4: Tensor, names_VN: Tensor
) -> Tensor:
    """(B,) share of a look's map inside the boxes of what is named after it, mean over such looks; NaN where
    nothing is named that has a box, and where a map is the same everywhere.

    maps: (B, ...) places to (B, H, W). symbol_BT: as emitted, IGNORED after the end.
    """
    there_BN = ~boxes_BN4.isnan().any(-1)
    names_BTN = names_VN.to(symbol_BT.device)[symbol_BT.clamp(min=0)] & there_BN[:, None]
    names_BTN = names_BTN & (symbol_BT != IGNORED)[..., None]
    mass_B, looks_B = torch.zeros(()), torch.zeros(())
    for where_BMx, names_BN in zip(where_BTMx.unbind(1), names_BTN.unbind(1), strict=True):
        box_BN4 = boxes_BN4.masked_fill(~names_BN[..., None], torch.nan)
        for where_Bx in where_BMx.unbind(1):
            map_BHW = maps(where_Bx)
            whole_B = map_BHW.sum((1, 2)).clamp(min=1e-12)
            told_B = names_BN.any(-1) & (map_BHW.amin((1, 2)) <= FLAT * map_BHW.amax((1, 2)))
            mass_B = mass_B + told_B * (map_BHW * inside(box_BN4, map_BHW)).sum((1, 2)) / whole_B
            looks_B = looks_B + told_B
    return mass_B / looks_B
