"""The package pyfixest on the jobs."""

import numpy as np
import pandas as pd
import pyfixest

Rows = dict[str, tuple[float, float]]


def _relative(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with event time (-1 for never treated) and an indicator of the programme."""
    time = np.where(frame["start"] > 0, frame["period"] - frame["start"], -1)
    return frame.assign(
        event_time=time, programme=((time >= 0) & (frame["start"] > 0)).astype(float), log_exposure=0.0
    )


def _by_time(fitted: object) -> Rows:
    table = fitted.tidy()  # type: ignore[attr-defined]
    times = table.index.str.extract(r"(-?\d+)(?:\.0)?\]?$", expand=False).astype(int)
    pairs = zip(table["Estimate"], table["Std. Error"], strict=True)
    return {str(t): (float(a), float(s)) for t, (a, s) in zip(times, pairs, strict=True)}


def event_study(frame: pd.DataFrame) -> Rows:
    formula = "y ~ i(event_time, ref=-1) | unit + period"
    return _by_time(pyfixest.feols(formula, data=_relative(frame), vcov={"CRV1": "unit"}))


def _poisson(frame: pd.DataFrame, regressor: str) -> object:
    data = _relative(frame).assign(log_exposure=np.log(frame["exposure"]))
    return pyfixest.fepois(
        f"incidents ~ {regressor} | unit + period", data=data, vcov={"CRV1": "unit"}, offset="log_exposure"
    )


def count_static(frame: pd.DataFrame) -> Rows:
    row = _poisson(frame, "programme").tidy().iloc[0]  # type: ignore[attr-defined]
    return {"overall": (float(row["Estimate"]), float(row["Std. Error"]))}


def count_event_study(frame: pd.DataFrame) -> Rows:
    return _by_time(_poisson(frame, "i(event_time, ref=-1)"))


JOBS = {"event_study": event_study, "count_static": count_static, "count_event_study": count_event_study}
