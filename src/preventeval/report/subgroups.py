"""Subgroups in words: one sentence for a brief, and what a technical report says of the test."""

from __future__ import annotations

from functools import reduce

from preventeval.report.facts import GroupFacts, OutcomeFacts, Quantity, SubgroupFacts
from preventeval.report.numbers import fixed
from preventeval.report.quantities import Kind, ends, percent_kind, refusal, rounded
from preventeval.words import Message, Value

__all__ = ["by_group", "test_notes"]


def by_group(outcome: OutcomeFacts) -> list[Message]:
    """The effect in each group and whether groups differ: one sentence for each declared column.

    Parameters
    ----------
    outcome
        Any outcome.

    Returns
    -------
    list of Message
        Empty where there is no answer: groups are no way round it.
    """
    return [] if refusal(outcome) else [_sentence(outcome, groups) for groups in outcome.subgroups]


def test_notes(groups: SubgroupFacts) -> list[Message]:
    """What a technical report says below the table of groups.

    Parameters
    ----------
    groups
        Effects by a column.

    Returns
    -------
    list of Message
    """
    said = [Message("subgroup-apart")]
    for group in groups.groups:
        if group.failed:
            values = {"group": group.label, "reason": group.failed}
            said.append(Message("note-group-left-out", values))
        said += [Message("note-in-group", {"group": group.label, "note": n.message}) for n in group.notes]
    few = [group.label for group in groups.groups if group.few]
    if few:
        said.append(Message("subgroup-few", {"groups": ", ".join(few)}))
    if groups.p_value is not None:
        size = "below" if groups.p_value < 0.0005 else "within"
        p: dict[str, Value] = {"p": fixed(groups.p_value, 3), "size": size}
        return [*said, Message("subgroup-tested", {**p, "differ": groups.differ})]
    if groups.reason:
        return [*said, Message("subgroup-untested", {"reason": groups.reason, "differ": groups.differ})]
    return [*said, Message("subgroup-differ", {"differ": groups.differ})]


def _sentence(outcome: OutcomeFacts, groups: SubgroupFacts) -> Message:
    if all(_number(outcome, group) is None for group in groups.groups):
        return Message("subgroup-sentence-none", {"column": groups.column})
    each = [_effect(outcome, group) for group in groups.groups]
    listed = reduce(lambda rest, one: Message("subgroup-list", {"first": one, "rest": rest}), each[::-1])
    values: dict[str, Value] = {"outcome": outcome.label, "column": groups.column, "differ": groups.differ}
    return Message("subgroup-sentence", {**values, "groups": listed})


def _number(outcome: OutcomeFacts, group: GroupFacts) -> tuple[Kind, Quantity] | None:
    """The one number of a group: per cent, unless so few were expected that it would mislead.

    None where there is none, and where too few areas had the programme for it to mean anything.
    """
    if group.few:
        return None
    if group.percent is not None and not group.small_base:
        return percent_kind(outcome.primary), group.percent
    if group.change is not None:
        return "count", group.change
    own = group.overall
    return ("value", own) if own is not None and own.scale in ("incidents", "rate", "value") else None


def _effect(outcome: OutcomeFacts, group: GroupFacts) -> Message:
    """The effect in one group, to stand in a list."""
    found = _number(outcome, group)
    if found is None:
        return Message("subgroup-few-areas" if group.few else "subgroup-none", {"group": group.label})
    kind, quantity = found
    shown = rounded(kind, quantity)
    values: dict[str, Value] = {
        "group": group.label,
        "kind": kind,
        "size": fixed(shown.size, shown.places),
        "side": "fewer" if shown.value < 0 else "more",
    }
    if shown.span == "across":
        even = shown.value == 0
        return Message(f"subgroup-{'even' if even else 'across'}", {**values, **ends(shown)})
    if shown.span != "point":
        near, far = fixed(shown.nearer, shown.places), fixed(shown.farther, shown.places)
        values |= {"nearer": near, "farther": far}
    return Message(f"subgroup-{shown.span}", values)
