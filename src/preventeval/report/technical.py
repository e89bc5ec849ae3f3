"""The technical report: everything that was done, found and decided, with all numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preventeval.report import design_words, lists, quantities, sentences, subgroups
from preventeval.report.chart_data import event_chart, forest_chart, line_chart, row_scale
from preventeval.report.charts import event_svg, forest_svg, lines_svg
from preventeval.report.dates import date_words
from preventeval.report.facts import (
    EffectRow,
    EstimateFacts,
    Facts,
    FamilyFacts,
    FindingFacts,
    OutcomeFacts,
    Quantity,
    SubgroupFacts,
)
from preventeval.report.numbers import decimals, rounded_to, write_number
from preventeval.report.page import fill
from preventeval.words import Message, Value, render

__all__ = ["technical_html"]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as the page shows it.

    Parameters
    ----------
    caption
        What it is a table of.
    columns
        Headings.
    rows
        Texts, one for each column; the first heads its row.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    """A chart as SVG, and what it shows."""

    title: str
    svg: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    """Everything about one outcome, ready for the page."""

    id: str
    outcome: OutcomeFacts
    title: Message
    refused: bool
    said: list[Message]
    estimand: list[Message]
    assumptions: list[Message]
    chart: _Figure | None
    forest: _Figure | None
    methods: _Table
    failed: list[tuple[str, str]]
    events: list[tuple[str, _Figure, _Table]]
    tables: list[_Table]
    groups: list[tuple[_Table, list[Message]]]
    checks: list[_Check]
    gates: _Table | None
    notes: list[tuple[str, Message]]
    options: _Table


@dataclass(frozen=True, slots=True)
class _Check:
    """One check, ready for the page."""

    question: Message
    finding: FindingFacts
    table: _Table | None
    note: Message | None = None


def technical_html(facts: Facts, language: str = "en") -> str:
    """Write the technical report.

    Parameters
    ----------
    facts
        The facts of an evaluation.
    language
        Language of the page.

    Returns
    -------
    str
        A self-contained HTML document.
    """
    every = [estimate for outcome in facts.outcomes for estimate in _estimates(outcome)]
    references = _once(sorted({reference for estimate in every for reference in estimate.references}))
    return fill(
        "technical.html.j2",
        language,
        facts=facts,
        title=Message("technical-title", {"programme": sentences.programme(facts)}),
        question=sentences.question(facts),
        headline=sentences.headline(facts),
        summary=_summary(facts, facts.primary),
        design=design_words.design(facts.design, facts.primary.primary.method),
        decisions=design_words.decisions(facts),
        starts=_starts(facts, language),
        data=design_words.data(facts),
        sections=[_section(outcome, facts, n, language) for n, outcome in enumerate(facts.outcomes)],
        family=None if facts.family is None else _family(facts.family, language),
        packages=_packages(facts, language),
        references=references,
        date=date_words(facts.created),
    )


def _summary(facts: Facts, outcome: OutcomeFacts) -> list[Message]:
    found = [
        sentences.direction_note(outcome),
        *sentences.hinges(facts, outcome),
        sentences.unclear_note(facts, outcome),
        *quantities.numbers(facts, outcome),
        quantities.expected_note(outcome),
        quantities.likely_note(outcome),
        *lists.beside(outcome),
    ]
    return [note for note in found if note is not None]


def _section(outcome: OutcomeFacts, facts: Facts, number: int, language: str) -> _Section:
    prefix = f"o{number}"
    chart, forest = line_chart(outcome, language), forest_chart(outcome, language)
    every = _estimates(outcome)
    return _Section(
        id=prefix,
        outcome=outcome,
        title=Message("technical-outcome", {"role": outcome.role, "outcome": outcome.label}),
        refused=quantities.refusal(outcome) is not None,
        # The summary has said it all of the primary outcome.
        said=[sentences.headline(facts, outcome), *_summary(facts, outcome)] if number else [],
        estimand=design_words.estimand(outcome, facts.design),
        assumptions=design_words.assumptions(outcome, facts.design),
        chart=None
        if chart is None
        else _Figure(chart.title, lines_svg(chart, f"{prefix}-lines"), chart.note),
        forest=_Figure(forest.title, forest_svg(forest, f"{prefix}-forest")) if forest is not None else None,
        methods=_methods(every, language),
        failed=[(estimate.method, estimate.failed) for estimate in every if estimate.failed is not None],
        events=_events(outcome, prefix, language),
        tables=_tables(outcome, language),
        groups=[
            (_by_group(groups, outcome, language), subgroups.test_notes(groups))
            for groups in outcome.subgroups
        ],
        checks=[_check(finding, outcome, language) for finding in outcome.findings],
        gates=_gates(every, language),
        notes=[(estimate.method, note.message) for estimate in every for note in estimate.notes],
        options=_options(every, language),
    )


def _once(references: Iterable[str]) -> list[str]:
    """References, of those with one DOI the first: journals' names are written in several ways."""
    by_doi: dict[str, str] = {}
    for reference in references:
        _, found, doi = reference.partition("https://doi.org/")
        by_doi.setdefault(doi.casefold() if found else reference, reference)
    return list(by_doi.values())


