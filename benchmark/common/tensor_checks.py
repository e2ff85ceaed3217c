"""Checks of a batch's tensors against the TaskSpec: what was expected, what was found, and the usual fix.

Each function yields ends of sentences that begin with the tensor's name. Axes: as in `datamodules.contract`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from datamodules.contract import IGNORED, TaskSpec

AXES = {"image": "(B, C, H, W)", "target": "(B, T)", "boxes": "(B, N, 4)", "index": "(B,)"}
LARGEST_PIXEL = 50.0
"""Largest absolute pixel value; beyond it an image is taken as not normalised."""


def constant_fault(name: str, value: Any, *shapes: Sequence[int]) -> str:
    """What is wrong with a value that has to be a tensor of one of these shapes, without gradient; "" for nothing."""
    if not isinstance(value, Tensor):
        return f"{name} is a {type(value).__name__}, and has to be a tensor"
    if tuple(value.shape) not in [tuple(shape) for shape in shapes]:
        wanted = " or ".join(str(tuple(shape)) for shape in dict.fromkeys(shapes))
        return f"{name} has the shape {tuple(value.shape)}, and has to have {wanted}"
    return f"{name} carries a gradient: detach it" if value.requires_grad else ""


def axes(name: str) -> str:
    return AXES[name]


def image_faults(image: Tensor, spec: TaskSpec, split: str) -> Iterator[str]:
    shape, wanted = tuple(image.shape[1:]), spec.image_shape
    if shape != wanted:
        yield f"has the shape {tuple(image.shape)}, and has to have {batch_shape(wanted)}{_cure(shape, wanted)}"
    if image.dtype == torch.uint8:
        yield "is uint8, and has to be float32, normalised: (image.float() / 255 - mean) / std"
        return
    if image.dtype != torch.float32:
        yield f"is {kind(image)}, and has to be float32"
    if not image.is_floating_point() or image.numel() == 0:
        return
    if bad := int((~image.isfinite()).sum()):
        first = int((~image.isfinite()).flatten(1).any(1).nonzero()[0])
        yield f"has {bad} pixels that are not finite, the first in image {first} of the batch"
    elif image.abs().max() > LARGEST_PIXEL:
        low, high = image.aminmax()
        yield f"goes from {low:.4g} to {high:.4g}, and has to be normalised: (image / 255 - mean) / std"


def _cure(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape != wanted and (shape[2], shape[0], shape[1]) == wanted:
        return ". Its axes are rows, columns, channels: image.permute(0, 3, 1, 2)"
    if len(shape) == 3 and (shape[0], shape[2], shape[1]) == wanted:
        return ". Rows and columns are exchanged"
    if shape == wanted[1:] and wanted[0] == 1:
        return ". It lacks the channel axis: image[:, None]"
    return ". spec.image_shape and the images differ"


def target_faults(target: Tensor, spec: TaskSpec, split: str) -> Iterator[str]:
    symbols = len(spec.symbols)
    if target.dim() != 2:
        cure = ". One label per image is a sequence of length 1: target[:, None]" if target.dim() == 1 else ""
        yield f"has the shape {tuple(target.shape)}, and has to have (B, T), T at most {spec.max_steps}{cure}"
    elif target.shape[1] > spec.max_steps or target.shape[1] < 1:
        yield f"has {target.shape[1]} symbols per image, and spec.max_steps is {spec.max_steps}"
    elif split != "train" and target.shape[1] != spec.max_steps:
        yield (f"has {target.shape[1]} symbols per image; outside training it needs spec.max_steps, {spec.max_steps}, "
               f"filled up with {IGNORED}")  # fmt: skip
    if target.dtype != torch.long:
        yield f"is {kind(target)}, and has to be int64: the index of each symbol in spec.symbols"
    given = target[target != IGNORED]
    if given.numel() and not (given.min() >= 0 and given.max() < symbols):
        low, high = (int(value) for value in given.aminmax())
        cure = ". Indices begin at 0" if low == 1 and high == symbols else ""
        yield f"goes from {low} to {high}, and spec.symbols has the indices 0 to {symbols - 1}{cure}"
    elif target.dim() == 2 and target.numel():
        yield from _sequence_faults(target, spec)


def _sequence_faults(target_BT: Tensor, spec: TaskSpec) -> Iterator[str]:
    given_BT = target_BT != IGNORED
    if wrong := int((given_BT[:, 1:] & ~given_BT[:, :-1]).any(1).sum()):
        yield f"goes on after {IGNORED} in {wrong} images; only trailing positions may be ignored"
    if wrong := int((~given_BT[:, 0]).sum()):
        yield f"has no symbol at all for {wrong} images"
    if spec.end is None and (wrong := int((~given_BT).any(1).sum())):
        yield (f"ends early for {wrong} images ({IGNORED}), and spec.end is None: without an end symbol every "
               "sequence has spec.max_steps symbols")  # fmt: skip
    if spec.end is not None:
        ends_BT = target_BT == spec.end
        if wrong := int((~ends_BT.any(1) & ~given_BT.all(1)).sum()):
            yield f"does not end with spec.end ({spec.end}, {spec.symbols[spec.end]!r}) for {wrong} images"
        if wrong := int((ends_BT[:, :-1] & given_BT[:, 1:]).any(1).sum()):
            yield f"goes on after spec.end ({spec.end}, {spec.symbols[spec.end]!r}) for {wrong} images"


def box_faults(boxes: Tensor, spec: TaskSpec, split: str) -> Iterator[str]:
    wanted = (len(spec.box_names), 4)
    if boxes.dim() != 3 or tuple(boxes.shape[1:]) != wanted:
        yield f"has the shape {tuple(boxes.shape)}, and has to have {batch_shape(wanted)}: one box per spec.box_names"
    if boxes.dtype != torch.float32:
        yield f"is {kind(boxes)}, and has to be float32, in pixels"
    if boxes.dim() != 3 or boxes.shape[2] != 4 or not boxes.is_floating_point():
        return
    none_BN = boxes.isnan()
    if wrong := int((none_BN.any(-1) & ~none_BN.all(-1)).sum()):
        yield f"is NaN in part of {wrong} boxes; a missing box is a row of NaN"
    real_K4 = boxes[~none_BN.any(-1)]
    if wrong := int((real_K4[:, 2:] <= real_K4[:, :2]).any(1).sum()):
        yield f"has {wrong} empty or inverted boxes; a box is (x0, y0, x1, y1), and not (x, y, width, height)"


def index_faults(index: Tensor, spec: TaskSpec, split: str) -> Iterator[str]:
    if index.dim() != 1:
        yield f"has the shape {tuple(index.shape)}, and has to have (B,)"
    if index.dtype != torch.long:
        yield f"is {kind(index)}, and has to be int64: the index of each image in its split"
        return
    if split != "train" and len(index.flatten().unique()) < index.numel():
        yield "holds a value twice; each image of a split has its own"
    if index.numel() and index.min() < 0:
        yield f"holds {int(index.min())}; indices begin at 0"


def batch_shape(shape: tuple[int, ...]) -> str:
    return f"(B, {', '.join(map(str, shape))})"


def kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
