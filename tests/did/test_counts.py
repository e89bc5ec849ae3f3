"""What a Poisson regression can learn from, against a linear programme that finds what it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from preventeval.did._counts import dispersion, informative
from preventeval.did._saturated import plan_effects, saturate
from preventeval.periods import NEVER

Array = NDArray[np.float64]
ONE = np.zeros(4, dtype=np.int64)


def dense(
    cohort: Array, cells: list[tuple[int, int]], n_periods: int, season: Array | None, region: Array | None
) -> tuple[Array, Array]:
    """All regressors with a dummy for every effect, and the columns of the cells."""
    plan = saturate(cohort, cells, n_periods, season=season, region=region)
    x = plan.terms.shared[plan.terms.code].reshape(len(cohort) * n_periods, -1)
    if season is not None:
        level = (np.arange(len(cohort))[:, None] * 100 + season).ravel()
        x = np.hstack([x, (level[:, None] == np.unique(level)).astype(float)])
    return x, plan.effects


def separated(x: Array, y: Array, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Observations that some effects without a finite best value fit perfectly.

    Correia, Guimarães & Zylkin (2020): a direction that lowers the predictor of observations
    without an event and moves that of no observation with one.
    """
    from scipy.optimize import linprog

    rows = used.ravel()
    zero, some = x[rows & (y.ravel() == 0)], x[rows & (y.ravel() > 0)]
    found = linprog(
        zero.sum(axis=0),
        A_ub=np.vstack([zero, -zero]),
        b_ub=np.repeat([0.0, 1.0], len(zero)),
        A_eq=some if len(some) else None,
        b_eq=np.zeros(len(some)) if len(some) else None,
        bounds=(None, None),
    )
    return rows.reshape(used.shape) & (y == 0) & (x @ found.x < -1e-7).reshape(used.shape)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 100_000),
    levels=st.sampled_from(["unit", "season", "cohort"]),
    regions=st.booleans(),
    comparison=st.sampled_from(["not_yet_treated", "never_treated"]),
    gaps=st.booleans(),
    mean=st.sampled_from([0.2, 0.5, 1.5]),
)
def test_what_is_left_has_a_finite_best_value(
    seed: int, levels: str, regions: bool, comparison: str, gaps: bool, mean: float
) -> None:
    rng = np.random.default_rng(seed)
    n, n_periods = int(rng.integers(4, 16)), int(rng.integers(4, 10))
    cohort = rng.choice([1, 2, 3, NEVER, NEVER], n)
    region = rng.integers(0, 2, n) if regions else None
    season = {"unit": np.zeros(n_periods, dtype=int), "season": np.arange(n_periods) % 2, "cohort": None}[
        levels
    ]
    cells, usable, _ = plan_effects(
        np.unique(cohort), n_periods, comparison=comparison, anticipation=0, leads=False
    )
    weights = (rng.random((n, n_periods)) > (0.2 if gaps else 0)).astype(float)
    weights[:, usable:] = 0
    y = rng.poisson(mean, (n, n_periods)).astype(float)
    y[weights == 0] = np.nan
    left = informative(y, weights, cohort, cells, season, region)
    used = left.weights > 0
    assert not (used & (weights == 0)).any()
    if not left.kept_cells:
        return
    x, _ = dense(cohort, cells, n_periods, season, region)
    assert not separated(x, y, used).any()
    # and every cell that is kept can be told apart
    x, columns = dense(cohort, left.kept_cells, n_periods, season, region)
    _, sizes, directions = np.linalg.svd(x[used.ravel()])
    free = directions[int((sizes > 1e-9).sum()) :]
    assert np.abs(free[:, columns]).max(initial=0.0) < 1e-8
    # without regions nothing is lost that could be told: all that goes has no event, or belongs to a cell
    # that goes
    of_lost = np.zeros(y.shape, dtype=bool)
    for start, period in set(cells) - set(left.kept_cells):
        of_lost[cohort == start, period] = True
    if mean >= 1.5 and not regions and not gaps:
        assert np.nansum(y[(weights > 0) & ~used & ~of_lost]) == 0


def test_says_what_went_and_why() -> None:
    y = np.array(
        [
            [3, 2, 1, 0],  # nothing after the start in period 3
            [2, 4, 2, 0],
            [0, 0, 0, 0],  # a silent unit
            [1, 2, 0, 4],  # never treated; nothing at all in period 2
            [3, 1, 0, 5],
        ],
        dtype=float,
    )
    cohort = np.array([2, 2, 2, NEVER, NEVER])
    left = informative(y, np.ones(y.shape), cohort, [(2, 2), (2, 3)], ONE)
    assert left.kept_cells == []
    assert left.empty_cells == [(2, 3)]
    assert left.uncompared_cells == [(2, 2)]
    assert left.silent_units.tolist() == [2]
    assert left.empty_periods.tolist() == [2]
    assert not left.weights[:, 2].any()
    assert not left.weights[2].any()


def test_leaves_alone_what_is_well() -> None:
    y = np.full((4, 4), 2.0)
    weights = np.full((4, 4), 1.5)
    left = informative(y, weights, np.array([2, 2, NEVER, NEVER]), [(2, 2), (2, 3)], ONE)
    assert left.weights is weights
    assert left.kept_cells == [(2, 2), (2, 3)]
    assert (left.empty_cells, left.uncompared_cells) == ([], [])
    assert left.silent_units.size + left.empty_periods.size == 0


def test_missing_cells_are_in_no_list() -> None:
    y = np.full((4, 4), 2.0)
    weights = np.ones((4, 4))
    weights[:2, 3] = 0
    left = informative(y, weights, np.array([2, 2, NEVER, NEVER]), [(2, 2), (2, 3)], ONE)
    assert (left.kept_cells, left.empty_cells, left.uncompared_cells) == ([(2, 2)], [], [])


def test_dispersion_of_poisson_counts_is_one() -> None:
    rng = np.random.default_rng(4)
    mean = np.exp(rng.normal(1, 0.5, (400, 20)))
    y = rng.poisson(mean).astype(float)
    y[0, :5] = np.nan
    weights = np.where(np.isnan(y), 0.0, 1.0)
    found = dispersion(y, mean, weights, 0)
    # the mean of 8,000 squares of variance 2 to 3: a standard error of 0.02
    assert found["pearson_dispersion"] == pytest.approx(1, abs=0.06)
    assert found["share_of_zeros"] == pytest.approx(np.nanmean(np.where(np.isnan(y), np.nan, y == 0)))
    assert found["largest_count"] == np.nanmax(y)
    assert np.isnan(dispersion(y, mean, weights, 8000)["pearson_dispersion"])
