"""Config and data to module: the one place where parts meet."""

import inspect
from contextlib import suppress
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.arguments import (
    ForCallback,
    ForContext,
    ForDecoder,
    ForExtraMetric,
    ForLogger,
    ForMeasure,
    ForMechanism,
    ForObjective,
    ForPasses,
    ForTrainingStep,
    Given,
    Offered,
)
from benchmark.config.check import find, parts
from benchmark.metrics.base import Measure
from benchmark.metrics.extra import with_extra
from benchmark.model.encoder.torchvision import NONE
from benchmark.model.loop import AttentionRNN, SequenceModel
from benchmark.objective.base import Objective
from benchmark.process.program import first_line
from benchmark.results.primary_metric import Headline
from benchmark.training.callbacks.first_batch import data_faults, refuse, spec_faults
from benchmark.training.logger.base import Logs, as_log
from benchmark.training.module import AttentionModule
from datamodules.contract import References, TaskSpec


class Built(NamedTuple):
    """A run's parts."""

    datamodule: pl.LightningDataModule
    module: AttentionModule
    spec: TaskSpec


def make(node: Any, **arguments: Any) -> Any:
    """The one call of Hydra's `instantiate`: a node's target, with what only the data or other parts know."""
    # Called outside of Hydra, which would turn a dataclass among the arguments into a config and wrap what parts raise.
    return instantiate(node, _convert_="all", _partial_=True)(**arguments)


def make_part(cfg: DictConfig, given: Given) -> Any:
    """The part at its place in the configuration, with what it is given there."""
    return make(OmegaConf.select(cfg, given.place), **vars(given))


def make_named(cfg: DictConfig, offered: Offered) -> dict[str, Any]:
    """The parts of a group that holds any number of them, by their names, with what is offered if they take it.

    Raises RunFault where a part needs a package that is not installed.
    """
    made = {}
    for name, node in OmegaConf.select(cfg, offered.place).items():
        try:
            known = inspect.signature(get_object(node["_target_"])).parameters
            told = {key: value for key, value in vars(offered).items() if key in known and key not in node}
            made[str(name)] = make(node, **told)
        except ModuleNotFoundError as error:
            raise RunFault(f"{node['_target_']} cannot be used: {error}") from error
    return made


def build_logs(cfg: DictConfig, folder: Path) -> Logs:
    """Everything that a run is logged to besides its folder; what keeps files keeps them there."""
    return Logs([as_log(each) for each in make_named(cfg, ForLogger(str(folder))).values()])


def build_callbacks(cfg: DictConfig, headline: Headline) -> list[pl.Callback]:
    """What the configuration adds to a run's own callbacks. headline: what the run is judged by."""
    return [*make_named(cfg, ForCallback(headline)).values()]


def build_loop(cfg: DictConfig, spec: TaskSpec) -> AttentionRNN:
    """One pass of the model, sized by the task."""
    attention = make_part(cfg, ForMechanism(spec, query_size=cfg.decoder.hidden_size))
    decoder = make_part(cfg, ForDecoder(attention.code_size, spec))
    asks_with = decoder.query_size // cfg.decoder.hidden_size
    if asks_with != attention.query_width:
        raise ConfigFault(
            [
                f"decoder: {type(decoder).__name__} asks with {asks_with} x the width of a state, and attention="
                f"{cfg.attention.name} is asked with {attention.query_width} x. Leave out decoder=, or choose another"
            ]
        )
    context = make_part(cfg, ForContext(spec, cfg.decoder.hidden_size, attention.global_feature_size))
    parts = (attention, decoder, context, make(cfg.feeding), make(cfg.decoding))
    return AttentionRNN(spec, *parts, cfg.attention.glimpses)


def build_rnn(cfg: DictConfig, spec: TaskSpec) -> SequenceModel:
    """The model, of as many passes as it reads in."""
    reader: SequenceModel = make_part(cfg, ForPasses(partial(build_loop, cfg), spec))
    return reader


def build_module(cfg: DictConfig, spec: TaskSpec, references: References) -> AttentionModule:
    """The model at its start, with its objective and optimiser.

    Raises ConfigFault for parts that do not go together, RunFault for a start that does not fit the model.
    """
    rnn = build_rnn(cfg, spec)
    objective: Objective = make_part(cfg, ForObjective(rnn.query_size))
    if rnn.attention.drawn and not objective.for_drawn:
        raise ConfigFault(
            [
                f"objective: attention={cfg.attention.name} draws where to look, and plain likelihood gives its "
                "policy no gradient. Use objective=reinforce"
            ]
        )
    make(cfg.start)(rnn, spec.symbols)
    measure = build_measure(cfg, spec, references)
    train_step = make_part(cfg, ForTrainingStep(spec, references))
    return AttentionModule(rnn, train_step, objective, make(cfg.optimizer), measure, cfg.log_every)


def build_measure(cfg: DictConfig, spec: TaskSpec, references: References) -> Measure:
    """What the run is judged by, with the torchmetrics metrics of `metrics.extra` beside it. Raises ConfigFault."""
    extra = build_extra(cfg, spec) if "extra" in cfg.metrics else {}
    cfg = deepcopy(cfg)
    with open_dict(cfg):
        cfg.metrics.pop("extra", None)  # no argument of the measure's own constructor
    measure: Measure = make_part(cfg, ForMeasure(spec, references))
    return with_extra(measure, extra, spec)


def build_extra(cfg: DictConfig, spec: TaskSpec) -> dict[str, Any]:
    """The torchmetrics metrics that a configuration names, by name. Raises ConfigFault for values they do not take."""
    try:
        return make_named(cfg, ForExtraMetric("multiclass", len(spec.symbols)))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigFault([f"metrics.extra: {first_line(error)}"]) from error


def build_data(cfg: DictConfig) -> tuple[Any, TaskSpec]:
    """The data set and the task it answers for. Raises DataFault where either is none."""
    datamodule = make(cfg.data)
    refuse(cfg.data.name, data_faults(datamodule))
    spec = datamodule.spec
    refuse(cfg.data.name, spec_faults(spec))
    return datamodule, spec


def without_weight_files(cfg: DictConfig) -> DictConfig:
    """A copy, references resolved, whose model is built without reading or fetching a file of weights: because a
    checkpoint brings them, or none are needed. A part that reads such a file says in `later` with which values of its
    knobs it does not. A part that is to have none ("none") stays so: it may be built otherwise.
    """
    values: Any = OmegaConf.to_container(cfg, resolve=True)
    values["start"] = {"_target_": "benchmark.training.start.fresh.FreshWeights"}
    part: Any
    for _, part in parts(values, ""):
        with suppress(ImportError, AttributeError):  # which is told where the part is made
            later = getattr(find(part["_target_"]), "later", {})
            part |= {key: value for key, value in later.items() if part.get(key) != NONE}
    found: DictConfig = OmegaConf.create(values)
    return found


def build(cfg: DictConfig) -> Built:
    """All parts of a run. Raises ConfigFault or DataFault."""
    datamodule, spec = build_data(cfg)
    return Built(datamodule, build_module(cfg, spec, datamodule.references), spec)
