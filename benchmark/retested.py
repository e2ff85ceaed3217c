"""Tests the model of a stored run again: on its own data set or on another, as it decodes or otherwise.

The folder is untrusted, as in `trained`: only what installed yamls name is built.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from benchmark.build import build_data, build_module, build_rnn, without_weight_files
from benchmark.common.errors import RunFault, unwrap_user_faults, user_fault
from benchmark.common.tones import tones
from benchmark.config.compose import Composer
from benchmark.config.saved_config import shown
from benchmark.evaluation.evaluate import Evaluation
from benchmark.process.accelerators import chosen_device
from benchmark.process.allocator import keep_freed_memory
from benchmark.rechosen import placed_data, rechosen
from benchmark.results.primary_metric import Headline
from benchmark.results.record import hardware
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.scoring import ScoringSettings, device_name, scored
from benchmark.trained import SIDE, SavedRun, reason_of, refuse_misfits
from benchmark.training.module import AttentionModule
from datamodules.contract import TaskSpec

SAMPLES = "evaluation.samples"


class Retest(NamedTuple):
    """What is tested. config: of the run, with what was chosen. differs: what is not as in the run, by group or key."""

    config: DictConfig
    differs: dict[str, Any]
    settings: ScoringSettings

    def values(self) -> dict[str, Any]:
        """The data set, the decoding and the settings, for a record."""
        kept: Any = {group: OmegaConf.to_container(self.config[group]) for group in ("data", "decoding")}
        return {**kept, "evaluation": {"samples": self.settings.samples, "seed": self.settings.seed}}


class Retested(NamedTuple):
    """The results. fingerprints: of the data that were tested on."""

    found: Evaluation
    headline: Headline
    spec: TaskSpec
    fingerprints: dict[str, str]
    hardware: dict[str, Any]


def retest(saved: SavedRun, data: Sequence[str], decoding: Sequence[str], samples: int | None,
           composer: Composer) -> Retest:  # fmt: skip
    """Chooses what to test. data, decoding: overrides of these groups. samples: None for the run's own.

    Raises ConfigFault for invalid overrides, RunFault where the saved configuration cannot be tested.
    """
    config, of_decoding = rechosen(saved.config, "decoding", decoding, composer)
    config, of_data = placed_data(config, data, composer)
    own = {key: config.get("evaluation", {}).get(key) for key in ("samples", "seed")} | {"run": config.get("seed")}
    if any(type(value) is not int or value < 0 for value in own.values()) or not own["samples"]:
        raise RunFault(f"{saved.folder.config} is no configuration that a run has had: its evaluation or seed is none")
    asked = own["samples"] if samples is None else samples
    differs = of_data | of_decoding | ({SAMPLES: asked} if asked != own["samples"] else {})
    pixels: Any = OmegaConf.to_container(config.data)
    return Retest(config, differs, ScoringSettings(asked, own["seed"], own["run"], tones(pixels)))


def retested(saved: SavedRun, what: Retest, folder: RunFolder) -> Retested:
    """Tests the model, and writes predictions and pictures into the folder. Raises RunFault where the data or the model
    do not fit, or where the run's own data are not those that it was tested on.
    """
    with unwrap_user_faults():
        datamodule, spec = data_of(saved.folder, what.config)
        refuse_other_task(saved.spec, spec)
        module = _module(saved, what.config, spec, datamodule.references)
        torch.set_num_threads(what.config.threads)
        keep_freed_memory()
        datamodule.prepare_data()
        fingerprints = datamodule.fingerprints()
        if not any(key.split(".")[0] == "data" for key in what.differs):
            refuse_other_data(saved.folder, fingerprints)
        device = chosen_device(str(what.config.get("trainer", {}).get("accelerator")))
        module.to(device)
        found = scored(module, datamodule, datamodule.batches("test", device), what.settings, folder)
    machine = hardware(torch.get_num_threads(), device.type, device_name(device))
    return Retested(found, module.measure.headline, spec, fingerprints, machine)


def refuse_other_task(run: TaskSpec, data: TaskSpec) -> None:
    """Raises RunFault, with all that does not fit, where a run cannot be tested on data of another task."""
    faults = []
    if max(data.image_shape[1:]) > SIDE:
        faults.append(f"its images have more than {SIDE:,} px a side")
    if data.image_shape[0] != run.image_shape[0]:
        faults.append(f"its images have {data.image_shape[0]} channels, and the run reads {run.image_shape[0]}")
    if data.symbols != run.symbols:
        faults.append(f"its symbols are others: {_listed(data)}, and the run knows {_listed(run)}")
    elif data.end != run.end:
        faults.append("only one of the two has a symbol for the end of a sequence")
    elif data.max_steps != run.max_steps and run.end is None:
        faults.append(f"it asks for {data.max_steps} symbols of an image, and the run gives {run.max_steps}")
    if faults:
        raise RunFault(f"data={data.name} does not fit a run on {shown(run.name)}: {'; '.join(faults)}")


def data_of(folder: RunFolder, config: DictConfig) -> tuple[Any, TaskSpec]:
    """The data set of a run and its TaskSpec. Raises RunFault where it cannot be built."""
    try:
        return build_data(config)
    except Exception as error:  # whatever a data set raises for values that no run has had
        if user_fault(error):
            raise
        raise RunFault(f"the data of {folder.config} cannot be built ({reason_of(error)})") from error


def _listed(spec: TaskSpec) -> str:
    more = f" ... ({len(spec.symbols)})" if len(spec.symbols) > 4 else ""
    return shown(", ".join(spec.symbols[:4])) + more


def _module(saved: SavedRun, config: DictConfig, spec: TaskSpec, references: Any) -> AttentionModule:
    """The run's model for a task, with its weights. Raises RunFault where it cannot be the same model there."""
    config = without_weight_files(config)
    try:
        with torch.device("meta"):  # allocates no memory, whatever sizes the configuration has
            refuse_misfits(saved.folder, build_rnn(config, spec).state_dict(), saved.weights)
        module = build_module(config, spec, references)
        refuse_misfits(saved.folder, module.rnn.state_dict(), saved.weights)
    except Exception as error:  # whatever parts raise for sizes that they cannot have
        (rows, columns), (tall, wide) = saved.spec.image_shape[1:], spec.image_shape[1:]
        if (rows, columns) == (tall, wide):
            raise RunFault(f"{saved.folder.config} cannot be built ({reason_of(error)})") from error
        raise RunFault(
            f"attention={shown(str(config.attention.name))} was trained on images of {rows} x {columns} px, and cannot "
            f"read the {tall} x {wide} px of data={spec.name} with the same weights ({reason_of(error)})"
        ) from error
    module.rnn.load_state_dict(saved.weights, strict=False)
    return module


def refuse_other_data(folder: RunFolder, now: dict[str, str]) -> None:
    """Raises RunFault where these are not the fingerprints of the data that a run was tested on."""
    known = read_json(folder.record if folder.record.exists() else folder.status).get("fingerprints")
    made = known.get("test") if isinstance(known, dict) else None
    if isinstance(made, str) and made != now["test"]:
        raise RunFault(
            f"these are not the test images of {folder.path}: theirs had the fingerprint {shown(made[:8])}, and these "
            f"have {now['test'][:8]}. Say where its own data are, or name these as others: data.root=FOLDER"
        )
