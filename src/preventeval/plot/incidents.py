"""Incidents: recorded and expected, and the running total of those averted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from preventeval.errors import OutputError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.recipe import require_estimate
from preventeval.plot._sources import outcome_of
from preventeval.plot._style import ACCENT, BAND, DARK, TEXT, label_periods, new_axes, style
from preventeval.report import Facts, OutcomeFacts
from preventeval.report.chart_data import line_chart
from preventeval.report.numbers import write_number
from preventeval.words import Message, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cumulative_averted", "observed_expected"]


@style()
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
    outcome = outcome_of(source, "observed_expected")
    chart = line_chart(outcome)
    if chart is None:
        raise OutputError(f"no observed and expected values are kept for '{outcome.name}'")
    ax = new_axes(ax)
    x = np.arange(len(chart.labels))
    lines = (chart.observed, chart.expected, chart.low, chart.high)
    observed, expected, low, high = (np.array(line, dtype=float) for line in lines)
    ax.fill_between(x, low, high, color=BAND, linewidth=0)
    ax.plot(x, expected, color=ACCENT, linestyle="--", label=chart.expected_label)
    ax.plot(x, observed, color=DARK, marker="o", markersize=3.5, label=chart.observed_label)
    for position, count in chart.starts:
        ax.axvline(position - 0.5, color=TEXT, linewidth=0.8, linestyle=":")
        ax.annotate(
            str(count), (position - 0.5, 1.0), xycoords=ax.get_xaxis_transform(), ha="center", va="bottom"
        )
    label_periods(ax, chart.labels)
    if chart.from_zero:
        ax.set_ylim(bottom=0)
    ax.set_title(chart.title, pad=18, wrap=True)
    ax.legend()
    return ax


@style()
def cumulative_averted(
    estimate: EffectEstimate,
    ax: Axes | None = None,
    *,
    by: Literal["period", "event_time"] = "event_time",
    level: float = 0.95,
) -> Axes:
    """Draw the running total of incidents averted, with its interval.

    Parameters
    ----------
    estimate
        An estimate of an outcome of incidents, as it was fitted.
    ax
        Where to draw; a new figure if left out.
    by
        Whether to add up from period to period, or by time since each unit's start.
    level
        Probability of the intervals.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes that were drawn on.

    Raises
    ------
    EstimationError
        The estimate cannot be restated as incidents.
    """
    require_estimate(estimate, "plot.cumulative_averted()")
    running = estimate.averted(by=by, cumulative=True)
    total, ends = running.params.to_numpy(), running.conf_int(level).to_numpy()
    at = running.labels[by].to_numpy()
    ax = new_axes(ax)
    if np.isfinite(ends).any():
        about = {"level": round(100 * level, 1), "kind": running.interval_kind}
        interval = render(Message("label-interval", about))
        ax.fill_between(at, ends[:, 0], ends[:, 1], color=BAND, linewidth=0, label=interval)
    ax.axhline(0, color=TEXT, linewidth=1)
    size = 3.5 if len(at) <= 60 else 0
    name = render(Message("plot-running-total"))
    ax.plot(at, total, color=DARK, marker="o", markersize=size, label=name)
    ax.annotate(
        write_number(float(total[-1]), 0, "en"),
        (at[-1], total[-1]),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=DARK,
        fontweight="bold",
        annotation_clip=False,
    )
    design = estimate.recipe.design
    if by == "period":
        label_periods(ax, design.panel.periods.labels)
        ax.set_xlim(at[0] - 0.5, None)
    else:
        ax.set_xlabel(render(Message("chart-event-x")))
    ax.yaxis.set_major_formatter("{x:,.10g}")
    ax.set_ylabel(render(Message("plot-averted-y")))
    ax.set_title(render(Message("plot-averted-title", {"outcome": design.outcome})), wrap=True)
    ax.legend(loc="upper left")
    return ax
