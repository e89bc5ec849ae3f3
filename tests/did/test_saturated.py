"""The plan of a saturated design, and its regressors."""

from __future__ import annotations

import numpy as np
import pytest

from preventeval.did._saturated import period_effects, plan_effects, saturate
from preventeval.periods import NEVER

STARTS = np.array([2, 4, NEVER])


def test_cells_from_the_start_on() -> None:
    cells, usable, impossible = plan_effects(
        STARTS, 6, comparison="not_yet_treated", anticipation=0, leads=False
    )
    assert cells == [(2, t) for t in range(2, 6)] + [(4, 4), (4, 5)]
    assert (usable, impossible) == (6, [])


@pytest.mark.parametrize("comparison", ["never_treated", "last_treated"])
def test_with_never_treated_alone_all_but_the_base_period_are_cells(comparison: str) -> None:
    cells, _, _ = plan_effects(STARTS, 6, comparison=comparison, anticipation=1, leads=False)
    assert cells == [(2, t) for t in (1, 2, 3, 4, 5)] + [(4, t) for t in (0, 1, 3, 4, 5)]


def test_leads_are_cells_too() -> None:
    cells, _, _ = plan_effects(STARTS, 5, comparison="not_yet_treated", anticipation=0, leads=True)
    assert cells == [(2, t) for t in (0, 2, 3, 4)] + [(4, t) for t in (0, 1, 2, 4)]


def test_where_all_are_treated_the_last_start_ends_the_comparison() -> None:
    cells, usable, impossible = plan_effects(
        np.array([2, 4]), 6, comparison="not_yet_treated", anticipation=0, leads=False
    )
    assert (cells, usable) == ([(2, 2), (2, 3)], 4)
    assert impossible == [(2, 4), (2, 5), (4, 4), (4, 5)]


def test_without_a_period_before_there_is_no_effect() -> None:
    cells, _, impossible = plan_effects(
        np.array([1, NEVER]), 3, comparison="not_yet_treated", anticipation=1, leads=False
    )
    assert (cells, impossible) == ([], [(1, 0), (1, 1), (1, 2)])


def test_period_effects_leave_one_period_per_season() -> None:
    assert period_effects(4, np.zeros(4, dtype=int)).shape == (4, 3)
    assert period_effects(4, np.array([0, 1, 0, 1])).sum(axis=1).tolist() == [0, 0, 1, 1]
    assert period_effects(4, None).shape == (4, 3)


def regressors(plan: object) -> np.ndarray:
    """All regressors of all units, shape (n, T, K)."""
    terms = plan.terms  # type: ignore[attr-defined]
    factors = np.column_stack([terms.factors, np.ones(len(terms.code))])
    return terms.shared[terms.code] * factors[:, None, terms.factor_of]


@pytest.mark.parametrize("season", [np.zeros(6, dtype=int), None])
def test_effects_and_slopes_are_where_they_are_said_to_be(season: np.ndarray | None) -> None:
    rng = np.random.default_rng(0)
    cohort = np.repeat([2, 4, NEVER], 4)
    covariates = rng.normal(size=(12, 2))
    cells = [(2, 2), (2, 3), (4, 4)]
    plan = saturate(cohort, cells, 6, season=season, covariates=covariates, by_cell=True)
    x = regressors(plan)
    starts = np.array([2, 4, NEVER])
    mean = np.stack([covariates[cohort == start].mean(axis=0) for start in starts])
    centred = covariates - mean[np.searchsorted(starts, cohort)]
    for at, (start, period) in enumerate(cells):
        member = np.zeros((12, 6))
        member[cohort == start, period] = 1
        np.testing.assert_array_equal(x[:, :, plan.effects[at]], member)
        for j in range(2):
            # deviations from a mean: rounding
            np.testing.assert_allclose(x[:, :, plan.slopes[j, at]], member * centred[:, j, None], atol=1e-15)
    every = np.linalg.matrix_rank(x.reshape(72, -1))
    # no column too many: periods (5), cells (3), and per covariate periods (5) and cells (3); without unit
    # effects also a constant, cohorts (2), and the cohorts of each covariate (3)
    assert x.shape[2] == every == 8 + 2 * 8 + (0 if season is not None else 3 + 2 * 3)


def test_regions_have_periods_of_their_own() -> None:
    cohort, region = np.array([2, 2, NEVER, NEVER]), np.array([0, 1, 0, 1])
    plan = saturate(cohort, [(2, 2)], 3, season=np.zeros(3, dtype=int), region=region)
    x = regressors(plan)
    assert x.shape[2] == 2 * 2 + 1
    base = period_effects(3, np.zeros(3, dtype=int))
    for unit, own in enumerate(region):
        np.testing.assert_array_equal(x[unit, :, 2 * own : 2 * own + 2], base)
        np.testing.assert_array_equal(x[unit, :, 2 - 2 * own : 4 - 2 * own], 0 * base)


def test_no_cells_are_no_columns() -> None:
    plan = saturate(np.array([NEVER, NEVER]), [], 3, season=np.zeros(3, dtype=int))
    assert plan.effects.shape == (0,)
    assert plan.slopes.shape == (0, 0)
