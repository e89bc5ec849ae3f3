"""The observed unit-periods of a design, as the count models read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import DesignError, EstimationError
from preventeval.estimate.recipe import require_design

__all__ = ["CountCells", "count_cells"]

Array = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CountCells:
    """Counts of the observed unit-periods, n of them, and what each belongs to.

    Parameters
    ----------
    counts
        Incidents, shape (n,).
    exposure
        Person-time at risk, shape (n,); 1 where the panel has none.
    unit, period
        Positions in ``units`` and ``periods``, shape (n,) each.
    site
        0 for an untreated unit-period, 1 + position in ``sites`` for a treated one, shape (n,).
    units, periods, sites
        Names of all units, of all periods, and of the units that are seen treated.
    site_units
        Positions of ``sites`` in ``units``.
    """

    counts: Positions
    exposure: Array
    unit: Positions
    period: Positions
    site: Positions
    units: tuple[str, ...]
    periods: tuple[str, ...]
    sites: tuple[str, ...]
    site_units: Positions


def count_cells(design: StudyDesign) -> CountCells:
    """Read the observed unit-periods of a design.

    Unit-periods without a count or an exposure are left out, and so are those just before a
    start in which behaviour may already have changed (the design's anticipation).

    Parameters
    ----------
    design
        Who was treated when, and what is measured.

    Returns
    -------
    CountCells

    Raises
    ------
    DesignError
        The outcome has no incidents behind it, or they are not whole numbers.
    EstimationError
        No incident at all, or nothing that treated unit-periods could be compared with.
    """
    require_design(design, "HierarchicalCounts().fit()")
    incidents = _whole_incidents(design)
    exposure = design.panel.exposure if design.panel.exposure is not None else np.ones_like(incidents)
    seen = np.isfinite(incidents) & np.isfinite(exposure) & ~anticipated(design)
    _require_comparison(design, seen)
    unit, period = np.nonzero(seen)
    treated = design.treated[seen]
    site_units = np.unique(unit[treated])
    site = np.where(treated, 1 + np.searchsorted(site_units, unit), 0)
    counts = incidents[seen].astype(np.int64)
    if not counts.any():
        raise EstimationError(
            f"outcome '{design.outcome}' has no incident in any unit-period: "
            "there is no rate that a programme could have changed"
        )
    names = tuple(str(label) for label in design.panel.units)
    return CountCells(
        counts=counts,
        exposure=exposure[seen],
        unit=unit,
        period=period,
        site=site,
        units=names,
        periods=design.panel.periods.labels,
        sites=tuple(names[position] for position in site_units),
        site_units=site_units,
    )


def anticipated(design: StudyDesign) -> NDArray[np.bool_]:
    """Unit-periods in which behaviour may already have changed, shape (n_units, n_periods)."""
    early = np.arange(design.n_periods) >= design.cohort[:, None] - design.anticipation
    return early & ~design.treated


def _whole_incidents(design: StudyDesign) -> Array:
    """Incidents, shape (n_units, n_periods), checked; NaN where missing."""
    incidents = design.incidents
    if incidents is None:
        raise DesignError(
            f"a model of counts needs numbers of incidents, and outcome '{design.outcome}' is analysed as "
            f"measure='{design.measure}' with none behind it",
            hint="name the outcome that holds the incidents: StudyDesign(…, counts='…')",
        )
    odd = np.isfinite(incidents) & (incidents != np.floor(incidents))
    if odd.any():
        unit, period = (int(place[0]) for place in np.nonzero(odd))
        raise DesignError(
            f"outcome '{design.counts or design.outcome}' is not whole in {int(odd.sum())} unit-periods "
            f"(first: {incidents[unit, period]:g} in unit '{design.panel.units[unit]}', "
            f"{design.panel.periods.label(period)}): a model of counts needs numbers of incidents",
            hint="give the numbers of incidents and name the population as exposure; where only a rate "
            "is at hand, rate × population, rounded, gives them back",
        )
    return incidents


def _require_comparison(design: StudyDesign, seen: NDArray[np.bool_]) -> None:
    """An effect needs treated units seen before and after, and someone untreated beside them."""
    after, before = seen & design.treated, seen & ~design.treated
    both = after.any(axis=1) & before.any(axis=1)
    if not both.any():
        raise EstimationError(
            f"no unit has a count of '{design.outcome}' both before and after its start",
            hint="the model needs at least one; see which unit-periods are missing",
        )
    if not (after.any(axis=0) & before.any(axis=0)).any():
        raise EstimationError(
            f"in no period is there a count of '{design.outcome}' in both a treated and an untreated unit: "
            "what the programme did cannot be told from what happened everywhere"
        )
