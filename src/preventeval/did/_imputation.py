"""What would have happened without the programme, fitted on untreated observations only.

Shapes: n units, T periods, G start dates, q covariates that do not vary over time and p that do,
K coefficients of period effects (and of their products with covariates).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from preventeval.did._counts import informative
from preventeval.did._within import Linear, Poisson, Terms, regress

__all__ = ["FirstStage", "Sample", "first_stage"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """Units in the order of their start dates.

    Parameters
    ----------
    y
        Outcomes, shape (n, T); NaN where they, a covariate or the exposure are missing.
    log_exposure
        For counts, shape (n, T); None for least squares.
    weights
        Sampling weights, above 0, shape (n,).
    starts
        Distinct start positions, in order, shape (G,).
    code
        Which of them each unit has, in order, shape (n,).
    first
        Number of untreated periods of each start date (all come first), shape (G,).
    ends
        Up to which unit each start date goes, shape (G,).
    clusters
        Cluster of each unit, shape (n,).
    factors
        Covariates that do not vary over time, shape (n, q).
    own
        Covariates that do, shape (n, T, p).
    complete
        Whether no outcome is missing.
    """

    y: Array
    log_exposure: Array | None
    weights: Array
    starts: Index
    code: Index
    first: Index
    ends: Index
    clusters: Index
    factors: Array
    own: Array
    complete: bool

    @property
    def n_periods(self) -> int:
        """Number of periods, T."""
        return int(self.y.shape[1])

    @property
    def counts(self) -> bool:
        """Whether outcomes are counts, for a Poisson regression."""
        return self.log_exposure is not None

    @property
    def untreated(self) -> Flags:
        """Periods in which a start date is untreated, shape (G, T)."""
        return np.arange(self.n_periods) < self.first[:, None]

    def groups(self) -> Iterator[tuple[int, slice, int]]:
        """Each start date, where its units are, and its number of untreated periods."""
        begin = 0
        for group, (end, first) in enumerate(zip(self.ends.tolist(), self.first.tolist(), strict=True)):
            yield group, slice(begin, end), first
            begin = end

    def folded(self) -> Sample:
        """The means of start dates as if they were units.

        Where nothing is missing and no covariate is used, least squares on them is the same.
        """
        weights = np.bincount(self.code, self.weights)
        sums = np.stack([self.weights[rows] @ self.y[rows] for _, rows, _ in self.groups()])
        kinds = np.arange(len(weights))
        return replace(
            self,
            y=sums / weights[:, None],
            weights=weights,
            code=kinds,
            ends=kinds + 1,
            clusters=kinds,
            factors=np.zeros((len(kinds), 0)),
            own=np.zeros((*sums.shape, 0)),
        )


@dataclass(frozen=True, eq=False, slots=True)
class FirstStage:
    """The regression on untreated observations.

    Parameters
    ----------
    data
        The units that were used, or the means of start dates in place of them.
    shared, factor_of
        Regressors that units of a start date share, shape (G, T, K), and which covariate
        multiplies each.
    coefficients
        Shape (K + p,); NaN where the untreated observations do not determine them.
    bread
        Inverse information, shape (K + p, K + p).
    used
        Periods of start dates that the regression was given, shape (G, T).
    weights
        Weight of each observation of the data, 0 where it was not used.
    residual
        Weight times residual where the regression used an observation, shape (n, T), else 0;
        None where it was run on the means of start dates.
    """

    data: Sample
    shared: Array
    factor_of: Index
    coefficients: Array
    bread: Array
    used: Flags
    weights: Array
    residual: Array | None

    def terms(self, sample: Sample) -> Terms:
        """What these units' outcomes are regressed on, besides their own effects."""
        season = np.zeros(sample.n_periods, dtype=np.int64)
        return Terms(sample.code, self.shared, sample.factors, self.factor_of, sample.own, season)

    @property
    def possible(self) -> Flags:
        """Periods of which all coefficients are known, by start date, shape (G, T)."""
        unknown = np.isnan(self.coefficients[: self.shared.shape[2]])
        return np.asarray(~((self.shared != 0) & unknown).any(axis=2))

    def observations(self, sample: Sample) -> int:
        """Number of observations that the regression on these units used."""
        if self.data is sample:
            return int(np.count_nonzero(self.weights))
        return int(np.diff(sample.ends, prepend=0) @ self.used.sum(axis=1))

    def without_levels(self, sample: Sample) -> Array:
        """What is expected of units but for their own level, shape (n, T); NaN where not known.

        To be added to the level of the unit, or multiplied with it for counts.
        """
        partial = self.terms(sample).predictor(np.nan_to_num(self.coefficients))
        if sample.log_exposure is not None:
            partial = np.exp(partial + sample.log_exposure)
        for (_, rows, _), possible in zip(sample.groups(), self.possible, strict=True):
            if not possible.all():
                partial[rows, ~possible] = np.nan
        return partial

    def expected(self, sample: Sample, partial: Array) -> Array:
        """Outcomes without the programme, shape (n, T); NaN where they cannot be said.

        The level of a unit is the one that fits its own untreated observations.
        """
        expected = np.empty_like(partial)
        for _, rows, first in sample.groups():
            before, y = partial[rows, :first], sample.y[rows, :first]
            known = np.isfinite(y) & np.isfinite(before)
            with np.errstate(invalid="ignore", divide="ignore"):
                if sample.counts:
                    level = np.where(known, y, 0.0).sum(axis=1) / np.where(known, before, 0.0).sum(axis=1)
                    np.multiply(partial[rows], level[:, None], out=expected[rows])
                else:
                    level = np.where(known, y - before, 0.0).sum(axis=1) / known.sum(axis=1)
                    np.add(partial[rows], level[:, None], out=expected[rows])
        return expected


