"""Carries out a request: lists claims, runs what they lack, writes the page."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.claims.claim import folders_of
from benchmark.claims.evidence import ClaimEvidence, EvidenceFinder
from benchmark.claims.judged import judge_claims
from benchmark.claims.page import markdown, page_of, render
from benchmark.claims.request import USUAL, ClaimsRequest
from benchmark.claims.running import distinct, execute, missing_runs
from benchmark.common.errors import ConfigFault
from benchmark.common.nearest import did_you_mean
from benchmark.config.compose import Composer
from benchmark.process.terminal import span
from benchmark.report.write.boundary import CONTROLS
from benchmark.results.run_folder import explained, write_whole
from datamodules.printable import printable


def carry_out(request: ClaimsRequest, composer: Composer) -> int:
    """Returns the number of failed runs. Raises ConfigFault for what cannot be composed, RunFault for a full disk."""
    if request.command == "report":
        refuse_unknown(request)
    finder = EvidenceFinder(composer, request.study, request.runs, request.folders)
    evidences = finder.gather(request.claims)
    if request.command == "list":
        print("\n".join(map(printable, listing(evidences, request))), flush=True)
        return 0
    failed = 0
    if request.command == "run":
        failed = execute(evidences, request, composer)
        evidences = finder.gather(request.claims)
    judged = judge_claims(evidences)
    for each in judged:
        print(printable(f"{each.word:14}  {each.evidence.claim.name} on {each.evidence.task}"), flush=True)
    page = page_of(request.study, judged, request.remarks)
    folder = Path(request.out) if request.out else Path(request.runs, request.study, "claims")
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"claims.md": markdown(page), "index.html": render(page)}.items():
        write_whole(folder / name, text.translate(CONTROLS).encode(errors="replace"))
    print(f"page: {folder / 'index.html'}", flush=True)
    return failed


def refuse_unknown(request: ClaimsRequest) -> None:
    """Raises ConfigFault where a page is asked for of a study that is not there; the usual one may have no run yet."""
    place = Path(request.runs)
    if request.study == USUAL["study"] or (place / request.study).is_dir():
        return
    known = sorted(path.name for path in place.glob("[!.]*") if path.is_dir())
    there = f" There are {', '.join(known)}" if known else ""
    told = f"study={request.study}: there is no such study in {place}{did_you_mean(request.study, known)}{there}"
    raise ConfigFault([told])


def listing(evidences: Sequence[ClaimEvidence], request: ClaimsRequest) -> list[str]:
    """A paragraph for each claim."""
    lacking = {(each.evidence.claim.name, each.evidence.task): each for each in missing_runs(evidences, request)}
    lines: list[str] = []
    for claim in request.claims:
        lines += [f"{claim.name}: {claim.statement}"]
        for evidence in (each for each in evidences if each.claim.name == claim.name):
            missing = lacking.get((claim.name, evidence.task))
            needs = (
                f"{len(missing.runs)} of {len(evidence.runs)} runs missing, {span(sum(missing.seconds))}"
                if missing
                else (f"{len(evidence.runs)} runs finished" if evidence.runs else "needs no run")
            )
            lines.append(f"    {evidence.task}: {needs}")
    runs = distinct(list(lacking.values()))
    seconds = sum(seconds for _, seconds in runs.values())
    lines.append(
        f"in all {len(runs)} runs are missing, some of them of several claims: {span(seconds)} one after another"
    )
    if folders := folders_of(request.claims):
        lines.append(f"folders of data: {', '.join(f'{name}=FOLDER' for name in folders)}")
    return lines
