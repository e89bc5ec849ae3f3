"""From numbers and checks to one of a few answers, by a written rule.

The direction is what the 95 per cent interval says, whatever level the report shows. The
certainty ladder is that of GRADE, whose verbs reports use word for word. Evaluations of
programmes that nobody allocated by lot start at "moderate" and go one step down for each of:
a drift before the start, an effect in a placebo, neither of these checks giving an answer, an
answer that hangs on one unit, fewer than ten treated clusters, another method that is clear
in the opposite direction. With fewer than four treated clusters, or a computation that failed
its own check, it is "very low", and with fewer than four there is no direction. How the start
is dated is a question of fact, not of method: it does not lower the ladder, but the answer
says that it hangs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from preventeval.estimate import EffectEstimate
from preventeval.report import Sentence, VerdictFacts
from preventeval.sensitivity import Finding, conclusion, failed_gates, overall_of
from preventeval.sensitivity.finding import TOO_FEW, treated_clusters
from preventeval.words import Message

__all__ = ["gates_of", "verdict_of"]

Certainty = Literal["high", "moderate", "low", "very_low"]
_DIRECTIONS: dict[int, Literal["fall", "rise", "unclear"]] = {-1: "fall", 0: "unclear", 1: "rise"}
_LADDER: tuple[Certainty, ...] = ("high", "moderate", "low", "very_low")
_LOWERING = ("pre_trends", "placebo_in_time", "leave_one_out", "two_way_weights")
_HINGES = ("start_date", "leave_one_out")
#: With 6 treated clusters of 40 the usual tests reject 10 to 14 per cent where 5 are meant.
_FEW = 10
_LEVEL = 0.95


def verdict_of(
    estimate: EffectEstimate, others: Sequence[EffectEstimate], findings: Sequence[Finding]
) -> VerdictFacts:
    """Answer for one outcome.

    Parameters
    ----------
    estimate
        The primary estimate.
    others
        What other methods say.
    findings
        What the checks found.

    Returns
    -------
    VerdictFacts
    """
    design = estimate.recipe.design
    overall = overall_of(estimate)
    clusters = treated_clusters(design)
    found = conclusion(overall, _LEVEL)
    sign = found if found is not None and clusters >= TOO_FEW else 0
    weak = [finding.check for finding in findings if finding.verdict == "weakens"]
    lowering = [Message(f"reason-{check.replace('_', '-')}") for check in _LOWERING if check in weak]
    answered = {finding.check for finding in findings if finding.verdict in ("supports", "weakens")}
    if not answered & {"pre_trends", "placebo_in_time"}:
        lowering.append(Message("reason-not-checked"))
    if TOO_FEW <= clusters < _FEW:
        lowering.append(Message("reason-few-treated", {"count": clusters}))
    against = [
        other.method
        for other in others
        if sign and not failed_gates(other) and conclusion(overall_of(other), _LEVEL) == -sign
    ]
    if against:
        lowering.append(Message("reason-methods-disagree", {"methods": ", ".join(against)}))
    ruinous = []
    if clusters < TOO_FEW:
        ruinous.append(Message("reason-too-few-treated", {"count": clusters}))
    if failed_gates(estimate):
        ruinous.append(Message("reason-gate", {"methods": estimate.method}))
    interval = {None: "reason-no-interval", 0: "reason-interval-both"}.get(found, "reason-interval-clear")
    first = ruinous or [Message(interval)]
    steps = 3 if ruinous else min(3, 1 + len(lowering))
    supports = sum(finding.verdict == "supports" for finding in findings)
    return VerdictFacts(
        direction=_DIRECTIONS[sign],
        certainty=_LADDER[steps],
        wanted=(sign < 0) == (design.aim == "reduce") if sign else None,
        reasons=[
            Sentence.of(reason)
            for reason in (
                *first,
                Message("reason-not-randomised"),
                *lowering,
                Message("reason-check-supports", {"count": supports}),
            )
        ],
        # Where there is no answer, nothing of it hangs on anything.
        hinges=[check for check in _HINGES if check in weak and clusters >= TOO_FEW],
    )


def gates_of(estimate: EffectEstimate) -> list[dict[str, Any]]:
    """Checks of the computation that the estimator made itself."""
    return list(estimate.diagnostics.get("gates", ()))
