"""What CallawaySantAnna costs: fit, event study and standard errors, without covariates and with two."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from environment import write

import preventeval as pe

PERIODS = 10


def simulate(units: int) -> pd.DataFrame:
    """Five cohorts and about 40 % never treated; x1 and x2 drive starts and trends."""
    rng = np.random.default_rng(20250)
    x = rng.normal(size=(units, 2))
    late = x @ [0.5, -0.3] + rng.normal(size=units)
    start = np.where(late > 0.3, 0, rng.integers(4, 9, units))
    period = np.arange(1, PERIODS + 1)
    treated = (start[:, None] > 0) & (period >= start[:, None])
    y = rng.normal(size=(units, 1)) + 0.1 * period * (1 + x[:, :1]) - treated + rng.normal(size=treated.shape)
    columns = {"start": start, "x1": x[:, 0], "x2": x[:, 1]}
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), PERIODS),
            "period": np.tile(period, units),
            "y": y.ravel(),
            **{name: np.repeat(values, PERIODS) for name, values in columns.items()},
        }
    )


def seconds(call: Callable[[], Any], repeats: int = 5) -> float:
    """Median processor seconds after a warm-up call."""
    call()
    spent = []
    for _ in range(repeats):
        before = time.process_time()
        call()
        spent.append(time.process_time() - before)
    return statistics.median(spent)


def design_of(frame: pd.DataFrame, covariates: list[str]) -> pe.StudyDesign:
    panel = pe.Panel(frame, unit="unit", period="period", outcomes=["y"], covariates=covariates)
    return pe.StudyDesign(
        panel, outcome="y", treated_from="start", measure="value", comparison="never_treated"
    )


def analyse(design: pe.StudyDesign) -> pe.EffectEstimate:
    estimate = pe.CallawaySantAnna().fit(design)
    _ = estimate.by_event_time().std_errors
    return estimate


def peak_mb(design: pe.StudyDesign) -> float:
    tracemalloc.start()
    analyse(design)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def diff_diff(
    frame: pd.DataFrame, covariates: list[str]
) -> Callable[[], dict[tuple[int, int], float]] | None:
    """The call to the package diff-diff on the same data, where it is installed."""
    try:
        import diff_diff as peer
    except ImportError:
        return None

    def call() -> dict[tuple[int, int], float]:
        fitted = peer.CallawaySantAnna(control_group="never_treated").fit(
            frame, outcome="y", unit="unit", time="period", first_treat="start", covariates=covariates or None
        )
        return {(int(g), int(t)): cell["effect"] for (g, t), cell in fitted.group_time_effects.items()}

    return call


def moderndid(
    frame: pd.DataFrame, covariates: list[str]
) -> Callable[[], dict[tuple[int, int], float]] | None:
    """The call to the package moderndid on the same data, where it is installed."""
    try:
        import moderndid as peer
    except ImportError:
        return None

    def call() -> dict[tuple[int, int], float]:
        fitted = peer.att_gt(
            data=frame,
            yname="y",
            tname="period",
            idname="unit",
            gname="start",
            xformla=f"~ {' + '.join(covariates) or '1'}",
            boot=False,
        )
        keys = zip(fitted.groups, fitted.times, strict=True)
        return {(int(g), int(t)): effect for (g, t), effect in zip(keys, fitted.att_gt, strict=True)}

    return call


def row(units: int, covariates: list[str]) -> dict[str, Any]:
    frame = simulate(units)
    design = design_of(frame, covariates)
    y = np.ascontiguousarray(design.y)
    gram = seconds(lambda: y.T @ y, repeats=25)
    ours = seconds(lambda: analyse(design))
    table = analyse(design).tidy()
    effects = {
        (int(g), int(t)): a
        for g, t, a in zip(table["cohort"], table["period"], table["estimate"], strict=True)
    }
    gate = seconds(lambda: design_of(frame, covariates), repeats=3)
    result: dict[str, Any] = {
        "units": units,
        "periods": PERIODS,
        "covariates": len(covariates),
        "panel_and_design_seconds": gate,
        "fit_and_event_study_seconds": ours,
        "whole_call_from_table_seconds": gate + ours,
        "multiple_of_one_gram": ours / gram,
        "peak_mb": peak_mb(design),
    }
    for name, make in (("diff-diff", diff_diff), ("moderndid", moderndid)):
        call = make(frame, covariates)
        if call is not None:
            theirs = call()
            shared = effects.keys() & theirs.keys()
            result[name] = {
                "seconds": seconds(call, repeats=3),
                "cells_in_common": len(shared),
                "largest_difference": max(abs(effects[key] - theirs[key]) for key in shared),
            }
    return result


if __name__ == "__main__":
    sizes = (1_000, 10_000, 100_000)
    write("speed", {"rows": [row(units, names) for names in ([], ["x1", "x2"]) for units in sizes]})
