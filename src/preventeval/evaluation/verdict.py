"""From numbers and checks to one of a few answers, by a written rule.

The certainty ladder is that of GRADE, whose verbs reports use word for word. Evaluations
of programmes that nobody allocated by lot start at "moderate" and go one step down for
each of: a drift before the start, an effect in a placebo, an answer that hangs on one
unit, fewer than ten treated clusters, another method that is clear in the opposite
direction. A computation that failed its own check takes it to "very low". How the start
is dated is a question of fact, not of method: it does not lower the ladder, but the
answer says that it hangs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from preventeval.estimate import EffectEstimate
from preventeval.report import Sentence, VerdictFacts
from preventeval.sensitivity import Finding, excludes_null
from preventeval.words import Message

__all__ = ["gates_of", "verdict_of"]

Certainty = Literal["high", "moderate", "low", "very_low"]
_LADDER: tuple[Certainty, ...] = ("high", "moderate", "low", "very_low")
_LOWERING = ("pre_trends", "placebo_in_time", "leave_one_out")
_HINGES = ("start_date", "leave_one_out")
#: With fewer treated clusters the usual tests reject 10 to 14 per cent where 5 are meant.
_FEW = 10


def verdict_of(
    estimate: EffectEstimate, others: Sequence[EffectEstimate], findings: Sequence[Finding], level: float
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
    level
        Probability of the intervals.

    Returns
    -------
    VerdictFacts
    """
    design = estimate.recipe.design
    overall = _overall(estimate)
    clear = excludes_null(overall, level)
    direction: Literal["fall", "rise", "unclear"] = "unclear"
    if clear:
        direction = "fall" if overall.effect[0] < 0 else "rise"
    weak = [finding.check for finding in findings if finding.verdict == "weakens"]
    reasons = [
        Message("reason-interval-clear" if clear else "reason-interval-both"),
        Message("reason-not-randomised"),
    ]
    lowering = [Message(f"reason-{check.replace('_', '-')}") for check in _LOWERING if check in weak]
    few = len(np.unique(design.clusters[design.ever_treated]))
    if few < _FEW:
        lowering.append(Message("reason-few-treated", {"count": few}))
    against = [
        other.method
        for other in map(_overall, others)
        if excludes_null(other, level) and np.sign(other.effect[0]) != np.sign(overall.effect[0])
    ]
    if clear and against:
        lowering.append(Message("reason-methods-disagree", {"methods": ", ".join(against)}))
    failed = any(gate["verdict"] == "red" for gate in gates_of(estimate))
    if failed:
        lowering.append(Message("reason-gate", {"methods": estimate.method}))
    supports = sum(finding.verdict == "supports" for finding in findings)
    step = 3 if failed else min(3, 1 + len(lowering))
    return VerdictFacts(
        direction=direction,
        certainty=_LADDER[step],
        wanted=(direction == "fall") == (design.aim == "reduce") if clear else None,
        reasons=[
            Sentence.of(m)
            for m in (*reasons, *lowering, Message("reason-check-supports", {"count": supports}))
        ],
        hinges=[check for check in _HINGES if check in weak],
    )


def gates_of(estimate: EffectEstimate) -> list[dict[str, Any]]:
    """Checks of the computation that the estimator made itself."""
    return list(estimate.diagnostics.get("gates", ()))


def _overall(estimate: EffectEstimate) -> EffectEstimate:
    return estimate if estimate.of == "overall" else estimate.overall()
