"""LinearDiD and PoissonDiD against R's etwfe 0.6.2 and fixest 0.14.2, every record."""

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
from preventeval.did import _extended

pytestmark = pytest.mark.reference

Array = NDArray[np.float64]
FOLDER = Path(__file__).parents[1] / "reference" / "oracle"
RECORDS: dict[str, dict[str, Any]] = json.loads((FOLDER / "etwfe.json").read_text(encoding="utf-8"))
LABEL = {"simple": None, "group": "cohort", "calendar": "period", "event": "event_time"}
#: emfx averages over rows without the weights that the regression was run with; ours carry them.
OTHER_AVERAGE = "staggered_linear__etwfe-marginaleffects-fixest__linear_cov_notyet_weights"
LINEAR = [name for name in RECORDS if "__linear_" in name and name != OTHER_AVERAGE]
RESPONSE = [name for name in RECORDS if name.endswith("_response")]
BY_HAND = [name for name in RECORDS if "_byhand_" in name]
LINK = "staggered_counts__etwfe-marginaleffects-fixest__poisson_offset_notyet_link"


def test_no_record_is_lost() -> None:
    assert len(RECORDS) == 15
    assert {*LINEAR, *RESPONSE, *BY_HAND, LINK, OTHER_AVERAGE} == set(RECORDS)
    assert (len(LINEAR), len(RESPONSE), len(BY_HAND)) == (8, 3, 2)


@functools.cache
def estimate_of(name: str) -> pe.EffectEstimate:
    """The estimate that asks what the R call asked."""
    panel = name.split("__", maxsplit=1)[0]
    table = pd.read_csv(FOLDER / f"{panel}.csv")
    comparison = "never_treated" if "_never_" in name else "not_yet_treated"
    counts = panel == "staggered_counts"
    grid = pe.Panel(
        table,
        unit="area" if counts else "unit",
        period="month" if counts else "period",
        outcomes=["incidents" if counts else "y"],
        exposure="population" if counts and "nooffset" not in name else None,
        covariates=["x1", "x2"] if "_cov_" in name else [],
        weights="w" if name.endswith("_weights") else None,
    )
    design = pe.StudyDesign(
        grid,
        outcome="incidents" if counts else "y",
        treated_from="cohort",
        comparison=comparison,
        cluster="district" if name.endswith("_district") else None,
        measure="count" if counts else "value",
    )
    levels = "unit" if name.endswith(("_unitfe", "_areafe")) else "cohort"
    estimator = pe.PoissonDiD(levels=levels) if counts else pe.LinearDiD(levels=levels)
    return estimator.fit(design)


def averages(estimate: pe.EffectEstimate) -> dict[str, pe.EffectEstimate]:
    return {
        "simple": estimate.overall(),
        "group": estimate.by_cohort(),
        "calendar": estimate.by_period(),
        "event": estimate.by_event_time(),
    }


def rows_of(name: str) -> pd.DataFrame:
    """Rows of a record by aggregation and label; R's row for the base period is 0 without an error."""
    rows = pd.DataFrame(RECORDS[name]["table"])
    base = (rows["by"] == -1) & (rows["aggregation"] == "event")
    rows = rows[~base].assign(by=rows["by"].fillna(0).astype(int))
    return rows.set_index(["aggregation", "by"])


def by_label(aggregation: str, table: pd.DataFrame) -> pd.DataFrame:
    label = LABEL[aggregation]
    by = np.zeros(len(table), dtype=int) if label is None else table[label].astype(int)
    return table.assign(aggregation=aggregation, by=by).set_index(["aggregation", "by"])


def assert_records(ours: pd.DataFrame, name: str) -> None:
    theirs = rows_of(name)
    assert sorted(ours.index) == sorted(theirs.index)
    ours = ours.loc[theirs.index]
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=0, atol=1e-8)
    # R takes derivatives numerically, which leaves about six digits of a standard error
    np.testing.assert_allclose(ours["std_error"], theirs["se"], rtol=5e-6, atol=1e-6)


@pytest.mark.parametrize("name", [*LINEAR, LINK])
def test_averages(name: str) -> None:
    tables = [by_label(key, view.tidy()) for key, view in averages(estimate_of(name)).items()]
    assert_records(pd.concat(tables), name)


