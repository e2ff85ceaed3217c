"""Builds all parts of a run from a composed configuration: data set, model, objective, optimiser, metrics, loggers."""

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
from benchmark.model.attention.base import Attention
from benchmark.model.encoder.torchvision import NONE
from benchmark.model.feeding.base import Feeding
from benchmark.model.loop import AttentionRNN, SequenceModel
from benchmark.objective.base import Objective
from benchmark.objective.baseline.base import Baseline
from benchmark.process.program import first_line
from benchmark.results.primary_metric import Headline
from benchmark.training.callbacks.first_batch import data_faults, refuse, spec_faults
from benchmark.training.compilation.base import Compilation
from benchmark.training.logger.base import Logs, as_log
from benchmark.training.module import AttentionModule
from benchmark.training.processes.together import refuse_sharing
from benchmark.training.training_step.base import TrainingStep
from datamodules.contract import References, TaskSpec


class Built(NamedTuple):
    """The parts of a run."""

    datamodule: pl.LightningDataModule
    module: AttentionModule
    spec: TaskSpec


def make(node: Any, **arguments: Any) -> Any:
    """Instantiates a node's `_target_` with further arguments."""
    # The partial is called outside Hydra, which would turn dataclass arguments into configs and wrap raised errors.
    return instantiate(node, _convert_="all", _partial_=True)(**arguments)


def make_part(cfg: DictConfig, given: Given) -> Any:
    """The part at a place in the configuration, with the arguments that follow from data and other parts."""
    return make(OmegaConf.select(cfg, given.place), **vars(given))


def taken(node: Any, offered: Offered) -> dict[str, Any]:
    """Those of the offered arguments that the part takes and that its configuration does not give."""
    known = inspect.signature(get_object(node["_target_"])).parameters
    return {key: value for key, value in vars(offered).items() if key in known and key not in node}


def make_named(cfg: DictConfig, offered: Offered) -> dict[str, Any]:
    """The named parts of a group, by name, with those of the offered arguments that each takes.

    Raises RunFault if a part needs a package that is not installed.
    """
    made = {}
    for name, node in OmegaConf.select(cfg, offered.place).items():
        try:
            made[str(name)] = make(node, **taken(node, offered))
        except ModuleNotFoundError as error:
            raise RunFault(f"{node['_target_']} cannot be used: {error}") from error
    return made


def build_logs(cfg: DictConfig, folder: Path) -> Logs:
    """The loggers of a run besides its own metrics.jsonl; those that write files write into its folder."""
    return Logs([as_log(each) for each in make_named(cfg, ForLogger(str(folder))).values()])


def build_callbacks(cfg: DictConfig, headline: Headline) -> list[pl.Callback]:
    """The callbacks that the configuration adds to a run's own. headline: the primary metric."""
    made = make_named(cfg, ForCallback(headline))
    for name, callback in made.items():
        refuse_other(f"callbacks.{name}", callback, pl.Callback)
    return [*made.values()]


def refuse_other(place: str, made: Any, kind: type) -> None:
    """Raises ConfigFault for a part whose class does not derive from that of its config group."""
    if not isinstance(made, kind):
        found, wanted = (f"{each.__module__}.{each.__qualname__}" for each in (type(made), kind))
        raise ConfigFault([f"{place}: {found} is no subclass of {wanted}"])


def build_loop(cfg: DictConfig, spec: TaskSpec) -> AttentionRNN:
    """One pass of the model for a task. Raises ConfigFault if decoder and mechanism do not fit together."""
    attention = make_part(cfg, ForMechanism(spec, query_size=cfg.decoder.hidden_size))
    refuse_other(ForMechanism.place, attention, Attention)
    decoder = make_part(cfg, ForDecoder(attention.code_size, spec))
    states = decoder.query_size // cfg.decoder.hidden_size
    if states != attention.query_width:
        raise ConfigFault(
            [
                f"decoder: the query of {type(decoder).__name__} has {states} x the width of a state, and attention="
                f"{cfg.attention.name} needs {attention.query_width} x. Leave out decoder=, or choose another"
            ]
        )
    context = make_part(cfg, ForContext(spec, cfg.decoder.hidden_size, attention.global_feature_size))
    parts = (attention, decoder, context, make(cfg.feeding), make(cfg.decoding))
    return AttentionRNN(spec, *parts, cfg.attention.glimpses)


def build_rnn(cfg: DictConfig, spec: TaskSpec) -> SequenceModel:
    """The model with all its passes over the image."""
    model: SequenceModel = make_part(cfg, ForPasses(partial(build_loop, cfg), spec))
    return model


def refuse_objective(cfg: DictConfig, objective: Objective, attention: Attention) -> None:
    """Raises ConfigFault if the objective is not made for how the mechanism takes its glimpses."""
    name, is_control = cfg.attention.name, cfg.attention.get("is_control", False)
    faults = []
    if attention.drawn and not objective.for_drawn:
        faults.append(
            f"objective: attention={name} samples where to look, and the likelihood alone gives its policy no "
            "gradient. Use objective=reinforce"
        )
    if short := [
        part for part in objective.modules() if isinstance(part, Baseline) and part.fewest > objective.samples
    ]:
        faults.append(
            f"objective.samples={objective.samples}: {type(short[0]).__name__} needs {short[0].fewest} trajectories of "
            "an image or more. Use more, or another baseline"
        )
    if objective.for_drawn_only and not (attention.drawn or is_control):
        faults.append(
            f"objective: {type(objective).__name__} is for mechanisms that sample where to look, and attention="
            f"{name} does not. Use objective=likelihood"
        )
    elif objective.needs_place_gradient and not attention.place_gradient:
        faults.append(
            f"objective: the gradient of {type(objective).__name__} reaches the policy through the place of a glimpse, "
            f"and attention={name} has none there: it looks at whole pixels, or at cells of a map. Use objective="
            "reinforce. For objective=pathwise and a Gaussian policy there are windows between pixels: attention."
            "mechanism._target_=benchmark.model.attention.smooth_location.SmoothLocationAttention"
        )
    if faults:
        raise ConfigFault(faults)


