"""Simultaneous bands of estimates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.errors import EstimationError
from preventeval.uncertainty import Influence

ORACLE = Path(__file__).parents[1] / "reference" / "oracle"


@pytest.fixture(scope="module")
def path() -> pe.EffectEstimate:
    return pe.CallawaySantAnna().fit(pe.example_design()).by_event_time()


@pytest.mark.reference
def test_band_of_a_multiplier_bootstrap_against_r() -> None:
    """R's did 2.5.1 with 4,999 Mammen draws of 25 districts."""
    records = json.loads((ORACLE / "staggered_linear.json").read_text("utf-8"))
    record = records["did__boot_cov_dr_notyet_universal_cluster"]
    frame = pd.read_csv(ORACLE / "staggered_linear.csv")
    panel = pe.Panel(frame, unit="unit", period="period", outcomes=["y"], covariates=["x1", "x2"])
    design = pe.StudyDesign(panel, outcome="y", treated_from="cohort", cluster="district", measure="value")
    ours = pe.CallawaySantAnna(base_period="universal").fit(design).by_event_time()
    assert isinstance(ours.uncertainty, Influence)
    normal = replace(ours, uncertainty=replace(ours.uncertainty, df=None), labels=ours.labels)
    band = normal.conf_int(simultaneous=True, multipliers="mammen", draws=4_999)
    table = pd.DataFrame(record["table"])
    theirs = table[(table["what"] == "dynamic") & table["time"].notna()]["se"].to_numpy(float)
    half = ((band["upper"] - band["lower"]) / 2).to_numpy()
    ratio = half / (theirs * record["crit_val_dynamic"])
    assert np.isnan(ratio).sum() == 1  # the base period
    # 5 %: R takes standard errors from the quartiles of its draws, and draws its own; see the oracle's notes
    assert abs(np.nanmedian(ratio) - 1) < 0.05


@pytest.mark.parametrize("multipliers", ["gaussian", "rademacher", "mammen", "webb"])
def test_bands_are_reproducible_and_carried_to_other_scales(
    path: pe.EffectEstimate, multipliers: Any
) -> None:
    def ends(estimate: pe.EffectEstimate, seed: int = 1) -> pd.DataFrame:
        return estimate.conf_int(simultaneous=True, multipliers=multipliers, draws=500, seed=seed)

    assert ends(path).equals(ends(path))
    assert not ends(path).equals(ends(path, seed=2))
    np.testing.assert_allclose(ends(path.as_percent()), 100 * np.expm1(ends(path)), rtol=1e-10)
    known = np.isfinite(path.std_errors.to_numpy())
    assert (ends(path)["lower"] < path.conf_int()["lower"])[known].all()


def test_options_of_bands_go_with_bands(path: pe.EffectEstimate) -> None:
    for options in ({"multipliers": "webb"}, {"draws": 99}):
        with pytest.raises(EstimationError, match=r"are for bands: ask conf_int\(simultaneous=True"):
            path.conf_int(**options)  # type: ignore[arg-type]


@pytest.mark.statistical
def test_bands_cover_whole_paths_as_often_as_promised() -> None:
    """Correlated effects estimated from 40 clusters, with the truth at 0."""
    from preventeval.uncertainty import InfluenceRows

    rng = np.random.default_rng(4)
    root = np.linalg.cholesky(0.8 ** np.abs(np.arange(6)[:, None] - np.arange(6)))
    covered, repeats = {"gaussian": 0, "rademacher": 0}, 600
    for seed in range(repeats):
        values = rng.normal(size=(40, 6)) @ root.T
        mean = values.mean(axis=0)
        spread = Influence(InfluenceRows((values - mean) / 40, np.arange(40)), np.eye(6), df=39.0)
        for multipliers in covered:
            low, high = spread.band(
                mean,
                0.9,
                seed,
                multipliers=multipliers,  # type: ignore[arg-type]
                draws=1_000,
            )
            covered[multipliers] += bool(((low <= 0) & (high >= 0)).all())
    # 90 % of 600, with three standard deviations of 7.3; variances without a small-sample factor take some
    for count in covered.values():
        assert abs(count - 540) < 30
