"""Contracts of every yaml of `conf`, whatever its group: its targets exist and it sets exactly their arguments."""

import inspect
from collections.abc import Iterator

from benchmark.check.contract import Contract
from benchmark.check.given import Given
from benchmark.common.blame import LIBRARIES, packages_of
from benchmark.common.moved import NAMED
from benchmark.config.arguments import added
from benchmark.config.check import config_faults, find, parts

OF_ANOTHER_PART = {"shape", "canvas", "encoder", "query_size", "item_size", "what_size", "where_size", "input_size",
                   "hidden_size", "code_size", "spec", "channels", "scales", "side"}  # fmt: skip
"""Constructor arguments that the enclosing part passes, so that no yaml has them."""


def composes(given: Given) -> Iterator[str]:
    yield from config_faults(given.plain)


def sets_every_argument(given: Given) -> Iterator[str]:
    """Yields arguments that the yaml leaves out and defaults in the code. A default is no part of a run's identity, so
    two runs that differ in it would be taken for one.
    """
    own = packages_of(given.plain) - LIBRARIES
    for path, node in parts(given.plain, ""):
        target, name = find(node["_target_"]), node["_target_"]
        if target.__module__.split(".")[0] not in own:
            continue
        for argument in inspect.signature(target).parameters.values():
            if argument.kind in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL):
                continue  # passed on to another constructor, which rejects unknown arguments
            passed_on = OF_ANOTHER_PART | {*added(path.rpartition(".")[0])}  # what it gets itself
            given_here = {*node, *added(path)} | (passed_on if node.get("_partial_") else set())
            if argument.default is not argument.empty:
                yield (f"{path}: {name} has the default {argument}. Values stand in the yaml alone, where they are "
                       "part of a run's address")  # fmt: skip
            if argument.name not in given_here:
                yield f"{path}: {argument.name} of {name} is no line of its yaml"


def has_the_name_of_its_file(given: Given) -> Iterator[str]:
    if given.group not in NAMED:
        return
    named = given.plain[given.group].get("name")
    if named != given.name:
        yield f"{given.group}.name is {named!r}, and its file is {given.name}.yaml: a run's folder is found by the name"


CONTRACTS = (
    Contract("its parts exist and take the arguments it gives them", composes, first=True),
    Contract("its name is that of its file", has_the_name_of_its_file),
    Contract("it sets every argument of its parts", sets_every_argument),
)
