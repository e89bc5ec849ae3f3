"""What is measured: counts, rates, logarithms or values, and whether the numbers can be that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from preventeval.design.starts import names_of
from preventeval.errors import DesignError, some_of
from preventeval.panel import Panel
from preventeval.words import Message, Values

if TYPE_CHECKING:
    from preventeval.design.study import StudyDesign

Array = NDArray[np.float64]
Measure = Literal["count", "rate", "log_rate", "value", "log"]
MEASURES: Final[tuple[str, ...]] = get_args(Measure)


def settle_measure(design: StudyDesign) -> tuple[Measure, list[Message]]:
    """What the outcome is analysed as, and a note where that was not said."""
    values = design.panel.outcome(design.outcome)
    if np.isnan(values).all():
        raise DesignError(f"outcome '{design.outcome}' has no value in any unit and period")
    counted = design.measure in ("count", "rate", "log_rate")
    incidents = design.outcome if counted else design.counts
    if incidents is not None and (negative := design.panel.outcome(incidents) < 0).any():
        raise DesignError(
            f"outcome '{incidents}' is negative in {design.panel.named(negative)}: "
            "it cannot be a number of incidents"
        )
    if counted and design.counts is None:
        _refuse_fractions(design, values)
    if design.measure is not None:
        return design.measure, []
    if not (np.isnan(values) | ((values >= 0) & (values == np.floor(values)))).all():
        raise DesignError(
            f"outcome '{design.outcome}' is not a number of incidents (whole numbers of 0 or more): "
            "say what it is",
            hint="measure='value' for a score or a ready-made rate in its own unit, 'log' to analyse its "
            "logarithm",
        )
    chosen: Measure = "count" if design.panel.exposure is None else "rate"
    values_of: Values = {"outcome": design.outcome, "measure": chosen, "per": design.per}
    return chosen, [Message("note-measure-chosen", values_of)]


def _refuse_fractions(design: StudyDesign, values: Array) -> None:
    """A rate or a score that is given as a number of incidents."""
    odd = np.isfinite(values) & (values != np.floor(values))
    if odd.any():
        raise DesignError(
            f"outcome '{design.outcome}' is not a whole number in {design.panel.named(odd)}, and "
            f"measure='{design.measure}' expects numbers of incidents",
            hint="for a score or a ready-made rate use measure='value' or 'log', and name the incidents "
            "behind it with counts=; where incidents are weighted or shared out between units, say so "
            f"with counts='{design.outcome}'",
        )


def measured(panel: Panel, outcome: str, measure: Measure | None, per: float) -> Array:
    """An outcome as it is analysed, shape (n_units, n_periods); NaN where missing.

    Parameters
    ----------
    panel
        The data.
    outcome
        One of its outcomes, in which :func:`settle_measure` found nothing wrong.
    measure, per
        As in :class:`StudyDesign`.

    Returns
    -------
    ndarray, shape (n_units, n_periods)

    Raises
    ------
    DesignError
        No exposure for a rate, or no logarithm.
    """
    values = panel.outcome(outcome)
    if measure in ("count", "value"):
        return values
    if measure == "rate":
        return per * values / exposure_of(panel)
    base = values / exposure_of(panel) if measure == "log_rate" else values
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(base)
    bad = ~np.isfinite(logs) & np.isfinite(base)
    if bad.any():
        units = panel.units[bad.any(axis=1)]
        raise DesignError(
            f"outcome '{outcome}' is 0 or less in {int(bad.sum())} unit-periods "
            f"(units {some_of(units)}), and has no logarithm there",
            hint="use measure='rate' or 'count', or an estimator for counts; "
            "adding a small number to zeros would decide the result",
        )
    return logs


def exposure_of(panel: Panel) -> Array:
    """Exposure that a rate is of, shape (n_units, n_periods)."""
    if panel.exposure is None:
        raise DesignError(
            "a rate needs an exposure (residents, say), and this panel has none",
            hint="name the column: Panel(..., exposure='residents'), or use measure='count'",
        )
    return panel.exposure


def note_missing_exposure(panel: Panel, outcome: str, measure: Measure) -> list[Message]:
    """Incidents of which there is no rate, because no one knows among how many they happened."""
    if panel.exposure is None or measure not in ("rate", "log_rate"):
        return []
    lost = np.isnan(panel.exposure)
    if not lost.any() or not (lost := lost & np.isfinite(panel.outcome(outcome))).any():
        return []
    units = lost.any(axis=1)
    values: Values = {
        "count": int(lost.sum()),
        "n_units": int(units.sum()),
        "units": names_of(panel.units[units]),
    }
    return [Message("note-missing-exposure", values)]


def known_mean(grid: Array) -> Array:
    """Mean of the known values of each row, shape (rows,); 0 where there is none."""
    known = np.isfinite(grid)
    return np.asarray(np.nansum(grid, axis=1) / np.maximum(known.sum(axis=1), 1))


def spread_and_size(y: Array) -> tuple[float, float]:
    """Root mean square of a grid less its mean in each period, and of the grid itself; NaN left out."""
    # A few units at a time, so that nothing of the size of the grid is made; deviations from the mean of
    # the first few, so that no two large sums are subtracted.
    step = max(1, 50_000 // y.shape[1])
    near = known_mean(y[:step].T)
    known, total, squares = np.zeros(y.shape[1]), np.zeros(y.shape[1]), 0.0
    for first in range(0, len(y), step):
        apart = y[first : first + step] - near
        missing = np.isnan(apart)
        apart[missing] = 0.0
        known += len(apart) - (missing.sum(axis=0) if missing.any() else 0)
        total += np.ones(len(apart)) @ apart
        squares += float(np.vdot(apart, apart))
    spread = squares - np.sum(total**2 / np.maximum(known, 1))
    whole = squares + np.sum(2 * near * total + known * near**2)
    return float(np.sqrt(max(spread, 0) / known.sum())), float(np.sqrt(max(whole, 0) / known.sum()))
