"""A claim as data: a yaml of conf/claim/, of an installed package's or of --config-dir's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, final

import yaml
from hydra.utils import instantiate

from benchmark.claims.measure.base import ClaimMeasure
from benchmark.claims.rule.base import ClaimRule
from benchmark.common.errors import ConfigFault
from benchmark.common.nearest import did_you_mean
from benchmark.config.check import argument_faults, find, value_faults
from benchmark.config.compose import Composer
from benchmark.config.signatures import signature
from benchmark.config.yamls import file_of
from benchmark.process.program import first_line
from datamodules.ranges import Count, Positive

GROUP = "claim"
"""The group of yamls."""

FOLDER = re.compile(r"\{(\w+)\}")
"""A folder of data in a line of overrides, such as data.root={mnist}: the command line says where it is."""


@final
@dataclass(frozen=True)
class SurveyClaim:
    """What a claim's yaml holds, read and checked. name: of the yaml.

    statement: the sentence, in our words. source: where it is claimed, and with which numbers. tasks: by name, the
    overrides of the data set and scale; the claim is decided on each by itself. arms: by name, the overrides of what is
    compared, for all tasks or by task; each arm is a sweep over the seeds. seeds: of each arm. minutes: of one run on
    one core, while no earlier run tells it. fair: what is the same in all arms, and what the control is. measure, rule:
    a number of each run, and what the claim says of it.
    """

    name: str
    statement: str
    source: str
    tasks: dict[str, str]
    arms: dict[str, str | dict[str, str]]
    seeds: Count
    minutes: Positive
    fair: str
    measure: ClaimMeasure
    rule: ClaimRule

    def overrides(self, task: str, arm: str) -> list[str]:
        """Of the runs of an arm, without their seed."""
        given = self.arms[arm]
        return [*(given if isinstance(given, str) else given[task]).split(), *self.tasks[task].split()]

    def command(self, task: str, arm: str, study: str) -> str:
        """The sweep that makes the runs of an arm. study: theirs, unless the arm names another."""
        texts, seeds = self.overrides(task, arm), ",".join(map(str, range(self.seeds)))
        texts += [] if own_study(texts) else [f"study={study}"]
        return " ".join(["python -m benchmark.run -m", *texts, f"seed={seeds}"])

    def folders(self, task: str) -> set[str]:
        """The names of folders of data that its runs on a task leave open."""
        return {name for arm in self.arms for text in self.overrides(task, arm) for name in FOLDER.findall(text)}


def own_study(texts: Sequence[str]) -> bool:
    """Whether overrides name a study."""
    return any(text.startswith("study=") for text in texts)


PARTS = {"measure": ClaimMeasure, "rule": ClaimRule}
"""The keys whose values name a class."""
KEYS = [field.name for field in fields(SurveyClaim) if field.name != "name"]


def read_claims(composer: Composer, names: Sequence[str]) -> list[SurveyClaim]:
    """The claims of these names, all there are for none. Raises ConfigFault with the faults of all of them."""
    known = composer.choices(GROUP)
    faults = [f"{name}: there is no such claim{did_you_mean(name, known) or '.'} There are {', '.join(known)}"
              for name in names if name not in known]  # fmt: skip
    found = []
    for name in [name for name in known if not names or name in names]:
        path = file_of(composer.loader, f"{GROUP}/{name}")
        assert path is not None  # it is one of the choices
        try:
            found.append(read_claim(name, path))
        except ConfigFault as fault:
            faults += [f"{path}: {each}" for each in fault.faults]
    if faults:
        raise ConfigFault(faults)
    return found


def read_claim(name: str, path: Path) -> SurveyClaim:
    """Raises ConfigFault with all that is wrong in the file."""
    try:
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigFault([f"is no yaml ({first_line(error)})"]) from error
    if not isinstance(node, dict):
        raise ConfigFault([f"has to hold {', '.join(KEYS)}"])
    if faults := list(file_faults(node)):
        raise ConfigFault(faults)
    claim = SurveyClaim(name, **{**node, **{part: made(part, node[part]) for part in PARTS}})
    if faults := list(arm_faults(claim)):
        raise ConfigFault(faults)
    return claim


def file_faults(node: Mapping[Any, Any]) -> Iterator[str]:
    """Unknown and missing keys, values of a wrong kind, and what a measure or a rule does not take."""
    for key in node:
        if key not in KEYS:
            yield f"there is no key {key!r} in a claim{did_you_mean(str(key), KEYS)}"
    yield from (f"{key} is missing" for key in KEYS if key not in node)
    plain = {key: value for key, value in node.items() if key not in PARTS}
    yield from (f"{fault.knob}: {fault.message}" for fault in value_faults("", plain, signature(SurveyClaim).knobs))
    for part, kind in PARTS.items():
        if part in node:
            yield from class_faults(part, node[part], kind)


def class_faults(part: str, node: Any, kind: type) -> Iterator[str]:
    """Of the class that a measure or a rule names, and of its arguments."""
    target = node.get("_target_") if isinstance(node, Mapping) else None
    try:
        named = find(str(target)) if target else None
    except (ImportError, AttributeError, ValueError) as error:
        yield f"{part}._target_: {target!r} cannot be imported ({error})"
        return
    if not (isinstance(named, type) and issubclass(named, kind)):
        yield f"{part}._target_: has to name a class of {kind.__module__.rpartition('.')[0]}, not {target!r}"
        return
    yield from (f"{fault.knob}: {fault.message}" for fault in argument_faults(part, node, named))


def made(part: str, node: Mapping[str, Any]) -> Any:
    """The object of a measure or a rule. Raises ConfigFault for what its class refuses."""
    try:
        return instantiate(dict(node), _convert_="all")
    except Exception as error:  # whatever a class raises for its arguments
        cause = error.__cause__ or error
        raise ConfigFault([f"{part}: {first_line(cause)}"]) from error


def arm_faults(claim: SurveyClaim) -> Iterator[str]:
    """Arms that the rule names and the claim lacks, and the other way round; no task."""
    named = claim.rule.arms()
    yield from (
        f"rule: there is no arm {arm!r}{did_you_mean(arm, list(claim.arms))}" for arm in named if arm not in claim.arms
    )
    yield from (f"arms.{arm}: the rule does not use it" for arm in claim.arms if arm not in named)
    if not claim.tasks:
        yield "tasks: at least one is needed"
    for arm, lines in claim.arms.items():
        if not isinstance(lines, str) and set(lines) != set(claim.tasks):
            yield f"arms.{arm}: has to be one line, or one for each of the tasks {', '.join(claim.tasks)}"
    for where, line in lines_of(claim):
        if any(text.lstrip("+~").startswith("seed=") for text in line.split()):
            yield f"{where}: seeds are the claim's, and no override of a line"


def lines_of(claim: SurveyClaim) -> Iterator[tuple[str, str]]:
    """Every line of overrides, with its place in the file."""
    for arm, given in claim.arms.items():
        by_task = {"": given} if isinstance(given, str) else {f".{task}": line for task, line in given.items()}
        yield from ((f"arms.{arm}{task}", line) for task, line in by_task.items())
    yield from ((f"tasks.{task}", line) for task, line in claim.tasks.items())


def folders_of(claims: Sequence[SurveyClaim]) -> list[str]:
    """The names of folders of data that these claims leave open."""
    return sorted({name for claim in claims for task in claim.tasks for name in claim.folders(task)})
