"""Computational cost of a model: parameters, multiply-adds, inference speed and peak memory."""

import os
import resource
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import mode
from benchmark.model.loop import SequenceModel
from datamodules.contract import Batch, TaskSpec


def bilinear_flops(input_shape: tuple[int, ...], grid_shape: tuple[int, ...], *_: Any, **__: Any) -> int:
    """FLOPs of grid_sample: a multiply and an add for each of 4 neighbours, per channel and output pixel. PyTorch's
    counter has no formula for it.
    """
    images, rows, columns, _xy = grid_shape
    return images * input_shape[1] * rows * columns * 4 * 2


def multiply_adds(rnn: SequenceModel, spec: TaskSpec) -> int:
    """Multiply-adds of one image and one trajectory in evaluation. Counted on the meta device, where no operator is
    hidden inside a fused kernel.

    Counted: matrix products, convolutions, bilinear sampling. Not counted: element-wise operations, pooling, gathers.
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
    """Multiply-adds of the same configuration on square images of other sides, in pixels. Sides for which the model
    can't be built are left out.
    """
    counts = {}
    for side in sides:
        resized = TaskSpec(**{**spec.__dict__, "image_shape": (spec.image_shape[0], side, side)})
        try:
            counts[str(side)] = multiply_adds(make(resized), resized)
        except ConfigFault:
            continue
    return counts


def parameters(rnn: SequenceModel) -> int:
    """Number of parameters, frozen ones included; the objective's learned baseline is not counted."""
    return sum(parameter.numel() for parameter in rnn.parameters())


def wait(device: torch.device) -> None:
    """Synchronises with the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def inference_speed(rnn: SequenceModel, batch: Batch, repeats: int) -> float:
    """Images per second at the policy's mode: from the median time of `repeats` passes over a batch, after one warm-up
    pass.
    """
    rnn.eval()
    seconds: list[float] = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        rnn(batch.image, batch.boxes, None, 1, mode)  # without an image key, so that no cached features are used
        wait(batch.image.device)
        seconds.append(time.perf_counter() - began)
    return len(batch.image) / float(Tensor(seconds[1:]).median())


def peak_memory(device: torch.device) -> int:
    """Peak memory in bytes: allocated on the GPU, or resident in the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def held_at_once(action: Callable[[], Any], device: torch.device) -> int:
    """Bytes held at the worst moment by what an action allocates. The action has run before."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        action()
        return torch.cuda.max_memory_allocated(device) - before
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler writes lines of its own on the error stream
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        action()
    results: Any = seen.profiler
    events = [event for event in results.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most
