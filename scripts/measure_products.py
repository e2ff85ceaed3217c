"""Which share of a training step is matrix products and convolutions, and what the rest is.

    OMP_NUM_THREADS=1 python scripts/measure_products.py
    OMP_NUM_THREADS=1 python scripts/measure_products.py --attention dram --data digit_pairs attention/policy=map

products: matrix products and convolutions, forward and backward. other kernels: all other operators of ATen. host: the
rest of the step, which is Python, autograd and the optimiser's loops. They are shares of a step with PyTorch's profiler
on, which adds to the host's; `step` is without it. operators: how many a step calls. The batch is made before.
"""

import argparse
import sys
import time

import measuring
from measuring import Row
from torch.profiler import ProfilerActivity, profile

from benchmark.process.program import program

MECHANISMS = "none,item_soft,item_hard,ram,dram,location_soft"
ATEN = "aten::"
PRODUCTS = ["mm", "addmm", "bmm", "baddbmm", "linear", "mkldnn_linear", "convolution", "_convolution",
            "mkldnn_convolution", "slow_conv2d", "convolution_backward"]  # fmt: skip
"""Names of operators of ATen, without their prefix."""


def measured(attention: str, choice: argparse.Namespace, digits: str) -> Row:
    one = measuring.subject_of(attention, choice, digits)
    step = measuring.training_step(one)
    alone = measuring.seconds({"step": lambda: step(one.batch)}, choice.rounds, one.device)["step"]
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as found:
        before = time.perf_counter()  # as the profiler measures
        for _ in range(choice.rounds):
            step(one.batch)
        whole = time.perf_counter() - before
    events = [event for event in found.key_averages() if event.key.startswith(ATEN)]
    products = sum(event.self_cpu_time_total for event in events if event.key.removeprefix(ATEN) in PRODUCTS) / 1e6
    every = sum(event.self_cpu_time_total for event in events) / 1e6
    return {
        "attention": attention,
        "batch": len(one.batch.image),
        "step, ms": 1000 * alone,
        "products, %": 100 * products / whole,
        "other kernels, %": 100 * (every - products) / whole,
        "host, %": 100 * (whole - every) / whole,
        "operators": sum(event.count for event in events) / choice.rounds,
    }


def measure(choice: argparse.Namespace) -> list[Row]:
    with measuring.sample_digits() as digits:
        return [measured(attention, choice, digits) for attention in choice.attention.split(",")]


@program
def main() -> int:
    parser = measuring.by_mechanism(__doc__, "digit_pairs", MECHANISMS)
    return measuring.main(measure, parser, "Matrix products in a training step")


if __name__ == "__main__":
    sys.exit(main())
