"""Two-way fixed effects with few clusters against R's clubSandwich 0.5.8 and plm 2.6.2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import preventeval as pe

pytestmark = pytest.mark.reference

FOLDER = Path(__file__).parents[1] / "reference" / "oracle"
RECORDS: dict[str, dict[str, Any]] = json.loads((FOLDER / "clubsandwich.json").read_text("utf-8"))[
    "single_cohort"
]
CLUB = [name for name in RECORDS if name.startswith("within_twfe")]
#: Clustered by period alone, or with autocorrelation over periods, or with a factor that counts no
#: fixed effects: no options of ours.
OTHER_CONVENTIONS = [("HC0", "time"), ("HC1", "group")]


def design(cluster: str) -> pe.StudyDesign:
    panel = pe.Panel(pd.read_csv(FOLDER / "single_cohort.csv"), unit="unit", period="period", outcomes=["y"])
    return pe.StudyDesign(panel, outcome="y", treated_from="cohort", cluster=cluster, measure="value")


def test_no_record_is_lost() -> None:
    assert len(CLUB) == 12
    assert sorted(set(RECORDS) - set(CLUB)) == ["plm_twoways"]


@pytest.mark.parametrize("name", CLUB)
def test_bias_reduced(name: str) -> None:
    options, row = RECORDS[name]["options"], RECORDS[name]["table"][0]
    made = design(options["cluster"])
    if row["se"] is None:  # 10 clusters, 12 coefficients
        with pytest.raises(pe.EstimationError, match=r"'CR1p' divides by .* 10 and 12"):
            pe.TwoWayFixedEffects(vcov=options["type"]).fit(made)
        return
    estimate = pe.TwoWayFixedEffects(vcov=options["type"]).fit(made)
    # Closed forms on both sides: rounding only.
    assert estimate.effect[0] == pytest.approx(row["estimate"], abs=1e-9)
    assert estimate.std_errors.iloc[0] == pytest.approx(row["se"], abs=1e-9)
    assert estimate.diagnostics["df"] == pytest.approx(row["df_satterthwaite"], rel=1e-7)


def test_plm() -> None:
    rows = pd.DataFrame(RECORDS["plm_twoways"]["table"])
    other = [pair in OTHER_CONVENTIONS for pair in zip(rows["type"], rows["cluster"], strict=True)]
    rows = rows[~pd.Series(other)].set_index("method")["se"]
    assert sorted(rows.index) == ["arellano", "model"]
    options: dict[str, dict[str, Any]] = {
        "arellano": {"small_sample": "none"},
        "model": {"vcov": "unadjusted"},
    }
    for method, se in rows.items():
        estimate = pe.TwoWayFixedEffects(**options[str(method)]).fit(design("unit"))
        assert estimate.std_errors.iloc[0] == pytest.approx(se, abs=1e-9)  # closed forms: rounding only
