"""The package moderndid on the jobs."""

import moderndid
import pandas as pd

Rows = dict[str, tuple[float, float]]


def _group_time(frame: pd.DataFrame, draws: int) -> Rows:
    covariates = [name for name in ("x1", "x2") if name in frame]
    fitted = moderndid.att_gt(
        data=frame,
        yname="y",
        tname="period",
        idname="unit",
        gname="start",
        xformla=f"~ {' + '.join(covariates) or '1'}",
        boot=draws > 0,
        biters=max(draws, 1),
    )
    dynamic = moderndid.aggte(fitted, type="dynamic", boot=draws > 0, biters=max(draws, 1))
    pairs = zip(dynamic.att_by_event, dynamic.se_by_event, strict=True)
    return {str(int(t)): (float(a), float(s)) for t, (a, s) in zip(dynamic.event_times, pairs, strict=True)}


def group_time(frame: pd.DataFrame) -> Rows:
    return _group_time(frame, 0)


def group_time_bands(frame: pd.DataFrame) -> Rows:
    return _group_time(frame, 999)


JOBS = {
    "group_time": group_time,
    "group_time_bands": group_time_bands,
    "group_time_rademacher": group_time_bands,
}
