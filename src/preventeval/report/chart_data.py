"""What charts show, prepared once: pages draw it as SVG, notebooks with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from preventeval.report.facts import EffectRow, EstimateFacts, OutcomeFacts
from preventeval.report.numbers import decimals, write_number
from preventeval.report.quantities import expected_note, rounded, too_few
from preventeval.words import Message, Value, render

__all__ = [
    "BarChart",
    "EventChart",
    "ForestChart",
    "ForestRow",
    "LineChart",
    "bar_chart",
    "event_chart",
    "forest_chart",
    "line_chart",
    "row_scale",
    "rows_chart",
    "rows_forest",
]

type Line = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Observed and expected values by period.

    Parameters
    ----------
    title, description
        What a reader sees above it, and what a reader who does not see it is told.
    labels
        ISO labels of the periods, shape (T,).
    observed, expected, low, high
        Values by period, shape (T,); None where there is none.
    starts
        Position among the labels and number of units, for every start.
    from_zero
        Whether the vertical axis has to begin at zero.
    note
        What a reader has to know about the lines; empty where there is nothing.
    """

    title: str
    description: str
    labels: tuple[str, ...]
    observed: Line
    expected: Line
    low: Line
    high: Line
    starts: tuple[tuple[int, int], ...]
    from_zero: bool
    observed_label: str
    expected_label: str
    starts_label: str
    language: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class EventChart:
    """Effects by time since the start, with intervals and a simultaneous band.

    Parameters
    ----------
    title, description
        What a reader sees above it, and what a reader who does not see it is told.
    times
        Event times, shape (k,), ascending.
    rows
        Effects with their intervals, shape (k,).
    x_label, y_label
        Names of the axes.
    null
        Effect that means no change.
    """

    title: str
    description: str
    times: tuple[int, ...]
    rows: tuple[EffectRow, ...]
    x_label: str
    y_label: str
    null: float
    language: str


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One estimate of a forest: what it is, the number and its interval.

    Parameters
    ----------
    label
        What was estimated, or by which method.
    value, low, high
        The estimate and its interval.
    main
        Whether the answer rests on it.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    main: bool


@dataclass(frozen=True, slots=True)
class ForestChart:
    """Estimates one below the other on one scale.

    Parameters
    ----------
    title, description
        What a reader sees above it, and what a reader who does not see it is told.
    rows
        The estimates, from the top.
    x_label
        Name of the scale.
    null
        Value that means no change.
    null_label
        What the line at that value is called.
    """

    title: str
    description: str
    rows: tuple[ForestRow, ...]
    x_label: str
    null: float
    null_label: str
    language: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Incidents recorded beside those expected, drawn to the interval.

    Parameters
    ----------
    title, description
        What a reader sees above it, and what a reader who does not see it is told.
    observed, expected
        Incidents.
    low, high
        Interval of what was expected; None where there is none.
    """

    title: str
    description: str
    observed: float
    expected: float
    low: float | None
    high: float | None
    places: int
    observed_label: str
    expected_label: str
    range_label: str
    language: str


def row_scale(estimate: EstimateFacts) -> str:
    """Scale of an estimate's rows: logarithmic effects are kept in per cent."""
    own = estimate.overall.scale if estimate.overall is not None else "value"
    return "percent" if own in ("log_points", "log_rate_ratio") else own


def line_chart(outcome: OutcomeFacts, language: str = "en") -> LineChart | None:
    """Observed and expected values of the treated units.

    Parameters
    ----------
    outcome
        Any outcome.
    language
        Language of the words in the chart.

    Returns
    -------
    LineChart or None
        None where there is no series.
    """
    series = outcome.series
    if series is None:
        return None
    # A straight line may lead below zero; incidents do not.
    floor = 0.0 if outcome.counted and outcome.measure != "value" else -math.inf
    # An interval that says nothing is not drawn either.
    unknown: list[float | None] = [None] * len(series.labels)
    few = too_few(outcome) is not None
    ranges = (unknown, unknown) if few else (series.expected_low, series.expected_high)
    expected, low, high = (
        tuple(None if value is None else max(value, floor) for value in line)
        for line in (series.expected, *ranges)
    )
    last_observed, last_expected = series.observed[-1], expected[-1]
    ends = {"first": series.labels[0], "last": series.labels[-1]}
    description = Message("chart-observed-desc-plain", ends)
    if last_observed is not None and last_expected is not None and series.unit == "incidents":
        numbers = {"observed": round(last_observed), "expected": round(last_expected)}
        description = Message("chart-observed-desc", {**ends, **numbers})
    return LineChart(
        title=render(Message(f"chart-observed-title-{series.unit}", {"outcome": outcome.label}), language),
        description=render(description, language),
        labels=tuple(series.labels),
        observed=tuple(series.observed),
        expected=expected,
        low=low,
        high=high,
        starts=tuple(zip(series.starts, series.starts_count, strict=True)),
        from_zero=series.unit == "incidents",
        observed_label=render(
            Message("label-observed" if series.unit == "incidents" else "label-observed-mean"), language
        ),
        expected_label=render(Message("label-expected"), language),
        starts_label=render(Message("chart-starts"), language),
        language=language,
        note=render(Message("chart-gaps"), language) if series.gaps else "",
    )


def event_chart(outcome: OutcomeFacts, estimate: EstimateFacts, language: str = "en") -> EventChart | None:
    """Effects of one method by time since the start.

    Parameters
    ----------
    outcome
        What the effects are on.
    estimate
        One of its estimates.
    language
        Language of the words in the chart.

    Returns
    -------
    EventChart or None
        None where the method gives no such effects.
    """
    if not estimate.by_event_time:
        return None
    per = estimate.overall.per if estimate.overall is not None else None
    return rows_chart(estimate.by_event_time, outcome.label, row_scale(estimate), per, language)


