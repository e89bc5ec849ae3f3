"""The package diff-diff on the jobs."""

from typing import Any

import diff_diff
import pandas as pd

Rows = dict[str, tuple[float, float]]
_WHERE = {"unit": "unit", "time": "period", "first_treat": "start"}


def _by_time(effects: dict[Any, dict[str, float]]) -> Rows:
    return {str(int(time)): (row["effect"], row["se"]) for time, row in effects.items()}


def _group_time(frame: pd.DataFrame, draws: int) -> Rows:
    covariates = [name for name in ("x1", "x2") if name in frame] or None
    estimator = diff_diff.CallawaySantAnna(control_group="never_treated", n_bootstrap=draws, seed=1)
    fitted = estimator.fit(frame, outcome="y", covariates=covariates, aggregate="event_study", **_WHERE)
    return _by_time(fitted.event_study_effects)


def group_time(frame: pd.DataFrame) -> Rows:
    return _group_time(frame, 0)


def group_time_bands(frame: pd.DataFrame) -> Rows:
    return _group_time(frame, 999)


def imputation(frame: pd.DataFrame) -> Rows:
    fitted = diff_diff.ImputationDiD().fit(frame, outcome="y", aggregate="event_study", **_WHERE)
    return _by_time(fitted.event_study_effects)


JOBS = {
    "group_time": group_time,
    "group_time_bands": group_time_bands,
    "group_time_rademacher": group_time_bands,
    "imputation": imputation,
}
