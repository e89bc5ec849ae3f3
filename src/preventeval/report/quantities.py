"""The numbers of an outcome in words: how many, how much in per cent, how sure.

Incidents come first and per cents second; there are no percentages of fewer than 30
expected incidents, and none of an outcome that has no answer.
"""

from __future__ import annotations

from typing import Literal

from preventeval.report.dates import period_words
from preventeval.report.facts import EstimateFacts, Facts, OutcomeFacts, Quantity
from preventeval.report.numbers import (
    Rounded,
    Span,
    fixed,
    round_count,
    round_percent,
    round_value,
    rounded_to,
)
from preventeval.words import Message, Value

__all__ = [
    "Kind",
    "amount",
    "amounts",
    "ends",
    "expected_note",
    "failed_gates",
    "gate_failed",
    "is_log",
    "likely_note",
    "number",
    "numbers",
    "outcome_words",
    "percent",
    "percent_kind",
    "probability",
    "quantities",
    "refusal",
    "rounded",
    "rounded_as",
    "small_base",
    "span",
    "too_few",
]

#: What kind of number a sentence gives; a logarithm is never said aloud.
Kind = Literal["count", "percent", "share", "value"]


def refusal(outcome: OutcomeFacts) -> str | None:
    """Why an outcome gets no answer.

    Parameters
    ----------
    outcome
        Any outcome.

    Returns
    -------
    str or None
        ``"failed"`` where the method gave no estimate, ``"gate"`` where the computation did
        not pass its own check; None where there is an answer.
    """
    if outcome.primary.failed is not None:
        return "failed"
    return "gate" if gate_failed(outcome.primary) else None


def too_few(outcome: OutcomeFacts) -> int | None:
    """Number of areas (or groups of areas) with the programme, where it is too small for an answer.

    Parameters
    ----------
    outcome
        Any outcome.

    Returns
    -------
    int or None
        None where there are enough, or no answer for another reason.
    """
    said = (r.values["count"] for r in outcome.verdict.reasons if r.key == "reason-too-few-treated")
    return None if refusal(outcome) else next((int(str(count)) for count in said), None)


def quantities(outcome: OutcomeFacts) -> list[tuple[Kind, Quantity]]:
    """The numbers that a brief gives, in its order; without intervals where these say nothing."""
    change, share, own = outcome.primary.change, percent(outcome), outcome.primary.overall
    found: list[tuple[Kind, Quantity]] = []
    if change is not None:
        found.append(("count", change))
    if share is not None:
        found.append((percent_kind(outcome.primary), share))
    if not found and own is not None and own.scale in ("incidents", "rate", "value"):
        found.append(("value", own))
    if too_few(outcome) is not None:
        return [(kind, quantity.model_copy(update={"low": None, "high": None})) for kind, quantity in found]
    return found


