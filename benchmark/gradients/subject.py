"""The run whose gradients are measured: its model, its training batches, and the points of its training.

The folder is untrusted, as in `benchmark.trained`: only what installed yamls name is built.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from benchmark.build import build_module, build_rnn, without_weight_files
from benchmark.common.errors import RunFault, unwrap_user_faults
from benchmark.config.compose import Composer
from benchmark.gradients.measuring import Meter
from benchmark.gradients.points import Point, points_of
from benchmark.process.accelerators import chosen_device
from benchmark.process.allocator import keep_freed_memory
from benchmark.rechosen import placed_data
from benchmark.results.run_folder import RunFolder
from benchmark.retested import data_of, refuse_other_data
from benchmark.trained import SavedRun, reason_of, refuse_misfits, saved_run
from benchmark.training.callbacks.builtin import seed_all
from datamodules.contract import Batch, TaskData


class Subject(NamedTuple):
    """A run. config: its own, with what of its data was chosen otherwise, which `differs` lists."""

    saved: SavedRun
    config: DictConfig
    differs: dict[str, Any]
    meter: Meter
    points: list[Point]
    fingerprints: dict[str, str]


def subject(folder: RunFolder, data: Sequence[str], batches: int, composer: Composer) -> Subject:
    """data: overrides of this group. batches: the training batches that are measured on, the first of epoch 0.

    Raises ConfigFault for invalid overrides, RunFault where the run or its data cannot be used.
    """
    saved = saved_run(folder, composer)
    config, differs = placed_data(saved.config, data, composer)
    if type(config.get("seed")) is not int or config.seed < 0:
        raise RunFault(f"{folder.config} is no configuration that a run has had: its seed is none")
    with unwrap_user_faults():
        torch.set_num_threads(config.threads)
        keep_freed_memory()
        seed_all(config.seed, "weights")  # as the run itself does before it builds anything
        datamodule, spec = data_of(folder, config)
        plainly = without_weight_files(config)
        try:
            with torch.device("meta"):  # allocates no memory, whatever sizes the configuration has
                refuse_misfits(folder, build_rnn(plainly, spec).state_dict(), saved.weights)
            module = build_module(plainly, spec, datamodule.references)
        except RunFault:
            raise
        except Exception as error:  # whatever parts raise for invalid values
            raise RunFault(f"{folder.config} cannot be built ({reason_of(error)})") from error
        fresh = {key: value.clone() for key, value in module.rnn.state_dict().items()}
        datamodule.prepare_data()
        fingerprints = datamodule.fingerprints()
        if not differs:
            refuse_other_data(folder, fingerprints)
        device = chosen_device(str(config.get("trainer", {}).get("accelerator")))
        module.to(device)
        found = list(islice(datamodule.batches("train", device), batches))
        meter = Meter(module.rnn, module.train_step, found, partial(further, datamodule, device, batches), config.seed)
    own = OmegaConf.to_container(plainly) == OmegaConf.to_container(config, resolve=True)
    points = points_of(folder, fresh if own else None, *length(config))
    return Subject(saved, config, differs, meter, points, fingerprints)


def further(data: TaskData, device: torch.device, after: int) -> Iterator[Batch]:
    """Training batches after the first so many, again and again."""
    epochs = chain.from_iterable(data.batches("train", device) for _ in repeat(None))
    return islice(epochs, after, None)


def length(config: DictConfig) -> tuple[int, int | None]:
    """The epochs of a run's training, and its steps, None where they do not limit it."""
    trainer = config.get("trainer", {})
    epochs, steps = trainer.get("max_epochs"), trainer.get("max_steps")
    return epochs if type(epochs) is int else 1, steps if type(steps) is int and steps > 0 else None
