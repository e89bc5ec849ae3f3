"""Wooldridge's extended two-way regressions, by least squares or a likelihood for counts.

Shapes: n units, T periods, G groups, k cells (cohort and period), K coefficients, q covariates
that do not vary over time and p that do.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._counts import Counted, dispersion, informative
from preventeval.did._extended_notes import notes_of
from preventeval.did._fixed_effects import Data, Likelihood, _require_several, known_options, read
from preventeval.did._negative_binomial import fit_negative_binomial
from preventeval.did._saturated import Saturated, plan_effects, saturate
from preventeval.did._scores import ScoreSource
from preventeval.did._within import Fit, Linear, Poisson, regress
from preventeval.errors import EstimationError, some_of
from preventeval.estimate import EffectEstimate, Estimator, Recipe
from preventeval.estimate.arithmetic import cell_sums
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Influence

__all__ = ["Covariates", "Extended", "Levels", "check_options", "fit_extended"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Levels = Literal["unit", "cohort"]
Covariates = Literal["by_period", "full"]
Cells = list[tuple[int, int]]
#: Covariates have a standard deviation of 1.
_ROUNDING = 1e-9


class Extended(Estimator, Protocol):
    """Options that the linear and the count regression share."""

    @property
    def levels(self) -> Levels:
        """Whose levels are taken out."""

    @property
    def regions(self) -> str | None:
        """Column of regions with period effects of their own."""

    @property
    def season_effects(self) -> bool:
        """Whether units have a level for each season."""

    @property
    def covariates(self) -> Covariates:
        """What covariates that do not vary over time are multiplied with."""

    @property
    def leads(self) -> bool:
        """Whether periods before the start get an effect."""


@dataclass(frozen=True, eq=False, slots=True)
class _Sample:
    """What the regression is run on; ``weights`` are 0 where an observation is not used."""

    data: Data
    weights: Array
    cells: Cells
    impossible: Cells
    counted: Counted | None
    season: Index | None
    region: Index | None


@dataclass(frozen=True, eq=False, slots=True)
class _Adjusted:
    """Covariates with mean 0 and variance 1: constant ones, shape (n, q), and varying ones, (n, T, p)."""

    constant: list[str]
    factors: Array
    varying: list[str]
    own: Array


@dataclass(frozen=True, eq=False, slots=True)
class _Fitted:
    """A regression, and what the effects of cells are made of.

    Effects are ``combine``, shape (m, k), times the coefficients in ``columns``, shape (m,);
    ``known`` tells which are identified, shape (k,). ``sizes`` are sums of weights over the
    unit-periods of cells, shape (k,). A negative binomial regression adds the score of units
    for its size parameter, and what a score of 1 moves the coefficients in ``columns`` by.
    """

    fit: Fit
    plan: Saturated
    columns: Index
    combine: Array
    known: NDArray[np.bool_]
    sizes: Array
    theta: float | None = None
    nuisance: tuple[Array, Array] | None = None

    @property
    def n_coefficients(self) -> int:
        """Number of coefficients that the data determine, effects that are taken out aside."""
        return int(np.isfinite(self.fit.coefficients).sum())


def check_options(options: Extended, **choices: Any) -> None:
    """Refuse options that are not known.

    Parameters
    ----------
    options
        The estimator.
    **choices
        For each further option the ``Literal`` that lists its choices.

    Raises
    ------
    EstimationError
        An option that is not known, or that is neither True nor False.
    """
    known_options(options, levels=Levels, covariates=Covariates, **choices)
    for option in ("season_effects", "leads"):
        value = getattr(options, option)
        if not isinstance(value, bool):
            raise EstimationError(f"{options.name}: {option}={value!r} is not known: choose True or False")


def fit_extended(options: Extended, design: StudyDesign, likelihood: Likelihood) -> EffectEstimate:
    """Estimate an effect for every cohort and period.

    Parameters
    ----------
    options
        The estimator.
    design
        Who was treated when, against whom, and what is measured.
    likelihood
        ``"linear"``, ``"poisson"`` or ``"negative_binomial"``.

    Returns
    -------
    EffectEstimate
        One row per cohort and period that can be estimated.

    Raises
    ------
    EstimationError
        No effect after a start can be estimated, or a covariate cannot be adjusted for.
    """
    sample = _sample(options, design, likelihood)
    _after_start(options, _positions(sample.cells))
    fitted = _fit(options, design, likelihood, sample)
    known, cells = fitted.known, _positions(sample.cells)[fitted.known]
    post = _after_start(options, cells)
    totals = np.zeros(0)
    if likelihood == "poisson":
        totals = cell_sums(np.where(sample.weights > 0, sample.data.y, 0.0), design.cohort, *cells.T)
    source = _source(fitted, sample, design, cells if totals.size else cells[:0])
    scaled = np.sqrt(_small_sample(options, design, sample, fitted)) * np.eye(source.size)
    if totals.size:  # the sizes between effects and totals are taken as given
        scaled = np.vstack([scaled[: len(cells)], np.zeros(scaled[: len(cells)].shape), scaled[len(cells) :]])
    left_out = sorted(sample.impossible + [sample.cells[at] for at in np.flatnonzero(~known)])
    diagnostics = _diagnostics(fitted, sample, design, len(left_out))
    return EffectEstimate(
        effect=np.nan_to_num(fitted.fit.coefficients)[fitted.columns] @ fitted.combine[:, known],
        labels=pd.DataFrame(
            {"cohort": cells[:, 0], "period": cells[:, 1], "event_time": cells[:, 1] - cells[:, 0]}
        ),
        uncertainty=Influence(source, scaled, df=_treated_clusters(design, sample) - 1.0),
        scale=design.scale if likelihood == "linear" else LOG_RATE_RATIO,
        recipe=Recipe(design, options),
        post=post,
        sizes=fitted.sizes[known],
        size_of=np.arange(len(cells)),
        totals=totals,
        notes=notes_of(design, sample.data, left_out, sample.counted, likelihood, diagnostics),
        diagnostics=MappingProxyType(diagnostics),
    )


def _positions(cells: Cells) -> Index:
    """Cohort and period of cells, shape (k, 2)."""
    return np.array(cells, dtype=np.int64).reshape(-1, 2)


def _after_start(options: Extended, cells: Index) -> NDArray[np.bool_]:
    """Which cells, shape (k, 2), lie after their start; there must be one."""
    post = cells[:, 1] >= cells[:, 0]
    if not post.any():
        raise EstimationError(
            f"{options.name}: no effect can be estimated: in every period after a start, the comparison "
            "group or the period before the start is missing (or, for counts, without any incident)",
            hint="check the dates, or the comparison= of the design",
        )
    return np.asarray(post)


def _treated_clusters(design: StudyDesign, sample: _Sample) -> int:
    return len(np.unique(design.clusters[design.ever_treated & (sample.weights > 0).any(axis=1)]))


def _sample(options: Extended, design: StudyDesign, likelihood: Likelihood) -> _Sample:
    """Decide what is used: cells, unit-periods, and which effects are taken out."""
    data = read(design, likelihood, options.name)
    _require_several(data, design, options.name)
    season, region = _season(options, design), _region(options, design)
    cells, usable, impossible = plan_effects(
        np.unique(design.cohort[data.used.any(axis=1)]),
        design.n_periods,
        comparison=design.comparison,
        anticipation=design.anticipation,
        leads=options.leads,
        season=season,
    )
    used = data.used & (np.arange(design.n_periods) < usable)
    weights = np.where(used, design.weights[:, None], 0.0)
    if likelihood == "linear":
        return _Sample(data, weights, cells, impossible, None, season, region)
    counted = informative(data.y, weights, design.cohort, cells, season, region)
    named = {*counted.kept_cells, *counted.empty_cells, *counted.uncompared_cells}
    impossible += [cell for cell in cells if cell not in named]
    return _Sample(data, counted.weights, counted.kept_cells, impossible, counted, season, region)


def _season(options: Extended, design: StudyDesign) -> Index | None:
    """Season of each period, shape (T,); None where levels are those of cohorts."""
    periods = design.panel.periods
    if not options.season_effects:
        return None if options.levels == "cohort" else np.zeros(len(periods), dtype=np.int64)
    per_year = {"month": 12, "quarter": 4}.get(periods.freq, 0)
    if not per_year or options.levels == "cohort":
        raise EstimationError(
            f"{options.name}: season_effects=True gives every unit a level for each month or quarter of the "
            f"year: it needs periods of months or quarters (these are of freq '{periods.freq}') and "
            f"levels='unit'"
        )
    ordinals = np.array([periods.ordinal(position) for position in range(len(periods))])
    distinct, season = np.unique(ordinals % per_year, return_inverse=True)
    if len(distinct) == len(periods):
        raise EstimationError(
            f"{options.name}: season_effects=True needs more than one year, and the panel has each "
            f"{periods.freq} of the year only once"
        )
    return season.astype(np.int64)


def _region(options: Extended, design: StudyDesign) -> Index | None:
    """Region of each unit, shape (n,)."""
    if options.regions is None:
        return None
    codes = design.panel.codes_by_unit(options.regions)[0]
    if (codes < 0).any():
        raise EstimationError(
            f"{options.name}: column '{options.regions}' of regions is empty for units "
            f"{some_of(design.panel.units[codes < 0])}"
        )
    return codes


def _adjusted(design: StudyDesign, used: NDArray[np.bool_]) -> _Adjusted:
    """Sort the covariates into those that vary over time and those that do not."""
    constant, varying = dict[str, Array](), dict[str, Array]()
    first = used.argmax(axis=1)[:, None]
    for name, grid in design.panel.covariates.items():
        scaled = np.where(used, (grid - grid[used].mean()) / (grid[used].std() or 1.0), 0.0)
        levels = np.take_along_axis(scaled, first, axis=1)
        if (scaled == np.where(used, levels, 0.0)).all():
            constant[name] = levels[:, 0]
        else:
            varying[name] = scaled
    n, n_periods = used.shape
    return _Adjusted(
        list(constant),
        np.stack(list(constant.values()), axis=1) if constant else np.zeros((n, 0)),
        list(varying),
        np.stack(list(varying.values()), axis=2) if varying else np.zeros((n, n_periods, 0)),
    )


def _fit(options: Extended, design: StudyDesign, likelihood: Likelihood, sample: _Sample) -> _Fitted:
    """Run the regression, and say what its effects are made of."""
    adjusted = _adjusted(design, sample.weights > 0)
    names = [*adjusted.constant, *adjusted.varying]
    plan = saturate(
        design.cohort,
        sample.cells,
        design.n_periods,
        season=sample.season,
        region=sample.region,
        covariates=adjusted.factors if adjusted.constant else None,
        by_cell=options.covariates == "full",
        own=adjusted.own if adjusted.varying else None,
    )
    columns = np.concatenate([plan.effects, plan.slopes.ravel()])
    theta, nuisance = None, None
    y, weights, offset = sample.data.y, sample.weights, sample.data.offset
    try:
        if likelihood == "negative_binomial":
            fit, theta, nuisance = fit_negative_binomial(
                y, weights, offset, plan.terms, columns, what=options.name
            )
        else:
            fit = regress(
                y,
                weights=weights,
                offset=offset,
                terms=plan.terms,
                family=Linear() if likelihood == "linear" else Poisson(),
                what=options.name,
            )
    except EstimationError as problem:
        if not names:
            raise
        raise EstimationError(
            f"{problem.message}, with covariates {some_of(names)} in it",
            hint="leave covariates out one at a time: where one separates unit-periods with incidents from "
            "those without, no finite effect of it fits best",
        ) from problem
    _refuse_collinear(options, fit, plan, adjusted)
    combine = _combine(fit, plan, design, sample)
    unknown = np.isnan(fit.coefficients[columns])
    # A covariate of which a cell has just the cohort's mean takes no part in its effect but for rounding.
    known = ~((np.abs(combine) > _ROUNDING) & unknown[:, None]).any(axis=0)
    sizes = cell_sums(weights, design.cohort, *_positions(sample.cells).T)
    return _Fitted(fit, plan, columns, combine, known, sizes, theta, nuisance)


def _refuse_collinear(options: Extended, fit: Fit, plan: Saturated, adjusted: _Adjusted) -> None:
    """Refuse covariates that the other regressors determine."""
    unknown, terms = np.isnan(fit.coefficients), plan.terms
    per_covariate = 1 + (len(plan.slopes) > 0)
    bad = [
        name
        for j, name in enumerate(adjusted.constant)
        if unknown[: len(terms.factor_of)][terms.factor_of == per_covariate * j].all()
    ]
    bad += [name for name, out in zip(adjusted.varying, unknown[len(terms.factor_of) :], strict=True) if out]
    if bad:
        raise EstimationError(
            f"{options.name}: covariates {some_of(bad)} cannot be told apart from each other or from the "
            "effects of units and periods",
            hint="leave one of them out",
        )


def _combine(fit: Fit, plan: Saturated, design: StudyDesign, sample: _Sample) -> Array:
    """What makes average effects of cells of coefficients, shape ((1 + q) k, k).

    Where effects hang on covariates, that of a cell is the mean over its unit-periods, each
    weighing as much as it tells: by its sampling weight, or by its expected incidents for counts.
    """
    combine = [np.eye(len(plan.effects))]
    at = _positions(sample.cells).T
    for columns in plan.slopes:
        factor = plan.terms.factors[:, plan.terms.factor_of[columns[0]]]
        sums = cell_sums(fit.curvature * factor[:, None], design.cohort, *at)
        with np.errstate(invalid="ignore"):  # cells without any observation have no mean, nor an effect
            combine.append(np.diag(np.nan_to_num(sums / cell_sums(fit.curvature, design.cohort, *at))))
    return np.concatenate(combine)


def _source(fitted: _Fitted, sample: _Sample, design: StudyDesign, totalled: Index) -> ScoreSource:
    """Influence of units on effects and, behind them, on the incidents expected in cells.

    The likelihood equation of a cell's effect says that its expected incidents with the
    programme are those observed, so that what a unit adds to them is the sum of its residuals.
    """
    fit, terms, known = fitted.fit, fitted.plan.terms, fitted.known
    combine = fitted.combine[:, known]
    features = fit.features(terms)
    maps = fit.maps(terms, fitted.columns) @ combine
    if fitted.nuisance is not None:
        score, pull = fitted.nuisance
        features = np.hstack([features, score[:, None]])
        row = np.broadcast_to(pull @ combine, (len(maps), 1, maps.shape[2]))
        maps = np.concatenate([maps, row], axis=1)
    if len(totalled):
        begin = 0
        if len(np.unique(design.weights)) > 1:  # incidents are summed without sampling weights
            begin = features.shape[1]
            per_weight = 1 / np.where(design.weights > 0, design.weights, 1.0)
            features = np.hstack([features, fit.residual * per_weight[:, None]])
        width = features.shape[1]
        behind = np.zeros((len(maps), width, len(totalled)))
        start = design.cohort[np.unique(terms.code, return_index=True)[1]]
        for column, (cohort, period) in enumerate(totalled.tolist()):
            behind[start == cohort, begin + period, column] = 1.0
        maps = np.pad(maps, ((0, 0), (0, width - maps.shape[1]), (0, 0)))
        maps = np.concatenate([maps, behind], axis=2)
    return ScoreSource(features, terms.code, maps, design.clusters)


def _small_sample(options: Extended, design: StudyDesign, sample: _Sample, fitted: _Fitted) -> float:
    """G / (G − 1) · (n − 1) / (n − K): unit effects are nested in the clusters and do not count."""
    used = sample.weights > 0
    n, clusters = int(used.sum()), len(np.unique(design.clusters[used.any(axis=1)]))
    k = fitted.n_coefficients + (sample.season is not None)
    if n <= k or clusters < 2:
        raise EstimationError(
            f"{options.name}: {n} unit-periods in {clusters} clusters are too few for {k} coefficients"
        )
    return clusters / (clusters - 1) * (n - 1) / (n - k)


def _diagnostics(fitted: _Fitted, sample: _Sample, design: StudyDesign, n_left_out: int) -> dict[str, Any]:
    used = sample.weights > 0
    units = used.any(axis=1)
    numbers: dict[str, Any] = {
        "unit_periods": int(used.sum()),
        "units": int(units.sum()),
        "clusters": len(np.unique(design.clusters[units])),
        "coefficients": fitted.n_coefficients,
        "cells": int(fitted.known.sum()),
        "cells_left_out": n_left_out,
    }
    if sample.counted is None:
        return numbers
    levels = int(np.isfinite(fitted.fit.levels).sum())
    mean = np.exp(np.where(used, fitted.fit.eta, 0.0))
    numbers |= dispersion(sample.data.y, mean, sample.weights, fitted.n_coefficients + levels)
    return numbers if fitted.theta is None else {**numbers, "theta": fitted.theta}
