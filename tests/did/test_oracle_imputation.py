"""ImputationDiD against R's didimputation 0.5.0 and did2s 1.2.0, every record."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import preventeval as pe

pytestmark = pytest.mark.reference

Array = NDArray[np.float64]
FOLDER = Path(__file__).parents[1] / "reference" / "oracle"
RECORDS: dict[str, dict[str, Any]] = json.loads((FOLDER / "imputation.json").read_text(encoding="utf-8"))
#: didimputation 0.5.0 multiplies the regressors with the sampling weights wherever they occur in its
#: influence weights, which counts them twice: those influence weights do not even give the estimate back.
WEIGHTS_TWICE = sorted(name for name in RECORDS if name.endswith("__didimputation__static_w"))
#: Effects before the start that did2s prints are means of first-stage residuals, which that stage has
#: already made small: they are no test of earlier trends, and ours are a regression (`leads`).
RESIDUAL_MEANS = sorted(name for name in RECORDS if "__did2s__es_" in name)
TOLERANCE = 1e-7  # fixest, which both packages rest on, demeans until nothing moves by 1e-10


def test_no_record_is_lost() -> None:
    assert len(RECORDS) == 40
    assert len(WEIGHTS_TWICE) == 3
    assert len(RESIDUAL_MEANS) == 6
    assert all("rel::-7" in RECORDS[name]["table"]["term"] for name in RESIDUAL_MEANS)


@functools.cache
def panel_of(name: str) -> pd.DataFrame:
    """The rows that the R call used."""
    panel, package, _ = name.split("__", maxsplit=2)
    table = pd.read_csv(FOLDER / f"{panel}.csv")
    if panel == "staggered_unbalanced" and package == "didimputation" and "keep_singletons" not in name:
        # fixest drops a unit with a single untreated row from the first stage, its treated rows with it.
        untreated = table[(table["cohort"] == 0) | (table["period"] < table["cohort"])]
        rows = untreated.groupby("unit").size().reindex(table["unit"]).fillna(0).to_numpy()
        table = table[rows > 1]
    return table


def design_of(name: str) -> pe.StudyDesign:
    options = RECORDS[name]["options"]
    grid = pe.Panel(
        panel_of(name),
        unit="unit",
        period="period",
        outcomes=["y"],
        covariates=["x1"] if "x1" in options.get("first_stage", "") else [],
        weights=options.get("weights"),
    )
    return pe.StudyDesign(
        grid, outcome="y", treated_from="cohort", measure="value", cluster=options["cluster"]
    )


@functools.cache
def estimate_of(name: str) -> pe.EffectEstimate:
    """The estimate that asks what the R call asked."""
    estimator = pe.ImputationDiD(leads=3 if "_pre3_" in name else 0, leave_out=False)
    if "__did2s__" in name:
        pooled: Any = "event_time" if "__es_" in name else "overall"
        estimator = pe.ImputationDiD(treated_residuals=pooled, leave_out=False)
    return estimator.fit(design_of(name))


def rows_of(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Our rows and theirs, by event time; 99 for the overall effect."""
    theirs = pd.DataFrame(RECORDS[name]["table"]).rename(columns={"se": "std_error"})
    if "__es_" in name:
        theirs.index = pd.Index(theirs["term"].str.removeprefix("rel::").astype(int))
        ours = estimate_of(name).by_event_time().tidy().set_index("event_time")
        return ours, theirs[theirs.index >= 0] if name in RESIDUAL_MEANS else theirs
    theirs.index = pd.Index([99])
    return estimate_of(name).overall().tidy().set_axis([99]), theirs


@pytest.mark.parametrize("name", RECORDS)
def test_estimates(name: str) -> None:
    ours, theirs = rows_of(name)
    assert sorted(ours.index) == sorted(theirs.index)
    np.testing.assert_allclose(ours.loc[theirs.index, "estimate"], theirs["estimate"], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", [name for name in RECORDS if name not in WEIGHTS_TWICE])
def test_standard_errors(name: str) -> None:
    ours, theirs = rows_of(name)
    np.testing.assert_allclose(
        ours.loc[theirs.index, "std_error"], theirs["std_error"], rtol=0, atol=TOLERANCE
    )


def influence_weights(table: pd.DataFrame, *, twice: bool) -> tuple[Array, Array]:
    """Weights v of observations in the overall effect, and outcomes less what is imputed."""
    y, w = table["y"].to_numpy(), table["w"].to_numpy()
    treated = ((table["cohort"] > 0) & (table["period"] >= table["cohort"])).to_numpy()
    z = np.hstack([pd.get_dummies(table[name]).to_numpy(float) for name in ("unit", "period")])
    known = z[:, (z[~treated] != 0).any(axis=0)]
    once = known * w[:, None]
    share = np.where(treated, w, 0.0) / w[treated].sum()
    left = once if twice else known
    information = np.linalg.pinv(left[~treated].T @ once[~treated], hermitian=True)
    v = np.where(treated, share, -once @ information @ (left.T @ share))
    first_stage = np.linalg.pinv(known[~treated].T @ once[~treated], hermitian=True)
    return v, y - known @ (first_stage @ (once[~treated].T @ y[~treated]))


def spread(table: pd.DataFrame, v: Array, apart: Array) -> float:
    """The conservative standard error for such weights."""
    treated = ((table["cohort"] > 0) & (table["period"] >= table["cohort"])).to_numpy()
    cell = table.groupby(["cohort", "period"]).ngroup().to_numpy()
    mean = (np.bincount(cell, v**2 * apart) / np.bincount(cell, v**2))[cell]
    by_unit = np.bincount(pd.factorize(table["unit"])[0], v * (apart - np.where(treated, mean, 0.0)))
    return float(np.sqrt((by_unit**2).sum()))


@pytest.mark.parametrize("name", WEIGHTS_TWICE)
def test_standard_errors_with_weights(name: str) -> None:
    """With the weights once, influence weights give the estimate back, and our standard error."""
    table = panel_of(name)
    if name.startswith("all_eventually_treated"):
        table = table[table["period"] < table["cohort"].max()]
    ours, theirs = (frame.iloc[0] for frame in rows_of(name))
    once, apart = influence_weights(table, twice=False)
    np.testing.assert_allclose(once @ table["y"], ours["estimate"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(spread(table, once, apart), ours["std_error"], rtol=0, atol=TOLERANCE)
    twice, apart = influence_weights(table, twice=True)
    assert abs(twice @ table["y"] - theirs["estimate"]) > 1e-3  # measured: 0.008 to 0.018
    np.testing.assert_allclose(spread(table, twice, apart), theirs["std_error"], rtol=0, atol=TOLERANCE)
