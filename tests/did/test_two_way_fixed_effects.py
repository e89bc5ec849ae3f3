"""What TwoWayFixedEffects promises beyond agreement with fixest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe


def simulated(seed: int = 3) -> pd.DataFrame:
    """30 units, 6 periods, starts in periods 3 and 5 and never, effect -2, one covariate x."""
    rng = np.random.default_rng(seed)
    start = np.repeat([0, 3, 5], 10)
    unit, period = np.repeat(np.arange(30), 6), np.tile(np.arange(1, 7), 30)
    treated = (start[unit] > 0) & (period >= start[unit])
    x = rng.normal(size=180)
    return pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "start": start[unit],
            "x": x,
            "z": rng.normal(size=30)[unit],
            "y": rng.normal(size=30)[unit]
            + 0.2 * period
            + 0.5 * x
            - 2.0 * treated
            + 0.3 * rng.normal(size=180),
            "w": rng.uniform(0.5, 2, 30)[unit],
        }
    )


def design_of(table: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    columns = {"covariates": options.pop("covariates", ()), "weights": options.pop("weights", None)}
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["y"], **columns)
    return pe.StudyDesign(panel, outcome="y", treated_from="start", measure="value", **options)


def by_dummies(table: pd.DataFrame, regressors: np.ndarray[Any, Any]) -> tuple[Any, Any, float]:
    """The slow way: weighted least squares on dummies, sandwich by unit, fixest's factor."""
    dummies = pd.get_dummies(table[["unit", "period"]].astype(str), dtype=float).to_numpy()
    weights = table["w"].to_numpy()
    x = np.column_stack([regressors, dummies])
    bread = np.linalg.pinv((x * weights[:, None]).T @ x)
    beta = bread @ x.T @ (weights * table["y"].to_numpy())
    scores = x * (weights * (table["y"].to_numpy() - x @ beta))[:, None]
    sums = pd.DataFrame(scores).groupby(table["unit"].to_numpy()).sum().to_numpy()
    g, n, k = len(sums), len(x), regressors.shape[1] + table["period"].nunique()
    cov = bread @ sums.T @ sums @ bread * g / (g - 1) * (n - 1) / (n - k)
    return beta, np.sqrt(np.diag(cov)), g - 1


def test_gaps_weights_and_covariates_equal_the_slow_way() -> None:
    table = simulated().sample(frac=0.85, random_state=np.random.default_rng(1))
    estimate = pe.TwoWayFixedEffects().fit(design_of(table, covariates=["x"], weights="w"))
    treated = (table["start"] > 0) & (table["period"] >= table["start"])
    beta, se, df = by_dummies(table, np.column_stack([treated, table["x"]]).astype(float))
    # The library demeans by turns where there are gaps, to a relative 1e-8.
    assert estimate.effect[0] == pytest.approx(beta[0], abs=1e-7)
    assert estimate.std_errors.iloc[0] == pytest.approx(se[0], abs=1e-7)
    assert estimate.diagnostics["df"] == df


def test_event_study_has_its_reference_as_a_row() -> None:
    estimate = pe.TwoWayFixedEffects(event_study=True).fit(design_of(simulated()))
    table = estimate.tidy().set_index("event_time")
    assert table.index.tolist() == list(range(-4, 4))
    assert table.loc[-1, "estimate"] == 0
    assert np.isnan(table.loc[-1, "std_error"])
    after = table.loc[0:, "estimate"]
    assert estimate.overall().effect[0] == pytest.approx(after.mean())


def test_notes_say_what_the_method_does() -> None:
    design = design_of(simulated(), covariates=["x", "z"])
    text = " ".join(str(note) for note in pe.TwoWayFixedEffects().fit(design).notes)
    assert "Starts differ (2 of them)" in text
    assert "taken up by the unit effects: z" in text
    assert "every unit and period" in text
    one = simulated().query("start != 5")
    assert "Starts differ" not in " ".join(map(str, pe.TwoWayFixedEffects().fit(design_of(one)).notes))


def test_anticipation_is_kept_out_of_the_comparison() -> None:
    table = simulated()
    table.loc[(table["start"] > 0) & (table["period"] == table["start"] - 1), "y"] -= 5
    told = pe.TwoWayFixedEffects().fit(design_of(table, anticipation=1))
    assert told.effect[0] == pytest.approx(-2, abs=4 * told.std_errors.iloc[0])
    assert "20 unit-periods just before a start" in " ".join(map(str, told.notes))
    path = pe.TwoWayFixedEffects(event_study=True).fit(design_of(table, anticipation=1)).tidy()
    path = path.set_index("event_time")
    assert path.loc[-2, "estimate"] == 0
    assert path.loc[-1, "estimate"] == pytest.approx(-5, abs=1)


def test_a_unit_seen_once_is_left_out_and_named() -> None:
    table = simulated()
    once = table[(table["unit"] != 7) | (table["period"] == 2)]
    estimate = pe.TwoWayFixedEffects().fit(design_of(once))
    without = pe.TwoWayFixedEffects().fit(design_of(table[table["unit"] != 7]))
    # The same least squares problem: rounding only.
    np.testing.assert_allclose(estimate.effect, without.effect, rtol=0, atol=1e-12)
    np.testing.assert_allclose(estimate.std_errors, without.std_errors, rtol=0, atol=1e-12)
    assert "1 unit is observed only once and is left out: 7" in " ".join(map(str, estimate.notes))


def test_event_study_without_untreated_units_needs_more_references() -> None:
    design = design_of(simulated().query("start > 0"))
    with pytest.raises(pe.EstimationError, match=r"event time .* cannot be told apart") as caught:
        pe.TwoWayFixedEffects(event_study=True).fit(design)
    assert "reference=" in str(caught.value.hint)


def test_covariate_that_the_effects_determine_is_named() -> None:
    table = simulated().assign(trend=lambda t: t["period"] * 2.0 + t["unit"])
    with pytest.raises(pe.EstimationError, match="covariate 'trend' cannot be told apart"):
        pe.TwoWayFixedEffects().fit(design_of(table, covariates=["trend"]))


def test_one_cluster_is_too_few() -> None:
    table = simulated().assign(city="all")
    with pytest.raises(pe.EstimationError, match="in 1 clusters are too few"):
        pe.TwoWayFixedEffects().fit(design_of(table, cluster="city"))


def test_one_period_per_unit_is_too_few() -> None:
    table = simulated().query("period == unit % 6 + 1")
    with pytest.raises(pe.EstimationError, match="0 unit-periods"):
        pe.TwoWayFixedEffects().fit(design_of(table))


@pytest.mark.parametrize("option", [{"vcov": "HC1"}, {"reference": -1}, {"reference": ()}])
def test_unknown_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pe.EstimationError, match="TwoWayFixedEffects: "):
        pe.TwoWayFixedEffects(**option)
