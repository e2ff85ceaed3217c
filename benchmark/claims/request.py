"""The command line of the claims."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, final

from benchmark.claims.claim import GROUP, SurveyClaim, folders_of, read_claims
from benchmark.common.errors import ConfigFault
from benchmark.common.nearest import did_you_mean
from benchmark.config.compose import Composer
from benchmark.results.run_id import name_fault

COMMANDS = ("list", "run", "report")
USUAL = {"study": "claims", "runs": "runs", "budget": "", "seeds": "", "out": ""}
"""Values of the settings that are not given; "" for none."""


@final
class ClaimsRequest(NamedTuple):
    """What is asked.

    command: one of COMMANDS. claims: those named, else all, with the number of seeds that was asked for. folders: of
    data, by name. budget: in minutes, None for no limit. out: folder of the page, "" for the study's. of_hydra:
    overrides of Hydra, which choose how runs are launched. remarks: what a reader of the page has to know of these.
    """

    command: str
    claims: list[SurveyClaim]
    folders: dict[str, str]
    study: str
    runs: str
    budget: float | None
    out: str
    of_hydra: list[str]
    remarks: list[str]


def parse_request(composer: Composer, arguments: Sequence[str]) -> ClaimsRequest:
    """Raises ConfigFault with all faults."""
    command, *rest = arguments
    if command not in COMMANDS:
        raise ConfigFault([f"{command}: is none of {', '.join(COMMANDS)}{did_you_mean(command, COMMANDS)}"])
    names = [text for text in rest if "=" not in text]
    of_hydra = [text for text in rest if "=" in text and text.lstrip("+~").startswith("hydra")]
    given = dict(text.split("=", 1) for text in rest if "=" in text and text not in of_hydra)
    faults: list[str] = []
    claims: list[SurveyClaim] = []
    try:
        claims = read_claims(composer, names)
    except ConfigFault as fault:
        faults += fault.faults
    known = [*USUAL, *folders_of(claims or readable(composer))]
    unknown = [key for key in given if key not in known]
    for key in unknown:
        nearest = did_you_mean(key, known) or "."
        faults.append(f"{key}={given[key]}: there is no such setting{nearest} There are {', '.join(known)}")
    settings = USUAL | {key: value for key, value in given.items() if key in USUAL}
    budget = positive("budget", "a number of minutes", settings["budget"], float, faults)
    seeds = positive("seeds", "a whole number", settings["seeds"], int, faults)
    remarks = remarks_on(claims, len(composer.choices(GROUP)), seeds)
    if seeds is not None:
        claims = [replace(claim, seeds=int(seeds)) for claim in claims]
    if fault_of_name := name_fault(settings["study"]):
        faults.append(f"study: {fault_of_name}")
    if faults:
        raise ConfigFault(faults)
    folders = {key: value for key, value in given.items() if key not in USUAL}
    return ClaimsRequest(
        command, claims, folders, settings["study"], settings["runs"], budget, settings["out"], of_hydra, remarks
    )


def readable(composer: Composer) -> list[SurveyClaim]:
    """All claims; none where one of them cannot be read, as no folder is known then."""
    try:
        return read_claims(composer, [])
    except ConfigFault:
        return []


def remarks_on(claims: Sequence[SurveyClaim], known: int, seeds: float | None) -> list[str]:
    """What a page of some claims, or of fewer seeds than they ask for, does not say. known: claims there are."""
    found = []
    if len(claims) < known:
        found.append(f"{len(claims)} of {known} claims: the correction is over their verdicts alone.")
    if fewer := [claim.name for claim in claims if claim.arms and seeds is not None and seeds < claim.seeds]:
        found.append(
            f"seeds={seeds}, fewer than these ask for: {', '.join(fewer)}. A verdict is for this number of seeds if it "
            "was chosen before they ran; where more have run, it leaves them out."
        )
    return found


def positive(key: str, what: str, text: str, kind: type[int] | type[float], faults: list[str]) -> float | None:
    """The number that a setting gives, None for "". Anything that is not above zero is appended to the faults."""
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not value > 0:
        faults.append(f"{key}={text}: has to be {what} above zero")
    return value
