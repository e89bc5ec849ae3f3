"""Two-way fixed effects and interaction-weighted event studies against R's fixest 0.14.2.

Excluded by name: Conley standard errors, which are no option of these estimators.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe

pytestmark = pytest.mark.reference

FOLDER = Path(__file__).parents[1] / "reference" / "oracle"
RECORDS: dict[str, dict[str, dict[str, Any]]] = json.loads((FOLDER / "fixest.json").read_text("utf-8"))
VCOV = {"hetero": "robust", "iid": "unadjusted", "twoway": "two_way"}
CONLEY = [(p, name) for p, records in RECORDS.items() for name in records if "conley" in name]
SUNAB = [(p, name) for p, records in RECORDS.items() for name in records if name.startswith("sunab")]
TWFE = [(p, n) for p, records in RECORDS.items() for n in records if (p, n) not in [*CONLEY, *SUNAB]]


def test_no_record_is_lost() -> None:
    assert sum(map(len, RECORDS.values())) == 116
    assert (len(TWFE), len(SUNAB), len(CONLEY)) == (83, 27, 6)


@functools.cache
def frame(panel: str) -> pd.DataFrame:
    table = pd.read_csv(FOLDER / f"{panel}.csv")
    if panel == "hierarchical_counts":
        begins = table.loc[table["active"] == 1, "month"].min()
        table["cohort"] = begins * table["treated_area"]
    counts = {"area": "unit", "month": "period"}
    return table.rename(columns=counts) if "incidents" in table else table


def small_sample(name: str) -> str:
    """fixest's ``ssc`` by our names."""
    return "none" if name.endswith("nossc") else "full" if name.endswith("Kfull") else "nested"


def vcov(options: dict[str, Any]) -> str:
    kind = options["vcov"].removesuffix("_nossc").removesuffix("_Kfull")
    return VCOV.get(kind, "clustered")


def design(panel: str, name: str) -> pe.StudyDesign:
    """The design of a call."""
    options, table = RECORDS[panel][name]["options"], frame(panel)
    covariates: list[str] = []
    if options.get("covariates") == "x1 x period":
        covariates = [f"x1 in {period}" for period in sorted(table["period"].unique())[1:]]
        products = {n: table["x1"] * (table["period"] == int(n.split()[-1])) for n in covariates}
        table = table.assign(**products)
    counts = "incidents" in table
    if name.startswith("ols_lograte"):
        table = table.assign(y=np.log((table["incidents"] + 0.5) / table["population"]))
    grid = pe.Panel(
        table,
        unit="unit",
        period="period",
        outcomes=["incidents" if counts and not name.startswith("ols") else "y"],
        exposure="population" if counts and "nooffset" not in name else None,
        covariates=covariates,
        weights=options.get("weights"),
    )
    cluster = "district" if "district" in options["vcov"] else None
    return pe.StudyDesign(
        grid,
        outcome=next(iter(grid.outcomes)),
        treated_from="cohort",
        cluster=cluster,
        measure=("count" if "nooffset" in name else "rate") if "incidents" in grid.outcomes else "value",
    )


def estimator(panel: str, name: str) -> pe.TwoWayFixedEffects:
    """The options of a call."""
    options = RECORDS[panel][name]["options"]
    # Nobody is never treated and starts are 2 periods apart: fixest needs 3 references there
    # (it was given -1 and -7 and dropped 4).
    reference = (-7, -1, 4) if panel == "all_eventually_treated" else (-1,)
    likelihood = {"poi": "poisson", "neg": "negative_binomial"}.get(name[:3], "linear")
    return pe.TwoWayFixedEffects(
        event_study="event_study" in options["model"],
        reference=reference,
        window=(-8, 8) if name.startswith("pois_es") else None,
        likelihood=likelihood,  # type: ignore[arg-type]
        vcov=vcov(options),  # type: ignore[arg-type]
        small_sample=small_sample(name),  # type: ignore[arg-type]
    )


def event_time_of(term: str, panel: str) -> int:
    """From fixest's ``rel::-7`` or ``period::1:treated``; -99 for the static effect."""
    if term in ("treat", "active"):
        return -99
    number = int(term.replace("::", ":").split(":")[1])
    return number - 8 if panel == "single_cohort" else number


