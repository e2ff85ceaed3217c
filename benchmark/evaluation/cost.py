"""What a model costs: parameters, multiply-adds, speed and memory."""

import resource
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import mode
from benchmark.model.loop import SequenceModel
from datamodules.contract import Batch, TaskSpec


def bilinear_flops(input_shape: tuple[int, ...], grid_shape: tuple[int, ...], *_: Any, **__: Any) -> int:
    """Two operations for each of four weights, per channel and place; torch's own count of grid_sample is zero."""
    images, rows, columns, _xy = grid_shape
    return images * input_shape[1] * rows * columns * 4 * 2


def multiply_adds(rnn: SequenceModel, spec: TaskSpec) -> int:
    """Of one image in evaluation, one trajectory. Counted on the meta device, where no operator hides inside a fused
    kernel.

    Counted: matrix products, convolutions and bilinear reading. Not counted: element-wise work, pooling, gathers.
    """
    with torch.device("meta"):
        image_BCHW = torch.empty(1, *spec.image_shape)
        boxes_BN4 = torch.empty(1, len(spec.box_names), 4)
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.grid_sampler_2d: bilinear_flops})
    with torch.no_grad(), counter:
        rnn.to("meta").eval()(image_BCHW, boxes_BN4, None, 1, mode)
    return counter.get_total_flops() // 2


def multiply_adds_by_side(
    make: Callable[[TaskSpec], SequenceModel], spec: TaskSpec, sides: Iterable[int]
) -> dict[str, int]:
    """Of the same configuration on square images of other sizes; a size it can't be built for is left out."""
    counts = {}
    for side in sides:
        resized = TaskSpec(**{**spec.__dict__, "image_shape": (spec.image_shape[0], side, side)})
        try:
            counts[str(side)] = multiply_adds(make(resized), resized)
        except ConfigFault:
            continue
    return counts


def parameters(rnn: SequenceModel) -> int:
    """All there are, a frozen encoder's too; the baseline of the objective not counted."""
    return sum(parameter.numel() for parameter in rnn.parameters())


def wait(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def inference_speed(rnn: SequenceModel, batch: Batch, repeats: int) -> float:
    """Images a second, taking the policy's mode: the median of `repeats` passes over one batch, after a first one."""
    rnn.eval()
    seconds: list[float] = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        rnn(batch.image, batch.boxes, None, 1, mode)  # without a key: the encoder computes, whatever is cached
        wait(batch.image.device)
        seconds.append(time.perf_counter() - began)
    return len(batch.image) / float(Tensor(seconds[1:]).median())


def peak_memory(device: torch.device) -> int:
    """Bytes: of the device's allocator on a GPU, of the whole process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
