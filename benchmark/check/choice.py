"""What every yaml promises, whatever its group: its parts exist, take what it says, and say all they take."""

import inspect
from collections.abc import Iterator

from benchmark.check.contract import Contract
from benchmark.check.given import Given
from benchmark.common.blame import LIBRARIES, packages_of
from benchmark.config.arguments import added
from benchmark.config.check import config_faults, find, parts

OF_ANOTHER_PART = {"shape", "canvas", "encoder", "query_size", "item_size", "what_size", "where_size", "input_size",
                   "hidden_size", "code_size", "channels", "scales", "side"}  # fmt: skip
"""What the holder of a part tells it, and no yaml does."""

NAMED = ("attention", "data")
"""Groups whose choices give folders and rows of a report their names."""


def composes(given: Given) -> Iterator[str]:
    yield from config_faults(given.plain)


def says_all_it_takes(given: Given) -> Iterator[str]:
    """A default in the code would be no part of a run's address: two runs that differ in it would be one."""
    own = packages_of(given.plain) - LIBRARIES
    for path, node in parts(given.plain, ""):
        target, name = find(node["_target_"]), node["_target_"]
        if target.__module__.split(".")[0] not in own:
            continue
        for argument in inspect.signature(target).parameters.values():
            if argument.kind in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL):
                continue  # handed on to another constructor, which takes nothing it does not know
            told = {*node, *added(path)} | (OF_ANOTHER_PART if node.get("_partial_") else set())
            if argument.default is not argument.empty:
                yield (f"{path}: {name} has the default {argument}. Values stand in the yaml alone, where they are "
                       "part of a run's address")  # fmt: skip
            if argument.name not in told:
                yield f"{path}: {argument.name} of {name} is no line of its yaml"


def is_called_what_it_names(given: Given) -> Iterator[str]:
    if given.group not in NAMED:
        return
    named = given.plain[given.group].get("name")
    if named != given.name:
        yield f"{given.group}.name is {named!r}, and its file is {given.name}.yaml: a run's folder is found by the name"


CONTRACTS = (
    Contract("its parts exist and take the arguments it gives them", composes, first=True),
    Contract("it is called what it names", is_called_what_it_names),
    Contract("it says everything that its parts take", says_all_it_takes),
)
