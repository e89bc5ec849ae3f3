"""What is said when a regression of counts has no finite best value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.did import _within


def design(covariate: bool = False) -> pe.StudyDesign:
    rng = np.random.default_rng(3)
    n_areas, n_years = 12, 6
    start = np.repeat([2022.0, 2023.0, np.nan], 4)
    frame = pd.DataFrame(
        {
            "area": np.repeat([f"area {i:02}" for i in range(n_areas)], n_years),
            "year": np.tile(np.arange(2019, 2019 + n_years), n_areas),
            "start": np.repeat(start, n_years),
            "robbery": rng.poisson(20, n_areas * n_years),
            "alarms": rng.normal(size=n_areas * n_years),
        }
    )
    # few incidents where 2022 is treated in 2024: the effect that has furthest to go
    frame.loc[(frame["start"] == 2022) & (frame["year"] == 2024), "robbery"] = [0, 0, 1, 0]
    panel = pe.Panel(
        frame,
        unit="area",
        period="year",
        outcomes=["robbery"],
        covariates=["alarms"] if covariate else [],
    )
    return pe.StudyDesign(panel, outcome="robbery", treated_from="start", measure="count")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that gives up after one step: data on which it does not arrive are taken out beforehand."""
    monkeypatch.setattr(_within, "_MOST_STEPS", 1)


def test_the_cells_are_named() -> None:
    with pytest.raises(pe.EstimationError, match="does not settle") as caught:
        pe.PoissonDiD().fit(design())
    assert "effects still move for units that start in 2022 in 2024" in caught.value.message
    assert "look at the incidents (and the exposure) there" in str(caught.value.hint)


def test_the_periods_are_named() -> None:
    with pytest.raises(pe.EstimationError, match="does not settle") as caught:
        pe.TwoWayFixedEffects(likelihood="poisson").fit(design())
    assert "everyone in 20" in caught.value.message


def test_covariates_are_named() -> None:
    with pytest.raises(pe.EstimationError, match="with covariates 'alarms' in it") as caught:
        pe.TwoWayFixedEffects(likelihood="poisson").fit(design(covariate=True))
    assert "leave covariates out" in str(caught.value.hint)
