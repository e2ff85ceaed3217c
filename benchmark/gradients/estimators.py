"""The estimators of a command line as configurations: objectives by name, with their baselines, rewards and knobs."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.moved import CHOICES
from benchmark.config.check import part_faults
from benchmark.config.choices import as_typed
from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import has
from benchmark.config.overrides import Overrides, values
from benchmark.config.saved_config import shown

GROUPS = ("objective", "baseline", "reward")
"""What says which estimators are compared."""
OF_THE_RUN = ("reward", "baseline", "loss_mask", "regularizer")
"""Parts of an objective that are as in the run where no others are named."""

Setting = dict[str, str]
"""Values of groups and knobs, as typed."""


class EstimatorChoice(NamedTuple):
    """An estimator. config: the run's, with its objective."""

    name: str
    config: DictConfig

    @property
    def knobs(self) -> dict[str, Any]:
        found: Any = OmegaConf.to_container(self.config.objective)
        return dict(found)


def is_of_estimators(text: str) -> bool:
    """Whether an override says which estimators are compared."""
    return text.lstrip("+~").split("=")[0].split(".")[0] in GROUPS


def estimators(config: DictConfig, texts: Sequence[str], composer: Composer) -> list[EstimatorChoice]:
    """Each combination of the values, equal ones once. A knob that a combination lacks is left out of it.

    config: the run's. texts: overrides of GROUPS, with one value or several. Raises ConfigFault with all faults.
    """
    settings, several = _settings(_usual(config, composer), texts, composer)
    found: dict[str, EstimatorChoice] = {}
    for setting in settings:
        one = with_objective(config, setting, composer)
        told = [f"{key.removeprefix('objective.')}={setting[key]}" for key in several if key in setting]
        choice = EstimatorChoice(" ".join([setting["objective"], *told]), one)
        found.setdefault(f"{setting['objective']} {OmegaConf.to_yaml(one.objective)}", choice)
    return list(found.values())


def with_objective(config: DictConfig, setting: Mapping[str, str], composer: Composer) -> DictConfig:
    """A run's configuration with another objective; its own keeps the run's knobs. Raises ConfigFault for values that
    it cannot have.
    """
    own = f"attention.glimpses={config.attention.glimpses}"  # an inference network has to know how many
    whole = composer.job([*_usual(config, composer), own, *(f"{key}={value}" for key, value in setting.items())])
    with open_dict(whole):
        for group in OF_THE_RUN:
            if not any(key.split(".")[0] == group for key in setting) and group in config:
                whole[group] = config[group]
        if setting["objective"] == config.get(CHOICES, {}).get("objective"):
            for key, value in config.objective.items():
                if key not in OF_THE_RUN and not any(each.startswith(f"objective.{key}") for each in setting):
                    whole.objective[key] = value
    node: Any = OmegaConf.to_container(whole.objective, resolve=True)
    if wrong := [f"{fault.knob}: {fault.message}" for fault in part_faults({"objective": node})]:
        raise ConfigFault(wrong)
    found = config.copy()
    with open_dict(found):
        found.objective = OmegaConf.create(node)
    return found


def _usual(config: DictConfig, composer: Composer) -> list[str]:
    """The run's mechanism and data set. Raises RunFault for names that are not installed: they may be paths."""
    found = []
    for group in ("attention", "data"):
        name = str(config[group].get("name", ""))
        if name not in composer.choices(group):
            raise RunFault(
                f"{group}={shown(name)} of that run is no installed choice, so no objective can be chosen for it. Name "
                "the folder of its yamls, if you trust them: --config-dir FOLDER"
            )
        found.append(f"{group}={name}")
    return found


def _settings(usual: Sequence[str], texts: Sequence[str], composer: Composer) -> tuple[list[Setting], list[str]]:
    """All combinations, and the keys that have several values."""
    names = [text for text in texts if text.partition("=")[0] in GROUPS]
    knobs = [text for text in texts if text not in names]
    groups = Overrides(composer, [*usual, *names], sweep=True)
    faults = groups.faults()
    chosen = {each.key_or_group: values(each) for each in groups.groups if each.key_or_group in GROUPS}
    if "objective" not in chosen:
        known = ", ".join(composer.choices("objective"))
        faults.append(f"objective is not set: name the estimators, objective=reinforce,vimco. There are {known}")
    if faults:
        raise ConfigFault(faults)
    picks = (dict(zip(chosen, map(as_typed, picked), strict=True)) for picked in itertools.product(*chosen.values()))
    combined = list({str(each): each for each in (_that_matter(pick, usual, composer) for pick in picks)}.values())
    several = [key for key, each in chosen.items() if len(each) > 1 and key != "objective"]
    for text in knobs:
        combined, swept = _with_knob(combined, text, usual, composer, faults)
        several += swept
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))
    return combined, several


def _that_matter(setting: Setting, usual: Sequence[str], composer: Composer) -> Setting:
    """A combination without the groups that its objective does not refer to."""
    composed = composer.composed_once([*usual, f"objective={setting['objective']}"])
    content = OmegaConf.to_yaml(composed.objective, resolve=False)
    return {key: value for key, value in setting.items() if key == "objective" or f"${{{key}" in content}


def _with_knob(
    settings: list[Setting], text: str, usual: Sequence[str], composer: Composer, faults: list[str]
) -> tuple[list[Setting], list[str]]:
    """The combinations with a knob, where they have it, in each of its values; and its key where these are several."""
    key, found, swept = text.partition("=")[0], list[Setting](), list[str]()
    of = [[*usual, *(f"{name}={value}" for name, value in each.items() if name in GROUPS)] for each in settings]
    having = [has(composer.composed_once(overrides), key) for overrides in of]
    for setting, overrides, has_it in zip(settings, of, having, strict=True):
        if not has_it and any(having):
            found.append(setting)
            continue
        parsed = Overrides(composer, [*overrides, text], sweep=True)
        if wrong := parsed.faults():
            faults += wrong
            continue
        (override,) = parsed.keys
        found += [setting | {key: as_typed(value)} for value in values(override)]
        swept = [key] if len(values(override)) > 1 else []
    return found, swept
