"""The command line of a search: mechanisms, data sets, seeds and ranges, and what is the same in all runs."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Override

from benchmark.common.errors import ConfigFault
from benchmark.common.moved import renamed
from benchmark.config.choices import as_typed
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides, values
from benchmark.config.typed import as_text, parsed_override
from benchmark.search.ranges import SearchRange, search_range
from benchmark.search.settings import GROUP, SearchSettings, is_setting, ranges_of, search_settings

NOT_IN_A_SEARCH = ("study", "runs", "threads", "progress", "log_every", "evaluation", "logger", "experiment", "debug")
"""Keys that are not searched: they do not change what is learned, or are names for many values."""


class SearchRequest(NamedTuple):
    """What is searched. mechanisms: (attention, data) of each study. seeds: of the runs of each trial. fixed: overrides
    of all runs. of_hydra: overrides of Hydra, those of the launcher among them.
    """

    mechanisms: list[tuple[str, str]]
    seeds: list[int]
    ranges: list[SearchRange]
    fixed: list[str]
    of_hydra: list[str]
    settings: SearchSettings

    def of_runs(self, mechanism: tuple[str, str], changes: Sequence[str]) -> list[list[str]]:
        """The overrides of a trial's runs, one for each seed. changes: those of its ranges."""
        attention, data = mechanism
        same = [f"attention={attention}", f"data={data}", *self.fixed, *changes]
        return [[*same, f"seed={seed}"] for seed in self.seeds]

    @property
    def usual(self) -> list[str]:
        """The overrides with which the launcher is composed, of the first mechanism."""
        return [*self.of_runs(self.mechanisms[0], [])[0], *self.of_hydra]


def search_request(composer: Composer, texts: Sequence[str]) -> SearchRequest:
    """Raises ConfigFault with all faults of the command line, as far as they are known before anything is composed."""
    texts = [renamed([text])[text] for text in texts]
    typed = [text for text in texts if not is_setting(text.partition("=")[0])]
    quoted = as_text(composer, typed, True)
    texts = [quoted.get(text, text) for text in texts]
    parsed = [each for text in texts if (each := parsed_override(composer, text))]  # `Overrides` reports the others
    faults: list[str] = []
    ranges: dict[str, str] = {}
    settings = None
    try:
        ranges = ranges_of(
            composer, [str(name) for each in parsed if each.key_or_group == GROUP for name in listed(each)]
        )
    except ConfigFault as fault:
        faults += fault.faults
    try:
        of_search = [each for each in parsed if is_setting(each.key_or_group) and each.key_or_group != GROUP]
        settings = search_settings(composer, of_search)
    except ConfigFault as fault:
        faults += fault.faults
    known = {each.get_key_element().lstrip("+") for each in parsed}
    texts = [
        *(quoted.get(text, text) for text in typed),
        *(f"{knob}={text}" for knob, text in ranges.items() if knob not in known),
    ]
    overrides = Overrides(composer, texts, sweep=True)
    faults += overrides.faults() or overrides.unread_faults()
    found = sorted_out(composer, [*overrides.groups, *overrides.keys], faults)
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))
    assert settings is not None
    return found._replace(settings=settings)


def listed(override: Override) -> list[Any]:
    """The values of an override: name, name,name or [name,name]."""
    return [each for value in values(override) for each in (value if isinstance(value, list) else [value])]


def sorted_out(composer: Composer, overrides: Sequence[Override], faults: list[str]) -> SearchRequest:
    """The overrides by what they are; faults are appended."""
    chosen: dict[str, list[Any]] = {"attention": [], "data": [], "seed": [0]}
    ranges, fixed, of_hydra = list[SearchRange](), list[str](), list[str]()
    for override in overrides:
        key, text = override.key_or_group, str(override.input_line)
        if key in chosen:
            chosen[key] = listed(override)
        elif key.split(".")[0].split("/")[0] == "hydra":
            of_hydra.append(text)
        elif override.is_delete():
            faults.append(f"{text}: a search cannot leave out a knob, since its best settings are written as yamls")
        elif not override.is_sweep_override():
            fixed.append(text)
        elif key.split(".")[0] in NOT_IN_A_SEARCH:
            faults.append(f"{text}: {key} has one value in a search")
        else:
            try:
                ranges.append(search_range(override))
            except ValueError as error:
                faults.append(f"{text}: {error}")
    if not ranges:
        faults.append(
            "no range is given: KNOB=interval(LOW,HIGH), range(..) or choice(..), or search=NAME; there are "
            f"{', '.join(composer.choices(GROUP))}"
        )
    if not chosen["attention"] and not any("attention" in fault for fault in faults):
        faults.append("attention is not set: name the mechanisms that are searched, attention=dram,item_soft")
    data = chosen["data"] or [default_data(composer)]
    mechanisms = [(as_typed(a), as_typed(d)) for a, d in itertools.product(chosen["attention"], data)]
    unset = SearchSettings(1, 0, None, 0.0, 1.0, None, {}, {})
    return SearchRequest(list(dict.fromkeys(mechanisms)), chosen["seed"], ranges, fixed, of_hydra, unset)


def default_data(composer: Composer) -> str:
    """The data set of config.yaml."""
    return str(composer.compose([]).hydra.runtime.choices["data"])
