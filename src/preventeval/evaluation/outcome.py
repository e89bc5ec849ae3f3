"""What became of one outcome: estimates and findings, before any of it is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from preventeval.estimate import EffectEstimate
from preventeval.evaluation.plan import OutcomePlan
from preventeval.evaluation.subgroups import Subgroups
from preventeval.sensitivity import Finding

__all__ = ["Attempt", "OutcomeEvaluation"]


@dataclass(frozen=True, eq=False)
class Attempt:
    """What became of a further method: its estimate, or why there is none."""

    method: str
    estimate: EffectEstimate | None = None
    failed: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class OutcomeEvaluation:
    """One outcome: the primary estimate, further methods beside it, every check, every subgroup."""

    plan: OutcomePlan
    estimate: EffectEstimate
    others: tuple[Attempt, ...]
    findings: tuple[Finding, ...]
    subgroups: tuple[Subgroups, ...] = ()

    @property
    def fitted(self) -> tuple[EffectEstimate, ...]:
        """Estimates of all methods that gave one, the primary one first."""
        others = (attempt.estimate for attempt in self.others if attempt.estimate is not None)
        return (self.estimate, *others)

    def __repr__(self) -> str:
        return f"OutcomeEvaluation({self.plan.label}, {self.plan.role}, {len(self.findings)} checks)"
