"""The regression core against statsmodels with a dummy for every effect."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from preventeval.did import _parts
from preventeval.did._scores import ScoreSource
from preventeval.did._within import (
    Family,
    Fit,
    Linear,
    NegativeBinomial,
    Poisson,
    Terms,
    UnsettledError,
    Weights,
    regress,
)
from preventeval.errors import EstimationError

Array = NDArray[np.float64]
FAMILIES: dict[str, Family] = {
    "linear": Linear(),
    "poisson": Poisson(),
    "negative_binomial": NegativeBinomial(0.3),
}


@dataclass(frozen=True, eq=False)
class Case:
    """A regression problem on a random panel."""

    y: Array
    weights: Weights
    offset: Array
    terms: Terms
    family: str

    def fit(self) -> Fit:
        return regress(
            self.y,
            weights=self.weights,
            offset=self.offset,
            terms=self.terms,
            family=FAMILIES[self.family],
            what="test",
        )


def make(
    seed: int, family: str, levels: str, *, gaps: bool, weighted: bool, factors: bool, own: bool
) -> Case:
    """Units in three groups; period effects for all and three effects of group-periods."""
    rng = np.random.default_rng(seed)
    n, n_periods = int(rng.integers(12, 25)), int(rng.integers(5, 8))
    code = rng.permutation(np.arange(n) % 3)
    season = {"unit": np.zeros(n_periods, dtype=int), "season": np.arange(n_periods) % 2, "none": None}[
        levels
    ]
    first = np.unique(season, return_index=True)[1] if season is not None else np.array([0])
    periods = np.delete(np.eye(n_periods), first, axis=1)
    shared = np.zeros((3, n_periods, periods.shape[1] + 2))
    shared[:, :, : periods.shape[1]] = periods
    shared[0, 2:, -2], shared[1, 4:, -1] = 1.0, 1.0
    factor_of = [-1] * shared.shape[2]
    values = np.zeros((n, 0))
    if levels == "none":  # a constant and effects of groups in place of levels
        constants = np.repeat(np.stack([np.ones(3), *np.eye(3)[1:]], axis=1)[:, None], n_periods, axis=1)
        shared, factor_of = np.concatenate([constants, shared], axis=2), [-1] * 3 + factor_of
    if factors:  # two covariates: one with the period effects, one with those of the group-periods
        values = rng.normal(size=(n, 2))
        step = shared[:, :, -2:]
        shared = np.concatenate([shared, np.broadcast_to(periods, (3, *periods.shape)), step], axis=2)
        factor_of = [*factor_of, *[0] * periods.shape[1], 1, 1]
    regressors = rng.normal(size=(n, n_periods, 2)) if own else np.zeros((n, n_periods, 0))
    weights = np.repeat(rng.uniform(0.5, 2, (n, 1)) if weighted else np.ones((n, 1)), n_periods, axis=1)
    if gaps:
        weights = np.where(rng.random((n, n_periods)) < 0.12, 0.0, weights)
        weights[:, :4] = np.maximum(weights[:, :4], 0.5)  # so that no level is without an observation
    exposure = np.exp(rng.normal(size=(n, n_periods)))
    mean = 30 * exposure * np.exp(0.3 * rng.normal(size=(n, 1)))
    y = rng.normal(3, 1, mean.shape) if family == "linear" else rng.poisson(mean).astype(float)
    offset = rng.normal(size=mean.shape) if family == "linear" else np.log(exposure)
    hidden = weights == 0  # what is not used may be anything
    regressors[hidden], y[hidden], offset[hidden] = np.nan, np.nan, np.nan
    terms = Terms(code, shared, values, np.array(factor_of), regressors, season)
    return Case(y, weights, offset, terms, family)


def slow(case: Case) -> tuple[Array, Array, Array]:
    """Coefficients, linear predictor of what is used, and the covariance clustered by unit."""
    import statsmodels.api as sm

    terms, used = case.terms, case.weights > 0
    unit, period = np.nonzero(used)
    factors = np.column_stack([terms.factors, np.ones(len(terms.code))])
    x = terms.shared[terms.code[unit], period] * factors[unit][:, terms.factor_of]
    x = np.hstack([x, terms.own[used]])
    k = x.shape[1]
    if terms.season is not None:
        level = unit * 100 + terms.season[period]
        x = np.hstack([x, (level[:, None] == np.unique(level)).astype(float)])
    family = {
        "linear": sm.families.Gaussian(),
        "poisson": sm.families.Poisson(),
        "negative_binomial": sm.families.NegativeBinomial(alpha=0.3),
    }[case.family]
    y, w = case.y[used], case.weights[used]
    with warnings.catch_warnings():
        # it warns that another link is possible, and that a perfect fit has no deviance left
        warnings.simplefilter("ignore")
        fitted = sm.GLM(y, x, family=family, offset=case.offset[used], var_weights=w).fit(
            tol=1e-15, maxiter=200
        )
    mean = np.asarray(fitted.fittedvalues)
    shrink = {"linear": 1.0, "poisson": mean, "negative_binomial": mean / (1 + 0.3 * mean)}[case.family]
    per_mean = 1.0 if case.family == "linear" else shrink / mean
    bread = np.linalg.inv(x.T @ (x * (w * shrink)[:, None]))
    scores = np.zeros((len(terms.code), x.shape[1]))
    np.add.at(scores, unit, x * (w * (y - mean) * per_mean)[:, None])
    predictor = x @ np.asarray(fitted.params) + case.offset[used]
    return np.asarray(fitted.params)[:k], predictor, (bread @ scores.T @ scores @ bread)[:k, :k]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    family=st.sampled_from(sorted(FAMILIES)),
    levels=st.sampled_from(["unit", "season", "none"]),
    gaps=st.booleans(),
    weighted=st.booleans(),
    factors=st.booleans(),
    own=st.booleans(),
)
def test_agrees_with_a_dummy_for_every_effect(
    seed: int, family: str, levels: str, gaps: bool, weighted: bool, factors: bool, own: bool
) -> None:
    case = make(seed, family, levels, gaps=gaps, weighted=weighted, factors=factors, own=own)
    fit, (params, predictor, cov) = case.fit(), slow(case)
    terms, used = case.terms, case.weights > 0
    # 1e-7: statsmodels stops at a relative change of 1e-15 in the deviance, which leaves the square root
    np.testing.assert_allclose(fit.coefficients, params, rtol=0, atol=1e-7)
    np.testing.assert_allclose(fit.eta[used], predictor, rtol=0, atol=1e-7)
    k = np.arange(terms.size)
    source = ScoreSource(fit.features(terms), terms.code, fit.maps(terms, k), np.arange(len(terms.code)))
    np.testing.assert_allclose(source.cov, cov, rtol=1e-6, atol=1e-6 * np.abs(cov).max())
    rows = source.rows(0, source.clusters)
    # the two ways to the covariance differ by rounding
    np.testing.assert_allclose(rows.T @ rows, source.cov, rtol=1e-9, atol=1e-9 * np.abs(cov).max())


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_clusters_are_sums_of_units(family: str) -> None:
    case = make(3, family, "unit", gaps=True, weighted=True, factors=True, own=True)
    fit, terms = case.fit(), case.terms
    k, clusters = np.arange(terms.size), np.arange(len(terms.code)) // 3
    single = ScoreSource(fit.features(terms), terms.code, fit.maps(terms, k), np.arange(len(terms.code)))
    grouped = ScoreSource(fit.features(terms), terms.code, fit.maps(terms, k), clusters)
    sums = np.zeros((clusters.max() + 1, terms.size))
    np.add.at(sums, clusters, single.rows(0, single.clusters))
    # rounding
    np.testing.assert_allclose(grouped.rows(0, grouped.clusters), sums, rtol=0, atol=1e-12)
    np.testing.assert_allclose(grouped.cov, sums.T @ sums, rtol=0, atol=1e-12)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_likelihood_equations_hold(family: str) -> None:
    case = make(5, family, "season", gaps=True, weighted=True, factors=True, own=True)
    fit, terms = case.fit(), case.terms
    # Newton's last step is below 1e-8, and the equations are linear in it: about 1e-8 times curvature
    assert np.abs(terms.sums(fit.residual)).max() < 1e-6
    scores = fit.features(terms)
    mapped = sum(
        scores[terms.code == g].sum(axis=0) @ m for g, m in enumerate(terms.maps(np.eye(terms.size)))
    )
    assert np.abs(mapped).max() < 1e-6


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_order_of_units_does_not_matter(family: str) -> None:
    case = make(8, family, "unit", gaps=True, weighted=True, factors=True, own=True)
    order = np.random.default_rng(1).permutation(len(case.y))
    t = case.terms
    terms = Terms(t.code[order], t.shared, t.factors[order], t.factor_of, t.own[order], t.season)
    moved = Case(case.y[order], case.weights[order], case.offset[order], terms, family).fit()
    fit = case.fit()
    # sums in another order: rounding
    np.testing.assert_allclose(moved.coefficients, fit.coefficients, rtol=0, atol=1e-10)
    np.testing.assert_allclose(moved.eta, fit.eta[order], rtol=0, atol=1e-10)
    np.testing.assert_allclose(moved.residual, fit.residual[order], rtol=0, atol=1e-8)
    np.testing.assert_allclose(moved.levels, fit.levels[order], rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_nothing_that_is_given_changes(family: str) -> None:
    case = make(9, family, "unit", gaps=True, weighted=True, factors=True, own=True)
    before = [part.copy() for part in (case.y, case.weights, case.offset, case.terms.own, case.terms.factors)]
    case.fit()
    for part, copy in zip(
        (case.y, case.weights, case.offset, case.terms.own, case.terms.factors), before, strict=True
    ):
        np.testing.assert_array_equal(part, copy)


def test_what_others_determine_has_no_coefficient() -> None:
    case = make(2, "poisson", "unit", gaps=False, weighted=False, factors=False, own=True)
    t = case.terms
    doubled = np.concatenate([t.own, t.own[:, :, :1] * 2 + 1], axis=2)
    terms = Terms(t.code, t.shared, t.factors, t.factor_of, doubled, t.season)
    fit = Case(case.y, case.weights, case.offset, terms, "poisson").fit()
    assert np.isnan(fit.coefficients).nonzero()[0].tolist() == [terms.size - 3, terms.size - 1]
    plain = case.fit()
    # the fit itself does not hang on how the surplus is shared out
    np.testing.assert_allclose(fit.eta, plain.eta, rtol=0, atol=1e-7)
    np.testing.assert_allclose(fit.coefficients[:-3], plain.coefficients[:-2], rtol=0, atol=1e-7)


def test_an_effect_without_a_finite_best_value_is_an_error() -> None:
    case = make(4, "poisson", "unit", gaps=False, weighted=False, factors=False, own=False)
    y = np.where((case.terms.code == 0)[:, None] & (np.arange(case.y.shape[1]) >= 2), 0.0, case.y)
    with pytest.raises(EstimationError, match="does not settle") as caught:
        Case(y, case.weights, case.offset, case.terms, "poisson").fit()
    assert "without any event" in str(caught.value.hint)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_unit_of_exposure_moves_levels_only(scale: float) -> None:
    case = make(6, "poisson", "unit", gaps=True, weighted=False, factors=True, own=True)
    other = Case(case.y, case.weights, case.offset + np.log(scale), case.terms, "poisson").fit()
    fit = case.fit()
    # both are within 1e-8 of the maximum
    np.testing.assert_allclose(other.coefficients, fit.coefficients, rtol=0, atol=1e-7)
    np.testing.assert_allclose(other.levels + np.log(scale), fit.levels, rtol=0, atol=1e-7)


@contextmanager
def in_parts_of(units: int, n_periods: int, moments: int) -> Iterator[None]:
    """Cut data into parts of that many units, and hold no more moments of groups than that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_parts, "_CHUNK", units * n_periods)
        patch.setattr(_parts, "_MOST_MOMENTS", moments)
        yield


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    family=st.sampled_from(sorted(FAMILIES)),
    levels=st.sampled_from(["unit", "season", "none"]),
    gaps=st.booleans(),
    weighted=st.booleans(),
    factors=st.booleans(),
    own=st.booleans(),
    units=st.sampled_from([1, 2, 7]),
    moments=st.sampled_from([0, 250_000]),
)
def test_how_data_are_cut_into_parts_does_not_matter(
    seed: int,
    family: str,
    levels: str,
    gaps: bool,
    weighted: bool,
    factors: bool,
    own: bool,
    units: int,
    moments: int,
) -> None:
    case = make(seed, family, levels, gaps=gaps, weighted=weighted, factors=factors, own=own)
    whole, terms = case.fit(), case.terms
    with in_parts_of(units, case.y.shape[1], moments):
        cut = case.fit()
        cov = of_coefficients(cut, terms).cov
    # Sums in another order, from another first guess: Newton's error is the square of a last step of 1e-6
    np.testing.assert_allclose(cut.coefficients, whole.coefficients, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cut.levels, whole.levels, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cut.bread, whole.bread, rtol=0, atol=1e-8 * np.abs(whole.bread).max())
    np.testing.assert_allclose(cut.residual, whole.residual, rtol=0, atol=1e-9 * np.nanmax(case.y))
    np.testing.assert_allclose(cut.scatter, whole.scatter, rtol=1e-9)
    plain = of_coefficients(whole, terms).cov
    np.testing.assert_allclose(cov, plain, rtol=0, atol=1e-8 * np.abs(plain).max())


