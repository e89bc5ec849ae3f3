"""The numbers of an outcome in words: how many, how much in per cent, how sure.

Incidents come first and per cents second; there are no percentages of fewer than 30
expected incidents, and none of an outcome that has no answer.
"""

from __future__ import annotations

from typing import Literal

from preventeval.report.dates import period_words
from preventeval.report.facts import EstimateFacts, Facts, OutcomeFacts, Quantity
from preventeval.report.numbers import Rounded, Span, round_count, round_percent, round_value, rounded_to
from preventeval.words import Message, Value

__all__ = [
    "Kind",
    "amount",
    "amounts",
    "ends",
    "expected_note",
    "is_log",
    "likely_note",
    "number",
    "numbers",
    "percent",
    "probability",
    "quantities",
    "refusal",
    "rounded",
    "rounded_as",
    "small_base",
    "span",
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
    return "gate" if any(gate.verdict == "red" for gate in outcome.primary.gates) else None


def quantities(outcome: OutcomeFacts) -> list[tuple[Kind, Quantity]]:
    """The numbers that a brief gives, in its order."""
    change, share, own = outcome.primary.change, percent(outcome), outcome.primary.overall
    found: list[tuple[Kind, Quantity]] = []
    if change is not None:
        found.append(("count", change))
    if share is not None:
        found.append(("percent" if is_log(outcome.primary) else "share", share))
    if not found and own is not None and own.scale in ("incidents", "rate", "value"):
        found.append(("value", own))
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
        said.append(Message("count-and-percent-differ"))
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
    values: dict[str, Value] = {"outcome": outcome.label, "size": shown.size}
    if kind == "count":
        when = facts.design
        values["since"] = period_words(when.starts[0].label, when.frequency)
        values["until"] = period_words(when.last, when.frequency)
    if shown.span in ("below", "above"):
        values |= {"nearer": shown.nearer, "farther": shown.farther}
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
        return Message(f"amount-{kind}", {"size": abs(value), "side": "fewer" if value < 0 else "more"})

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


def is_log(estimate: EstimateFacts) -> bool:
    """Whether the effect is an average of logarithms, so that per cents are of the average area."""
    return estimate.overall is not None and estimate.overall.scale in ("log_points", "log_rate_ratio")


def span(quantity: Quantity) -> Span:
    """Where the interval lies: ``"below"`` or ``"above"`` zero, ``"across"``, or ``"point"``."""
    return round_percent(quantity.value, quantity.low, quantity.high).span


def ends(shown: Rounded) -> dict[str, Value]:
    """Ends of an interval on both sides of zero, without their signs."""
    low, high = shown.ends
    return {"low": abs(low), "high": abs(high)}


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
    expected = rounded_to(outcome.primary.expected, places)
    return Message("observed-and-expected", {"observed": round(outcome.observed), "expected": expected})


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
    if estimate.failed is not None or fall is None:
        return None
    rise = outcome.verdict.direction == "rise"
    chance = 1.0 - fall if rise else fall
    size = "below" if chance < 0.01 else "above" if chance > 0.99 else "within"
    said: dict[str, Value] = {"direction": "rise" if rise else "fall", "size": size, "outcome": outcome.label}
    return Message("probability", said | {"chance": round(100 * chance)})


def _disagree(outcome: OutcomeFacts) -> bool:
    """Whether total and average area lie on different sides of zero, or one on both sides."""
    change, share = outcome.primary.change, percent(outcome)
    return change is not None and share is not None and span(change) != span(share)