def _estimates(outcome: OutcomeFacts) -> list[EstimateFacts]:
    return [outcome.primary, *outcome.others]


def _methods(every: Sequence[EstimateFacts], language: str) -> _Table:
    """Every method that gave an estimate, with its numbers."""
    keys = (
        "label-method",
        "label-kind-of-interval",
        "label-scale",
        "label-effect",
        "label-percent",
        "label-change",
    )
    rows = []
    for estimate in every:
        own = estimate.overall
        if own is None:
            continue
        level = {"level": rounded_to(100 * own.level, 1), "kind": own.kind}
        interval = render(Message("label-interval", level), language)
        scale = render(Message("label-scale-name", {"scale": own.scale, "per": own.per or 1}), language)
        numbers = (own, estimate.percent, estimate.change)
        texts = [_interval(quantity, language) for quantity in numbers]
        rows.append((estimate.method, interval, scale, *texts))
    return _Table(_word("table-methods", language), tuple(_word(key, language) for key in keys), tuple(rows))


def _interval(quantity: Quantity | None, language: str) -> str:
    """A number and its interval, to three digits of the interval."""
    if quantity is None:
        return "–"
    ends = (quantity.low, quantity.high)
    wide = quantity.high - quantity.low if quantity.low is not None and quantity.high is not None else None
    places = decimals([wide or quantity.value], digits=3)
    value, low, high = (write_number(number, places, language) for number in (quantity.value, *ends))
    if wide is None:
        return value
    return render(Message("amount-range", {"value": value, "low": low, "high": high}), language)


def _events(outcome: OutcomeFacts, prefix: str, language: str) -> list[tuple[str, _Figure, _Table]]:
    """Name, chart and table of effects by event time, for every method that has them."""
    found = []
    for number, estimate in enumerate(_estimates(outcome)):
        chart = event_chart(outcome, estimate, language)
        if chart is not None:
            caption = _caption("technical-event", estimate, language)
            table = _effects(caption, "label-event-time", estimate, estimate.by_event_time, language)
            name = f"{prefix}-event{number}"
            note = _word("technical-few-units", language) if any(row.few for row in chart.rows) else ""
            title = f"{chart.title} ({estimate.method})"
            found.append((name, _Figure(title, event_svg(chart, name), note), table))
    return found


def _by_group(groups: SubgroupFacts, outcome: OutcomeFacts, language: str) -> _Table:
    """The effect in each group of a column, in the numbers that there are."""
    keys = ["label-group", "label-treated-units", "label-comparison-units"]
    keys += ["label-effect", "label-percent", "label-change"]
    rows = []
    for group in groups.groups:
        units = (write_number(number, 0, language) for number in (group.n_treated, group.n_comparison))
        numbers = (group.overall, None if group.small_base else group.percent, group.change)
        texts = [_interval(quantity, language) for quantity in numbers]
        rows.append((group.label, *units, *texts))
    own = outcome.primary.overall
    per = own.per if own is not None and own.per is not None else 1
    scale = Message("label-scale-name", {"scale": own.scale if own is not None else "value", "per": per})
    what = Message("technical-by-group", {"column": groups.column})
    parts: dict[str, Value] = {"what": what, "method": outcome.primary.method, "scale": scale}
    caption = render(Message("table-caption", parts), language)
    return _Table(caption, tuple(_word(key, language) for key in keys), tuple(rows))


def _family(family: FamilyFacts, language: str) -> tuple[Message, _Table]:
    """P-values of all outcomes, plain and adjusted for their number."""

    def text(p: float | None) -> str:
        small = p is not None and p < 0.0005
        return _word("label-p-below", language) if small else write_number(p, 3, language)

    rows = tuple((row.label, text(row.p_value), text(row.p_adjusted)) for row in family.rows)
    columns = tuple(_word(key, language) for key in ("label-outcome", "label-p-value", "label-p-adjusted"))
    said = Message("family-sentence", {"count": len(rows), "method": family.method})
    return said, _Table(_word("technical-family-table", language), columns, rows)


def _tables(outcome: OutcomeFacts, language: str) -> list[_Table]:
    """Effects by start and by unit, for every method that has them."""
    found = []
    for estimate in _estimates(outcome):
        kinds = (
            ("technical-cohort", "label-start", estimate.by_cohort),
            ("technical-units", "label-unit", estimate.by_unit),
        )
        for what, heading, rows in kinds:
            if rows:
                caption = _caption(what, estimate, language)
                found.append(_effects(caption, heading, estimate, rows, language))
    return found


def _caption(what: str, estimate: EstimateFacts, language: str) -> str:
    per = estimate.overall.per if estimate.overall is not None else None
    scale = Message("label-scale-name", {"scale": row_scale(estimate), "per": per or 1})
    parts: dict[str, Value] = {"what": Message(what), "method": estimate.method, "scale": scale}
    return render(Message("table-caption", parts), language)