def first_stage(sample: Sample, *, only_never: bool, leads: Index, what: str) -> FirstStage:
    """Fit outcomes without the programme.

    Parameters
    ----------
    sample
        The units.
    only_never
        Whether units that are treated at some time are left out.
    leads
        Numbers of periods before the first treated one that get an effect of their own, pooled
        over start dates, shape (l,). Their coefficients come behind those of the periods.
    what
        What is being fitted, for error messages.

    Returns
    -------
    FirstStage
    """
    fold = sample.complete and not (sample.counts or sample.factors.size or sample.own.size)
    data = sample.folded() if fold else sample
    used = sample.untreated & (sample.first == sample.n_periods)[:, None] if only_never else sample.untreated
    seen = used[data.code] if sample.complete else used[data.code] & np.isfinite(data.y)
    weights = np.where(seen, data.weights[:, None], 0.0)
    if sample.counts:
        season = np.zeros(sample.n_periods, dtype=np.int64)
        weights = informative(data.y, weights, sample.starts[data.code], [], season).weights
    shared, factor_of = _regressors(sample, weights > 0, leads)
    empty = np.zeros(0)
    plan = FirstStage(data, shared, factor_of, empty, empty, used, weights, None)
    fit = regress(
        data.y,
        weights=weights,
        offset=0.0 if data.log_exposure is None else data.log_exposure,
        terms=plan.terms(data),
        family=Poisson() if sample.counts else Linear(),
        what=what,
    )
    residual = None if fold else fit.residual
    return replace(plan, coefficients=fit.coefficients, bread=fit.bread, residual=residual)


def _regressors(sample: Sample, used: Flags, leads: Index) -> tuple[Array, Index]:
    """Period effects, leads, and period effects times each covariate that does not vary over time.

    The period that others are measured against is the one with most observations: what no
    observation links to it is not known, and should be the lesser part.
    """
    base = int(used.sum(axis=0).argmax())
    plain = np.delete(np.eye(sample.n_periods), base, axis=1)
    periods = np.broadcast_to(plain, (len(sample.starts), *plain.shape))
    until = np.arange(sample.n_periods) - sample.first[:, None]
    ever = (sample.first < sample.n_periods)[:, None, None]
    before = ((until[:, :, None] == -leads) & ever).astype(np.float64)
    times, width = sample.factors.shape[1], plain.shape[1]
    factor_of = np.repeat(np.arange(-1, times), [width + len(leads), *[width] * times])
    return np.concatenate([periods, before, *[periods] * times], axis=2), factor_of
