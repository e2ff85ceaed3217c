"""Checks the ends of all ranges with every mechanism, before the first trial."""

from pathlib import Path

from omegaconf import DictConfig

from benchmark.common.errors import ConfigFault, fault_lines
from benchmark.config.compose import Composer
from benchmark.process.terminal import Console
from benchmark.search.ranges import SearchRange
from benchmark.search.request import SearchRequest
from benchmark.sweep.checking import STEPS, Checking
from benchmark.sweep.planning import job_faults


def refuse_impossible(
    composer: Composer, request: SearchRequest, console: Console
) -> dict[tuple[str, str], DictConfig]:
    """The configuration of each mechanism without its ranges. Raises ConfigFault with the faults of all mechanisms.

    A range is checked at its ends, and a choice at each of its values, the other knobs being as they are.
    """
    ends: list[tuple[SearchRange | None, str]] = [(None, "")]
    ends += [(each, text) for each in request.ranges for text in each.ends()]
    checking = Checking(console, len(request.mechanisms) * len(ends))
    usual: dict[tuple[str, str], DictConfig] = {}
    found: dict[str, list[str]] = {}
    for mechanism in request.mechanisms:
        met: set[str] = set()
        for searched, text in ends:
            faults, config = faults_of(composer, request.of_runs(mechanism, [text] if text else [])[0])
            checking.step(STEPS)
            if searched is None and config is not None:
                usual[mechanism] = config
            for fault in dict.fromkeys(faults):
                if fault not in met:  # what is wrong without the range is said once
                    met.add(fault)
                    where = f"{searched.knob}={searched.text}: " if searched else ""
                    found.setdefault(f"{where}{fault}{cure(searched, fault)}", []).append("/".join(mechanism))
    if found:
        every = len(request.mechanisms)
        raise ConfigFault(
            [fault if len(names) == every else f"{', '.join(names)}: {fault}" for fault, names in found.items()]
        )
    return usual


def faults_of(composer: Composer, overrides: list[str]) -> tuple[list[str], DictConfig | None]:
    """The faults of one run; its configuration, or None where it cannot be composed."""
    try:
        config = composer.job(overrides)
        composer.address(config)
    except Exception as error:
        if lines := fault_lines(error):
            return lines, None
        raise
    return job_faults({Path(): config})[Path()], config


def cure(searched: SearchRange | None, fault: str) -> str:
    """Advice for an interval of all numbers where whole ones are needed."""
    if searched is None or "whole number" not in fault or "interval(" not in searched.text or "int(" in searched.text:
        return ""
    return f"; write {searched.knob}={searched.text.replace('interval(', 'int(interval(', 1)})"
