"""Effects by imputation and their influence values, as array functions.

With V the weight w (least squares) or w μ⁰ (Poisson) of an observation, z its regressors less
their V-weighted mean over the untreated observations of its unit, s the score of a unit in the
first-stage regression and B the inverse information there, a unit's influence on a cell is

- least squares, mean difference Σ w τ / Σ w: Σ w (τ − τ̄) / Σ w − (Σ V z / Σ V)' B s,
- Poisson, log(Σ w y / Σ w μ⁰): Σ w (y − ρ μ⁰) / Σ w y − (Σ V z / Σ V)' B s,

with the first sum over the unit's own observations in the cell and all others over everyone's.
Both are derivatives in the weight of the unit: its level hangs on its own data and on the
coefficients, and z carries the latter. The first is the conservative influence of Borusyak,
Jaravel & Spiess (2024, https://doi.org/10.1093/restud/rdae007, section 4.3), whose treated
residuals are τ − τ̄ and whose weights on untreated residuals are −(Σ V z / Σ V)' B z.

Shapes: n units, T periods, G start dates, k cells, f features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.did._imputation import FirstStage, Sample

__all__ = ["Effects", "Imputed", "Residuals", "cell_effects", "impute", "lead_effects", "sort_cells"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Residuals = Literal["cohort_period", "event_time", "overall"]


@dataclass(frozen=True, eq=False, slots=True)
class Effects:
    """Effects, and what their influence values are a linear map of.

    Parameters
    ----------
    effect
        Shape (k,).
    size
        Weighted number of observations behind each, shape (k,).
    expected
        Weighted incidents that were expected in their cells, shape (k,); for counts.
    features
        Numbers of each unit, shape (n, f).
    maps
        From them to influence on the effects and, for counts, on what was expected in their
        cells, by start date, shape (G, f, k or 2 k).
    """

    effect: Array
    size: Array
    expected: Array
    features: Array
    maps: Array

    def behind(self, other: Effects) -> Effects:
        """These effects, and others before them."""
        first, second = other.features.shape[1], self.features.shape[1]
        groups, k, before = len(self.maps), len(self.effect), len(other.effect)
        layers = self.maps.shape[2] // k  # effects, and what was expected
        maps = np.zeros((groups, first + second, layers, before + k))
        maps[:, :first, :, :before] = other.maps.reshape(groups, first, layers, before)
        maps[:, first:, :, before:] = self.maps.reshape(groups, second, layers, k)
        return Effects(
            np.concatenate([other.effect, self.effect]),
            np.concatenate([other.size, self.size]),
            np.concatenate([other.expected, self.expected]),
            np.hstack([other.features, self.features]),
            maps.reshape(groups, first + second, -1),
        )

    def rows(self, keep: Flags) -> Effects:
        """Some of the effects, shape (k,)."""
        layers = self.maps.shape[2] // max(len(keep), 1)
        maps = self.maps[:, :, np.tile(keep, layers)]
        return replace(
            self, effect=self.effect[keep], size=self.size[keep], expected=self.expected[keep], maps=maps
        )


@dataclass(frozen=True, eq=False, slots=True)
class Imputed:
    """Treated observations beside what was expected of them.

    Parameters
    ----------
    sample, stage
        The units, and the regression on their untreated observations.
    partial, expected
        What is expected of the units that the regression was run on but for their level, and
        with it, shape (n, T); NaN where not known.
    silent
        For counts, units without any event, which say nothing about a ratio, shape (n,).
    lost
        Units with outcomes when treated but none before that can be used, shape (n,).
    known
        Where both outcome and expectation are known, of units that are not silent, shape (n, T).
    base
        There 1, or for counts the expected outcome, elsewhere 0, shape (n, T).
    units, size, weighted_base, difference
        Sums over the units of a start date in a period, shape (G, T): their number, the same
        weighted, the weighted base, and the weighted outcomes less what was expected.
    """

    sample: Sample
    stage: FirstStage
    partial: Array
    expected: Array
    silent: Flags
    lost: Flags
    known: Flags
    base: Array
    units: Array
    size: Array
    weighted_base: Array
    difference: Array

    @property
    def outcome(self) -> Array:
        """Weighted sum of outcomes, for counts, shape (G, T)."""
        return self.weighted_base + self.difference


def impute(sample: Sample, stage: FirstStage) -> Imputed:
    """Set treated observations beside what the first stage expects of them.

    Parameters
    ----------
    sample
        The units.
    stage
        The regression on their untreated observations.

    Returns
    -------
    Imputed
    """
    data = stage.data
    partial = stage.without_levels(data)
    expected = stage.expected(data, partial)
    gap = data.y - expected
    known = np.isfinite(gap)
    silent = np.zeros(len(known), dtype=bool)
    if data.counts:
        silent = known.any(axis=1) & ~((data.y > 0) & known).any(axis=1)
        known &= ~silent[:, None]
    base = np.where(known, expected, 0.0) if data.counts else known.astype(np.float64)
    gap[~known] = 0.0
    shape = (len(sample.starts), sample.n_periods)
    units, size, weighted_base, difference = (np.zeros(shape) for _ in range(4))
    for group, rows, _ in data.groups():
        weights = data.weights[rows]
        units[group] = known[rows].sum(axis=0)
        size[group] = weights @ known[rows]
        weighted_base[group], difference[group] = weights @ base[rows], weights @ gap[rows]
    if data is not sample:
        units *= np.diff(sample.ends, prepend=0)[:, None]
    lost = _lost(sample, stage, expected)
    return Imputed(
        sample, stage, partial, expected, silent, lost, known, base, units, size, weighted_base, difference
    )


def sort_cells(imputed: Imputed) -> tuple[Flags, dict[str, Flags]]:
    """Tell cells that have an estimate from those that do not.

    Parameters
    ----------
    imputed
        Treated observations beside what was expected of them.

    Returns
    -------
    keep : ndarray of bool, shape (G, T)
    left_out : dict of ndarray of bool, shape (G, T) each
        ``"impossible"`` (not one treated observation with something expected), and for counts
        ``"uncompared"`` (no event in what they are compared with). ``"empty"`` ones, without any
        event, are kept: they have no ratio, but a number of incidents that was expected.
    """
    sample = imputed.sample
    treated, known = ~sample.untreated, imputed.units > 0
    empty, uncompared = np.zeros((2, *treated.shape), dtype=bool)
    if sample.counts:
        empty = treated & known & (imputed.outcome <= 0)
        without = np.where(known, imputed.weighted_base <= 0, ~imputed.stage.possible)
        uncompared = treated & ~empty & without & _watched(sample)
        uncompared |= empty & (imputed.weighted_base <= 0)
        empty &= ~uncompared
    keep = treated & known & ~uncompared
    impossible = treated & ~keep & ~uncompared
    return keep, {"impossible": impossible, "empty": empty, "uncompared": uncompared}


def cell_effects(imputed: Imputed, keep: Flags, *, residuals: Residuals, leave_out: bool) -> Effects:
    """Effects of start dates in periods.

    Parameters
    ----------
    imputed
        Treated observations beside what was expected of them.
    keep
        Start dates and periods to keep, shape (G, T).
    residuals
        Whose mean difference is taken off treated observations for their influence: that of the
        cell, of all cells at the same time since the start, or of all.
    leave_out
        Whether a cluster is left out of the mean that is taken off its own observations, where
        others stand behind the mean as well.

    Returns
    -------
    Effects
        In order of start date and period.
    """
    sample, stage = imputed.sample, imputed.stage
    group, period = np.nonzero(keep)
    at = (group, period)
    k, n_periods = len(group), sample.n_periods
    ratio = imputed.difference[at] / imputed.weighted_base[at]
    grid = _deviations(imputed, keep, residuals=residuals, leave_out=leave_out)
    terms = stage.terms(sample)
    features = grid if stage.residual is None else terms.features(stage.residual).copy()
    if stage.residual is not None:
        features[:, :n_periods] += grid
    maps = terms.maps(-stage.bread @ _carried(imputed, keep).T)
    maps[:, :n_periods] *= stage.used[:, :, None]
    if not sample.counts:
        maps[group, period, np.arange(k)] = 1 / imputed.size[at]
        return Effects(ratio, imputed.size[at], np.zeros(k), features, maps)
    counted, expected = imputed.outcome[at], imputed.weighted_base[at]
    empty = counted <= 0
    features = np.hstack([features, _level_residuals(imputed, keep)])
    whole = np.zeros((len(maps), features.shape[1], 2 * k))
    whole[:, : maps.shape[1], k:] = -expected * maps
    # log expected = log counted − effect
    maps[group, period, np.arange(k)] = np.divide(1.0, counted, out=np.zeros(k), where=~empty)
    whole[group, period, k + np.arange(k)] -= expected * maps[group, period, np.arange(k)]
    of_counted = np.divide(expected, counted, out=np.ones(k), where=~empty)
    whole[group, maps.shape[1] + period, k + np.arange(k)] = of_counted
    whole[:, : maps.shape[1], :k] = np.where(empty, 0.0, maps)
    effect = np.log1p(ratio, out=np.full(k, np.nan), where=~empty)
    if (sample.weights != 1).any():  # totals are of what was counted, not of what it weighs
        plain = _without_weights(imputed)[at]
        expected = expected * plain
        whole[:, :, k:] *= plain
    return Effects(effect, imputed.size[at], expected, features, whole)


def _without_weights(imputed: Imputed) -> Array:
    """What cells count in all over what they weigh, shape (G, T)."""
    sample = imputed.sample
    ratio = np.ones((len(sample.starts), sample.n_periods))
    for group, rows, first in sample.groups():
        weights, known = sample.weights[rows], np.isfinite(sample.y[rows, first:])
        counted = np.where(known, sample.y[rows, first:], 0.0)
        for part in (known.astype(np.float64), counted):  # the latter, where there is any
            plain, weighed = part.sum(axis=0), weights @ part
            np.divide(plain, weighed, out=ratio[group, first:], where=weighed > 0)
    return ratio


def lead_effects(sample: Sample, stage: FirstStage, leads: Index) -> Effects:
    """Effects of periods before the start, as a regression on untreated observations has them.

    Parameters
    ----------
    sample
        The units.
    stage
        The regression, with the leads in it.
    leads
        Numbers of periods before the first treated one, shape (l,).

    Returns
    -------
    Effects
        In their order; NaN where the observations do not determine one. Their influence is
        scaled for the small-sample factor of a clustered regression.
    """
    terms, n_periods = stage.terms(sample), sample.n_periods
    residual = stage.residual
    if residual is None:
        residual = _gaps(sample, stage)
        for _, rows, first in sample.groups():
            residual[rows, first:] = 0.0
            _weigh(residual[rows], sample.weights[rows])
    columns = np.arange(n_periods - 1, n_periods - 1 + len(leads))
    maps = np.sqrt(_small_sample(sample, stage)) * terms.maps(stage.bread[:, columns])
    members = stage.shared[:, :, columns]  # which observations are a lead's own
    behind, outcome = np.zeros((2, len(leads)))
    for group, rows, _ in stage.data.groups():
        weights, y = stage.weights[rows], stage.data.y[rows]
        behind += weights.sum(axis=0) @ members[group]
        outcome += np.where(weights > 0, weights * y, 0.0).sum(axis=0) @ members[group]
    effect, expected = stage.coefficients[columns], np.zeros(len(leads))
    if sample.counts:
        expected = outcome * np.exp(-effect)
        behind_them = -expected * maps
        behind_them[:, :n_periods] += np.exp(-effect) * members
        maps = np.concatenate([maps, behind_them], axis=2)
    return Effects(effect, behind, expected, terms.features(residual), maps)


def _lost(sample: Sample, stage: FirstStage, expected: Array) -> Flags:
    """Units that are observed when treated, but of which nothing can be expected, shape (n,)."""
    if sample.complete and stage.possible.all():
        return np.asarray((sample.first == 0)[sample.code])
    lost = np.zeros(len(sample.y), dtype=bool)
    for group, rows, first in sample.groups():
        after = np.flatnonzero(stage.possible[group, first:]) + first
        of_data = rows if stage.data is sample else slice(group, group + 1)
        without = np.isnan(expected[of_data]).all(axis=1)
        lost[rows] = without & np.isfinite(sample.y[rows][:, after]).any(axis=1)
    return lost


def _watched(sample: Sample) -> Flags:
    """Periods in which an untreated unit is observed, shape (T,)."""
    seen = np.zeros(sample.n_periods, dtype=bool)
    for _, rows, first in sample.groups():
        seen[:first] |= np.isfinite(sample.y[rows, :first]).any(axis=0)
    return seen


def _small_sample(sample: Sample, stage: FirstStage) -> float:
    """G / (G − 1) × (n − 1) / (n − K) of a regression; unit effects, nested in clusters, do not count."""
    units = stage.used.any(axis=1)[sample.code]
    if stage.data is sample:
        units = (stage.weights > 0).any(axis=1)
    clusters, n = len(np.unique(sample.clusters[units])), stage.observations(sample)
    n_coefficients = int(np.isfinite(stage.coefficients).sum()) + 1
    if clusters < 2 or n <= n_coefficients:
        return 1.0  # residuals that are all rounding, of which no standard error is made
    return clusters / (clusters - 1) * (n - 1) / (n - n_coefficients)


def _deviations(imputed: Imputed, keep: Flags, *, residuals: Residuals, leave_out: bool) -> Array:
    """Weighted differences of treated observations less their mean, shape (n, T).

    In untreated observations 0; or, where the first stage was run on the means of start dates,
    their weighted residual.
    """
    sample, folded = imputed.sample, imputed.stage.data is not imputed.sample
    if folded:
        gap = _gaps(sample, imputed.stage)
    else:
        gap = np.where(imputed.known, sample.y - imputed.expected, 0.0)
    power = 2 if residuals == "cohort_period" and not sample.counts else 1
    differences, bases = np.zeros((2, len(sample.starts), sample.n_periods))
    for group, rows, first in sample.groups():
        weights = sample.weights[rows] ** power
        differences[group, first:] = weights @ gap[rows, first:]
        bases[group, first:] = weights.sum() if folded else weights @ imputed.base[rows, first:]
    means = _means(differences, bases, keep, residuals, sample.first)
    for group, rows, first in sample.groups():
        after, weights = gap[rows, first:], sample.weights[rows, None]
        base = np.ones((1, 1)) if folded else imputed.base[rows, first:]
        mean = means[group, first:]
        if leave_out and first < sample.n_periods:
            mean = _without_own(after, base, weights**power, sample.clusters[rows], mean)
        after -= mean * base
        after[:, ~keep[group, first:]] = 0.0
        if not folded:
            gap[rows, :first] = 0.0
        _weigh(gap[rows], sample.weights[rows])
    return gap


def _weigh(rows: Array, weights: Array) -> None:
    """Multiply rows with their weights, in place."""
    if (weights != 1).any():
        rows *= weights[:, None]


def _gaps(sample: Sample, stage: FirstStage) -> Array:
    """Outcomes less what was expected of units, shape (n, T), where the stage was run on means."""
    partial = stage.without_levels(stage.data)  # nothing varies within a start date
    gap = np.empty_like(sample.y)
    for group, rows, first in sample.groups():
        np.subtract(sample.y[rows], partial[group], out=gap[rows])
        if first:
            gap[rows] -= (gap[rows, :first] @ np.full(first, 1 / first))[:, None]
    return gap


def _means(differences: Array, bases: Array, keep: Flags, residuals: Residuals, first: Index) -> Array:
    """Mean difference of what each cell is pooled with, shape (G, T)."""
    n_periods = keep.shape[1]
    pool = np.arange(keep.size).reshape(keep.shape)
    if residuals == "event_time":
        pool = n_periods + np.arange(n_periods) - first[:, None]
    elif residuals == "overall":
        pool = np.zeros_like(pool)
    kept = keep.ravel()
    above, below = (
        np.bincount(pool.ravel()[kept], part.ravel()[kept], minlength=int(pool.max()) + 1)
        for part in (differences, bases)
    )
    with np.errstate(invalid="ignore"):
        return np.where(keep, (above / below)[pool], 0.0)


def _without_own(gap: Array, base: Array, weights: Array, clusters: Index, mean: Array) -> Array:
    """Means of which each unit's own cluster is no part, shape (units, periods).

    The mean itself where a cluster is all that stands behind it.
    """
    codes, code = np.unique(clusters, return_inverse=True)
    own, behind = weights * gap, np.broadcast_to(weights * base, gap.shape)
    whole, total = own.sum(axis=0), behind.sum(axis=0)
    if len(codes) < len(code):
        own, behind = (
            np.stack([np.bincount(code, column)[code] for column in grid.T], axis=1) for grid in (own, behind)
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        # A share: what is left of a sum of one part is rounding.
        return np.where(behind < (1 - 1e-12) * total, (whole - own) / (total - behind), mean)


def _carried(imputed: Imputed, keep: Flags) -> Array:
    """How far cells move the other way with each first-stage coefficient, shape (k, K + p).

    The mean regressors of a cell, less those of the same units' untreated observations.
    """
    data, stage = imputed.stage.data, imputed.stage
    terms, shared = stage.terms(data), stage.shared
    k = shared.shape[2]
    own = np.where(np.isfinite(data.own), data.own, 0.0)
    carried = []
    for group, rows, first in data.groups():
        cells = np.flatnonzero(keep[group])
        if not len(cells):
            continue
        weights = data.weights[rows, None] * imputed.base[rows]
        level = weights[:, :first].sum(axis=1, keepdims=True)
        share = np.divide(weights[:, :first], level, out=np.zeros_like(weights[:, :first]), where=level > 0)
        after = weights[:, cells]
        sums = np.zeros((len(cells), k + own.shape[2]))
        for factor, columns in terms.blocks():
            times = after if factor is None else after * factor[rows, None]
            at_start = times.T @ share @ shared[group, :first][:, columns]
            sums[:, columns] = times.sum(axis=0)[:, None] * shared[group][np.ix_(cells, columns)] - at_start
        before = np.einsum("it,itp->ip", share, own[rows, :first])
        sums[:, k:] = np.einsum("it,itp->tp", after, own[rows][:, cells]) - after.T @ before
        carried.append(sums / imputed.weighted_base[group, cells, None])
    return np.concatenate(carried)


def _level_residuals(imputed: Imputed, keep: Flags) -> Array:
    """Weighted counts of treated observations less their mean with the programme, shape (n, T).

    The level of a unit is here the one that fits all its observations, treated ones with the
    effect of their cell: what a count is off its mean would otherwise hold the noise of the
    few untreated ones as well. In cells without any event: what was expected of a unit beside
    what its level over all its observations would expect.
    """
    sample = imputed.sample
    left = np.zeros_like(sample.y)
    for group, rows, first in sample.groups():
        cells = np.flatnonzero(keep[group])
        effect = sample.untreated[group].astype(np.float64)  # 0 in cells that are left out
        effect[cells] = 1 + imputed.difference[group, cells] / imputed.weighted_base[group, cells]
        known = imputed.known[rows] & (effect > 0)
        mean = np.where(known, imputed.partial[rows] * effect, 0.0)
        count = np.where(known, sample.y[rows], 0.0)
        total = mean.sum(axis=1, keepdims=True)
        level = np.divide(count.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
        off = count - level * mean
        empty = cells[effect[cells] <= 0]
        expected, partial = imputed.expected[rows][:, empty], imputed.partial[rows][:, empty]
        off[:, empty] = np.where(imputed.known[rows][:, empty], expected - level * partial, 0.0)
        left[rows, first:] = sample.weights[rows, None] * off[:, first:]
    return left
