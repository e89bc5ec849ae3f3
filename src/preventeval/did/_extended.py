"""Wooldridge's extended two-way regressions, by least squares or a likelihood for counts.

Shapes: n units, T periods, G groups, k cells (cohort and period), K coefficients, q covariates
that do not vary over time and p that do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._counts import Counted, informative, scatter_of_counts
from preventeval.did._covariates import Adjusted, adjusted_for
from preventeval.did._degrees import degrees_of_freedom
from preventeval.did._expected import determined, log_ratios, mean_effects, with_empty, with_expected
from preventeval.did._extended_notes import notes_of
from preventeval.did._fixed_effects import (
    Data,
    Likelihood,
    by_group,
    clusters_among,
    known_options,
    read,
    require_several,
    still_moving,
)
from preventeval.did._negative_binomial import fit_negative_binomial
from preventeval.did._saturated import Saturated, plan_effects, saturate
from preventeval.did._scores import ScoreSource
from preventeval.did._within import Fit, Linear, Poisson, UnsettledError, Weights, regress
from preventeval.errors import EstimationError, some_of
from preventeval.estimate import EffectEstimate, Estimator, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Influence
from preventeval.words import Message

__all__ = ["Covariates", "Extended", "Levels", "check_options", "fit_extended"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Levels = Literal["unit", "cohort"]
Covariates = Literal["by_period", "full"]
Cells = list[tuple[int, int]]


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
    weights: Weights
    cells: Cells
    impossible: Cells
    counted: Counted | None
    season: Index | None
    region: Index | None
    seen: NDArray[np.bool_]

    @property
    def units(self) -> NDArray[np.bool_]:
        """Units with an observation that is used, shape (n,)."""
        return self.data.used.any(axis=1)


@dataclass(frozen=True, eq=False, slots=True)
class _Fitted:
    """A regression, and what the effects of cells are made of.

    Effects of cells, shape (k,), and their derivatives in the coefficients times the inverse
    information, shape (K + p, k); ``known`` tells which are identified, shape (k,). A negative binomial
    regression adds the score of units for its size parameter, and what a score of 1 moves
    the effects by.
    """

    fit: Fit
    plan: Saturated
    effect: Array
    directions: Array
    known: NDArray[np.bool_]
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
        An option that is not known, that is neither True nor False, or that names no column.
    """
    known_options(options, levels=Levels, covariates=Covariates, **choices)
    for option in ("season_effects", "leads"):
        value = getattr(options, option)
        if not isinstance(value, bool):
            raise EstimationError(f"{options.name}: {option}={value!r} is not known: choose True or False")
    if not isinstance(options.regions, str | None):
        raise EstimationError(f"{options.name}: regions={options.regions!r}: expected the name of a column")


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
    factor = np.sqrt(_small_sample(options, design, sample, fitted))
    source = _source(fitted, design, cells if likelihood == "poisson" else cells[:0])
    spread = Influence(
        source,
        factor * np.eye(source.size),
        df=degrees_of_freedom(design, sample.units),
    )
    effect = fitted.effect[known]
    left_out = sorted(sample.impossible + [sample.cells[at] for at in np.flatnonzero(~known)])
    diagnostics = _diagnostics(fitted, sample, design, len(left_out))
    expected = np.zeros(0)
    if likelihood == "poisson":
        incidents = by_group(sample.data.y, fitted.plan.terms.code, sample.data.used)
        counted = _of_cells(incidents, design, fitted.plan, cells)
        assert sample.counted is not None
        empty = with_empty(fitted.fit, fitted.plan.terms, design, sample.seen, sample.counted.empty_cells)
        effect, expected, spread = with_expected(spread, effect, counted, factor * empty.maps, empty.expected)
        cells, post = np.vstack([cells, empty.cells]), np.append(post, empty.cells[:, 1] >= empty.cells[:, 0])
        diagnostics["expected_in_empty_cells"] = float(empty.expected.sum())
    return EffectEstimate(
        effect=effect,
        labels=pd.DataFrame(
            {"cohort": cells[:, 0], "period": cells[:, 1], "event_time": cells[:, 1] - cells[:, 0]}
        ),
        uncertainty=spread,
        scale=design.scale if likelihood == "linear" else LOG_RATE_RATIO,
        recipe=Recipe(design, options),
        post=post,
        sizes=_of_cells(_row_weights(sample, design, fitted.plan), design, fitted.plan, cells),
        size_of=np.arange(len(cells)),
        expected=expected,
        used=sample.seen,
        notes=(
            *notes_of(design, sample.data, left_out, sample.counted, likelihood, diagnostics),
            *_one_effect(fitted, likelihood),
        ),
        diagnostics=MappingProxyType(diagnostics),
    )