def rows_chart(
    rows: Sequence[EffectRow], label: str, scale: str, per: float | None, language: str = "en"
) -> EventChart:
    """Effects by time since the start, from their rows.

    Parameters
    ----------
    rows
        Effects, labelled by event time.
    label
        Plural noun for the outcome.
    scale, per
        What the effects measure, as in Facts.
    language
        Language of the words in the chart.

    Returns
    -------
    EventChart
    """
    ordered = sorted(rows, key=lambda row: int(row.label))
    last = ordered[-1]
    places = decimals([row.value for row in ordered])
    about = {"value": write_number(last.value, places, language)}
    return EventChart(
        title=render(Message("chart-event-title", {"outcome": label}), language),
        description=render(Message("chart-event-desc", about), language),
        times=tuple(int(row.label) for row in ordered),
        rows=tuple(ordered),
        x_label=render(Message("chart-event-x"), language),
        y_label=render(Message("chart-scale", {"scale": scale, "per": per or 1}), language),
        null=1.0 if scale == "rate_ratio" else 0.0,
        language=language,
    )


def forest_chart(outcome: OutcomeFacts, language: str = "en") -> ForestChart | None:
    """Every method side by side, and the main one with its starts dated otherwise.

    Parameters
    ----------
    outcome
        Any outcome.
    language
        Language of the words in the chart.

    Returns
    -------
    ForestChart or None
        None where there are not two estimates on one scale.
    """
    fitted = [e for e in (outcome.primary, *outcome.others) if e.failed is None and e.overall is not None]
    in_percent = all(estimate.percent is not None for estimate in fitted)
    shown = {e.method: e.percent if in_percent else e.overall for e in fitted}
    scales = {quantity.scale: quantity.per for quantity in shown.values() if quantity is not None}
    rows = [
        ForestRow(method, quantity.value, quantity.low, quantity.high, method == outcome.primary.method)
        for method, quantity in shown.items()
        if quantity is not None
    ]
    rows[1:1] = _rows_moved(outcome, language) if in_percent else []
    if len(rows) < 2 or len(scales) != 1:
        return None
    scale, per = next(iter(scales.items()))
    return rows_forest(rows, outcome.label, scale, per, language)


def rows_forest(
    rows: Sequence[ForestRow], label: str, scale: str, per: float | None, language: str = "en"
) -> ForestChart:
    """Estimates one below the other, from their rows.

    Parameters
    ----------
    rows
        The estimates, all on one scale.
    label
        Plural noun for the outcome.
    scale, per
        What the estimates measure, as in Facts.
    language
        Language of the words in the chart.

    Returns
    -------
    ForestChart
    """
    return ForestChart(
        title=render(Message("chart-forest-title", {"outcome": label}), language),
        description=render(Message("chart-forest-desc", {"count": len(rows)}), language),
        rows=tuple(rows),
        x_label=render(Message("chart-scale", {"scale": scale, "per": per or 1}), language),
        null=1.0 if scale == "rate_ratio" else 0.0,
        null_label=render(Message("chart-no-change"), language),
        language=language,
    )


def _rows_moved(outcome: OutcomeFacts, language: str) -> list[ForestRow]:
    """The main method with its starts dated otherwise, in per cent; from what the check found."""
    found = next((f for f in outcome.findings if f.check == "start_date" and f.rows), None)
    logarithmic = outcome.primary.overall is not None and outcome.primary.overall.scale.startswith("log_")
    if found is None or not logarithmic:
        return []
    rows = []
    for row in found.rows:
        values = dict(zip(found.columns, row, strict=True))
        numbers = [values[name] for name in ("starts_moved_by", "estimate", "conf_low", "conf_high")]
        moved, *ends = [math.nan if number is None else float(number) for number in numbers]
        if moved and all(map(math.isfinite, ends)):
            later = {"direction": "later" if moved > 0 else "earlier", "method": outcome.primary.method}
            label = render(Message("chart-moved", {**found.sentence.message.values, **later}), language)
            value, low, high = (100 * math.expm1(end) for end in ends)
            rows.append(ForestRow(label, value, low, high, main=False))
    return rows


def bar_chart(outcome: OutcomeFacts, language: str = "en") -> BarChart | None:
    """Incidents recorded beside those expected.

    Parameters
    ----------
    outcome
        Any outcome.
    language
        Language of the words in the chart.

    Returns
    -------
    BarChart or None
        None where there are no incidents, or no answer.
    """
    estimate = outcome.primary
    if expected_note(outcome) is None or outcome.observed is None or estimate.expected is None:
        return None
    change, low, high, places = estimate.change, None, None, 0
    if change is not None:
        places = rounded("count", change).places
        if change.low is not None and change.high is not None and too_few(outcome) is None:
            ends = (outcome.observed - change.high, outcome.observed - change.low)
            low, high = (max(end, 0.0) for end in ends)
    expected = max(estimate.expected, 0.0)
    values: dict[str, Value] = {
        "observed": round(outcome.observed),
        "expected": write_number(expected, places, language),
        "low": write_number(low, places, language),
        "high": write_number(high, places, language),
    }
    key = "chart-bars-desc" if low is None else "chart-bars-desc-range"
    return BarChart(
        title=render(Message("chart-bars-title", {"outcome": outcome.label}), language),
        description=render(Message(key, values), language),
        observed=outcome.observed,
        expected=expected,
        low=low,
        high=high,
        places=places,
        range_label="" if low is None else render(Message("chart-range", values), language),
        observed_label=render(Message("label-observed"), language),
        expected_label=render(Message("label-expected"), language),
        language=language,
    )
