"""The design in words: who was compared with whom, what is estimated, on what it rests."""

from __future__ import annotations

from preventeval.report.dates import period_words
from preventeval.report.facts import DesignFacts, EstimateFacts, Facts, OutcomeFacts
from preventeval.words import Message, Value

__all__ = [
    "assumptions",
    "check_question",
    "comparison",
    "counted",
    "data",
    "decisions",
    "design",
    "estimand",
]


def comparison(method: str, named: str, *, staggered: bool) -> Message | None:
    """Whom a method compares with, where it does not go by the comparison that the design names.

    Parameters
    ----------
    method
        Name of the method.
    named
        The comparison of the design.
    staggered
        Whether there are several starts.

    Returns
    -------
    Message or None
        None where it does what the design says.
    """
    if method == "TwoWayFixedEffects":
        return Message("note-twfe-comparison")
    if method == "SunAbraham" and named == "not_yet_treated" and staggered:
        return Message("note-sunab-comparison")
    if method == "HierarchicalCounts" and named == "never_treated":
        return Message("note-hierarchical-comparison")
    return None


def decisions(facts: Facts) -> list[Message]:
    """What was decided when the design was made, as far as the main method goes by it.

    Methods for counts take incidents and exposure, and not the rates that the design offers.
    """
    own = facts.primary.primary.overall
    counts = own is not None and own.scale in ("log_rate_ratio", "rate_ratio")
    return [counted(note.message) if counts else note.message for note in facts.design.notes]


def counted(note: Message) -> Message:
    """A note of the design as it is for a method that takes incidents and exposure."""
    chosen = note.key == "note-measure-chosen" and note.values["measure"] == "rate"
    return Message("note-measure-counts", {"outcome": note.values["outcome"]}) if chosen else note


def design(facts: DesignFacts, method: str) -> list[Message]:
    """Say who was compared with whom, and when.

    Parameters
    ----------
    facts
        The design.
    method
        The method whose comparison is told.

    Returns
    -------
    list of Message
    """

    def when(label: str) -> Value:
        return period_words(label, facts.frequency)

    compared: dict[str, Value] = {
        "treated": facts.n_treated,
        "units": facts.n_units,
        "unit": facts.unit,
        "first": when(facts.first),
        "last": when(facts.last),
        "periods": facts.n_periods,
        "cells": facts.n_treated_cells,
        "comparison": facts.comparison,
        "named": "no" if facts.unit.casefold() == "unit" else "yes",
    }
    said = [Message("design-compared", compared)]
    if facts.starts:
        ends = {"first": when(facts.starts[0].label), "last": when(facts.starts[-1].label)}
        said.append(Message("design-starts", {"kinds": len(facts.starts), **ends}))
    group = Message(f"design-{facts.comparison.replace('_', '-')}", {"count": facts.n_comparison})
    said.append(comparison(method, facts.comparison, staggered=len(facts.starts) > 1) or group)
    if facts.anticipation:
        said.append(Message("design-anticipation", {"count": facts.anticipation}))
    if facts.cluster is None or facts.cluster == facts.unit:
        said.append(Message("design-clusters-unit", {"count": facts.n_clusters}))
    else:
        said.append(Message("design-clusters", {"count": facts.n_clusters, "cluster": facts.cluster}))
    if facts.covariates:
        said.append(Message("design-covariates", {"names": ", ".join(facts.covariates)}))
    if facts.weighted:
        said.append(Message("design-weighted"))
    return said


def estimand(outcome: OutcomeFacts, design_facts: DesignFacts) -> list[Message]:
    """Say what the number is a number of.

    Parameters
    ----------
    outcome
        Any outcome.
    design_facts
        The design behind it.

    Returns
    -------
    list of Message
        Empty where there is no estimate.
    """
    own = outcome.primary.overall
    if own is None:
        return []
    logarithmic = own.scale in ("log_points", "log_rate_ratio", "rate_ratio", "percent")
    key = "estimand-percent" if logarithmic else f"estimand-{own.scale}"
    said = [Message(key, {"outcome": outcome.label, "per": own.per or 1})]
    if outcome.primary.in_total:
        said = [Message("estimand-percent-total", {"outcome": outcome.label})]
    else:
        said.append(Message("estimand-weights", {"weighted": "yes" if design_facts.weighted else "no"}))
        if outcome.primary.change is not None:
            said.append(Message("estimand-total"))
    if outcome.unestimated:
        cells = {"count": outcome.unestimated, "total": design_facts.n_treated_cells}
        said.append(Message("estimand-unestimated", cells))
    return said


def assumptions(outcome: OutcomeFacts, design_facts: DesignFacts) -> list[Message]:
    """Say what has to be true for the number to be the programme's doing.

    Parameters
    ----------
    outcome
        Any outcome.
    design_facts
        The design behind it.

    Returns
    -------
    list of Message
    """
    own = outcome.primary.overall
    ratios = own is not None and own.scale in ("log_rate_ratio", "rate_ratio")
    said = [Message("assume-parallel", {"measure": "log" if ratios else outcome.measure})]
    if design_facts.covariates:
        said.append(Message("assume-parallel-covariates", {"names": ", ".join(design_facts.covariates)}))
    said.append(Message("assume-anticipation", {"count": design_facts.anticipation}))
    said.append(Message("assume-spillover"))
    if outcome.counted:
        said.append(Message("assume-recording"))
    every: list[EstimateFacts] = [outcome.primary, *outcome.others]
    if any(estimate.school == "model_based" for estimate in every):
        said.append(Message("assume-model"))
    return said


def data(facts: Facts) -> list[Message]:
    """Say what the data hold, and what intake found in the records."""
    cells = Message("data-cells", {"cells": facts.data.n_cells, "missing": facts.data.n_missing})
    return [cells, *(sentence.message for sentence in facts.data.statement)]


def check_question(check: str) -> Message:
    """What a check asks."""
    return Message(f"question-{check.replace('_', '-')}")
