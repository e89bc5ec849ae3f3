"""Covariances of regressions with an effect for every unit, by the conventions of published packages.

Shapes: n units, T periods, G groups, c clusters, k effects of interest, K regressors in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.did._scores import ScoreSource
from preventeval.did._sources import ClusterSums
from preventeval.did._within import Fit, Terms
from preventeval.errors import EstimationError
from preventeval.uncertainty import Covariance, Influence
from preventeval.words import Message

__all__ = ["BiasReduced", "Regression", "SmallSample", "Vcov", "uncertainty_of"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
BiasReduced = Literal["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
Vcov = Literal["clustered", "robust", "unadjusted", "two_way", BiasReduced]
SmallSample = Literal["nested", "full", "none"]
#: How many values of unit-periods may be held at a time (16 MB).
_CHUNK = 2_000_000
#: Eigenvalues up to this count as 0: directions that a cluster alone determines.
_NO_DIRECTION = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class Regression:
    """A fitted regression with one effect per unit, and what its covariance needs.

    Parameters
    ----------
    fit
        What was fitted.
    used
        Unit-periods that the regression rests on, shape (n, T).
    terms
        What was regressed on. Own regressors have no NaN.
    columns
        Coefficients of interest, shape (k,).
    regressors
        Number of coefficients that are not period effects.
    clusters
        Cluster of each unit, shape (n,).
    linear
        Whether it is least squares.
    nuisance
        Scores of units for a parameter beside the coefficients, shape (n,), and what a score of 1
        moves the coefficients of interest by, shape (k,); None where there is no such parameter.
    sums
        Further quantities, sums of counts over unit-periods of groups, shape (G, T, m), and the
        sampling weight of each unit, which does not enter them, shape (n,): what a unit adds is the
        sum of its residuals. For clustered covariances.
    """

    fit: Fit
    used: Flags
    terms: Terms
    columns: Index
    regressors: int
    clusters: Index
    linear: bool
    nuisance: tuple[Array, Array] | None = None
    sums: tuple[Array, Array] | None = None

    @property
    def rows(self) -> int:
        """Number of unit-periods that the regression rests on."""
        return int(np.count_nonzero(self.used))

    @property
    def units(self) -> Flags:
        """Units with any of them, shape (n,)."""
        return self.used.any(axis=1)

    @property
    def covariance(self) -> Array:
        """Inverse information of the effects of interest, shape (k, k)."""
        return self.fit.bread[np.ix_(self.columns, self.columns)]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Numbers that small-sample factors are made of."""

    rows: int
    units: int
    periods: int
    clusters: int

    @staticmethod
    def of(model: Regression) -> _Counts:
        by_unit = model.units
        return _Counts(
            model.rows,
            int(by_unit.sum()),
            int(model.used.any(axis=0).sum()),
            int((np.bincount(model.clusters, by_unit) > 0).sum()),
        )

    def factor(
        self, regressors: int, linear: bool, vcov: Vcov, convention: SmallSample
    ) -> tuple[float, float]:
        """Small-sample factor, and degrees of freedom of the t distribution."""
        everything = regressors + self.units + self.periods - 1
        nested = {"clustered": regressors + self.periods, "two_way": regressors + 1}
        counted = nested.get(vcov, everything) if convention == "nested" else everything
        groups = min(self.clusters, self.periods) if vcov == "two_way" else self.clusters
        left = self.rows - counted
        if vcov not in nested:
            # Likelihoods: fixest has n - 1 in place of n.
            rows = self.rows - (not linear and vcov == "unadjusted")
            return (1.0 if convention == "none" else rows / left), float(left)
        factor = 1.0 if convention == "none" else groups / (groups - 1) * (self.rows - 1) / left
        return factor, float(groups - 1)


