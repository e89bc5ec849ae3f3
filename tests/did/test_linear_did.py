"""LinearDiD: the algebra of the saturated regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import preventeval as pe

N_PERIODS = 7


def table(seed: int = 0, *, units: int = 18) -> pd.DataFrame:
    """Areas that start in periods 3 and 5 or never, a third each."""
    rng = np.random.default_rng(seed)
    start = np.resize([3.0, 5.0, np.nan], units)
    time = np.arange(N_PERIODS)
    y = rng.normal(size=(units, 1)) + 0.2 * time - 1.0 * (time >= start[:, None])
    return pd.DataFrame(
        {
            "area": np.repeat(np.arange(units), N_PERIODS),
            "time": np.tile(time, units),
            "score": (y + rng.normal(0, 0.5, y.shape)).ravel(),
            "start": np.repeat(start, N_PERIODS),
        }
    )


def fit(frame: pd.DataFrame, estimator: object = None, **options: object) -> pe.EffectEstimate:
    panel = pe.Panel(frame, unit="area", period="time", outcomes=["score"])
    design = pe.StudyDesign(panel, outcome="score", treated_from="start", measure="value", **options)  # type: ignore[arg-type]
    chosen = pe.LinearDiD() if estimator is None else estimator
    return chosen.fit(design)  # type: ignore[attr-defined, no-any-return]


def test_is_imputation_from_untreated_periods() -> None:
    """Without gaps; where there are some, levels of units also learn from treated periods."""
    frame = table()
    x = np.hstack(
        [
            frame["area"].to_numpy()[:, None] == np.arange(18),
            frame["time"].to_numpy()[:, None] == np.arange(1, 7),
        ]
    ).astype(float)
    untreated = ~(frame["time"] >= frame["start"]).to_numpy()
    found = np.linalg.lstsq(x[untreated], frame["score"].to_numpy()[untreated], rcond=None)[0]
    frame["gap"] = frame["score"] - x @ found
    cells = frame[~untreated].groupby(["start", "time"])["gap"].mean()
    # two ways through linear algebra
    np.testing.assert_allclose(fit(frame).effect, cells.to_numpy(), rtol=0, atol=1e-12)


def test_with_leads_it_is_the_long_difference_of_callaway_and_santanna() -> None:
    frame = table()
    ours = fit(frame, pe.LinearDiD(leads=True), comparison="never_treated")
    theirs = fit(frame, pe.CallawaySantAnna(base_period="universal"), comparison="never_treated")
    cells = ["cohort", "period"]
    both = ours.tidy().merge(theirs.tidy(), on=cells, suffixes=("", "_cs"))
    assert len(both) == len(ours.effect)
    # two ways through linear algebra
    np.testing.assert_allclose(both["estimate"], both["estimate_cs"], rtol=0, atol=1e-12)


def test_one_start_and_two_periods_are_the_difference_in_differences() -> None:
    frame = table()
    frame = frame[frame["time"].isin([4, 5]) & (frame["start"] != 3)]
    estimate = fit(frame)
    mean = frame.groupby([frame["start"].notna(), "time"])["score"].mean()
    expected = (mean[True, 5] - mean[True, 4]) - (mean[False, 5] - mean[False, 4])
    assert estimate.overall().effect[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("levels", ["unit", "cohort"])
def test_levels_of_units_or_cohorts_give_the_same_effects_without_gaps(levels: str) -> None:
    whole, other = fit(table()), fit(table(), pe.LinearDiD(levels=levels))  # type: ignore[arg-type]
    np.testing.assert_allclose(other.effect, whole.effect, rtol=0, atol=1e-12)
    ratio = (other.std_errors / whole.std_errors).to_numpy()
    # the same scores; the factor counts levels of cohorts, which are not nested in areas
    assert np.ptp(ratio) < 1e-8
    assert (ratio[0] > 1) == (levels == "cohort")


def test_scale_is_that_of_the_design() -> None:
    estimate = fit(table())
    assert estimate.scale.base == "value"
    with pytest.raises(pe.EstimationError, match="cannot be restated"):
        estimate.as_percent()
