"""What the measuring scripts share: a clock that other programs do not disturb, medians taken in turns, one table.

Absolute times are of one machine at one moment. What may be quoted are ratios of things measured in turns in one run.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.errors import HydraException
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from benchmark.build import Built, build
from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer, register_plugins
from benchmark.model.attention.distribution import mode
from benchmark.process.allocator import keep_freed_memory
from benchmark.process.program import program
from benchmark.training.callbacks.weight_layout import channels_last
from datamodules.contract import Batch, DataFault
from datamodules.digits.mnist_sample import write_mnist_sample

Row = dict[str, Any]
Action = Callable[[], object]


def now(device: torch.device) -> float:
    """Seconds. On a CPU those of the processor, so that what other programs take of it is not counted."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()


def seconds(actions: Mapping[str, Action], rounds: int, device: torch.device) -> dict[str, float]:
    """Median seconds of each action, all of them in turns, after two rounds that do not count."""
    spent: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds + 2):
        for name, action in actions.items():
            before = now(device)
            action()
            spent[name].append(now(device) - before)
    return {name: statistics.median(times[2:]) for name, times in spent.items()}


class Subject(NamedTuple):
    """A configuration, built on a device, and one batch to train on."""

    config: DictConfig
    built: Built
    batch: Batch
    device: torch.device


def composer() -> Composer:
    register_plugins()
    return Composer()


def subject(overrides: Sequence[str], device: torch.device) -> Subject:
    """Raises ConfigFault or DataFault."""
    config = composer().job(overrides)
    built = build(config)
    built.module.to(device)
    channels_last(built.module, device)  # as in a run
    data: Any = built.datamodule
    return Subject(config, built, next(data.batches("train", device)), device)


def subject_of(attention: str, choice: argparse.Namespace, digits: str) -> Subject:
    """A mechanism with the data and knobs of a command line; see `by_mechanism`. digits: the folder for MNIST."""
    root = [f"data.root={digits}"] if "mnist" in choice.data else []
    return subject([f"attention={attention}", f"data={choice.data}", *root, *choice.overrides], choice.device)


def training_step(one: Subject) -> Callable[[Batch], None]:
    """Forward, backward, clipping and optimiser by hand: what a framework would wrap."""
    module = one.built.module
    optimizer, rate = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 10**6)

    def step(batch: Batch) -> None:
        module.train()
        optimizer.zero_grad()
        module.step_function(module.rnn, module.objective, batch)["loss"].backward()
        module.optimisation.clip(module.core, module.policy)
        optimizer.step()
        rate.step()

    return step


def inference(one: Subject) -> Action:
    """The policy's mode, one trajectory."""
    rnn, batch = one.built.module.rnn, one.batch

    def infer() -> None:
        rnn.eval()
        with torch.inference_mode():
            rnn(batch.image, batch.boxes, None, 1, mode)

    return infer


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options every measuring script has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="times each thing is measured (default: %(default)s)")
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu or cuda (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows and the machine to a file as well")
    return parser


def by_mechanism(description: str | None, data: str, attention: str = "") -> argparse.ArgumentParser:
    """Further options of scripts that measure mechanisms on one data set. attention: the usual ones, "" for all."""
    parser = arguments(description)
    usual = attention or "every one there is"
    parser.add_argument("--attention", default=attention, metavar="A,B", help=f"default: {usual}")
    parser.add_argument("--data", default=data, help="default: %(default)s")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="knobs, as on the command line of a run")
    return parser


@contextmanager
def sample_digits() -> Any:
    """A folder of made-up digits in MNIST's format, for a speed that does not depend on what the digits look like."""
    with tempfile.TemporaryDirectory() as folder:
        write_mnist_sample(Path(folder), train=1200, test=300)
        yield folder


@program
def main(measure: Callable[[argparse.Namespace], list[Row]], parser: argparse.ArgumentParser, title: str) -> int:
    """Measures on one thread, prints the table, writes the file. Exit code 2 for wrong input."""
    choice = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as a run does
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning has advice on runs that are this short
    try:
        rows = measure(choice)
    except (ConfigFault, DataFault, HydraException) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    machine = {"torch": torch.__version__, "threads": torch.get_num_threads(), "device": str(choice.device)}
    show(rows, f"{title} ({', '.join(f'{key} {value}' for key, value in machine.items())})")
    if choice.json:
        choice.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    return 0


def show(rows: list[Row], title: str) -> None:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(value if isinstance(value, str) else f"{value:,.3g}" if abs(value) < 10 else f"{value:,.0f}"
                        for value in row.values()))  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 160).print(table)