def uncertainty_of(
    model: Regression, vcov: Vcov, convention: SmallSample, *, what: str
) -> tuple[Influence | Covariance, dict[str, float], list[Message]]:
    """Joint uncertainty of the effects of interest.

    Parameters
    ----------
    model
        The regression.
    vcov
        Which covariance.
    convention
        What the small-sample factor counts; the CR family brings its own factors.
    what
        Name of the estimator, for error messages.

    Returns
    -------
    uncertainty : Influence or Covariance
        Influence values where they are sums over clusters, else a covariance.
    diagnostics : dict
        Numbers of unit-periods, units and clusters, degrees of freedom and, where sums over
        clusters are multiplied with one, the small-sample factor.
    notes : list of Message
        What had to be repaired.

    Raises
    ------
    EstimationError
        Fewer unit-periods than coefficients, or fewer than two clusters.
    """
    counts = _Counts.of(model)
    k = model.regressors + counts.units + counts.periods - 1
    if counts.rows <= k or counts.clusters < 2:
        raise EstimationError(
            f"{what}: {counts.rows} unit-periods in {counts.clusters} clusters are too few for "
            f"{k} coefficients, unit and period effects among them"
        )
    factor, df = counts.factor(model.regressors, model.linear, vcov, convention)
    spread: Influence | Covariance
    notes = list[Message]()
    if vcov == "clustered":
        source = _source(model, factor)
        spread = Influence(source, np.eye(source.size), df)
    elif vcov in ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"):
        covariance, df = _bias_reduced(model, vcov, what)
        spread = Covariance(covariance, df)
    elif vcov == "two_way":
        cells, periods = _by_cell(model, model.clusters)
        covariance, repaired = _not_negative(_source(model, 1.0).cov + periods - cells)
        spread = Covariance(factor * covariance, df)
        if repaired:
            notes.append(Message("note-two-way-repaired"))
    elif vcov == "robust":
        spread = Covariance(factor * _by_cell(model, np.arange(len(model.clusters)))[0], df)
    else:
        spread = Covariance(factor * _scatter(model) * model.covariance, df)
    numbers = {"unit_periods": counts.rows, "units": counts.units, "clusters": counts.clusters, "df": df}
    if vcov == "clustered":
        numbers["small_sample_factor"] = factor
    return spread, numbers, notes