@pytest.mark.parametrize("name", RESPONSE)
def test_average_partial_effects_in_incidents(name: str) -> None:
    """Minus the incidents averted per treated unit-period; before the start worked out here."""
    estimate = estimate_of(name)
    tables = []
    for key, label in LABEL.items():
        averted = estimate.averted(label or "overall")
        n = np.array(averted.diagnostics["unit_periods"])
        table = averted.tidy()
        tables.append(
            by_label(key, table.assign(estimate=-table["estimate"] / n, std_error=table["std_error"] / n))
        )
    ours = pd.concat(tables)
    if (~estimate.post).any():
        ours = pd.concat([ours, before_the_start(estimate)])
    assert_records(ours, name)


def before_the_start(estimate: pe.EffectEstimate) -> pd.DataFrame:
    """Average partial effects by event time of the rows that averted() leaves aside."""
    times, k = estimate.labels["event_time"].to_numpy(), len(estimate.effect)
    wanted = np.unique(times[~estimate.post])
    member = (times == wanted[:, None]).astype(float)
    member /= member @ estimate.sizes[estimate.size_of][:, None]
    expected, ratio = estimate.expected, np.exp(estimate.effect)
    slopes = np.zeros((len(wanted), estimate.uncertainty.size))
    slopes[:, :k], slopes[:, -k:] = member * expected * ratio, member * (ratio - 1)
    se = np.sqrt(np.diag(slopes @ estimate.uncertainty.cov @ slopes.T))
    table = {"event_time": wanted, "estimate": member @ (expected * (ratio - 1)), "std_error": se}
    return by_label("event", pd.DataFrame(table))


@pytest.mark.parametrize("name", BY_HAND)
def test_imputed_incidents(name: str) -> None:
    estimate, rows = estimate_of(name), rows_of(name)
    for key, view in averages(estimate).items():
        theirs = rows.loc[key]
        averted = estimate.averted(LABEL[key] or "overall")
        diagnostics = averted.diagnostics
        np.testing.assert_array_equal(diagnostics["observed"], theirs["observed"])
        np.testing.assert_array_equal(diagnostics["unit_periods"], theirs["n"])
        # fixest was run to 1e-12 in the deviance; about 13,000 incidents are expected
        np.testing.assert_allclose(diagnostics["expected"], theirs["expected0"], rtol=1e-10)
        np.testing.assert_allclose(-averted.effect / theirs["n"], theirs["att_count"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(view.effect, theirs["mean_log_rr"], rtol=0, atol=1e-8)


def test_weighted_regression_averaged_without_weights() -> None:
    """The same regression; the average over rows as R takes it, from the coefficients."""
    design = estimate_of(OTHER_AVERAGE).recipe.design
    options = pe.LinearDiD(levels="cohort")
    sample = _extended._sample(options, design, "linear")
    fitted = _extended._fit(options, design, "linear", sample)
    cells = np.array(sample.cells)
    terms = fitted.plan.terms
    mean = np.stack([design.cohort == start for start in cells[:, 0]]).astype(float)
    mean /= mean.sum(axis=1, keepdims=True)
    factors = [terms.factors[:, terms.factor_of[columns[0]]] for columns in fitted.plan.slopes]
    combine = np.concatenate([np.eye(len(cells)), *(np.diag(mean @ factor) for factor in factors)])
    columns = np.concatenate([fitted.plan.effects, fitted.plan.slopes.ravel()])
    effect = fitted.fit.coefficients[columns] @ combine
    maps = fitted.fit.maps(terms, columns) @ combine
    values = np.einsum("if,ifk->ik", fitted.fit.features(terms), maps[terms.code])
    factor = _extended._small_sample(options, design, sample, fitted)
    units = np.array([(design.cohort == start).sum() for start in cells[:, 0]])
    label = {"group": cells[:, 0] + 1, "calendar": cells[:, 1] + 1, "event": cells[:, 1] - cells[:, 0]}
    tables = []
    for key, of in {"simple": np.zeros(len(cells), dtype=int), **label}.items():
        member = (of == np.unique(of)[:, None]) * units
        member = member / member.sum(axis=1, keepdims=True)
        se = np.sqrt(factor * ((values @ member.T) ** 2).sum(axis=0))
        table = pd.DataFrame({"by": np.unique(of), "estimate": member @ effect, "std_error": se})
        tables.append(table.assign(aggregation=key).set_index(["aggregation", "by"]))
    assert_records(pd.concat(tables), OTHER_AVERAGE)
