"""How far our numbers are from R's, and whether 95 % intervals cover 95 %."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environment import write

import preventeval as pe

ORACLE = Path(__file__).parents[1] / "tests" / "reference" / "oracle"
METHOD = {"dr": "doubly_robust", "ipw": "inverse_probability", "reg": "regression"}
COMPARISON = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}
DRAWS = 400


def difference(frame: pd.DataFrame, record: dict[str, Any]) -> tuple[str, float, float]:
    """Largest difference of group-time effects and of standard errors from one record of R's did."""
    options = record["options"]
    covariates = [name for name in ("x1", "x2") if name in (options["xformla"] or "")]
    panel = pe.Panel(
        frame,
        unit="unit",
        period="period",
        outcomes=["y"],
        covariates=covariates,
        weights=options.get("weightsname"),
    )
    design = pe.StudyDesign(
        panel,
        outcome="y",
        treated_from="cohort",
        measure="value",
        comparison=COMPARISON[options["control_group"]],
        anticipation=options.get("anticipation") or 0,
        cluster=options.get("clustervars"),
    )
    method = METHOD[options["est_method"]]
    ours = pe.CallawaySantAnna(method=method, base_period=options["base_period"]).fit(design).tidy()
    ours = ours.set_index([ours["cohort"].astype(int), ours["period"].astype(int)])[["estimate", "std_error"]]
    theirs = pd.DataFrame(record["table"]).set_index(["group", "time"]).reindex(ours.index)
    gap = np.abs(ours.to_numpy() - theirs[["att", "se"]].to_numpy(float))
    kind = f"{method} with covariates" if covariates else "no covariates"
    return kind, float(gap[:, 0].max()), float(np.nanmax(gap[:, 1]))


def agreement() -> list[dict[str, Any]]:
    rows = []
    for panel in ("staggered_linear", "single_cohort"):
        frame = pd.read_csv(ORACLE / f"{panel}.csv")
        records = json.loads((ORACLE / f"{panel}.json").read_text(encoding="utf-8"))
        found = [difference(frame, record) for name, record in records.items() if "did__attgt" in name]
        table = pd.DataFrame(found, columns=["kind", "effect", "std_error"])
        for kind, group in table.groupby("kind"):
            rows.append(
                {
                    "panel": panel,
                    "kind": kind,
                    "calls": len(group),
                    "largest_difference_effect": group["effect"].max(),
                    "largest_difference_std_error": group["std_error"].max(),
                }
            )
    return rows


def draw(rng: np.random.Generator, units: int, treated: int, periods: int = 10) -> tuple[pd.DataFrame, float]:
    """A staggered design whose effects differ by cohort and grow, and its average effect."""
    start = np.zeros(units, dtype=int)
    start[:treated] = rng.choice([4, 6, 8], treated)
    time = np.arange(1, periods + 1)
    since = np.where(start[:, None] > 0, time - start[:, None], -1)
    effect = np.where(since >= 0, -0.1 * start[:, None] - 0.2 * since, 0.0)
    noise = 0.5 * rng.normal(size=(units, periods)).cumsum(axis=1)  # errors of a unit go together
    y = rng.normal(size=(units, 1)) + 0.2 * time + effect + noise
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "period": np.tile(time, units),
            "start": np.repeat(start, periods),
            "y": y.ravel(),
        }
    )
    # Cohort shares are drawn anew each time; the interval is about their expectation.
    by_cohort = {g: np.mean([-0.1 * g - 0.2 * (t - g) for t in range(g, periods + 1)]) for g in (4, 6, 8)}
    lengths = {g: periods + 1 - g for g in (4, 6, 8)}
    truth = sum(by_cohort[g] * lengths[g] for g in by_cohort) / sum(lengths.values())
    return frame, float(truth)


def coverage(units: int, treated: int) -> dict[str, Any]:
    rng = np.random.default_rng(20250)
    hits, errors, std_errors = [], [], []
    for _ in range(DRAWS):
        frame, truth = draw(rng, units, treated)
        panel = pe.Panel(frame, unit="unit", period="period", outcomes=["y"])
        design = pe.StudyDesign(panel, outcome="y", treated_from="start", measure="value")
        overall = pe.CallawaySantAnna().fit(design).overall()
        ends = overall.conf_int().iloc[0]
        hits.append(ends["lower"] <= truth <= ends["upper"])
        errors.append(overall.effect[0] - truth)
        std_errors.append(overall.std_errors.iloc[0])
    share = float(np.mean(hits))
    return {
        "units": units,
        "treated": treated,
        "draws": DRAWS,
        "coverage": share,
        "monte_carlo_error": float(np.sqrt(share * (1 - share) / DRAWS)),
        "bias": float(np.mean(errors)),
        "spread_of_estimates": float(np.std(errors)),
        "mean_std_error": float(np.mean(std_errors)),
    }


if __name__ == "__main__":
    sizes = ((200, 100), (60, 20), (40, 6))
    write(
        "accuracy",
        {
            "group_time_effects_against_r_did": agreement(),
            "coverage_of_95_percent_intervals": [coverage(*size) for size in sizes],
        },
    )