def _not_negative(covariance: Array) -> tuple[Array, bool]:
    """The nearest covariance without a negative variance in any direction, and whether it is another.

    A difference of covariances can have such directions, and this is what Cameron, Gelbach & Miller
    (2011) do about it, https://doi.org/10.1198/jbes.2010.07136.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values.min() >= -_NO_DIRECTION * values.max():
        return covariance, False
    return (vectors * np.maximum(values, 0.0)) @ vectors.T, True


def _scatter(model: Regression) -> float:
    """Mean squared residual of least squares; 1 for likelihoods that know their own variance."""
    return model.fit.scatter / model.rows if model.linear else 1.0


def _source(model: Regression, factor: float) -> ScoreSource:
    """Influence values of units, times the root of a factor."""
    features, maps = model.fit.features(model.terms), model.fit.maps(model.terms, model.columns)
    if model.nuisance is not None:
        score, moved = model.nuisance
        features = np.column_stack([features, score])
        maps = np.concatenate([maps, np.broadcast_to(moved, (len(maps), 1, len(moved)))], axis=1)
    if model.sums is not None:
        (members, weights), begin = model.sums, 0
        if (weights != 1).any():
            begin = features.shape[1]
            features = np.hstack(
                [features, model.fit.residual / np.where(weights > 0, weights, 1.0)[:, None]]
            )
        further = np.zeros((len(maps), features.shape[1], members.shape[2]))
        further[:, begin : begin + members.shape[1]] = members
        maps = np.pad(maps, ((0, 0), (0, features.shape[1] - maps.shape[1]), (0, 0)))
        maps = np.concatenate([maps, further], axis=2)
    maps = maps * np.sqrt(factor)
    keep = model.units
    if keep.all():
        return ScoreSource(features, model.terms.code, maps, model.clusters)
    return ScoreSource(features[keep], model.terms.code[keep], maps, model.clusters[keep])


@dataclass(frozen=True, eq=False)
class _Cells(ClusterSums):
    """Influence values of unit-periods: T times k values per unit."""

    model: Regression
    clusters_of: Index

    @property
    def unit_clusters(self) -> Index:
        return self.clusters_of

    @property
    def size(self) -> int:
        return int(self.model.terms.shared.shape[1] * len(self.model.columns))

    def of_units(self, units: Index) -> Array:
        fit, terms, k = self.model.fit, self.model.terms, self.model.terms.shared.shape[2]
        maps = terms.shared @ fit.bread[:k, self.model.columns]
        values = maps[terms.code[units]] + terms.own[units] @ fit.bread[k:, self.model.columns]
        values = _centred(values, fit.curvature(units)) * fit.residual[units][:, :, None]
        return values.reshape(len(units), -1)


def _by_cell(model: Regression, clusters: Index) -> tuple[Array, Array]:
    """Sums of outer products of influence values: by cluster and period, and by period.

    Returns
    -------
    cells, periods : ndarray, shape (k, k)
    """
    source, k = _Cells(model, clusters), len(model.columns)
    step = max(1, _CHUNK * source.clusters // (source.size * len(clusters)))
    cells, sums = np.zeros((k, k)), np.zeros((model.terms.shared.shape[1], k))
    for start in range(0, source.clusters, step):
        values = source.rows(start, min(start + step, source.clusters)).reshape(-1, *sums.shape)
        flat = values.reshape(-1, k)
        cells += flat.T @ flat
        sums += values.sum(axis=0)
    return cells, sums.T @ sums


def _centred(values: Array, curvature: Array) -> Array:
    """Values of unit-periods less their mean in each unit, shape (n, T, k)."""
    total = curvature.sum(axis=1, keepdims=True)
    share = curvature / np.where(total > 0, total, 1.0)
    return np.asarray(values - np.einsum("it,itk->ik", share, values)[:, None])


def _bias_reduced(model: Regression, kind: BiasReduced, what: str) -> tuple[Array, float]:
    """Cluster covariance of least squares with residuals adjusted for leverage, and its degrees of freedom.

    Bell & McCaffrey's adjustment and Satterthwaite degrees of freedom under independent errors
    of equal variance; of several effects the fewest.

    Returns
    -------
    covariance : ndarray, shape (k, k)
    df : float
    """
    used, at = model.used, model.columns
    weights = model.fit.problem.weights[used].astype(np.float64)
    if not np.allclose(weights, weights[0], rtol=1e-9, atol=0):
        raise EstimationError(
            f"{what}: vcov={kind!r} does not go with sampling weights: its adjustment is for errors of equal "
            "variance",
            hint="use vcov='clustered', or leave the weights out",
        )
    clusters = np.unique(model.clusters[used.any(axis=1)])
    bread, residual = weights[0] * model.fit.bread, model.fit.residual / weights[0]
    known = ~np.isnan(model.fit.coefficients)
    scores, squares, products = [], [], []
    for cluster in clusters:
        units = np.flatnonzero(model.clusters == cluster)
        x = np.concatenate([model.terms.shared[model.terms.code[units]], model.terms.own[units]], axis=2)
        x = _centred(x, used[units].astype(np.float64))[used[units]]
        p = _adjustment(x @ bread @ x.T, kind) @ (x @ bread[:, at])
        scores.append(residual[units][used[units]] @ p)
        squares.append((p**2).sum(axis=0))
        products.append(x.T @ p)
    rows, own, cross = np.stack(scores), np.stack(squares).T, np.stack(products).transpose(2, 0, 1)
    # The variance of each score and its covariances with others are the matrix diag(own) - UMU', with
    # U = cross and M = bread: its trace, and the sum of its squares without making it.
    taken = ((cross @ bread) * cross).sum(axis=2)
    between = bread @ (cross.transpose(0, 2, 1) @ cross)
    squared = (own**2 - 2 * own * taken).sum(axis=1) + np.einsum("jKM,jMK->j", between, between)
    df = np.full(len(at), np.nan)  # where a cluster alone determines an effect, nothing is left to judge by
    left = squared > (_NO_DIRECTION * own.sum(axis=1)) ** 2
    np.divide((own - taken).sum(axis=1) ** 2, squared, out=df, where=left)
    g, n, parameters = len(clusters), int(used.sum()), int(known.sum())
    if kind == "CR1p" and g <= parameters:
        raise EstimationError(
            f"{what}: vcov='CR1p' divides by the number of clusters less that of coefficients, and there are "
            f"{g} and {parameters}",
            hint="use 'CR2'",
        )
    factor = {
        "CR1": g / (g - 1),
        "CR1p": g / (g - parameters or 1),
        "CR1S": g * (n - 1) / ((g - 1) * (n - parameters)),
    }.get(kind, 1.0)
    return factor * rows.T @ rows, float(df.min())


def _adjustment(leverage: Array, kind: BiasReduced) -> Array:
    """What the residuals of a cluster are multiplied with, shape (rows, rows)."""
    power = {"CR2": -0.5, "CR3": -1.0}.get(kind)
    if power is None:
        return np.eye(len(leverage))
    values, vectors = np.linalg.eigh(np.eye(len(leverage)) - leverage)
    scale = np.where(values > _NO_DIRECTION, np.maximum(values, _NO_DIRECTION) ** power, 0.0)
    return np.asarray((vectors * scale) @ vectors.T)
