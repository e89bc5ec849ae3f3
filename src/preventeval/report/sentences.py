"""What a brief says: functions of Facts that give messages, never strings.

The rules of wording are here, each in a function of its own; the words are in the
catalogue. The verb follows the GRADE ladder ("reduced", "probably reduced", "may have
reduced", "very uncertain") and nothing but direction and certainty chooses it.

References
----------
Santesso, N. et al. (2020). GRADE guidelines 26: informative statements to communicate the
findings of systematic reviews of interventions. J. Clin. Epidemiol. 119, 126-135.
https://doi.org/10.1016/j.jclinepi.2019.10.014
"""

from __future__ import annotations

from preventeval.report.facts import Facts, FindingFacts, OutcomeFacts, VerdictFacts
from preventeval.report.quantities import (
    Kind,
    amount,
    ends,
    is_log,
    outcome_words,
    quantities,
    refusal,
    rounded,
    rounded_as,
    too_few,
)
from preventeval.words import Message, Value

__all__ = [
    "answer",
    "certainty",
    "direction_note",
    "headline",
    "hinges",
    "place",
    "programme",
    "question",
    "unclear_note",
    "unwanted_others",
]


def programme(facts: Facts) -> Value:
    """Name of the programme, or words for one without a name."""
    return facts.programme.name or Message("programme-unnamed")


def certainty(outcome: OutcomeFacts) -> Message:
    """What the certainty means for the reader: of a clear direction, or of the likely range."""
    sure = {"certainty": outcome.verdict.certainty}
    if outcome.verdict.direction != "unclear":
        return Message("certainty-meaning", sure)
    ranged = any(quantity.low is not None for _, quantity in quantities(outcome))
    return Message("certainty-meaning-unclear", sure) if ranged else Message("certainty-meaning-unknown")


def place(facts: Facts) -> Value:
    """Name of the place, or words for one without a name."""
    return facts.programme.place or Message("place-unnamed")


def question(facts: Facts) -> Message:
    """The question that the primary outcome answers."""
    return Message("question", _named(facts, facts.primary))


def headline(facts: Facts, outcome: OutcomeFacts | None = None) -> Message:
    """The answer in one sentence.

    Parameters
    ----------
    facts
        Where the programme and the place are named.
    outcome
        The outcome that the sentence is about; the primary one if left out.

    Returns
    -------
    Message
    """
    about = facts.primary if outcome is None else outcome
    values = {**_named(facts, about), "reason": about.primary.failed or ""}
    if (count := too_few(about)) is not None:
        values |= {"count": count, "of": "areas" if count == facts.design.n_treated else "groups"}
    return Message(f"headline-{_ladder(about)}", values)


def answer(outcome: OutcomeFacts) -> Message:
    """The answer in a few words, for a table; says whether the direction is wanted."""
    words = Message(f"answer-{_ladder(outcome)}")
    if refusal(outcome) or outcome.verdict.wanted is None:
        return words
    return Message("answer-wanted" if outcome.verdict.wanted else "answer-unwanted", {"answer": words})


def direction_note(outcome: OutcomeFacts) -> Message | None:
    """Say that the direction is not the wanted one, or that a rise is.

    Parameters
    ----------
    outcome
        Any outcome.

    Returns
    -------
    Message or None
        None where there is no direction, or a fall is wanted and found.
    """
    verdict = outcome.verdict
    if refusal(outcome):
        return None
    if verdict.wanted is False:
        return Message("direction-unwanted", {"direction": verdict.direction})
    if verdict.wanted and verdict.direction == "rise":
        return Message("direction-wanted-rise")
    return None


def unwanted_others(facts: Facts) -> list[Message]:
    """Name the secondary outcomes that moved in an unwanted direction: harm is said first."""
    found = [o for o in facts.outcomes[1:] if o.verdict.wanted is False and not refusal(o)]
    said = []
    for direction in ("rise", "fall"):
        labels = ", ".join(o.label for o in found if o.verdict.direction == direction)
        if labels:
            said.append(Message(f"others-unwanted-{direction}", {"outcomes": labels[0].upper() + labels[1:]}))
    return said


def unclear_note(facts: Facts, outcome: OutcomeFacts) -> Message | None:
    """Say that no clear sign is not "no effect", and what still fits the data.

    Parameters
    ----------
    facts
        Where the length of a period is named.
    outcome
        Any outcome.

    Returns
    -------
    Message or None
        None where the direction is clear or there is no answer.
    """
    if refusal(outcome) or outcome.verdict.direction != "unclear":
        return None
    for kind, quantity in quantities(outcome):
        shown = rounded(kind, quantity)
        if shown.span == "across":
            words = outcome_words(facts, outcome, quantity) if kind == "value" else outcome.label
            return Message(f"unclear-{kind}", {**ends(shown), "outcome": words})
    return Message("unclear-plain")


def hinges(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    """The choices that the answer hangs on, one sentence each; none where there is no answer.

    Parameters
    ----------
    facts
        Where the length of a period is named.
    outcome
        Any outcome.

    Returns
    -------
    list of Message
        In the order of the verdict; how the start is dated comes with its numbers, and areas
        that the answer hangs on come with their names.
    """
    if refusal(outcome) or too_few(outcome) is not None:
        return []
    found = {finding.check: finding for finding in outcome.findings}
    said = []
    for check in outcome.verdict.hinges:
        key = f"hinge-{check.replace('_', '-')}"
        if check not in ("start_date", "leave_one_out"):
            said.append(Message(key))
        elif check in found and (more := _details(facts, outcome, found[check])) is not None:
            said.append(Message(key, more))
        else:
            said.append(Message(f"{key}-plain"))
    return said


def _details(facts: Facts, outcome: OutcomeFacts, finding: FindingFacts) -> dict[str, Value] | None:
    """What a hinge says besides that there is one; None where the check gives nothing to say."""
    given = dict(finding.sentence.message.values)
    if finding.check == "start_date":
        return _moved(facts, outcome, finding)
    return given if {"units", "changed"} <= set(given) else None


def _moved(facts: Facts, outcome: OutcomeFacts, finding: FindingFacts) -> dict[str, Value] | None:
    """What the answer would be with the starts dated otherwise, in the words of a brief.

    None where the check found no two effects with intervals to set side by side, and where they
    would be percentages of a small base.
    """
    given = finding.sentence.message.values
    effect, own = (
        given.get("effect"),
        outcome.primary.percent if is_log(outcome.primary) else outcome.primary.overall,
    )
    if not isinstance(effect, Message) or own is None or outcome.small_base:
        return None
    if "low" not in effect.values:
        return None
    kind: Kind = "percent" if effect.values["scale"] == "percent" else "value"
    value, low, high = (float(str(effect.values[end])) for end in ("value", "low", "high"))
    original = rounded_as(kind, rounded(kind, own).value, None, None)
    moved = amount(kind, rounded_as(kind, value, low, high))
    words = outcome_words(facts, outcome, own)
    return {**given, "outcome": words, "effect": moved, "original": amount(kind, original)}


def _named(facts: Facts, outcome: OutcomeFacts) -> dict[str, Value]:
    return {"programme": programme(facts), "place": place(facts), "outcome": outcome.label}


def _ladder(outcome: OutcomeFacts) -> str:
    """Rung of the ladder: direction and certainty, or why there is no answer."""
    refused = refusal(outcome)
    if refused is not None:
        return refused
    verdict: VerdictFacts = outcome.verdict
    if too_few(outcome) is not None:
        return "too-few"
    if verdict.direction == "unclear":
        return "unclear"
    return f"{verdict.direction}-{verdict.certainty.replace('_', '-')}"
