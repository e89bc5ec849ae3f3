"""Every kind of uncertainty answers the same questions, and the linear ones the same way."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from preventeval.errors import EstimationError
from preventeval.uncertainty import Covariance, Influence, Posterior

Array = NDArray[np.float64]
SEED = 20_130_419


@dataclass(frozen=True)
class Rows:
    """Influence values that are simply held."""

    values: Array

    @property
    def clusters(self) -> int:
        return len(self.values)

    @property
    def size(self) -> int:
        return self.values.shape[1]

    @property
    def cov(self) -> Array:
        return self.values.T @ self.values

    def rows(self, start: int, stop: int) -> Array:
        return self.values[start:stop]


RNG = np.random.default_rng(7)
VALUES = RNG.normal(size=(40, 3)) / 10
EFFECT = np.array([-0.3, 0.02, 1.2])
INFLUENCE = Influence(Rows(VALUES), np.eye(3))
COVARIANCE = Covariance(VALUES.T @ VALUES)
POSTERIOR = Posterior(EFFECT + RNG.normal(size=(4000, 3)) @ np.linalg.cholesky(COVARIANCE.cov).T)
WEIGHTS = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])


def linear(effects: Array) -> Array:
    return effects @ WEIGHTS.T


@pytest.mark.parametrize("df", [None, 7.0])
def test_influence_and_covariance_agree(df: float | None) -> None:
    one, two = Influence(Rows(VALUES), np.eye(3), df), Covariance(VALUES.T @ VALUES, df)
    # rtol: the same sums in another order
    for left, right in (
        (one.cov, two.cov),
        (one.interval(EFFECT, 0.9), two.interval(EFFECT, 0.9)),
        (one.band(EFFECT, 0.9, SEED), two.band(EFFECT, 0.9, SEED)),
        (one.pvalues(EFFECT), two.pvalues(EFFECT)),
        (one.through(linear, WEIGHTS).cov, two.through(linear, WEIGHTS).cov),
    ):
        np.testing.assert_allclose(left, right, rtol=1e-10)
    assert one.kind == two.kind == "confidence"
    assert one.size == two.size == 3
    assert one.through(linear, WEIGHTS).df == two.through(linear, WEIGHTS).df == df


def test_combinations_are_linear_algebra() -> None:
    expected = WEIGHTS @ COVARIANCE.cov @ WEIGHTS.T
    np.testing.assert_allclose(COVARIANCE.through(linear, WEIGHTS).cov, expected, rtol=1e-12)
    combined = INFLUENCE.through(linear, WEIGHTS)
    np.testing.assert_allclose(combined.cov, expected, rtol=1e-10)
    np.testing.assert_allclose(combined.rows(5, 9), VALUES[5:9] @ WEIGHTS.T, rtol=1e-12)
    assert (combined.size, combined.clusters) == (2, 40)
    # Twice one step is one step with the product.
    second = np.array([[1.0, -1.0]])
    twice = combined.through(lambda a: a @ second.T, second)
    np.testing.assert_allclose(twice.cov, second @ expected @ second.T, rtol=1e-10)


def test_posterior_draws_carry_the_function_itself() -> None:
    through = POSTERIOR.through(np.exp, np.full((3, 3), np.nan))
    assert np.array_equal(through.draws, np.exp(POSTERIOR.draws))
    # Intervals and medians follow a monotone change exactly, up to interpolation between two draws
    # of 4000, which lie closer than 1e-3 standard deviations within the bulk.
    np.testing.assert_allclose(
        through.interval(EFFECT, 0.9), np.exp(POSTERIOR.interval(EFFECT, 0.9)), rtol=1e-3
    )
    np.testing.assert_allclose(through.center(EFFECT), np.exp(POSTERIOR.center(EFFECT)), rtol=1e-3)


def test_posterior_intervals_are_quantiles() -> None:
    low, high = POSTERIOR.interval(EFFECT, 0.9)
    # rtol: 0.5 - 0.9 / 2 is not 0.05 to the last bit
    np.testing.assert_allclose(low, np.quantile(POSTERIOR.draws, 0.05, axis=0), rtol=1e-12)
    np.testing.assert_allclose(high, np.quantile(POSTERIOR.draws, 0.95, axis=0), rtol=1e-12)
    assert POSTERIOR.kind == "credible"
    assert np.array_equal(POSTERIOR.center(EFFECT), np.median(POSTERIOR.draws, axis=0))
    assert np.isnan(POSTERIOR.pvalues(EFFECT)).all()


def test_posterior_probabilities_are_shares_of_draws() -> None:
    probability = POSTERIOR.below(EFFECT, 0.0)
    assert np.array_equal(probability, (POSTERIOR.draws < 0).mean(axis=0))
    assert np.isnan(COVARIANCE.below(EFFECT, 0.0)).all()


def test_what_has_no_draws_has_no_probability() -> None:
    draws = POSTERIOR.draws.copy()
    draws[:, 1] = np.nan
    probability = Posterior(draws).below(EFFECT, 0.0)
    assert np.isnan(probability).tolist() == [False, True, False]


def test_posterior_band_holds_whole_paths() -> None:
    low, high = POSTERIOR.band(POSTERIOR.center(EFFECT), 0.9, SEED)
    inside = ((low <= POSTERIOR.draws) & (high >= POSTERIOR.draws)).all(axis=1).mean()
    assert abs(inside - 0.9) <= 1 / len(POSTERIOR.draws)  # a quantile of these very draws


def test_normal_intervals_and_p_values_by_hand() -> None:
    se = np.sqrt(np.diag(COVARIANCE.cov))
    low, high = COVARIANCE.interval(EFFECT, 0.95)
    # rtol: two implementations of the same quantiles in double precision
    np.testing.assert_allclose(high - EFFECT, stats.norm.ppf(0.975) * se, rtol=1e-12)
    np.testing.assert_allclose(EFFECT - low, high - EFFECT, rtol=1e-12)
    np.testing.assert_allclose(COVARIANCE.pvalues(EFFECT), 2 * stats.norm.sf(np.abs(EFFECT / se)), rtol=1e-10)
    with_df = Covariance(COVARIANCE.matrix, df=5)
    high = with_df.interval(EFFECT, 0.9)[1]
    np.testing.assert_allclose(high - EFFECT, stats.t.ppf(0.95, 5) * se, rtol=1e-10)
    np.testing.assert_allclose(with_df.pvalues(EFFECT), 2 * stats.t.sf(np.abs(EFFECT / se), 5), rtol=1e-10)


def test_an_interval_excludes_zero_where_the_p_value_says_so() -> None:
    effects = np.linspace(-4, 4, 81)
    spread = Covariance(np.eye(81))
    low, high = spread.interval(effects, 0.95)
    assert np.array_equal((low > 0) | (high < 0), spread.pvalues(effects) < 0.05)


@pytest.mark.parametrize("k", [1, 2, 8])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_band_of_independent_effects_is_exact(k: int, level: float) -> None:
    spread = Covariance(np.diag(np.linspace(1, 3, k) ** 2))
    exact = stats.norm.ppf((1 + level ** (1 / k)) / 2)
    low, high = spread.band(np.zeros(k), level, SEED)
    # 0.05: the standard error of the quantile of 20,000 draws is below 0.015 here; three of them
    np.testing.assert_allclose(high / np.linspace(1, 3, k), exact, atol=0.05)
    np.testing.assert_allclose(low, -high)


def test_band_of_one_effect_under_t_is_its_interval() -> None:
    spread = Covariance(np.eye(1), df=6)
    band, interval = spread.band(np.zeros(1), 0.9, SEED)[1], spread.interval(np.zeros(1), 0.9)[1]
    np.testing.assert_allclose(band, interval, atol=0.06)  # as above; t has heavier tails


def test_band_of_equal_effects_is_the_interval_and_never_narrower() -> None:
    same = Covariance(np.ones((4, 4)))
    np.testing.assert_allclose(
        same.band(np.zeros(4), 0.95, SEED)[1], stats.norm.ppf(0.975), atol=0.05
    )  # Monte Carlo, as above
    low, high = COVARIANCE.band(EFFECT, 0.95, SEED)
    inner_low, inner_high = COVARIANCE.interval(EFFECT, 0.95)
    assert (low < inner_low).all()
    assert (high > inner_high).all()


def test_the_same_seed_gives_the_same_band() -> None:
    assert np.array_equal(COVARIANCE.band(EFFECT, 0.95, 1), COVARIANCE.band(EFFECT, 0.95, 1))
    assert not np.array_equal(COVARIANCE.band(EFFECT, 0.95, 1), COVARIANCE.band(EFFECT, 0.95, 2))


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_what_is_known_by_construction_has_no_interval_in_any_unit(unit: float) -> None:
    matrix = np.diag([1.0, 1e-32, 0.25]) * unit**2
    effect = np.array([1.0, 0.0, -1.0]) * unit
    spread = Covariance(matrix)
    assert np.isnan(spread.std_errors).tolist() == [False, True, False]
    for ends in (*spread.interval(effect, 0.95), *spread.band(effect, 0.95, SEED), spread.pvalues(effect)):
        assert np.isnan(ends).tolist() == [False, True, False]
    np.testing.assert_allclose(spread.std_errors[[0, 2]], [unit, 0.5 * unit], rtol=1e-12)


def test_rounding_is_not_taken_for_knowledge() -> None:
    effect = np.array([3.0, 3.0])
    spread = Covariance(np.diag([1e-18, 1e-17]))
    assert np.isfinite(spread.std_errors).all()
    rounded = spread.known_to(2e-9).through(lambda a: a, np.eye(2))
    for ends in (rounded.std_errors, *rounded.interval(effect, 0.95), rounded.pvalues(effect)):
        assert np.isnan(ends).tolist() == [True, False]
    assert POSTERIOR.known_to(1.0) is POSTERIOR


@pytest.mark.parametrize("spread", [Covariance(np.zeros((2, 2))), Posterior(np.zeros((50, 2)))])
def test_nothing_but_constants_has_no_band(spread: Any) -> None:
    assert np.isnan(spread.band(np.zeros(2), 0.95, SEED)).all()


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, 95, -0.1, np.nan])
@pytest.mark.parametrize("spread", [COVARIANCE, INFLUENCE, POSTERIOR], ids=["cov", "influence", "posterior"])
def test_levels_are_probabilities(spread: Any, level: float) -> None:
    with pytest.raises(EstimationError, match=r"expected 0\.5 to below 1"):
        spread.interval(EFFECT, level)
    with pytest.raises(EstimationError, match=r"expected 0\.5 to below 1"):
        spread.band(EFFECT, level, SEED)


def test_single_posterior_quantity_has_a_covariance_matrix() -> None:
    assert Posterior(POSTERIOR.draws[:, :1]).cov.shape == (1, 1)


@pytest.mark.parametrize(
    ("spread", "name"), [(COVARIANCE, "matrix"), (INFLUENCE, "weights"), (POSTERIOR, "draws")]
)
def test_frozen(spread: Any, name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(spread, name, np.eye(3))
