"""preventeval on the jobs."""

import pandas as pd

import preventeval as pe

Rows = dict[str, tuple[float, float]]


def _design(frame: pd.DataFrame, outcome: str, **options: object) -> pe.StudyDesign:
    covariates = [name for name in ("x1", "x2") if name in frame]
    exposure = "exposure" if outcome == "incidents" else None
    panel = pe.Panel(
        frame, unit="unit", period="period", outcomes=[outcome], covariates=covariates, exposure=exposure
    )
    return pe.StudyDesign(panel, outcome=outcome, treated_from="start", **options)


def _linear(frame: pd.DataFrame) -> pe.StudyDesign:
    return _design(frame, "y", measure="value", comparison="never_treated")


def _counts(frame: pd.DataFrame) -> pe.StudyDesign:
    return _design(frame, "incidents", measure="rate")


def _by_time(estimate: pe.EffectEstimate) -> Rows:
    rows = estimate if estimate.of == "event_time" else estimate.by_event_time()
    times = rows.labels["event_time"].to_numpy().tolist()
    errors = rows.std_errors.to_numpy().tolist()
    return {
        str(t): pair for t, pair in zip(times, zip(rows.effect.tolist(), errors, strict=True), strict=True)
    }


def group_time(frame: pd.DataFrame) -> Rows:
    return _by_time(pe.CallawaySantAnna().fit(_linear(frame)))


def group_time_bands(frame: pd.DataFrame) -> Rows:
    estimate = pe.CallawaySantAnna().fit(_linear(frame)).by_event_time()
    estimate.conf_int(simultaneous=True)
    return _by_time(estimate)


def group_time_rademacher(frame: pd.DataFrame) -> Rows:
    estimate = pe.CallawaySantAnna().fit(_linear(frame)).by_event_time()
    estimate.conf_int(simultaneous=True, multipliers="rademacher", draws=999)
    return _by_time(estimate)


def imputation(frame: pd.DataFrame) -> Rows:
    design = _design(frame, "y", measure="value", comparison="not_yet_treated")
    return _by_time(pe.ImputationDiD(leave_out=False).fit(design))


def event_study(frame: pd.DataFrame) -> Rows:
    return _by_time(pe.TwoWayFixedEffects(event_study=True).fit(_linear(frame)))


def count_static(frame: pd.DataFrame) -> Rows:
    estimate = pe.TwoWayFixedEffects(likelihood="poisson").fit(_counts(frame))
    return {"overall": (float(estimate.effect[0]), float(estimate.std_errors.iloc[0]))}


def count_event_study(frame: pd.DataFrame) -> Rows:
    return _by_time(pe.TwoWayFixedEffects(event_study=True, likelihood="poisson").fit(_counts(frame)))


def count_saturated(frame: pd.DataFrame) -> Rows:
    return _by_time(pe.PoissonDiD().fit(_counts(frame)))


JOBS = {
    "group_time": group_time,
    "group_time_bands": group_time_bands,
    "group_time_rademacher": group_time_rademacher,
    "imputation": imputation,
    "event_study": event_study,
    "count_static": count_static,
    "count_event_study": count_event_study,
    "count_saturated": count_saturated,
}
