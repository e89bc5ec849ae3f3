"""Effects with their intervals: by time since the start, by cohort, by method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from preventeval.did import CallawaySantAnna, ImputationDiD
from preventeval.errors import OutputError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.recipe import require_estimate
from preventeval.plot._sources import outcome_of
from preventeval.plot._style import ACCENT, BAND, DARK, EARLY, EARLY_BAND, TEXT, new_axes, style
from preventeval.report import EffectRow, Facts, OutcomeFacts
from preventeval.report.chart_data import (
    EventChart,
    ForestChart,
    ForestRow,
    event_chart,
    forest_chart,
    rows_chart,
    rows_forest,
)
from preventeval.words import Message, Values, render

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["cohorts", "event_study", "forest"]

_PANELS_IN_A_ROW = 3


@style()
def event_study(
    source: EffectEstimate | OutcomeFacts | Facts, ax: Axes | None = None, *, level: float = 0.95
) -> Axes:
    """Draw effects by time since the start, with intervals and a simultaneous band.

    Those before the start are grey: they are not effects of the programme, and should be
    close to zero. The legend says what they are measured against.

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
    ax = new_axes(ax)
    _draw_effects(ax, chart)
    ax.set(xlabel=chart.x_label, ylabel=chart.y_label)
    ax.set_title(chart.title, wrap=True)
    handles = _legend([chart], _interval_name(source, level), _against(source, [chart]))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)
    return ax


