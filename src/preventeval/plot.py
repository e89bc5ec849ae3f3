"""The charts of the reports in matplotlib, for notebooks.

Every function draws on the Axes it is given, or on those of a new figure, and returns
them. None shows a figure or changes a setting of matplotlib.

Examples
--------
>>> import preventeval as pe
>>> estimate = pe.CallawaySantAnna().fit(pe.example_design())
>>> axes = pe.plot.event_study(estimate)
>>> axes.get_xlabel()
'Periods since the start of the programme'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from preventeval.errors import OutputError
from preventeval.estimate import EffectEstimate
from preventeval.report import EffectRow, Facts, OutcomeFacts
from preventeval.report.chart_data import (
    EventChart,
    ForestChart,
    ForestRow,
    event_chart,
    forest_chart,
    line_chart,
    rows_chart,
    rows_forest,
)
from preventeval.report.charts import thinned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["event_study", "forest", "observed_expected"]

_DARK, _ACCENT, _BAND, _TEXT = "#12436d", "#801650", "#e6d0dc", "#2b2f33"


def event_study(
    source: EffectEstimate | OutcomeFacts | Facts, ax: Axes | None = None, *, level: float = 0.95
) -> Axes:
    """Draw effects by time since the start, with intervals and a simultaneous band.

    Parameters
    ----------
    source
        An estimate; or saved Facts, of which the main method and the primary outcome are
        drawn.
    ax
        Where to draw; a new figure if left out.
    level
        Probability of the intervals. Facts carry their own.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes that were drawn on.

    Raises
    ------
    OutputError
        There are no effects by time since the start.
    """
    chart = _event_chart(source, level)
    ax = _axes(ax)
    times = np.array(chart.times, dtype=float)
    band = np.array([_ends(row.band_low, row.band_high, row) for row in chart.rows])
    if np.isfinite(band).any():
        ax.fill_between(times, band[:, 0], band[:, 1], color=_BAND, linewidth=0)
    ax.axhline(chart.null, color=_TEXT, linewidth=1)
    ax.axvline(-0.5, color=_ACCENT, linewidth=1, linestyle=":")
    ends = np.array([_ends(row.low, row.high, row) for row in chart.rows])
    ax.vlines(times, ends[:, 0], ends[:, 1], color=_DARK)
    for hollow in (False, True):
        rows = [
            (t, row.value)
            for t, row in zip(chart.times, chart.rows, strict=True)
            if (row.reference or row.few) == hollow
        ]
        if rows:
            x, y = zip(*rows, strict=True)
            ax.plot(x, y, "o", color=_DARK, markerfacecolor="white" if hollow else _DARK, zorder=3)
    ax.set(title=chart.title, xlabel=chart.x_label, ylabel=chart.y_label)
    return ax


def observed_expected(source: OutcomeFacts | Facts, ax: Axes | None = None) -> Axes:
    """Draw the observed and the expected outcome of the treated units, with the starts marked.

    Parameters
    ----------
    source
        Facts, or those of one outcome.
    ax
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes that were drawn on.

    Raises
    ------
    OutputError
        The facts hold no such series.
    """
    outcome = _outcome(source)
    chart = line_chart(outcome)
    if chart is None:
        raise OutputError(f"no observed and expected values are kept for '{outcome.name}'")
    ax = _axes(ax)
    x = np.arange(len(chart.labels))
    lines = (chart.observed, chart.expected, chart.low, chart.high)
    observed, expected, low, high = (np.array(line, dtype=float) for line in lines)
    ax.fill_between(x, low, high, color=_BAND, linewidth=0)
    ax.plot(x, expected, color=_ACCENT, linestyle="--", label=chart.expected_label)
    ax.plot(x, observed, color=_DARK, marker="o", markersize=3.5, label=chart.observed_label)
    for position, count in chart.starts:
        ax.axvline(position - 0.5, color=_TEXT, linewidth=0.8, linestyle=":")
        ax.annotate(
            str(count), (position - 0.5, 1.0), xycoords=ax.get_xaxis_transform(), ha="center", va="bottom"
        )
    width = ax.get_window_extent().width / max(1, len(x))
    shown = thinned(chart.labels, width * 72 / ax.figure.get_dpi())
    ax.set_xticks([position for position, _ in shown], [label for _, label in shown])
    if chart.from_zero:
        ax.set_ylim(bottom=0)
    ax.set_title(chart.title, pad=18)
    ax.legend(frameon=False)
    return ax


def forest(
    source: Sequence[EffectEstimate] | OutcomeFacts | Facts, ax: Axes | None = None, *, level: float = 0.95
) -> Axes:
    """Draw the overall effects of several methods one below the other.

    Parameters
    ----------
    source
        Estimates of one outcome, the main one first; or saved Facts.
    ax
        Where to draw; a new figure if left out.
    level
        Probability of the intervals. Facts carry their own.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes that were drawn on.

    Raises
    ------
    OutputError
        The estimates are on different scales, or there are fewer than two in the facts.
    """
    chart = _forest_chart(source, level)
    ax = _axes(ax)
    for at, row in enumerate(chart.rows):
        low, high = (np.nan if end is None else end for end in (row.low, row.high))
        ax.hlines(at, low, high, color=_DARK)
        face = _DARK if row.main else "white"
        ax.plot([row.value], [at], "s" if row.main else "o", color=_DARK, markerfacecolor=face, zorder=3)
    ax.axvline(chart.null, color=_TEXT, linewidth=1)
    ax.set_yticks(range(len(chart.rows)), [row.label for row in chart.rows])
    ax.set_ylim(len(chart.rows) - 0.5, -0.5)
    ax.set(title=chart.title, xlabel=chart.x_label)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    _, new = plt.subplots(layout="constrained")
    return new


def _outcome(source: OutcomeFacts | Facts) -> OutcomeFacts:
    return source.primary if isinstance(source, Facts) else source


def _event_chart(source: EffectEstimate | OutcomeFacts | Facts, level: float) -> EventChart:
    if isinstance(source, EffectEstimate):
        path = source if source.of == "event_time" else source.by_event_time()
        shown = path.as_percent() if path.scale.is_log else path
        rows = _rows(shown, level, source.treated_units())
        return rows_chart(rows, shown.recipe.design.outcome, shown.scale.name, shown.scale.per)
    outcome = _outcome(source)
    chart = event_chart(outcome, outcome.primary)
    if chart is None:
        raise OutputError(f"{outcome.primary.method} gives no effects by time since the start")
    return chart


def _rows(path: EffectEstimate, level: float, units: pd.Series[int]) -> list[EffectRow]:
    """Effects by event time; no interval where an effect is known by construction."""
    table = path.tidy(level)
    band = path.conf_int(level, simultaneous=True).to_numpy()
    numbers = np.column_stack([table[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float), band])
    return [
        EffectRow(
            label=str(time),
            value=float(row[0]),
            low=_known(row[1]),
            high=_known(row[2]),
            band_low=_known(row[3]),
            band_high=_known(row[4]),
            reference=bool(np.isnan(error) and row[0] == path.scale.null),
            units=int(units.get(time, 0)),
        )
        for time, error, row in zip(table["event_time"], table["std_error"], numbers, strict=True)
        if np.isfinite(row[0])
    ]


def _forest_chart(source: Sequence[EffectEstimate] | OutcomeFacts | Facts, level: float) -> ForestChart:
    if isinstance(source, (Facts, OutcomeFacts)):
        chart = forest_chart(_outcome(source))
        if chart is None:
            raise OutputError("there are not two estimates on one scale to set side by side")
        return chart
    whole = [estimate if estimate.of == "overall" else estimate.overall() for estimate in source]
    if all(estimate.scale.is_log for estimate in whole):
        whole = [estimate.as_percent() for estimate in whole]
    scales = {estimate.scale for estimate in whole}
    names = {scale.name for scale in scales}
    if len(names) != 1:
        raise OutputError(f"estimates to be set side by side are on different scales: {sorted(names)}")
    rows = []
    for number, estimate in enumerate(whole):
        low, high = estimate.conf_int(level).iloc[0]
        value = float(estimate.params.iloc[0])
        rows.append(ForestRow(estimate.method, value, _known(low), _known(high), number == 0))
    scale = whole[0].scale
    return rows_forest(rows, whole[0].recipe.design.outcome, scale.name, scale.per)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _ends(low: float | None, high: float | None, row: EffectRow) -> tuple[float, float]:
    """Ends to draw; an effect that is zero by construction is its own interval."""
    if low is None or high is None:
        return (row.value, row.value) if row.reference else (np.nan, np.nan)
    return low, high
