"""Every kind of uncertainty answers the same questions, and the linear ones the same way."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from preventeval.errors import EstimationError
from preventeval.uncertainty import Covariance, Influence, InfluenceRows, Posterior, aligned

Array = NDArray[np.float64]
SEED = 20_130_419


RNG = np.random.default_rng(7)
VALUES = RNG.normal(size=(40, 3)) / 10
EFFECT = np.array([-0.3, 0.02, 1.2])
INFLUENCE = Influence(InfluenceRows(VALUES, np.arange(40)), np.eye(3))
COVARIANCE = Covariance(VALUES.T @ VALUES)
POSTERIOR = Posterior(EFFECT + RNG.normal(size=(4000, 3)) @ np.linalg.cholesky(COVARIANCE.cov).T)
WEIGHTS = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])


def linear(effects: Array) -> Array:
    return effects @ WEIGHTS.T


@pytest.mark.parametrize("df", [None, 7.0])
def test_influence_and_covariance_agree(df: float | None) -> None:
    one, two = (
        Influence(InfluenceRows(VALUES, np.arange(40)), np.eye(3), df),
        Covariance(VALUES.T @ VALUES, df),
    )
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
    # 0.03: the critical value is promised to a standard error of about 0.01; three of them
    np.testing.assert_allclose(high / np.linspace(1, 3, k), exact, atol=0.03)
    np.testing.assert_allclose(low, -high)


def test_band_of_one_effect_under_t_is_its_interval() -> None:
    spread = Covariance(np.eye(1), df=6)
    band, interval = spread.band(np.zeros(1), 0.9, SEED)[1], spread.interval(np.zeros(1), 0.9)[1]
    np.testing.assert_allclose(band, interval, rtol=1e-6)  # nothing is left to chance but rounding


def test_band_of_equal_effects_is_the_interval_and_never_narrower() -> None:
    same = Covariance(np.ones((4, 4)))
    # rtol: directions are drawn in single precision
    np.testing.assert_allclose(same.band(np.zeros(4), 0.95, SEED)[1], stats.norm.ppf(0.975), rtol=1e-6)
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


# Bands --------------------------------------------------------------------------------------


def correlations(k: int) -> dict[str, Array]:
    """Independent, equally correlated, fading with distance, and of low rank."""
    distance = np.abs(np.arange(k)[:, None] - np.arange(k))
    factors = np.random.default_rng(4).normal(size=(k, 3))
    low_rank = factors @ factors.T
    size = np.sqrt(np.diag(low_rank))
    return {
        "independent": np.eye(k),
        "equal": 0.5 + 0.5 * np.eye(k),
        "fading": 0.8**distance,
        "low rank": low_rank / np.outer(size, size),
    }


@pytest.mark.parametrize("kind", correlations(2))
@pytest.mark.parametrize("df", [None, 6.0])
def test_critical_values_against_plain_draws(kind: str, df: float | None) -> None:
    matrix = correlations(16)[kind]
    rng = np.random.default_rng(8)
    values, vectors = np.linalg.eigh(matrix)
    drawn = rng.standard_normal((200_000, 16)) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    if df is not None:
        drawn /= np.sqrt(rng.chisquare(df, (len(drawn), 1)) / df)
    expected = np.quantile(np.abs(drawn).max(axis=1), 0.95)
    ours = Covariance(matrix, df).band(np.zeros(16), 0.95, SEED)[1][0]
    # 0.05: three standard errors of ours (0.01) and of 200,000 plain draws (0.004; 0.011 for t)
    assert abs(ours - expected) < 0.05


@pytest.mark.parametrize("multipliers", ["rademacher", "mammen", "webb"])
def test_strict_multipliers_agree_with_the_covariance_where_clusters_are_many(multipliers: Any) -> None:
    values = np.random.default_rng(3).normal(size=(2_000, 5)) @ np.linalg.cholesky(0.5 + 0.5 * np.eye(5))
    spread = Influence(InfluenceRows(values, np.arange(2_000)), np.eye(5))
    gaussian = spread.band(np.zeros(5), 0.95, SEED)[1]
    strict = spread.band(np.zeros(5), 0.95, SEED, multipliers=multipliers, draws=4_999)[1]
    # 4 %: the standard error of a quantile of 4,999 draws is below 0.02 of 2.5; the rest is 2,000 clusters
    np.testing.assert_allclose(strict, gaussian, rtol=0.04)


@pytest.mark.parametrize(
    ("multipliers", "points"),
    [
        ("rademacher", {-1.0: 1 / 2, 1.0: 1 / 2}),
        ("mammen", {(1 - 5**0.5) / 2: (5 + 5**0.5) / 10, (1 + 5**0.5) / 2: (5 - 5**0.5) / 10}),
        ("webb", {sign * size: 1 / 6 for sign in (-1, 1) for size in (0.5**0.5, 1.0, 1.5**0.5)}),
    ],
)
def test_multipliers_are_the_points_of_the_papers(multipliers: Any, points: dict[float, float]) -> None:
    # With a single cluster of value 1, the largest |t| is the size of its multiplier.
    spread = Influence(InfluenceRows(np.ones((1, 1)), np.zeros(1, dtype=np.int64)), np.eye(1))
    sizes: dict[float, float] = {}
    for point, share in points.items():
        sizes[abs(point)] = sizes.get(abs(point), 0.0) + share
    ordered = sorted(sizes)
    below = np.cumsum([sizes[size] for size in ordered])
    for level in (0.55, 0.65, 0.7, 0.75, 0.9):
        expected = ordered[int(np.searchsorted(below, level))]
        critical = spread.band(np.zeros(1), level, SEED, multipliers=multipliers, draws=20_000)[1][0]
        assert critical == pytest.approx(expected, rel=1e-6)  # single precision


def test_multiplier_sums_do_not_depend_on_how_clusters_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from preventeval.uncertainty import bands

    values = np.random.default_rng(3).normal(size=(37, 2))
    spread = Influence(InfluenceRows(values, np.arange(37)), np.eye(2), df=9.0)
    whole = spread.band(np.zeros(2), 0.9, SEED, multipliers="rademacher", draws=9_999)[1]
    monkeypatch.setattr(bands, "_HELD", 9_999 * 8)
    pieces = spread.band(np.zeros(2), 0.9, SEED, multipliers="rademacher", draws=9_999)[1]
    np.testing.assert_allclose(pieces, whole, rtol=0.05)  # other draws: three standard errors of each


def test_multipliers_need_influence_values() -> None:
    with pytest.raises(EstimationError, match=r"a covariance only, and no influence values"):
        COVARIANCE.band(EFFECT, 0.95, SEED, multipliers="webb")
    with pytest.raises(EstimationError, match=r"multipliers='normal' is not known: choose one of 'gaussian'"):
        INFLUENCE.band(EFFECT, 0.95, SEED, multipliers="normal")  # type: ignore[arg-type]
    with pytest.raises(EstimationError, match=r"multipliers= and draws= are for confidence bands"):
        POSTERIOR.band(EFFECT, 0.95, SEED, multipliers="webb")
    with pytest.raises(EstimationError, match=r"draws=0: expected a whole number above 0"):
        INFLUENCE.band(EFFECT, 0.95, SEED, draws=0)


# Several fits -------------------------------------------------------------------------------


def test_effects_may_have_degrees_of_freedom_of_their_own() -> None:
    spread = Covariance(np.diag([4.0, 1.0, 9.0]), df=np.array([3.0, 10.0, 0.0]))
    low, high = spread.interval(np.zeros(3), 0.95)
    np.testing.assert_allclose(high[:2], [2 * stats.t.ppf(0.975, 3), stats.t.ppf(0.975, 10)], rtol=1e-10)
    assert np.isnan(low[2])
    # Welch's test of the difference of two independent means.
    contrast = np.array([[1.0, -1.0, 0.0]])
    welch = 5.0**2 / (4.0**2 / 3 + 1.0**2 / 10)
    np.testing.assert_allclose(spread.through(lambda a: a @ contrast.T, contrast).df, [welch], rtol=1e-12)
    # Effects that go together share what they have.
    together = np.diag([4.0, 1.0, 9.0]) + np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]])
    shared = Covariance(together, df=np.array([3.0, 10.0, 5.0]))
    both = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, 1.0]])
    welch = 10.0**2 / (1.0**2 / 10 + 9.0**2 / 5)
    np.testing.assert_allclose(shared.through(lambda a: a @ both.T, both).df, [3, welch], rtol=1e-12)
    # Choosing rows changes none of them, and a band refers to the fewest among those it can cover.
    chosen = spread.through(lambda a: a[..., :2], np.eye(2, 3))
    np.testing.assert_allclose(chosen.df, [3, 10], rtol=1e-12)
    band = spread.band(np.zeros(3), 0.95, SEED)[1]
    expected = Covariance(np.diag([4.0, 1.0]), df=3.0).band(np.zeros(2), 0.95, SEED)[1]
    np.testing.assert_allclose(band[:2], expected, rtol=1e-12)
    assert np.isnan(band[2])


def test_what_is_not_known_to_go_together_has_no_band() -> None:
    spread = Covariance(np.array([[1.0, np.nan], [np.nan, 1.0]]))
    assert np.isfinite(spread.interval(np.zeros(2), 0.95)).all()
    assert np.isnan(spread.band(np.zeros(2), 0.95, SEED)).all()


def test_influence_values_are_put_side_by_side_by_cluster() -> None:
    one = Influence(InfluenceRows(np.array([[1.0], [2.0], [3.0]]), np.arange(3)), np.eye(1))
    two = Influence(InfluenceRows(np.array([[10.0, 5.0], [20.0, 6.0]]), np.arange(2)), np.eye(2))
    values, names = aligned([one, two], [np.array(["a", "b", "c"]), np.array(["d", "b"])])
    found = {str(name): row.tolist() for name, row in zip(names, values, strict=True)}
    assert found == {"a": [1, 0, 0], "b": [2, 20, 6], "c": [3, 0, 0], "d": [0, 10, 5]}
    np.testing.assert_allclose((values.T @ values)[1:, 1:], two.cov)
