"""The command line of the meter: which run, which estimators, how much is measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.common.errors import ConfigFault
from benchmark.common.moved import renamed
from benchmark.common.paths import at_home
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides
from benchmark.config.typed import as_text
from benchmark.evaluating import place_faults
from benchmark.gradients.estimators import is_of_estimators
from benchmark.gradients.moments import GROUPS
from benchmark.results.run_folder import RunFolder

KEEPING = "callbacks=kept_checkpoints"
"""What a run is trained with that the command starts itself."""


class MeterSettings(NamedTuple):
    """draws: gradients of each estimator at each point, on the same batches. batches: of training images, over which
    each draw is averaged. fit: steps in which an estimator's own parameters, such as a learned baseline, are fitted to
    the weights at a point before it is measured.
    """

    draws: int = 100
    batches: int = 1
    fit: int = 200


class GradientsRequest(NamedTuple):
    """What the command was asked for. run: a folder, None where one is trained from `overrides`. data: overrides of a
    folder's data. out: the name of the measurement, "" for one that is made of the request.
    """

    run: RunFolder | None
    overrides: list[str]
    estimators: list[str]
    data: list[str]
    settings: MeterSettings
    out: str
    again: bool


def parse_request(composer: Composer, arguments: Sequence[str]) -> GradientsRequest:
    """Raises ConfigFault with all faults that are known before a run is read."""
    own: dict[str, str] = {"run": "", "out": "", "again": "false"}
    numbers: dict[str, str] = {key: str(value) for key, value in MeterSettings()._asdict().items()}
    rest, faults = list[str](), list[str]()
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if equals and key in own:
            own[key] = value
        elif equals and key in numbers:
            numbers[key] = value
        elif equals:
            rest.append(renamed([argument])[argument])
        else:
            faults.append(f"{argument}: cannot be read as key=value")
    estimators = [text for text in rest if is_of_estimators(text)]
    others = [text for text in rest if not is_of_estimators(text)]
    faults += [*_setting_faults(numbers), *place_faults(own["out"], own["again"])]
    if not estimators:
        faults.append("objective is not set: name the estimators, objective=reinforce,vimco")
    faults += _of_a_folder(others) if own["run"] else _of_a_new_run(composer, others)
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))
    settings = MeterSettings(**{key: int(value) for key, value in numbers.items()})
    run = RunFolder(Path(at_home(own["run"]))) if own["run"] else None
    overrides, data = ([], others) if run else (_trained_with(composer, others), [])
    return GradientsRequest(run, overrides, estimators, data, settings, own["out"], own["again"].lower() == "true")


def _setting_faults(numbers: dict[str, str]) -> Iterator[str]:
    for key, value in numbers.items():
        if not (value.isascii() and value.isdigit() and len(value) < 7):
            yield f"{key}={value}: has to be a whole number"
        elif key == "draws" and (int(value) < 2 * GROUPS or int(value) % GROUPS):
            yield f"draws={value}: has to be a multiple of {GROUPS}, and at least {2 * GROUPS}"
        elif key == "batches" and not int(value):
            yield "batches=0: has to be at least 1"


def _of_a_folder(others: Sequence[str]) -> Iterator[str]:
    """Faults of what is no estimator's, where a run is there already."""
    for text in others:
        if text.lstrip("+").split("=")[0].split(".")[0] != "data":
            yield (
                f"{text}: a run that is there is measured as it is. Beside run= there are objective=, baseline=, "
                "reward=, knobs of them, data.KNOB=VALUE, draws=N batches=N fit=N out=NAME again=true"
            )


def _of_a_new_run(composer: Composer, others: Sequence[str]) -> list[str]:
    """Faults of the overrides of a run that is trained first."""
    if not any(text.split("=")[0] in ("attention", "experiment") for text in others):
        known = ", ".join(composer.choices("attention"))
        return [f"neither run=FOLDER nor attention=NAME is given; name a run, or a mechanism: {known}"]
    return Overrides(composer, _quoted(composer, others), sweep=False).faults()


def _trained_with(composer: Composer, others: Sequence[str]) -> list[str]:
    """The overrides of that run, which keeps checkpoints unless its callbacks are given."""
    given = any(text.lstrip("+~").split("=")[0].split(".")[0] == "callbacks" for text in others)
    return [*_quoted(composer, others), *([] if given else [KEEPING])]


def _quoted(composer: Composer, texts: Sequence[str]) -> list[str]:
    quoted = as_text(composer, texts, sweep=False)
    return [quoted.get(text, text) for text in texts]
