"""The lists of a brief: what can and cannot be said, what would make us surer, what next."""

from __future__ import annotations

from dataclasses import dataclass

from preventeval.report.design_words import check_question
from preventeval.report.facts import EstimateFacts, Facts, OutcomeFacts
from preventeval.report.quantities import gate_failed, refusal, too_few
from preventeval.words import Message

__all__ = ["Said", "beside", "can_and_cannot", "next_look", "next_steps", "raise_certainty", "reasons"]

_MOST_RAISES = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What can and what cannot be said, in equal space.

    Parameters
    ----------
    can, cannot
        Sentences. Their numbers differ by one at most.
    """

    can: tuple[Message, ...]
    cannot: tuple[Message, ...]


def can_and_cannot(facts: Facts) -> Said:
    """Lists of what can and cannot be said, equally long (give or take one).

    What the answer hangs on comes first among what cannot be said.

    Parameters
    ----------
    facts
        The facts of an evaluation.

    Returns
    -------
    Said
    """
    outcome = facts.primary
    can = _can(facts, outcome)
    return Said(tuple(can), tuple(_cannot(facts, outcome)[: len(can)]))


def reasons(outcome: OutcomeFacts) -> list[Message]:
    """Why the certainty is what it is, as the verdict lists it.

    Of an outcome that has no answer, nothing but the check that did not pass: the rest would
    tell what the answer would have been.
    """
    refused = refusal(outcome) is not None
    return [r.message for r in outcome.verdict.reasons if not refused or r.key == "reason-gate"]


def beside(outcome: OutcomeFacts) -> list[Message]:
    """Methods beside the main one whose computation failed: the answer does not rest on them."""
    if refusal(outcome):
        return []
    values = {"outcome": outcome.label}
    return [
        Message("gate-failed-beside", {**values, "method": e.method})
        for e in outcome.others
        if gate_failed(e)
    ]


def raise_certainty(outcome: OutcomeFacts) -> list[Message]:
    """What would make the answer surer: at most three things, the most telling first.

    Parameters
    ----------
    outcome
        Any outcome.

    Returns
    -------
    list of Message
    """
    if refusal(outcome):
        return [Message("raise-computation")]
    weak = [f.check for f in outcome.findings if f.verdict == "weakens"]
    checks = [*outcome.verdict.hinges, *(check for check in weak if check not in outcome.verdict.hinges)]
    keys = [f"raise-{check.replace('_', '-')}" for check in checks]
    why = {reason.key for reason in outcome.verdict.reasons}
    if outcome.small_base:
        keys.append("raise-small-base")
    elif why & {"reason-few-treated", "reason-too-few-treated"}:
        keys.append("raise-few-treated")
    elif outcome.verdict.direction == "unclear":
        keys.append("raise-narrower")
    return [Message(key) for key in [*keys, "raise-by-lot"][:_MOST_RAISES]]


def next_steps(facts: Facts) -> list[Message | str]:
    """What to do next: the author's own steps, or one that follows from the answer."""
    outcome = facts.primary
    if refusal(outcome):
        return [Message("next-refused"), *facts.programme.next_steps]
    if facts.programme.next_steps:
        return [*facts.programme.next_steps]
    return [Message(_next(outcome), {"outcome": outcome.label})]


def _next(outcome: OutcomeFacts) -> str:
    """The step that follows from direction and certainty."""
    verdict = outcome.verdict
    if too_few(outcome) is not None:
        return "next-too-few"
    if verdict.wanted is None or verdict.certainty == "very_low":
        return "next-unclear"
    if not verdict.wanted:
        return "next-unwanted"
    return "next-weak" if verdict.certainty == "low" else "next-wanted"


def next_look(facts: Facts) -> Message:
    """When the question is asked again."""
    when = facts.programme.next_look
    return Message("next-look", {"when": when}) if when else Message("next-look-none")


def _can(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    """At least two things that can be said, whatever the answer is."""
    who = "can-compare-last" if facts.design.comparison == "last_treated" else "can-compare"
    counts = {"treated": facts.design.n_treated, "comparison": facts.design.n_comparison}
    said = [Message(who, {"outcome": outcome.label, **counts})]
    verdict = outcome.verdict
    if not refusal(outcome):
        if verdict.direction != "unclear":
            values = {
                "outcome": outcome.label,
                "direction": verdict.direction,
                "certainty": verdict.certainty,
            }
            said.append(Message("can-direction", values))
        elif verdict.certainty in ("high", "moderate"):
            # Of less certain ones, the truth may well lie outside the likely range.
            said.append(Message("can-limits", {"outcome": outcome.label}))
        run = [f for f in outcome.findings if f.verdict in ("supports", "weakens")]
        passed = sum(f.verdict == "supports" for f in run)
        if passed:
            key = "can-checks-unclear" if verdict.direction == "unclear" else "can-checks"
            said.append(Message(key, {"passed": passed, "run": len(run)}))
        if (methods := _methods(outcome)) is not None:
            said.append(methods)
    return [*said, Message("can-repeat")]


def _cannot(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    """What cannot be said whoever asks, what weighs most first."""
    said = [Message(f"cannot-{check.replace('_', '-')}") for check in outcome.verdict.hinges]
    if refusal(outcome):
        said = [Message("cannot-number")]
    elif outcome.unestimated:
        cells = {"count": outcome.unestimated, "total": facts.design.n_treated_cells}
        said.append(Message("cannot-unestimated", cells))
    stopped = [f for f in outcome.findings if f.verdict == "could_not_run"]
    for finding in stopped:
        said.append(Message("cannot-check", {"question": check_question(finding.check)}))
    if outcome.counted:
        said.append(Message("cannot-recorded"))
    unclear = outcome.verdict.direction == "unclear"
    said.append(Message("cannot-reason-unclear" if unclear else "cannot-reason"))
    said.append(Message("cannot-elsewhere"))
    if not outcome.primary.by_unit:
        own = outcome.primary.overall
        pooled = own is not None and own.scale == "log_rate_ratio"
        said.append(Message("cannot-single-area-pooled" if pooled else "cannot-single-area"))
    return said


def _methods(outcome: OutcomeFacts) -> Message | None:
    """How many other methods are clear in the direction of the answer, and how many say nothing.

    None where the answer has no direction, there is no other method, or one is clear in the
    opposite direction: the certainty says so.
    """
    own = {"fall": -1, "rise": 1}.get(outcome.verdict.direction)
    others = [sign for sign in map(_sign, outcome.others) if sign is not None]
    if own is None or not others or -own in others:
        return None
    counts = {"clear": others.count(own), "unsure": others.count(0), "run": len(others)}
    if not counts["unsure"]:
        return Message("can-methods", counts)
    return Message("can-methods-some" if counts["clear"] else "can-methods-none", counts)


def _sign(estimate: EstimateFacts) -> int | None:
    """Direction that an interval is clear in, 0 where it holds both; None for one not to be relied on."""
    effect = estimate.overall
    if estimate.failed is not None or effect is None or gate_failed(estimate):
        return None
    if effect.low is None or effect.high is None:
        return 0
    null = 1.0 if effect.scale == "rate_ratio" else 0.0
    return int(effect.low > null) - int(effect.high < null)
