"""Faults of a mechanism that break a run, many of them at its end: in glimpses, maps, fixations, what it holds.

Axes: R rows, H rows and W columns of an image.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from benchmark.common.blame import LIBRARIES
from benchmark.model.attention.base import Attention, Glimpse

ROUNDING = 1e-3
"""Of a sum of probabilities, in half precision too."""

INTERNAL = frozenset(vars(nn.Module()))
"""Attributes of PyTorch's own."""


@contextmanager
def faults_of_calls(parts: Iterable[nn.Module], faults: Callable[[Any, Any, Any], list[str]]) -> Iterator[list[str]]:
    """A list that fills with the faults of each call of these parts, which are given part, inputs and output. An error
    after a fault is taken as explained by it, and not raised.
    """
    found: list[str] = []
    hooks = [part.register_forward_hook(lambda *call: found.extend(faults(*call))) for part in parts]
    try:
        yield found
    except Exception:
        if not found:
            raise
    finally:
        for hook in hooks:
            hook.remove()


def glimpse_faults(attention: Attention, glimpse: Any, rows: int) -> list[str]:
    """What is wrong with the type, shapes and values of a glimpse of `rows` trajectories."""
    if not isinstance(glimpse, Glimpse):
        fields = ", ".join(Glimpse._fields)
        return [f"forward gives a {type(glimpse).__name__}, and has to give a Glimpse({fields})"]
    shapes: dict[str, tuple[int, ...]] = {"code": (rows, attention.code_size), "log_prob": (rows,)}
    found = []
    for name, value in glimpse._asdict().items():
        if not isinstance(value, Tensor):
            found.append(f"{name} of a glimpse is a {type(value).__name__}, and has to be a tensor")
        elif name in shapes and tuple(value.shape) != shapes[name]:
            found.append(f"{name} of a glimpse has the shape {tuple(value.shape)}, and has to have {shapes[name]}")
        elif value.dim() < 1 or len(value) != rows:
            found.append(
                f"{name} of a glimpse has the shape {tuple(value.shape)}, and has to have a row for each of {rows}"
            )
        elif not value.isfinite().all():
            found.append(f"{name} of a glimpse is not finite")
    if found:
        return found
    if glimpse.item_probs.dim() != 2:
        shape = tuple(glimpse.item_probs.shape)
        found.append(f"item_probs of a glimpse has the shape {shape}, and has to have ({rows}, items)")
    elif glimpse.item_probs.shape[1] and not ((glimpse.item_probs >= 0) & (glimpse.item_probs <= 1)).all():
        found.append("item_probs of a glimpse is beyond 0 to 1")
    elif (most := glimpse.item_probs.sum(1).max()) > 1 + ROUNDING:
        found.append(f"item_probs of a glimpse sums to {most:.4g}, and probabilities have a sum of at most 1")
    if not attention.drawn and glimpse.log_prob.requires_grad and glimpse.log_prob.any():
        found.append(
            "log_prob of a glimpse is not zero and has a gradient, and drawn is False: nothing may learn from it"
        )
    return found


def look_faults(attention: Attention, where: Tensor, side: tuple[int, int]) -> Iterator[str]:
    """What is wrong with the attention maps and fixations of glimpses. side: (height, width) of the image."""
    height, width = side
    map_RHW, fixation_R2 = attention.attention_map(where, (height, width)), attention.fixation(where)
    if tuple(map_RHW.shape) != (wanted := (len(where), height, width)):
        yield f"attention_map has the shape {tuple(map_RHW.shape)}, and has to have {wanted}"
    elif not (map_RHW.min() >= 0 and map_RHW.max() <= 1):
        yield f"attention_map goes from {map_RHW.min():.4g} to {map_RHW.max():.4g}, and has to stay in 0 to 1"
    elif not map_RHW.amax((1, 2)).min() > 0:
        yield "attention_map is zero everywhere for some glimpse"
    if tuple(fixation_R2.shape) != (len(where), 2):
        yield f"fixation has the shape {tuple(fixation_R2.shape)}, and has to have {(len(where), 2)}: x and y"
    elif not (
        ((fixation_R2 >= 0) & (fixation_R2 <= fixation_R2.new_tensor([width, height]))) | fixation_R2.isnan()
    ).all():
        yield f"a fixation lies outside the image of {width} x {height} px; it is (x, y), and NaN where there is none"


def unregistered(model: nn.Module) -> Iterator[str]:
    """Layers and tensors that PyTorch does not know of: they are neither trained nor saved, and stay on one device."""
    known = {id(each) for each in (*model.modules(), *model.parameters(), *model.buffers())}
    for part in model.modules():
        if type(part).__module__.split(".")[0] in LIBRARIES:
            continue
        for name, value in vars(part).items():
            held = [] if name in INTERNAL else [value, *_several(value)]
            lost = [each for each in held if isinstance(each, nn.Module | Tensor) and id(each) not in known]
            if lost:
                cure = f"self.register_buffer({name!r}, ...)" if lost[0] is value else "use a torch.nn.ModuleList"
                yield (f"{type(part).__module__}.{type(part).__qualname__}.{name} holds a {type(lost[0]).__name__} "
                       f"that is not registered: not saved, trained or moved to a device; {cure}")  # fmt: skip


def _several(value: Any) -> Iterable[Any]:
    """What a container holds."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
