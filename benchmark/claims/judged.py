"""The verdicts of a page: all claims on all their tasks, decided together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from benchmark.claims.evidence import ClaimEvidence
from benchmark.report.analysis.inference import ClaimNumber, Decision, decide

NOT_RUN = "not run"
UNUSABLE = "unusable"


@final
@dataclass(frozen=True)
class JudgedClaim:
    """A claim on a task with its verdict. decision: None where there is none, since runs are missing or unusable."""

    evidence: ClaimEvidence
    decision: Decision | None

    @property
    def word(self) -> str:
        """holds, does not hold, cannot tell, not run or unusable."""
        if self.decision is not None:
            return self.decision.word
        return UNUSABLE if self.evidence.fault else NOT_RUN

    @property
    def alone(self) -> str:
        """What the verdict would be on a page of its own, as a remark; "" where it would be the same."""
        if self.decision is None or self.decision.alone == self.decision.word:
            return ""
        return f"by itself: {self.decision.alone}"

    @property
    def reason(self) -> str:
        """Why there is no verdict; "" where there is one."""
        if self.decision is not None:
            return ""
        return self.evidence.fault or f"{len(self.evidence.lacking)} of {len(self.evidence.runs)} runs are missing"

    @property
    def tone(self) -> str:
        """Of its cell."""
        return {"holds": "good", "does not hold": "bad"}.get(self.word, "quiet")


def judge_claims(evidences: Sequence[ClaimEvidence]) -> list[JudgedClaim]:
    """A verdict where all runs are there. One over the seeds so far would be another each time one looks, and so would
    be wrong more often than its level says.
    """
    complete = [evidence for evidence in evidences if evidence.parts]
    decisions = iter(decide([[ClaimNumber(part.found, part.region) for part in each.parts] for each in complete]))
    return [JudgedClaim(each, next(decisions) if each.parts else None) for each in evidences]