def _one_effect(fitted: _Fitted, likelihood: Likelihood) -> list[Message]:
    """Say so where fixed covariates of counts leave the effect of a cell the same for all its units."""
    same = likelihood != "linear" and fitted.plan.terms.factors.shape[1] and not len(fitted.plan.slopes)
    return [Message("note-counts-one-effect")] if same else []


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


def _starts(design: StudyDesign, plan: Saturated) -> Index:
    """Start date of each group of units, shape (G,)."""
    return design.cohort[np.unique(plan.terms.code, return_index=True)[1]]


def _of_cells(sums: Array, design: StudyDesign, plan: Saturated, cells: Index) -> Array:
    """Sums of cells, shape (k,), of those of groups, shape (G, T)."""
    starts, row = np.unique(_starts(design, plan), return_inverse=True)
    total = np.zeros((len(starts), sums.shape[1]))
    np.add.at(total, row, sums)
    return np.asarray(total[np.searchsorted(starts, cells[:, 0]), cells[:, 1]])


def _row_weights(sample: _Sample, design: StudyDesign, plan: Saturated) -> Array:
    """Sum of weights over the units of a group, shape (G, T)."""
    code = plan.terms.code
    if not sample.data.complete:
        return by_group(sample.weights, code)
    return np.repeat(np.bincount(code, design.weights)[:, None], design.n_periods, axis=1)


def _sample(options: Extended, design: StudyDesign, likelihood: Likelihood) -> _Sample:
    """Decide what is used: cells, unit-periods, and which effects are taken out."""
    data = read(design, likelihood, options.name)
    require_several(data, design, options.name)
    season, region = _season(options, design), _region(options, design)
    cells, usable, impossible = plan_effects(
        np.unique(design.cohort[data.used.any(axis=1)]),
        design.n_periods,
        comparison=design.comparison,
        anticipation=design.anticipation,
        leads=options.leads,
        season=season,
    )
    if usable < design.n_periods:
        data = data.without(np.arange(design.n_periods) >= usable)
    weights = data.weights(design.weights)
    if likelihood == "linear":
        return _Sample(data, weights, cells, impossible, None, season, region, data.used)
    counted, seen = informative(data.y, weights, design.cohort, cells, season, region), data.used
    if counted.weights is not weights:
        data = replace(data, used=counted.weights > 0)
    named = {*counted.kept_cells, *counted.empty_cells, *counted.uncompared_cells}
    impossible += [cell for cell in cells if cell not in named]
    return _Sample(data, counted.weights, counted.kept_cells, impossible, counted, season, region, seen)


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


