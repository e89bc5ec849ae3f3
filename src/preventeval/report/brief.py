"""The brief: one to two pages for those who run or pay for a programme."""

from __future__ import annotations

from dataclasses import dataclass

from preventeval.report import lists, quantities, sentences, subgroups
from preventeval.report.chart_data import LineChart, bar_chart, line_chart
from preventeval.report.charts import bars_svg, lines_svg
from preventeval.report.dates import date_words, period_words
from preventeval.report.facts import Facts, OutcomeFacts
from preventeval.report.numbers import decimals, write_number
from preventeval.report.page import fill
from preventeval.words import Message, Value

__all__ = ["brief_html"]


#: Headings of the columns of secondary outcomes, in their order.
_HEADINGS: dict[quantities.Kind, str] = {
    "count": "label-incidents-range",
    "share": "label-share-range",
    "percent": "label-percent-range",
    "value": "label-value-range",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One secondary outcome; a number that there is none of is None."""

    label: Value
    answer: Message
    amounts: list[Message | None]


def brief_html(facts: Facts, language: str = "en") -> str:
    """Write the brief.

    Parameters
    ----------
    facts
        The facts of an evaluation.
    language
        Language of the page.

    Returns
    -------
    str
        A self-contained HTML document; prints on one to two A4 pages.
    """
    outcome = facts.primary
    chart = None if quantities.refusal(outcome) else line_chart(outcome, language)
    bars = bar_chart(outcome, language)
    headings, secondary = _secondary(facts)
    return fill(
        "brief.html.j2",
        language,
        facts=facts,
        outcome=outcome,
        title=Message("brief-title", {"programme": sentences.programme(facts)}),
        question=sentences.question(facts),
        headline=sentences.headline(facts),
        notes=_notes(facts, outcome),
        unwanted=outcome.verdict.wanted is False and not quantities.refusal(outcome),
        refused=quantities.refusal(outcome) is not None,
        numbers=_numbers(facts, outcome),
        likely=quantities.likely_note(outcome),
        bars=bars_svg(bars, "bars") if bars is not None else "",
        chart=chart,
        drawn=lines_svg(chart, "lines") if chart is not None else "",
        table=_behind(chart) if chart is not None else [],
        ranged=chart is not None and any(low is not None for low in chart.low),
        groups=subgroups.by_group(outcome),
        headings=headings,
        secondary=secondary,
        averaged="label-percent-range" in headings,
        said=lists.can_and_cannot(facts),
        certainty=sentences.certainty(outcome),
        reasons=[*lists.reasons(outcome), *lists.beside(outcome)],
        raises=lists.raise_certainty(outcome),
        steps=lists.next_steps(facts),
        look=lists.next_look(facts),
        short=_short_design(facts),
        date=date_words(facts.created),
    )


def _notes(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    """What stands right below the headline: harm first, then what the answer hangs on."""
    found = [
        sentences.direction_note(outcome),
        *sentences.unwanted_others(facts),
        *sentences.hinges(facts, outcome),
        sentences.unclear_note(facts, outcome),
    ]
    return [note for note in found if note is not None]


def _numbers(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    chance = None if quantities.refusal(outcome) else quantities.probability(outcome, outcome.primary)
    return [*quantities.numbers(facts, outcome), *([] if chance is None else [chance])]


def _secondary(facts: Facts) -> tuple[list[str], list[_Row]]:
    """Headings of the numbers that there are, and a row for each outcome."""
    outcomes = facts.outcomes[1:]
    given = [quantities.amounts(outcome) for outcome in outcomes]
    kinds = [kind for kind in _HEADINGS if any(kind in amounts for amounts in given)]
    rows = [
        _Row(_label(facts, outcome), sentences.answer(outcome), [amounts.get(kind) for kind in kinds])
        for outcome, amounts in zip(outcomes, given, strict=True)
    ]
    return [_HEADINGS[kind] for kind in kinds], rows


def _label(facts: Facts, outcome: OutcomeFacts) -> Value:
    """Name of an outcome; with what its number is per, where that is on the outcome's own scale."""
    shown = dict(quantities.quantities(outcome))
    return quantities.outcome_words(facts, outcome, shown["value"]) if "value" in shown else outcome.label


def _behind(chart: LineChart) -> list[tuple[str, str, str, str, str]]:
    """The numbers behind the chart: period, observed, expected and its interval."""
    places = decimals([*chart.observed, *chart.expected], digits=3)
    expected = (chart.expected, chart.low, chart.high)
    whole = all(value is None or float(value).is_integer() for value in chart.observed)
    lines = ((chart.observed, 0 if whole else places), *((line, places) for line in expected))
    return [
        (label, *(write_number(line[t], digits, chart.language) for line, digits in lines))  # type: ignore[misc]
        for t, label in enumerate(chart.labels)
    ]


def _short_design(facts: Facts) -> Message:
    design = facts.design
    return Message(
        "short-design-last" if design.comparison == "last_treated" else "short-design",
        {
            "treated": design.n_treated,
            "comparison": design.n_comparison,
            "units": design.n_units,
            "unit": design.unit,
            "named": "no" if design.unit.casefold() == "area" else "yes",
            "first": period_words(design.first, design.frequency),
            "last": period_words(design.last, design.frequency),
        },
    )