def of_coefficients(fit: Fit, terms: Terms) -> ScoreSource:
    every, units = np.arange(terms.size), np.arange(len(terms.code))
    return ScoreSource(fit.features(terms), terms.code, fit.maps(terms, every), units)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("gaps", [False, True])
def test_weights_may_be_given_in_short(family: str, gaps: bool) -> None:
    case = make(11, family, "unit", gaps=gaps, weighted=False, factors=True, own=True)
    flags = replace(case, weights=case.weights > 0).fit()
    ones = replace(case, weights=(case.weights > 0).astype(float)).fit()
    np.testing.assert_array_equal(flags.coefficients, ones.coefficients)
    weighted = make(11, family, "unit", gaps=False, weighted=True, factors=True, own=True)
    short = replace(weighted, weights=np.broadcast_to(weighted.weights[:, :1], weighted.y.shape)).fit()
    # the same products, added up in another order
    np.testing.assert_allclose(short.coefficients, weighted.fit().coefficients, rtol=0, atol=1e-12)


@pytest.mark.parametrize("family", ["negative_binomial", "poisson"])
def test_exposure_is_the_exponential_of_the_offset(family: str) -> None:
    case = make(12, family, "unit", gaps=True, weighted=True, factors=False, own=True)
    given = regress(
        case.y,
        weights=case.weights,
        exposure=np.exp(case.offset),
        terms=case.terms,
        family=FAMILIES[family],
        what="test",
    )
    np.testing.assert_array_equal(given.coefficients, case.fit().coefficients)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_curvature_is_that_of_the_likelihood(family: str) -> None:
    case = make(13, family, "season", gaps=True, weighted=True, factors=True, own=True)
    fit, used = case.fit(), case.weights > 0
    mean = np.exp(np.where(used, fit.eta, 0.0))
    expected = {"linear": 1.0, "poisson": mean, "negative_binomial": mean / (1 + 0.3 * mean)}[family]
    for rows in (slice(2, 9), np.array([5, 1, 3])):
        wanted = (case.weights * expected)[rows]
        # rounding of exponentials
        np.testing.assert_allclose(fit.curvature(rows), wanted, rtol=1e-12)
        np.testing.assert_array_equal(fit.predictor(rows), fit.eta[rows])


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_scatter_is_pearsons_sum(family: str) -> None:
    case = make(14, family, "unit", gaps=True, weighted=True, factors=True, own=True)
    fit, used = case.fit(), case.weights > 0
    eta, y, weights = fit.eta[used], case.y[used], case.weights[used]
    mean, variance = (eta, 1.0) if family == "linear" else (np.exp(eta), np.exp(eta))
    np.testing.assert_allclose(fit.scatter, (weights * (y - mean) ** 2 / variance).sum(), rtol=1e-12)