def _fit(options: Extended, design: StudyDesign, likelihood: Likelihood, sample: _Sample) -> _Fitted:
    """Run the regression, and say what its effects are made of."""
    adjusted = adjusted_for(design, sample.data.used)
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
    theta, nuisance = None, None
    y, weights, exposure = sample.data.y, sample.weights, sample.data.exposure
    try:
        if likelihood == "negative_binomial":
            fit, theta, nuisance = fit_negative_binomial(
                y, weights, exposure, plan.terms, np.arange(plan.terms.size), what=options.name
            )
        else:
            fit = regress(
                y,
                weights=weights,
                exposure=exposure,
                terms=plan.terms,
                family=Linear() if likelihood == "linear" else Poisson(),
                what=options.name,
            )
    except UnsettledError as problem:
        if len(plan.slopes):
            raise EstimationError(
                f"{problem.message}, with a slope of covariates {some_of(adjusted.constant)} in every cell",
                hint="covariates='by_period' has none, and ImputationDiD(likelihood='poisson') needs none: a "
                "slope has no finite best value where few areas of a cohort have incidents in a period",
            ) from problem
        raise still_moving(problem, plan.terms, design, names) from problem
    _refuse_collinear(options, fit, plan, adjusted)
    of_cells = mean_effects if likelihood == "linear" or not len(plan.slopes) else log_ratios
    effect, slopes = of_cells(fit, plan, weights, design.cohort, _positions(sample.cells))
    known = determined(fit, slopes)
    slopes[:, ~known] = 0.0
    directions = fit.bread @ slopes if len(plan.slopes) else fit.bread[:, plan.effects]
    if nuisance is not None:
        nuisance = nuisance[0], nuisance[1] @ slopes
    return _Fitted(fit, plan, effect, directions, known, theta, nuisance)


def _refuse_collinear(options: Extended, fit: Fit, plan: Saturated, adjusted: Adjusted) -> None:
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


def _source(fitted: _Fitted, design: StudyDesign, totalled: Index) -> ScoreSource:
    """Influence of units on effects and, behind them, on the incidents expected in cells.

    The likelihood equation of a cell's effect says that its expected incidents with the
    programme are those observed, so that what a unit adds to them is the sum of its residuals.
    """
    fit, terms = fitted.fit, fitted.plan.terms
    features = fit.features(terms)
    maps = terms.maps(fitted.directions[:, fitted.known])
    if fitted.nuisance is not None:
        score, pull = fitted.nuisance
        features = np.hstack([features, score[:, None]])
        row = np.broadcast_to(pull[fitted.known], (len(maps), 1, maps.shape[2]))
        maps = np.concatenate([maps, row], axis=1)
    if not len(totalled):
        return ScoreSource(features, terms.code, maps, design.clusters)
    begin = 0
    if (design.weights != design.weights[0]).any():  # incidents are summed without sampling weights
        begin = features.shape[1]
        per_weight = 1 / np.where(design.weights > 0, design.weights, 1.0)
        features = np.hstack([features, fit.residual * per_weight[:, None]])
    whole = np.zeros((len(maps), features.shape[1], maps.shape[2] + len(totalled)))
    whole[:, : maps.shape[1], : maps.shape[2]] = maps
    group, cell = np.nonzero(_starts(design, fitted.plan)[:, None] == totalled[:, 0])
    whole[group, begin + totalled[cell, 1], maps.shape[2] + cell] = 1.0
    return ScoreSource(features, terms.code, whole, design.clusters)


def _small_sample(options: Extended, design: StudyDesign, sample: _Sample, fitted: _Fitted) -> float:
    """G / (G − 1) · (n − 1) / (n − K): unit effects are nested in the clusters and do not count."""
    n, clusters = int(np.count_nonzero(sample.data.used)), clusters_among(design, sample.units)
    k = fitted.n_coefficients + (sample.season is not None)
    if n <= k or clusters < 2:
        raise EstimationError(
            f"{options.name}: {n} unit-periods in {clusters} clusters are too few for {k} coefficients"
        )
    return clusters / (clusters - 1) * (n - 1) / (n - k)


def _diagnostics(fitted: _Fitted, sample: _Sample, design: StudyDesign, n_left_out: int) -> dict[str, Any]:
    units = sample.units
    numbers: dict[str, Any] = {
        "unit_periods": int(np.count_nonzero(sample.data.used)),
        "units": int(units.sum()),
        "clusters": clusters_among(design, units),
        "coefficients": fitted.n_coefficients,
        "cells": int(fitted.known.sum()),
        "cells_left_out": n_left_out,
    }
    if sample.counted is None:
        return numbers
    levels = int(np.isfinite(fitted.fit.levels).sum())
    degrees = numbers["unit_periods"] - fitted.n_coefficients - levels
    numbers |= scatter_of_counts(sample.data.y, fitted.fit.scatter, degrees)
    return numbers if fitted.theta is None else {**numbers, "theta": fitted.theta}
