"""A model as a run left it, without its data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor
from yaml import YAMLError

from benchmark.attention_rnn import Reader
from benchmark.build import build_rnn, make
from benchmark.checkpoints import read_checkpoint
from benchmark.compose import Composer
from benchmark.faults import ConfigFault, RunFault
from benchmark.folder import RunFolder, read_json
from benchmark.program import first_line
from benchmark.start import PREFIX, misfits
from benchmark.tones import Tones, tones
from datamodules.contract import Photographic, TaskSpec


class Trained(NamedTuple):
    """rnn: with the best weights. spec: the task it learned. pictures: reads files as it was shown its own images.
    tones: how those are shown.
    """

    rnn: Reader
    spec: TaskSpec
    pictures: Callable[[Sequence[Path]], Tensor]
    tones: Tones


def trained(folder: RunFolder, decoding: Sequence[str], composer: Composer) -> Trained:
    """The model of a run's folder. decoding: choices of that group, in the place of the run's own.

    A configuration names code that is run: only folders that one trusts are to be opened. Raises RunFault where the
    folder is none of a run that has captions to give, ConfigFault for a decoding that is none.
    """
    lacking = [path.name for path in (folder.config, folder.task, folder.best) if not path.is_file()]
    if lacking:
        raise RunFault(
            f"{folder.path} is no folder of a run that has trained: {', '.join(lacking)} missing. Name one such as "
            "runs/<study>/<attention>/<data>/seed=0"
        )
    config = configuration(folder)
    if decoding:
        try:
            config.decoding = composer.job([f"attention={config.attention.name}", *decoding]).decoding
        except (HydraException, OmegaConfBaseException) as fault:
            raise ConfigFault([first_line(fault)]) from None
    spec = task(folder)
    data = make(config.data)
    if spec.end is None or not isinstance(data, Photographic):
        raise RunFault(f"{folder.path} is a run on {spec.name}, which has no photographs and no sentences")
    rnn = build_rnn(config, spec)
    found = read_checkpoint(folder.best)["state_dict"]
    there = {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}
    if faults := misfits(rnn.state_dict(), there):
        raise RunFault(f"{folder.best} does not fit {folder.config}: {'; '.join(faults[:5])}")
    rnn.load_state_dict(there, strict=False)
    torch.set_num_threads(config.threads)
    shown_as = tones(OmegaConf.to_container(config.data, resolve=True))  # type: ignore[arg-type]
    return Trained(rnn, spec, data.pictures, shown_as)


def configuration(folder: RunFolder) -> DictConfig:
    """As the run had it. Raises RunFault where the file is damaged."""
    try:
        config = OmegaConf.load(folder.config)
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError) as fault:
        raise RunFault(f"{folder.config} is damaged ({first_line(fault)}). Put back a whole copy") from None
    if not isinstance(config, DictConfig) or not {"attention", "data", "decoding"} <= set(config):
        raise RunFault(f"{folder.config} is no configuration of a run, or one of an older version")
    return config


def task(folder: RunFolder) -> TaskSpec:
    """Raises RunFault where the file is damaged."""
    told = read_json(folder.task)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    try:
        return TaskSpec(**fields)
    except TypeError:
        raise RunFault(f"{folder.task} is damaged. Put back a whole copy, or train the run anew") from None