def build_module(cfg: DictConfig, spec: TaskSpec, references: References) -> AttentionModule:
    """The LightningModule: the model with its initial weights, objective, optimiser and metrics.

    Raises ConfigFault for parts that do not fit together, RunFault for initial weights that do not fit the model.
    """
    rnn = build_rnn(cfg, spec)
    objective = build_objective(cfg, rnn)
    make(cfg.start)(rnn, spec.symbols)
    measure = build_measure(cfg, spec, references)
    train_step = make_part(cfg, ForTrainingStep(spec, references))
    if "compilation" in cfg:  # not in configurations of older runs, which are only evaluated
        refuse_compilation(make(cfg.compilation), objective, cfg.trainer.devices)
    refuse_updates(objective, rnn, train_step, cfg.trainer.get("accumulate_grad_batches", 1))
    module = AttentionModule(rnn, train_step, objective, make(cfg.optimizer), measure, cfg.log_every)
    if cfg.trainer.devices > 1:
        refuse_sharing(module)
    return module


def refuse_updates(objective: Objective, rnn: SequenceModel, train_step: TrainingStep, accumulated: int) -> None:
    """Raises ConfigFault where several updates on a batch would not be on the same trajectories."""
    if objective.updates.count == 1:
        return
    faults = []
    if accumulated > 1:
        faults.append(
            f"objective.updates: {objective.updates.count} updates on the trajectories of one batch, and "
            f"trainer.accumulate_grad_batches={accumulated} would mix those of several. Set one of them to 1"
        )
    if not all(part.repeats for part in rnn.modules() if isinstance(part, Feeding)):
        faults.append(
            "objective.updates: feeding draws the symbols that are fed back anew at each update. Use "
            "feeding=teacher_forcing"
        )
    if not train_step.repeats:
        faults.append("objective.updates: the training step samples anew at each update. Use 1, or another step")
    if faults:
        raise ConfigFault(faults)


def refuse_compilation(compilation: Compilation, objective: Objective, devices: int) -> None:
    """Raises ConfigFault where a training step cannot be compiled so."""
    name, faults = type(compilation).__name__, []
    if objective.second_gradients and not compilation.second_gradients:
        faults.append(
            f"compilation: the loss of {type(objective).__name__} has the gradient of a gradient, which {name} cannot "
            "compile. Use compilation=none"
        )
    if devices > 1 and not compilation.shares_batches:
        faults.append(f"compilation: {name} is for one process. Use trainer.devices=1 or compilation=none")
    if faults:
        raise ConfigFault(faults)


def build_objective(cfg: DictConfig, rnn: SequenceModel) -> Objective:
    """The objective of a model. Raises ConfigFault for one that is not for its mechanism."""
    offered = ForObjective(rnn.query_size, rnn.attention.item_size, rnn.symbols)
    objective: Objective = make(cfg.objective, **taken(cfg.objective, offered))
    refuse_other(offered.place, objective, Objective)
    refuse_objective(cfg, objective, rnn.attention)
    return objective


def build_measure(cfg: DictConfig, spec: TaskSpec, references: References) -> Measure:
    """The metrics of the task, primary metric included, and those of `metrics.extra`. Raises ConfigFault."""
    extra = build_extra(cfg, spec) if "extra" in cfg.metrics else {}
    cfg = deepcopy(cfg)
    with open_dict(cfg):
        cfg.metrics.pop("extra", None)  # not an argument of the measure's constructor
    measure: Measure = make_part(cfg, ForMeasure(spec, references))
    refuse_other(ForMeasure.place, measure, Measure)
    return with_extra(measure, extra, spec)


def build_extra(cfg: DictConfig, spec: TaskSpec) -> dict[str, Any]:
    """The torchmetrics metrics of `metrics.extra`, by name. Raises ConfigFault for values that they refuse."""
    try:
        return make_named(cfg, ForExtraMetric("multiclass", len(spec.symbols)))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigFault([f"metrics.extra: {first_line(error)}"]) from error


def build_data(cfg: DictConfig) -> tuple[Any, TaskSpec]:
    """The LightningDataModule and its TaskSpec. Raises DataFault if one of them violates the data contract."""
    datamodule = make(cfg.data)
    refuse(cfg.data.name, data_faults(datamodule))
    spec = datamodule.spec
    refuse(cfg.data.name, spec_faults(spec))
    return datamodule, spec


def without_weight_files(cfg: DictConfig) -> DictConfig:
    """A resolved copy that reads no pretrained weights, for models whose weights a checkpoint gives or nobody needs. A
    part that reads a file of weights names in its attribute `later` the values of its knobs with which it reads none.
    """
    values: Any = OmegaConf.to_container(cfg, resolve=True)
    values["start"] = {"_target_": "benchmark.training.start.fresh.FreshWeights"}
    part: Any
    for _, part in parts(values, ""):
        with suppress(ImportError, AttributeError):  # reported where the part is built
            later = getattr(find(part["_target_"]), "later", {})
            part |= {key: value for key, value in later.items() if part.get(key) != NONE}
    found: DictConfig = OmegaConf.create(values)
    return found


def build(cfg: DictConfig) -> Built:
    """All parts of a run. Raises ConfigFault, RunFault or DataFault."""
    datamodule, spec = build_data(cfg)
    return Built(datamodule, build_module(cfg, spec, datamodule.references), spec)