def numbers(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    """The effect in numbers: first incidents, then per cent (or the outcome's own unit).

    Percentages stand beside counts wherever there are counts, and are left out where fewer
    than 30 incidents were expected.

    Parameters
    ----------
    facts
        Where the periods are named.
    outcome
        Any of its outcomes.

    Returns
    -------
    list of Message
        Empty where there is no answer.
    """
    if refusal(outcome):
        return []
    shown = quantities(outcome)
    said = [number(facts, outcome, kind, quantity) for kind, quantity in shown]
    said += [Message("number-rate-per", {"per": q.per}) for _, q in shown if q.scale == "rate" and q.per]
    if not said:
        said.append(Message("number-none"))
    if outcome.small_base:
        said.append(small_base(outcome))
    if _disagree(outcome):
        said.append(Message(f"count-and-{percent_kind(outcome.primary)}-differ"))
    return said


def number(facts: Facts, outcome: OutcomeFacts, kind: Kind, quantity: Quantity) -> Message:
    """One number with its interval, as a sentence.

    Parameters
    ----------
    facts
        Where the periods are named.
    outcome
        What the number is about.
    kind
        ``"count"`` for a total of incidents, ``"share"`` for that total in per cent,
        ``"percent"`` for the average area, ``"value"`` for a mean.
    quantity
        The number; zero means no change.

    Returns
    -------
    Message
    """
    shown = rounded(kind, quantity)
    values: dict[str, Value] = {"outcome": outcome.label, "size": fixed(shown.size, shown.places)}
    if kind == "value":
        values["outcome"] = outcome_words(facts, outcome, quantity)
    if kind == "count":
        when = facts.design
        values["since"] = period_words(outcome.since or when.starts[0].label, when.frequency)
        values["until"] = period_words(outcome.until or when.last, when.frequency)
    if shown.span in ("below", "above"):
        values |= {
            "nearer": fixed(shown.nearer, shown.places),
            "farther": fixed(shown.farther, shown.places),
        }
    else:
        values |= {"side": "fewer" if shown.value < 0 else "more"}
    if shown.span == "across":
        values |= ends(shown)
    even = shown.span == "across" and shown.value == 0
    return Message(f"number-{kind}-{'even' if even else shown.span}", values)


def amounts(outcome: OutcomeFacts) -> dict[Kind, Message]:
    """The numbers that a brief gives of an outcome, in few words; empty without an answer."""
    if refusal(outcome):
        return {}
    return {kind: amount(kind, rounded(kind, quantity)) for kind, quantity in quantities(outcome)}


def amount(kind: Kind, shown: Rounded) -> Message:
    """A number with its interval in few words, for tables and within sentences."""

    def side(value: float) -> Message:
        size = fixed(abs(value), shown.places)
        return Message(f"amount-{kind}", {"size": size, "side": "fewer" if value < 0 else "more"})

    if shown.span == "point":
        return side(shown.value)
    low, high = shown.ends if shown.span == "across" else sorted(shown.ends, key=abs)
    return Message("amount-range", {"value": side(shown.value), "low": side(low), "high": side(high)})


def rounded(kind: Kind, quantity: Quantity) -> Rounded:
    """A number as running text shows it, by kind."""
    return rounded_as(kind, quantity.value, quantity.low, quantity.high)


def rounded_as(kind: Kind, value: float, low: float | None, high: float | None) -> Rounded:
    """A number and its interval as running text shows them, by kind."""
    if kind == "count":
        return round_count(value, low, high)
    return round_value(value, low, high) if kind == "value" else round_percent(value, low, high)


def percent(outcome: OutcomeFacts) -> Quantity | None:
    """The change in per cent, unless so few incidents were expected that it would mislead."""
    return None if outcome.small_base else outcome.primary.percent


def percent_kind(estimate: EstimateFacts) -> Literal["percent", "share"]:
    """What per cents are of: of the average area for averages of logarithms, else of the total."""
    return "percent" if is_log(estimate) and not estimate.in_total else "share"


def is_log(estimate: EstimateFacts) -> bool:
    """Whether the effect is a logarithm, so that it is said in per cent."""
    return estimate.overall is not None and estimate.overall.scale in ("log_points", "log_rate_ratio")


def span(quantity: Quantity) -> Span:
    """Where the interval lies: ``"below"`` or ``"above"`` zero, ``"across"``, or ``"point"``."""
    return round_percent(quantity.value, quantity.low, quantity.high).span


def ends(shown: Rounded) -> dict[str, Value]:
    """Ends of an interval on both sides of zero, without their signs."""
    low, high = (fixed(abs(end), shown.places) for end in shown.ends)
    return {"low": low, "high": high}


def outcome_words(facts: Facts, outcome: OutcomeFacts, quantity: Quantity) -> Value:
    """Name of an outcome, with what a difference on its own scale is a difference per.

    Parameters
    ----------
    facts
        Where the length of a period is named.
    outcome
        Any of its outcomes.
    quantity
        The difference; incidents are per area and period, rates per exposure and period.

    Returns
    -------
    Message or str
    """
    if quantity.scale not in ("incidents", "rate"):
        return outcome.label
    values: dict[str, Value] = {"outcome": outcome.label, "frequency": facts.design.frequency}
    return Message(f"outcome-per-{quantity.scale}", {**values, "per": quantity.per or 1})


def failed_gates(facts: Facts) -> list[Message]:
    """Say of every computation that did not pass its own check whether an answer rests on it.

    Parameters
    ----------
    facts
        The facts of an evaluation.

    Returns
    -------
    list of Message
    """
    return [
        Message(f"gate-failed-{'main' if main else 'beside'}", {"method": e.method, "outcome": o.label})
        for o in facts.outcomes
        for main, e in [(True, o.primary), *((False, other) for other in o.others)]
        if gate_failed(e)
    ]


def gate_failed(estimate: EstimateFacts) -> bool:
    """Whether the computation did not pass its own check."""
    return any(gate.verdict == "red" for gate in estimate.gates)


def small_base(outcome: OutcomeFacts) -> Message:
    """Why there are no percentages."""
    return Message("small-base", {"outcome": outcome.label})


def expected_note(outcome: OutcomeFacts) -> Message | None:
    """What was recorded, and what was expected without the programme."""
    if refusal(outcome) or outcome.observed is None or outcome.primary.expected is None:
        return None
    change = outcome.primary.change
    # To the step of the difference between the two, so that the three numbers agree.
    places = rounded("count", change).places if change is not None else 0
    # A straight line may lead below zero; incidents do not.
    expected = rounded_to(max(outcome.primary.expected, 0.0), places)
    shown = {"observed": round(outcome.observed), "expected": fixed(expected, places)}
    return Message("observed-and-expected", shown)


def likely_note(outcome: OutcomeFacts) -> Message | None:
    """What "likely between" means, said once."""
    if refusal(outcome):
        return None
    for _, quantity in quantities(outcome):
        if quantity.low is not None:
            level = rounded_to(100 * quantity.level, 1)
            values = {"level": int(level) if level == int(level) else level}
            return Message(f"likely-{quantity.kind}", values)
    return None


def probability(outcome: OutcomeFacts, estimate: EstimateFacts) -> Message | None:
    """Posterior probability of the direction found (of a fall if none is), where there is one."""
    fall = estimate.probability_of_fall
    if estimate.failed is not None or fall is None or too_few(outcome) is not None:
        return None
    rise = outcome.verdict.direction == "rise"
    chance = 1.0 - fall if rise else fall
    size = "below" if chance < 0.01 else "above" if chance > 0.99 else "within"
    said: dict[str, Value] = {"direction": "rise" if rise else "fall", "size": size, "outcome": outcome.label}
    return Message("probability", said | {"chance": round(100 * chance)})


def _disagree(outcome: OutcomeFacts) -> bool:
    """Whether number and per cent lie on different sides of zero, or one on both sides."""
    change, share = outcome.primary.change, percent(outcome)
    if change is None or share is None or not is_log(outcome.primary) or too_few(outcome) is not None:
        return False  # the share is computed from the number
    spans = {span(change), span(share)}
    return len(spans) == 2 and "point" not in spans