@pytest.mark.parametrize("family", ["linear", "poisson"])
@pytest.mark.parametrize("gaps", [False, True])
def test_little_more_than_residuals_is_held(family: str, gaps: bool) -> None:
    rng = np.random.default_rng(15)
    n, n_periods = 20_000, 10
    code = rng.integers(0, 3, n)
    shared = np.zeros((3, n_periods, n_periods))
    shared[:, :, :-1], shared[0, 4:, -1] = np.eye(n_periods)[:, 1:], 1.0
    none = np.full(n_periods, -1)
    terms = Terms(code, shared, np.zeros((n, 0)), none, np.zeros((n, n_periods, 0)), np.zeros(n_periods, int))
    y, exposure = rng.poisson(3.0, (n, n_periods)).astype(float), rng.uniform(1, 2, (n, n_periods))
    weights = rng.random(y.shape) < 0.9 if gaps else np.ones(y.shape, dtype=bool)
    known = {} if family == "linear" else {"exposure": exposure}
    tracemalloc.start()
    regress(y, weights=weights, terms=terms, family=FAMILIES[family], what="test", **known)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # residuals are as large as y; levels, places of units and a few parts of 128 kB come on top
    assert peak < 2.5 * y.nbytes


def test_a_regressor_that_separates_is_told_from_one_that_others_determine() -> None:
    case = make(16, "poisson", "unit", gaps=False, weighted=False, factors=False, own=False)
    marked = np.zeros(case.y.shape)
    marked[2:4, 3] = 1.0
    # Less its mean, as covariates are: where it is not marked it has a value too, but none of its own.
    terms = replace(case.terms, own=(marked - marked.mean())[:, :, None])
    with pytest.raises(UnsettledError) as caught:
        replace(case, terms=terms, y=np.where(marked > 0, 0.0, case.y)).fit()
    assert caught.value.columns.tolist() == [terms.size - 1]


@pytest.mark.parametrize("seed", [8, 13, 21, 33])
def test_counts_of_very_different_size_settle_at_the_best_value(seed: int) -> None:
    # Full steps of Newton's method overshoot here, to means of 0 and no way back.
    case = make(seed, "poisson", "unit", gaps=True, weighted=False, factors=True, own=False)
    wild = np.round(case.y * np.exp(6 * np.random.default_rng(seed).normal(size=case.y.shape)))
    y, terms = np.where(case.weights > 0, wild, 0.0), case.terms
    scores = (fit := replace(case, y=y).fit()).features(terms)
    left = sum(scores[terms.code == g].sum(axis=0) @ m for g, m in enumerate(terms.maps(np.eye(terms.size))))
    assert np.isfinite(fit.coefficients).all()
    # a last step of less than 1e-6 leaves its square, times the curvature
    assert np.abs(left).max() < 1e-9 * y.sum()
