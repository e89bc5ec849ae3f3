"""Interaction-weighted event studies (Sun & Abraham 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._counts import Counted, informative
from preventeval.did._covariates import varying_covariates
from preventeval.did._degrees import degrees_of_freedom, lone_comparison
from preventeval.did._expected import with_empty, with_expected
from preventeval.did._extended_notes import notes_of
from preventeval.did._fixed_effects import (
    Data,
    by_group,
    fit,
    known_options,
    read,
    require_known,
    seen_twice,
)
from preventeval.did._sandwich import SmallSample, uncertainty_of
from preventeval.did._saturated import plan_effects, saturate
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Influence
from preventeval.words import Message, Values

__all__ = ["SunAbraham"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Cells = list[tuple[int, int]]
_Likelihood = Literal["linear", "poisson"]
_Vcov = Literal["clustered", "two_way", "robust", "unadjusted"]


@dataclass(frozen=True)
class SunAbraham:
    """An event study for each cohort, against the never treated, in one regression.

    Unit effects, period effects, and an effect of its own for every cohort in every period but
    the last before its start (less the anticipation). Units that start later never serve as
    comparison, whatever comparison the design names: only the never treated do, or, where
    everyone starts in the end, those that start last, in the periods before they do. It stands on
    parallel trends in all periods, before the start too: a cohort is measured against one period.

    Averages weigh cells by their unit-periods (or sampling weights), taken as known: these are
    Sun & Abraham's shares as R's fixest takes them. Standard errors are fixest's: the
    clustered covariance is multiplied by G / (G − 1) × (n − 1) / (n − K), where K counts effects,
    covariates and periods. Intervals refer to t with one degree of freedom less
    than there are treated or, if fewer, comparison clusters.

    Covariates that vary over time enter as regressors with one coefficient each; others are taken
    up by the unit effects.

    With clustered standard errors, incidents averted by the Poisson regression carry the uncertainty
    of the incidents expected without the programme; otherwise what was observed is taken as given.

    Parameters
    ----------
    likelihood
        ``"linear"``: least squares of the outcome as the design analyses it. ``"poisson"``: the
        incidents with logarithmic link, with the exposure of the panel (where it has one) as
        offset; effects are logarithms of rate ratios. Clustered standard errors do not need
        the variance to be that of a Poisson distribution.
    vcov
        ``"clustered"`` by the clusters of the design, ``"two_way"`` (by clusters and by periods),
        ``"robust"`` (to heteroskedasticity alone) or ``"unadjusted"``.
    small_sample
        What K counts: ``"nested"`` as above (``"robust"`` and ``"unadjusted"`` also count units),
        ``"full"`` all coefficients, ``"none"`` for no factor at all.

    Raises
    ------
    EstimationError
        An option that is not known.

    References
    ----------
    Sun, L. & Abraham, S. (2021), section 4, https://doi.org/10.1016/j.jeconom.2020.09.006.

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": [area for area in "ABCDEF" for _ in range(3)],
    ...         "year": [2019, 2020, 2021] * 6,
    ...         "robbery": [9, 8, 5, 7, 7, 4, 6, 6, 4, 7, 7, 8, 5, 6, 6, 9, 8, 8],
    ...         "start": [2021] * 9 + [None] * 9,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"])
    >>> design = pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    >>> pe.SunAbraham().fit(design).by_event_time().params.round(2).to_dict()
    {'event time -2': 0.33, 'event time 0': -3.0}
    """

    likelihood: _Likelihood = "linear"
    vcov: _Vcov = "clustered"
    small_sample: SmallSample = "nested"
    name: ClassVar[str] = "SunAbraham"
    references: ClassVar[tuple[str, ...]] = (
        "Sun, L. & Abraham, S. (2021). Estimating dynamic treatment effects in event studies with "
        "heterogeneous treatment effects. Journal of Econometrics 225, 175–199. "
        "https://doi.org/10.1016/j.jeconom.2020.09.006",
    )

    def __post_init__(self) -> None:
        known_options(self, likelihood=_Likelihood, vcov=_Vcov, small_sample=SmallSample)

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, and what is measured.

        Returns
        -------
        EffectEstimate
            One row per cohort and period; the period that a cohort is measured against has none.
            Cells that cannot be estimated are left out and named in ``notes``.

        Raises
        ------
        EstimationError
            No cell after a start can be estimated, a likelihood for counts without counts, or
            too little data.
        """
        sample = _Sample.of(design, self)
        covariates, own, absorbed = varying_covariates(design, sample.data.used)
        season = np.zeros(design.n_periods, dtype=np.int64)
        plan = saturate(design.cohort, sample.cells, design.n_periods, season=season, own=own)
        terms = plan.terms
        model, scatter = fit(
            sample.data, design, terms, plan.effects, likelihood=self.likelihood, what=self.name
        )
        names = [f"covariate '{name}'" for name in covariates]
        require_known(
            model,
            np.arange(terms.shared.shape[2], terms.size),
            names,
            what=self.name,
            hint="leave the covariate out",
        )
        known = np.isin(plan.effects, model.columns)
        cells = np.array(sample.cells, dtype=np.int64).reshape(-1, 2)[known]
        if not (cells[:, 1] >= cells[:, 0]).any():
            raise EstimationError(
                f"{self.name}: no effect can be estimated: in every period after a start, either a period "
                "before it or the comparison group is missing (or, for counts, has no incidents)",
                hint="check the dates; only never treated units (or the last to start) serve as comparison",
            )
        lost = sorted({*sample.lost, *(sample.cells[at] for at in np.flatnonzero(~known))})
        counted = self.likelihood == "poisson" and self.vcov == "clustered"
        if counted:
            model = replace(model, sums=(_members(design, cells), design.weights))
        spread, numbers, repaired = uncertainty_of(model, self.vcov, self.small_sample, what=self.name)
        if self.vcov == "clustered":
            units = sample.data.used.any(axis=1)
            numbers["df"] = degrees_of_freedom(design, units, only_never=True)
        spread, effect = replace(spread, df=numbers["df"]), model.fit.coefficients[model.columns]
        expected = np.zeros(0)
        if counted and sample.counted is not None and isinstance(spread, Influence):
            empty = with_empty(model.fit, terms, design, sample.seen, sample.counted.empty_cells)
            maps = np.sqrt(numbers["small_sample_factor"]) * empty.maps
            totals = sample.totals(design, cells)
            effect, expected, spread = with_expected(spread, effect, totals, maps, empty.expected)
            cells = np.vstack([cells, empty.cells])
            numbers["expected_in_empty_cells"] = float(empty.expected.sum())
        return EffectEstimate(
            effect=effect,
            labels=pd.DataFrame(
                {"cohort": cells[:, 0], "period": cells[:, 1], "event_time": cells[:, 1] - cells[:, 0]}
            ),
            uncertainty=spread,
            scale=design.scale if self.likelihood == "linear" else LOG_RATE_RATIO,
            recipe=Recipe(design, self),
            post=cells[:, 1] >= cells[:, 0],
            sizes=sample.sizes(design, cells),
            size_of=np.arange(len(cells)),
            expected=expected,
            used=sample.seen,
            notes=(*sample.notes(design, self, lost, absorbed, {**numbers, **scatter}), *repaired),
            diagnostics=MappingProxyType(
                {**numbers, **scatter, "cells": len(cells), "cells_left_out": len(lost)}
            ),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Sample:
    """What is used, the cells with an effect of their own, and those that cannot have one."""

    data: Data
    cells: Cells
    lost: Cells
    counted: Counted | None
    seen: NDArray[np.bool_]

    @staticmethod
    def of(design: StudyDesign, options: SunAbraham) -> _Sample:
        data = read(design, options.likelihood, options.name)
        starts = np.unique(design.cohort[data.used.any(axis=1)])
        cells, usable, lost = plan_effects(
            starts,
            design.n_periods,
            comparison="never_treated",
            anticipation=design.anticipation,
            leads=True,
        )
        if usable < design.n_periods:
            label, last = design.panel.periods.label, int(starts.max())
            values: Values = {"start": label(last), "cut": label(usable)}
            late = np.arange(design.n_periods) >= usable
            data = data.without(late, Message("note-last-cohort-compares", values))
        data = seen_twice(data, design)
        if options.likelihood == "linear":
            return _Sample(data, cells, lost, None, data.used)
        weights, seen = data.weights(design.weights), data.used
        season = np.zeros(design.n_periods, dtype=np.int64)
        counted = informative(data.y, weights, design.cohort, cells, season)
        named = {*counted.kept_cells, *counted.empty_cells, *counted.uncompared_cells}
        lost = lost + [cell for cell in cells if cell not in named]
        if counted.weights is not weights:
            data = data.without(counted.weights == 0)
        return _Sample(data, counted.kept_cells, lost, counted, seen)

    def sizes(self, design: StudyDesign, cells: Index) -> Array:
        """Sum of the sampling weights in each cell, shape (k,)."""
        return _of_cells(by_group(self.data.weights(design.weights), _code(design)), design, cells)

    def totals(self, design: StudyDesign, cells: Index) -> Array:
        """Incidents in each cell, shape (k,): without sampling weights, what the fitted means add up to."""
        return _of_cells(by_group(self.data.y, _code(design), self.data.used), design, cells)

    def notes(
        self,
        design: StudyDesign,
        options: SunAbraham,
        lost: Cells,
        absorbed: list[str],
        scatter: dict[str, Any],
    ) -> tuple[Message, ...]:
        """Who was compared with, and what was left out."""
        notes = list[Message]()
        if design.comparison == "not_yet_treated":
            notes += lone_comparison(design, self.data.used.any(axis=1), only_never=True)
        if design.comparison == "not_yet_treated" and len(design.cohorts) > 1:
            notes.append(Message("note-sunab-comparison"))
        if absorbed:
            notes.append(Message("note-twfe-absorbed", {"covariates": ", ".join(absorbed)}))
        return (*notes, *notes_of(design, self.data, lost, self.counted, options.likelihood, scatter))


def _code(design: StudyDesign) -> Index:
    """Start date of each unit, numbered in order, shape (n,)."""
    return np.unique(design.cohort, return_inverse=True)[1]


def _of_cells(sums: Array, design: StudyDesign, cells: Index) -> Array:
    """Sums of cells, shape (k,), out of those of start dates, shape (G, T)."""
    return np.asarray(sums[np.searchsorted(np.unique(design.cohort), cells[:, 0]), cells[:, 1]])


def _members(design: StudyDesign, cells: Index) -> Array:
    """Which unit-periods each cell consists of, by group, shape (G, T, k)."""
    starts = np.unique(design.cohort)
    member = np.zeros((len(starts), design.n_periods, len(cells)))
    member[np.searchsorted(starts, cells[:, 0]), cells[:, 1], np.arange(len(cells))] = 1.0
    return member