@style()
def cohorts(estimate: EffectEstimate, *, level: float = 0.95) -> NDArray[Any]:
    """Draw the effects of each cohort in a panel of its own, all panels on the same axes.

    Parameters
    ----------
    estimate
        An estimate with effects by cohort and time since the start.
    level
        Probability of the intervals. The band covers the effects of all cohorts at once.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (number of cohorts,)
        Those of a new figure.

    Raises
    ------
    OutputError
        The effects are not by cohort and time since the start, or there are none.
    """
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    require_estimate(estimate, "plot.cohorts()")
    if "unit" in estimate.labels or not {"cohort", "event_time"} <= set(estimate.labels):
        raise OutputError(
            f"{estimate.method}: its effects are not by cohort and time since the start",
            hint="give the estimate as it was fitted, and not its averages",
        )
    design = estimate.recipe.design
    shown = estimate.as_percent() if estimate.scale.is_log else estimate
    numbers, charts = _numbers(shown, level).assign(cohort=estimate.labels["cohort"].to_numpy()), {}
    known = numbers[np.isfinite(numbers["value"]) & (numbers["cohort"] >= 0)]
    for start, own in known.groupby("cohort"):
        count = int((design.cohort == start).sum())
        about: Values = {"start": design.panel.periods.label(int(str(start))), "count": count}
        rows = _rows(own.assign(units=count))
        chart = rows_chart(rows, design.outcome, shown.scale.name, shown.scale.per)
        charts[render(Message("plot-cohort-title", about))] = chart
    if not charts:
        raise OutputError(f"{estimate.method}: no cohort has an effect that could be estimated")
    columns = min(len(charts), _PANELS_IN_A_ROW)
    height = -(-len(charts) // columns)
    figure, grid = plt.subplots(
        height,
        columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        figsize=(max(4.8, 0.6 + 2.6 * columns), 1.5 + 2.1 * height),
        layout="constrained",
    )
    panels = grid.ravel()
    for ax, (title, chart) in zip(panels, charts.items(), strict=False):
        _draw_effects(ax, chart)
        ax.set_title(title, fontsize="medium", fontweight="normal")
    for ax in panels[len(charts) :]:
        ax.remove()
    chart = next(iter(charts.values()))
    for ax in grid[:, 0]:
        ax.set_ylabel(chart.y_label)
    for ax in panels[max(0, len(charts) - columns) : len(charts)]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel(render(Message("label-event-time")))
    figure.suptitle(chart.title, x=0.01, ha="left", fontsize="medium", fontweight="bold")
    shown_charts = list(charts.values())
    handles = _legend(shown_charts, _interval_name(estimate, level), _against(estimate, shown_charts))
    if any(row.units == 1 for chart in shown_charts for row in chart.rows):
        handles.append(Line2D([], [], linestyle="", label=render(Message("plot-lone"))))
    figure.legend(handles=handles, loc="outside lower left", ncols=1 if columns == 1 else 2)
    return panels[: len(charts)]


@style()
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
    ax = new_axes(ax, height=1.2 + 0.5 * len(chart.rows))
    for at, row in enumerate(chart.rows):
        low, high = (np.nan if end is None else end for end in (row.low, row.high))
        ax.hlines(at, low, high, color=DARK)
        face = DARK if row.main else "white"
        ax.plot([row.value], [at], "s" if row.main else "o", color=DARK, markerfacecolor=face, zorder=3)
    ax.axvline(chart.null, color=TEXT, linewidth=1)
    ax.set_yticks(range(len(chart.rows)), [row.label for row in chart.rows])
    ax.set_ylim(len(chart.rows) - 0.5, -0.5)
    ax.set_xlabel(chart.x_label)
    ax.set_title(chart.title, wrap=True)
    return ax


def _draw_effects(ax: Axes, chart: EventChart) -> None:
    """Points, intervals and band of effects by time since the start."""
    times = np.array(chart.times, dtype=float)
    values = np.array([row.value for row in chart.rows])
    ends = np.array([_ends(row.low, row.high, row) for row in chart.rows])
    band = np.array([_ends(row.band_low, row.band_high, row) for row in chart.rows])
    hollow = np.array([row.reference or row.few for row in chart.rows])
    ax.axhline(chart.null, color=TEXT, linewidth=1, zorder=1.5)
    if times[0] < 0:
        ax.axvline(-0.5, color=ACCENT, linewidth=1.2, linestyle=":", zorder=1.5)
    for part, colour, shade in ((times < 0, EARLY, EARLY_BAND), (times >= 0, DARK, BAND)):
        held = part & np.isfinite(band).all(axis=1)
        bars = ax.bar(times[held], np.ptp(band[held], axis=1), 1.0, band[held, 0], color=shade, linewidth=0)
        for bar in bars:
            bar.sticky_edges.y.clear()  # bars that do not stand on the axis need a margin too
        ax.vlines(times[part], ends[part, 0], ends[part, 1], color=colour, linewidth=1.6)
        for face, chosen in ((colour, part & ~hollow), ("white", part & hollow)):
            if chosen.any():
                ax.plot(
                    times[chosen], values[chosen], "o", color=colour, markerfacecolor=face, ms=5, zorder=3
                )


def _against(source: EffectEstimate | OutcomeFacts | Facts, charts: Sequence[EventChart]) -> str:
    """What effects before the start are measured against, as far as that can be said in short."""
    at = {time for chart in charts for time in chart.times}
    zero = {t for chart in charts for t, row in zip(chart.times, chart.rows, strict=True) if row.reference}
    if any(time < 0 for time in zero):
        return ", ".join(str(time).replace("-", "−") for time in sorted(zero))
    if not isinstance(source, EffectEstimate):
        return "none"
    estimator, last = source.recipe.estimator, -1 - source.recipe.design.anticipation
    if isinstance(estimator, ImputationDiD):
        return "earlier"
    if isinstance(estimator, CallawaySantAnna) and estimator.base_period == "varying":
        return "each"
    seasons = getattr(estimator, "season_effects", False)
    return "none" if seasons or last in at else str(last).replace("-", "−")


def _legend(charts: Sequence[EventChart], interval: str, against: str) -> list[Artist]:
    """What the signs in charts of effects mean, as far as they occur."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = [(time, row) for chart in charts for time, row in zip(chart.times, chart.rows, strict=True)]
    point: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 5}
    handles: list[Artist] = [Line2D([], [], color=DARK, label=render(Message("plot-after")), **point)]
    if any(time < 0 for time, _ in rows):
        before = render(Message("plot-before", {"against": against}))
        handles.append(Line2D([], [], color=EARLY, label=before, **point))
    if any(row.reference or row.few for _, row in rows):
        hollow: dict[str, Any] = {**point, "color": TEXT, "markerfacecolor": "white"}
        handles.append(Line2D([], [], label=render(Message("plot-hollow")), **hollow))
    if any(row.low is not None for _, row in rows):
        handles.append(Line2D([], [], color=DARK, linewidth=1.6, label=interval))
    if any(row.band_low is not None for _, row in rows):
        handles.append(Patch(color=BAND, linewidth=0, label=render(Message("label-band"))))
    return handles


def _interval_name(source: EffectEstimate | OutcomeFacts | Facts, level: float) -> str:
    kind: str = "confidence"
    if isinstance(source, EffectEstimate):
        kind = source.interval_kind
    elif (own := outcome_of(source, "event_study").primary.overall) is not None:
        level, kind = own.level, own.kind
    return render(Message("label-interval", {"level": round(100 * level, 1), "kind": kind}))


def _event_chart(source: EffectEstimate | OutcomeFacts | Facts, level: float) -> EventChart:
    if isinstance(source, EffectEstimate):
        path = source if source.of == "event_time" else source.by_event_time()
        shown = path.as_percent() if path.scale.is_log else path
        numbers = _numbers(shown, level)
        units = source.treated_units().reindex(numbers["event_time"], fill_value=0).to_numpy()
        known = np.isfinite(numbers["value"])
        rows = _rows(numbers.assign(units=units)[known])
        return rows_chart(rows, shown.recipe.design.outcome, shown.scale.name, shown.scale.per)
    outcome = outcome_of(source, "event_study")
    chart = event_chart(outcome, outcome.primary)
    if chart is None:
        raise OutputError(f"{outcome.primary.method} gives no effects by time since the start")
    return chart


def _numbers(shown: EffectEstimate, level: float) -> pd.DataFrame:
    """Effects with their interval and band, a row each; whether one is known by construction."""
    table, band = shown.tidy(level), shown.conf_int(level, simultaneous=True)
    numbers = table[["event_time", "estimate", "conf_low", "conf_high"]].rename(
        columns={"estimate": "value", "conf_low": "low", "conf_high": "high"}
    )
    return numbers.assign(
        band_low=band["lower"].to_numpy(),
        band_high=band["upper"].to_numpy(),
        reference=table["std_error"].isna() & (table["estimate"] == shown.scale.null),
    )


def _rows(numbers: pd.DataFrame) -> list[EffectRow]:
    """Effects as charts take them."""
    return [
        EffectRow(
            label=str(row["event_time"]),
            value=float(row["value"]),
            reference=bool(row["reference"]),
            units=int(row["units"]),
            **{end: _known(row[end]) for end in ("low", "high", "band_low", "band_high")},
        )
        for row in numbers.to_dict("records")
    ]


def _forest_chart(source: Sequence[EffectEstimate] | OutcomeFacts | Facts, level: float) -> ForestChart:
    if isinstance(source, (Facts, OutcomeFacts)):
        chart = forest_chart(outcome_of(source, "forest"))
        if chart is None:
            raise OutputError("there are not two estimates on one scale to set side by side")
        return chart
    if not isinstance(source, Sequence):
        raise OutputError(
            f"plot.forest() draws a list of estimates, and was given a single {type(source).__name__}",
            hint="put estimates in brackets: plot.forest([one, other])",
        )
    for estimate in source:
        require_estimate(estimate, "plot.forest()")
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
