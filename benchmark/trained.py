"""Loads the model of a run without its data set. The folder is untrusted: no code in it is executed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from benchmark.build import build_rnn, make, without_weight_files
from benchmark.common.errors import RunFault, user_fault
from benchmark.common.json_files import Damaged, read_object
from benchmark.common.tones import Tones, tones
from benchmark.config.compose import Composer
from benchmark.config.known_parts import foreign_parts, known_parts
from benchmark.config.saved_config import nodes, read_config, shown, within
from benchmark.model.loop import SequenceModel
from benchmark.process.program import first_line
from benchmark.rechosen import rechosen
from benchmark.results.checksums import is_the_file
from benchmark.results.run_folder import RunFolder
from benchmark.training.checkpoints import COPY, network_weights, read_checkpoint
from benchmark.training.start.checkpoint import misfits
from benchmark.training.task_files import read_task, refuse_other_symbols
from datamodules.contract import Photographic, TaskSpec

OF_A_MODEL = ("attention", "encoder", "decoder", "context", "passes", "decoding", "feeding", "cell")
UNITS, THREADS, SIDE = 100_000, 1024, 10_000
"""Upper limits: width of a layer, glimpse or beam; threads; and pixels of an image's side."""


class SavedRun(NamedTuple):
    """What a run's folder holds of its model. config: checked against the allow-list. weights: of its best checkpoint,
    without the prefix of a checkpoint's names.
    """

    folder: RunFolder
    config: DictConfig
    spec: TaskSpec
    weights: dict[str, Tensor]


class LoadedRun(NamedTuple):
    """A loaded model. rnn: with the best checkpoint. spec: its task. pictures: reads image files with the run's
    preprocessing; raises RunFault if its data cannot frame them. tones: maps its images to displayable pixels.
    """

    rnn: SequenceModel
    spec: TaskSpec
    pictures: Callable[[Sequence[Path]], Tensor]
    tones: Tones


def trained(folder: RunFolder, decoding: Sequence[str], composer: Composer) -> LoadedRun:
    """The model of a run's folder. decoding: overrides of the run's decoding.

    Only classes that installed yamls name are built, see known_parts. Raises RunFault if the folder is damaged, not of
    a trained run or needs anything else; ConfigFault for invalid decoding.
    """
    folder, config, spec, weights = saved_run(folder, composer)
    config = rechosen(config, "decoding", decoding, composer).config
    try:
        return _built(folder, config, spec, weights)
    except RunFault:
        raise
    except Exception as error:  # whatever parts raise for invalid values
        raise RunFault(f"{folder.config} cannot be built ({reason_of(error)}). {COPY}") from error


def saved_run(folder: RunFolder, composer: Composer) -> SavedRun:
    """What is needed of a run's folder to build its model; nothing is built. Raises RunFault."""
    needed = (folder.config, folder.task, folder.best)
    lacking = [path.name for path in needed if not path.is_file()]
    if lacking:
        raise RunFault(
            f"{folder.path} is no folder of a run that has trained: {', '.join(lacking)} missing. Name one such as "
            "runs/<study>/<attention>/<data>/seed=0"
        )
    for path in needed:
        within(folder.path, path)
    config = configuration(folder, composer)
    spec = read_task(folder)
    return SavedRun(folder, config, spec, _weights(folder, spec))


def reason_of(error: Exception) -> str:
    """What a part raised, as untrusted text of one line."""
    return shown(" ".join(str(user_fault(error) or first_line(error)).split()))


def configuration(folder: RunFolder, composer: Composer) -> DictConfig:
    """The run's configuration, checked against the allow-list. Raises RunFault."""
    config = read_config(folder.path, folder.config)
    plain: Any = OmegaConf.to_container(config)
    if faults := foreign_parts(plain, known_parts(composer)):
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise RunFault(
            f"{folder.config} would build what is not installed here, so nothing of it is built: "
            f"{'; '.join(faults[:3])}{more}. Install the package that it is from, or name a folder of its yamls that "
            "you trust: --config-dir FOLDER"
        )
    groups = {"attention", "data", "decoding", "decoder", "context", "passes", "feeding"}
    if absent := sorted(name for name in groups if not isinstance(config.get(name), DictConfig)):
        raise RunFault(f"{folder.config} is no configuration of a run, or one of an older version: no {absent[0]}")
    large = [where for name in OF_A_MODEL for where, value in nodes(plain.get(name), name) if _is_above(value, UNITS)]
    large += [f"data.{name}" for name in ("size", "short") if _is_above(plain["data"].get(name), SIDE)]
    large += ["threads"] if type(plain.get("threads")) is not int or not 1 <= plain["threads"] <= THREADS else []
    kinds = {"attention.name": str, "attention.glimpses": int}
    large += [key for key, kind in kinds.items() if not isinstance(plain["attention"].get(key.split(".")[1]), kind)]
    if large:
        raise RunFault(f"{folder.config} is no configuration that a run has had: {shown(large[0])} has no such value")
    return config


def _weights(folder: RunFolder, spec: TaskSpec) -> dict[str, Tensor]:
    """The model's weights in the best checkpoint, which has to match the checksum in the record."""
    checkpoint = read_checkpoint(folder.best, cure=COPY)
    refuse_other_symbols(folder.best, checkpoint, spec, folder.task)
    try:
        record = read_object(folder.record) if folder.record.exists() else {}
        for path in (folder.best, folder.config, folder.task):
            if not is_the_file(record, folder.path, path):
                raise RunFault(f"{path} does not match its checksum in {folder.record}. {COPY}")
    except Damaged as fault:
        raise RunFault(f"{folder.record} {fault}. {COPY}") from None
    return network_weights(checkpoint)


def _built(folder: RunFolder, config: DictConfig, spec: TaskSpec, weights: dict[str, Tensor]) -> LoadedRun:
    data = make(config.data)
    config = without_weight_files(config)
    with torch.device("meta"):  # allocates no memory, whatever sizes the configuration has
        refuse_misfits(folder, build_rnn(config, spec).state_dict(), weights)
    rnn = build_rnn(config, spec)
    refuse_misfits(folder, rnn.state_dict(), weights)
    rnn.load_state_dict(weights, strict=False)
    torch.set_num_threads(config.threads)
    shown_as = tones(OmegaConf.to_container(config.data, resolve=True))  # type: ignore[arg-type]
    return LoadedRun(rnn, spec, data.pictures if isinstance(data, Photographic) else unread(spec), shown_as)


def batch_of(spec: TaskSpec) -> str:
    """The shape of a batch of a task's images, such as (B, 1, 28, 28)."""
    return f"(B, {', '.join(map(str, spec.image_shape))})"


def unread(spec: TaskSpec) -> Callable[[Sequence[Path]], Tensor]:
    """The `pictures` of a run whose data have no such method: raises RunFault."""

    def pictures(paths: Sequence[Path]) -> Tensor:
        raise RunFault(
            f"a run on {spec.name} cannot read image files, as its data set has no method `pictures`. Give it tensors "
            f"of shape {batch_of(spec)}, normalised as its own images are"
        )

    return pictures


def refuse_misfits(folder: RunFolder, wanted: dict[str, Tensor], there: dict[str, Tensor]) -> None:
    """Raises RunFault where the weights that are there are not those of the model."""
    if faults := misfits(wanted, there):
        raise RunFault(f"{folder.best} does not fit {folder.config}: {'; '.join(faults[:5])}")


def _is_above(value: object, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= most