def _effects(
    caption: str, heading: str, estimate: EstimateFacts, rows: Sequence[EffectRow], language: str
) -> _Table:
    widths = [row.high - row.low for row in rows if row.low is not None and row.high is not None]
    places = decimals([min(widths, default=0.0) or rows[0].value], digits=3)
    own = estimate.overall
    level = {
        "level": rounded_to(100 * own.level, 1) if own else 95,
        "kind": own.kind if own else "confidence",
    }
    banded = any(row.band_low is not None for row in rows)
    columns = [_word(heading, language), _word("label-effect", language)]
    columns.append(render(Message("label-interval", level), language))
    columns += [_word("label-band", language)] if banded else []
    counted = any(row.units is not None for row in rows)
    columns += [_word("label-units-behind", language)] if counted else []

    def span(low: float | None, high: float | None, row: EffectRow) -> str:
        if row.reference:
            return _word("label-reference", language)
        if low is None or high is None:
            return "–"
        ends = {"low": write_number(low, places, language), "high": write_number(high, places, language)}
        return render(Message("label-range", ends), language)

    texts = [
        (
            _label(row, heading, language),
            write_number(row.value, places, language),
            span(row.low, row.high, row),
        )
        + ((span(row.band_low, row.band_high, row),) if banded else ())
        + ((write_number(row.units or 0, 0, language),) if counted else ())
        for row in rows
    ]
    return _Table(caption, tuple(columns), tuple(texts))


def _label(row: EffectRow, heading: str, language: str) -> str:
    return write_number(int(row.label), 0, language) if heading == "label-event-time" else row.label


def _check(finding: FindingFacts, outcome: OutcomeFacts, language: str) -> _Check:
    question = design_words.check_question(finding.check)
    if not finding.rows:
        return _Check(question, finding, None)
    own = outcome.primary.overall
    per = own.per if own is not None and own.per is not None else 1
    columns = [
        _column(name, values, per, language)
        for name, values in zip(finding.columns, zip(*finding.rows, strict=True), strict=True)
    ]
    headings = tuple(render(Message("label-column", {"column": name}), language) for name in finding.columns)
    rows = tuple(zip(*columns, strict=True))
    note = Message("check-note-pre-trends") if finding.check == "pre_trends" else None
    return _Check(question, finding, _Table(render(question, language), headings, rows), note)


def _column(
    name: str, values: Sequence[str | float | int | None], per: float, language: str
) -> tuple[str, ...]:
    """A column of a table that a check gives: whole numbers whole, others to four digits."""
    numbers = [value for value in values if isinstance(value, int | float)]
    whole = all(float(value).is_integer() for value in numbers)
    places = 0 if whole else max(4, decimals(numbers, 3))

    def cell(value: str | float | int | None) -> str:
        if not isinstance(value, str):
            return write_number(value, places, language)
        if name == "scale":
            return render(Message("label-scale-name", {"scale": value, "per": per}), language)
        return render(Message("label-yes-no", {"answer": value}), language) if name == "tested" else value

    return tuple(map(cell, values))


def _gates(every: Iterable[EstimateFacts], language: str) -> _Table | None:
    keys = ("label-method", "label-gate", "label-verdict", "label-value", "label-limit")
    rows = [
        (
            estimate.method,
            gate.name,
            render(Message("label-gate-verdict", {"verdict": gate.verdict}), language),
            write_number(gate.value, decimals([gate.value], 4), language),
            write_number(gate.limit, decimals([gate.limit], 3), language),
        )
        for estimate in every
        for gate in estimate.gates
    ]
    columns = tuple(_word(key, language) for key in keys)
    return _Table(_word("technical-gates", language), columns, tuple(rows)) if rows else None


def _options(every: Iterable[EstimateFacts], language: str) -> _Table:
    """Options of every method and the numbers about its fit, as they are called in code."""
    rows: list[tuple[str, ...]] = []
    for estimate in every:
        for kind, pairs in (("label-option", estimate.options), ("label-diagnostic", estimate.diagnostics)):
            for name, value in pairs.items():
                text = render(Message("label-option-value", {"value": f"{value}"}), language)
                rows.append((estimate.method, _word(kind, language), name, text))
    keys = ("label-method", "label-kind", "label-name", "label-value")
    return _Table(
        _word("technical-options", language), tuple(_word(key, language) for key in keys), tuple(rows)
    )


def _starts(facts: Facts, language: str) -> _Table:
    rows = tuple(
        (start.label, write_number(start.count, 0, language), ", ".join(start.units))
        for start in facts.design.starts
    )
    columns = tuple(_word(key, language) for key in ("label-start", "label-count", "label-units"))
    return _Table(_word("technical-starts", language), columns, rows)


def _packages(facts: Facts, language: str) -> _Table:
    rows = [("preventeval", facts.reproduce.version), ("Python", facts.reproduce.python)]
    rows += sorted(facts.reproduce.packages.items())
    columns = (_word("label-package", language), _word("label-version", language))
    return _Table(_word("technical-software", language), columns, tuple(rows))


def _word(key: str, language: str) -> str:
    return render(Message(key), language)