@pytest.mark.parametrize(("panel", "name"), TWFE)
def test_two_way_fixed_effects(panel: str, name: str) -> None:
    record = RECORDS[panel][name]
    theirs = pd.DataFrame(record["table"])
    size = theirs[theirs["term"] == ".theta"]
    theirs = theirs[~theirs["term"].str.contains(":x1") & (theirs["term"] != ".theta")]
    theirs.index = pd.Index([event_time_of(term, panel) for term in theirs["term"]])
    estimate = estimator(panel, name).fit(design(panel, name))
    ours = estimate.tidy()
    ours.index = pd.Index(ours["event_time"].astype(int) if "event_time" in ours else [-99])
    known = ours["std_error"].notna()
    assert (ours.loc[~known, "estimate"] == 0).all()
    assert sorted(ours.index[known]) == sorted(theirs.index)
    ours = ours.loc[theirs.index]
    # Both solve the same equations; fixest demeans to 1e-10 and stops its likelihoods at 1e-12.
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=0, atol=1e-7)
    # Scores for the size parameter: fixest leaves out that period effects move with it, a term of
    # 3e-7 here. Ours is the sandwich of the regression on dummies (tested against statsmodels).
    clustered_size = name == "negbin_static__cluster_area"
    atol = 5e-7 if clustered_size else 1e-7
    np.testing.assert_allclose(ours["std_error"], theirs["se"], rtol=0, atol=atol)
    assert estimate.diagnostics["df"] == record["df_t"]
    if estimate.recipe.estimator.likelihood == "linear":  # type: ignore[attr-defined]
        # Intervals are ours for counts: t, where fixest's refer to the normal distribution.
        np.testing.assert_allclose(ours["conf_low"], theirs["ci_low"], rtol=0, atol=1e-6)
    if len(size):
        assert estimate.diagnostics["theta"] == pytest.approx(size["estimate"].item(), abs=1e-4)


#: fixest drops 8 of 24 collinear interactions by their order, all but one of the first cohort's: its
#: numbers compare with treated periods of that cohort, and are not what Sun & Abraham define (the last to
#: start as comparison, before they start). What it keeps is put to the regression below.
ACCIDENT = "all_eventually_treated"


@functools.cache
def interaction_weighted(panel: str, kind: str) -> pe.EffectEstimate:
    options = RECORDS[panel][f"sunab_att__{kind}"]["options"]
    return pe.SunAbraham(vcov=vcov(options)).fit(design(panel, f"sunab_att__{kind}"))  # type: ignore[arg-type]


def assert_as_recorded(estimate: pe.EffectEstimate, record: dict[str, Any]) -> None:
    theirs = pd.DataFrame(record["table"]).set_index("term")
    match record["options"]["agg"]:
        case "att":
            table = estimate.overall().tidy().set_axis(["ATT"])
        case "cohort":
            table = estimate.by_cohort().tidy()
            table.index = "cohort::" + table["cohort"].astype(str)
        case "period":
            table = estimate.by_event_time().tidy()
            table.index = "period::" + table["event_time"].astype(str)
        case _:
            table = estimate.tidy()
            table.index = (
                "period::" + table["event_time"].astype(str) + ":cohort::" + table["cohort"].astype(str)
            )
    assert sorted(table.index) == sorted(theirs.index)
    table = table.loc[theirs.index]
    # Both solve the same equations; fixest demeans to 1e-10.
    np.testing.assert_allclose(table["estimate"], theirs["estimate"], rtol=0, atol=1e-7)
    np.testing.assert_allclose(table["std_error"], theirs["se"], rtol=0, atol=1e-7)


@pytest.mark.parametrize(("panel", "name"), [case for case in SUNAB if case[0] != ACCIDENT])
def test_interaction_weighted(panel: str, name: str) -> None:
    assert_as_recorded(interaction_weighted(panel, name.split("__")[1]), RECORDS[panel][name])


@pytest.mark.parametrize("name", [name for panel, name in SUNAB if panel == ACCIDENT])
def test_interaction_weighted_with_the_cells_that_fixest_kept(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = RECORDS[ACCIDENT]["sunab_raw__cluster_unit"]["table"]
    pairs = [row["term"].replace("::", ":").split(":") for row in raw]
    # Positions are one less than the periods of the panel.
    cells = sorted((int(cohort) - 1, int(cohort) + int(time) - 1) for _, time, _, cohort in pairs)
    monkeypatch.setattr("preventeval.did.sun_abraham.plan_effects", lambda *_, **__: (cells, 9, []))
    made = design(ACCIDENT, name)
    options = RECORDS[ACCIDENT][name]["options"]
    assert_as_recorded(pe.SunAbraham(vcov=vcov(options)).fit(made), RECORDS[ACCIDENT][name])  # type: ignore[arg-type]
