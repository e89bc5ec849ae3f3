"""From an evaluation to Facts: pure rearranging, no estimation."""

from __future__ import annotations

import dataclasses
import datetime as dt
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.estimate import EffectEstimate
from preventeval.evaluation.outcome import Attempt, OutcomeEvaluation
from preventeval.evaluation.plan import Plan
from preventeval.evaluation.subgroups import Subgroups, differ
from preventeval.evaluation.verdict import gates_of, verdict_of
from preventeval.report import (
    ChartSeries,
    DataFacts,
    DesignFacts,
    EffectRow,
    EstimateFacts,
    Facts,
    FamilyFacts,
    FamilyRow,
    FindingFacts,
    GateFacts,
    GroupFacts,
    OutcomeFacts,
    Quantity,
    ReproduceFacts,
    Sentence,
    StartFacts,
    SubgroupFacts,
)
from preventeval.sensitivity import Finding, of_counts, overall_of
from preventeval.sensitivity.finding import few_treated

__all__ = ["describe"]

Array = NDArray[np.float64]
#: Below this many expected incidents a percentage says more than the data do.
_SMALL_BASE = 30
_PACKAGES, _PACKAGES_OF_MODELS = ("numpy", "scipy", "pandas"), ("pymc", "arviz", "nutpie")


def describe(
    plan: Plan,
    outcomes: Sequence[OutcomeEvaluation],
    created: dt.date,
    family: pd.DataFrame | None = None,
) -> Facts:
    """Everything that a report may say of an evaluation.

    Parameters
    ----------
    plan
        What was asked for.
    outcomes
        What became of each outcome, the primary one first.
    created
        Date of the evaluation.
    family
        P-values of the outcomes, adjusted for their number.

    Returns
    -------
    Facts
    """
    panel = plan.outcomes[0].design.panel
    values = panel.outcome(plan.outcomes[0].design.outcome)
    return Facts(
        created=created,
        level=plan.level,
        programme=plan.programme,
        design=_design(plan.outcomes[0].design),
        data=DataFacts(
            source=plan.source,
            fingerprint=plan.outcomes[0].design.fingerprint,
            n_cells=int(values.size),
            n_missing=int(np.isnan(values).sum()),
            statement=[Sentence.of(message) for message in plan.statement],
        ),
        outcomes=[_outcome(outcome, plan.level) for outcome in outcomes],
        family=None if family is None else _family(family, [outcome.plan.label for outcome in outcomes]),
        reproduce=ReproduceFacts(
            version=metadata.version("preventeval"),
            python=platform.python_version(),
            packages={name: metadata.version(name) for name in _packages(outcomes)},
            seed=_seed(plan),
            spec=plan.spec_text,
            command=plan.command,
        ),
    )


def _packages(outcomes: Sequence[OutcomeEvaluation]) -> tuple[str, ...]:
    """Packages that the numbers were made with."""
    fitted = (estimate for outcome in outcomes for estimate in outcome.fitted)
    modelled = any(estimate.interval_kind == "credible" for estimate in fitted)
    return (*_PACKAGES, *_PACKAGES_OF_MODELS) if modelled else _PACKAGES


def _seed(plan: Plan) -> int | None:
    """Seed of the first method that draws random numbers; None where none does."""
    methods = (plan.estimator, *(method for outcome in plan.outcomes for method in outcome.also))
    return next((int(method.seed) for method in methods if hasattr(method, "seed")), None)


def _design(design: StudyDesign) -> DesignFacts:
    periods = design.panel.periods
    starts = [
        StartFacts(
            label=periods.label(int(start)),
            count=int((design.cohort == start).sum()),
            units=[str(unit) for unit in design.panel.units[design.cohort == start]],
        )
        for start in design.cohorts
    ]
    return DesignFacts(
        unit=design.panel.unit,
        n_units=design.n_units,
        n_treated=int(design.ever_treated.sum()),
        n_comparison=int((~design.ever_treated).sum()),
        n_treated_cells=int((design.treated & np.isfinite(design.y)).sum()),
        starts=starts,
        frequency=periods.noun,
        first=periods.label(0),
        last=periods.label(len(periods) - 1),
        n_periods=len(periods),
        comparison=design.comparison,
        anticipation=design.anticipation,
        cluster=design.cluster,
        n_clusters=int(design.clusters.max()) + 1,
        covariates=list(design.panel.covariates),
        weighted=design.panel.weights is not None,
        notes=[Sentence.of(note) for note in design.notes],
    )


def _outcome(outcome: OutcomeEvaluation, level: float) -> OutcomeFacts:
    design = outcome.plan.design
    primary = _estimate(outcome.estimate, level)
    observed, since, until, covered = _covered(outcome.estimate)
    base = observed if primary.expected is None else primary.expected
    treated = int((design.treated & np.isfinite(design.y)).sum())
    return OutcomeFacts(
        name=design.outcome,
        label=outcome.plan.label,
        role="primary" if outcome.plan.role == "primary" else "secondary",
        aim=design.aim,
        measure=design.measure or "value",
        counted=design.incidents is not None,
        observed=observed,
        small_base=base is not None and base < _SMALL_BASE,
        since=since,
        until=until,
        unestimated=0 if covered is None else max(treated - covered, 0),
        primary=primary,
        others=[_attempt(attempt, level) for attempt in outcome.others],
        verdict=verdict_of(outcome.estimate, outcome.fitted[1:], outcome.findings),
        findings=[_finding(finding) for finding in outcome.findings],
        subgroups=[_subgroups(groups, outcome.estimate, level) for groups in outcome.subgroups],
        series=_series(outcome.estimate, level),
    )


def _counted(estimate: EffectEstimate) -> bool:
    """Whether the effects can be restated as incidents."""
    design = estimate.recipe.design
    return design.incidents is not None and estimate.of == "cell" and estimate.scale.base != "value"


def _covered(estimate: EffectEstimate) -> tuple[float | None, str | None, str | None, int | None]:
    """Incidents, first and last period, and unit-periods that the total of incidents covers."""
    design = estimate.recipe.design
    if _counted(estimate):
        by_period = estimate.averted("period")
        periods = by_period.labels["period"].to_numpy()
        label = design.panel.periods.label
        seen = by_period.diagnostics
        total = float(sum(seen["observed"]))
        return total, label(int(periods.min())), label(int(periods.max())), round(sum(seen["unit_periods"]))
    incidents = design.incidents
    if incidents is None:
        return None, None, None, None
    return float(np.nansum(np.where(design.treated, incidents, 0.0))), None, None, None


def _attempt(attempt: Attempt, level: float) -> EstimateFacts:
    if attempt.estimate is not None:
        return _estimate(attempt.estimate, level)
    return EstimateFacts(method=attempt.method, school="design_based", failed=attempt.failed)


def _estimate(estimate: EffectEstimate, level: float) -> EstimateFacts:
    overall = overall_of(estimate)
    below = float(overall.probability_below(overall.scale.null).iloc[0])
    return EstimateFacts(
        method=estimate.method,
        school="model_based" if estimate.interval_kind == "credible" else "design_based",
        **_numbers_of(estimate, level),
        in_total=of_counts(estimate),
        probability_of_fall=below if np.isfinite(below) else None,
        by_event_time=_rows(estimate, "event_time", level),
        by_cohort=_rows(estimate, "cohort", level),
        by_unit=_rows(estimate, "unit", level),
        gates=[GateFacts(**gate) for gate in gates_of(estimate)],
        notes=[Sentence.of(note) for note in estimate.notes],
        options=_plain(dataclasses.asdict(estimate.recipe.estimator)),  # type: ignore[call-overload]
        diagnostics=_plain(estimate.diagnostics),
        references=list(estimate.recipe.estimator.references),
    )


def _numbers_of(estimate: EffectEstimate, level: float) -> dict[str, Any]:
    """The effect on its own scale, in per cent and in incidents, and the incidents expected."""
    overall = overall_of(estimate)
    percent = _quantity(overall.as_percent(), level) if overall.scale.is_log else None
    change = expected = None
    if _counted(estimate):
        total = estimate.averted()
        averted, observed = _quantity(total, level), float(total.diagnostics["observed"][0])
        expected = observed + averted.value
        change = _turned(averted)
        percent = percent or _share_of_expected(change, observed)
    return {"overall": _quantity(overall, level), "percent": percent, "change": change, "expected": expected}


def _subgroups(subgroups: Subgroups, whole: EffectEstimate, level: float) -> SubgroupFacts:
    """Effects of the groups of a column, in the order of its values, and whether they differ."""
    fits, difference = subgroups.fits, differ(subgroups)
    return SubgroupFacts(
        column=fits.column,
        groups=[
            _group(name, fits.parts[name], whole, level)
            if name in fits.parts
            else GroupFacts(label=name, failed=fits.failed[name])
            for name in fits.names
        ],
        differ=difference.differ,
        p_value=difference.p_value,
        reason=difference.reason,
    )


def _group(name: str, estimate: EffectEstimate, whole: EffectEstimate, level: float) -> GroupFacts:
    design, numbers = estimate.recipe.design, _numbers_of(estimate, level)
    expected = numbers.pop("expected")
    said = (*whole.recipe.design.notes, *whole.notes)
    return GroupFacts(
        label=name,
        n_treated=int(design.ever_treated.sum()),
        n_comparison=int((~design.ever_treated).sum()),
        few=few_treated(design),
        small_base=expected is not None and expected < _SMALL_BASE,
        notes=[Sentence.of(note) for note in (*design.notes, *estimate.notes) if note not in said],
        **numbers,
    )


def _family(family: pd.DataFrame, labels: Sequence[str]) -> FamilyFacts:
    return FamilyFacts(
        method=family["method"].iloc[0],
        rows=[
            FamilyRow(label=label, p_value=_number(p), p_adjusted=_number(adjusted))
            for label, p, adjusted in zip(labels, family["p_value"], family["p_adjusted"], strict=True)
        ],
    )


def _quantity(estimate: EffectEstimate, level: float) -> Quantity:
    low, high = estimate.conf_int(level).iloc[0]
    return Quantity(
        value=float(estimate.params.iloc[0]),
        low=_number(low),
        high=_number(high),
        level=level,
        kind=estimate.interval_kind,
        scale="incidents" if estimate.scale.base == "averted" else estimate.scale.name,
        per=estimate.scale.per,
    )


def _turned(averted: Quantity) -> Quantity:
    """Incidents averted as a change: fewer is negative."""
    low, high = averted.low, averted.high
    return averted.model_copy(
        update={
            "value": -averted.value,
            "low": None if high is None else -high,
            "high": None if low is None else -low,
        }
    )


def _share_of_expected(change: Quantity, observed: float) -> Quantity | None:
    """A change in incidents, in per cent of what was expected given what was observed.

    None where the change, or an end of its interval, leaves nothing that was expected.
    """
    if change.low is None or change.high is None or observed - change.high <= 0:
        return None

    def share(value: float) -> float:
        return 100 * value / (observed - value)

    ends = {"value": share(change.value), "low": share(change.low), "high": share(change.high)}
    return change.model_copy(update={**ends, "scale": "percent"})


def _rows(estimate: EffectEstimate, by: str, level: float) -> list[EffectRow]:
    """A table of averages, where the method estimates what it takes."""
    if by == estimate.of:
        averaged = estimate
    elif by in estimate.labels and estimate.of == "cell":
        averaged = estimate.in_total(by) if of_counts(estimate) else getattr(estimate, f"by_{by}")()
    else:
        return []
    shown = averaged.as_percent() if averaged.scale.is_log else averaged
    table = shown.tidy(level)
    band = shown.conf_int(level, simultaneous=True)
    units = estimate.treated_units() if by == "event_time" else None
    return [
        EffectRow(
            label=str(row[by]),
            value=float(row["estimate"]),
            low=_number(row["conf_low"]),
            high=_number(row["conf_high"]),
            band_low=_number(band["lower"].iloc[i]),
            band_high=_number(band["upper"].iloc[i]),
            reference=bool(np.isnan(row["std_error"]) and row["estimate"] == shown.scale.null),
            units=None if units is None else int(units.get(row[by], 0)),
        )
        for i, (_, row) in enumerate(table.iterrows())
        if np.isfinite(row["estimate"])
    ]


def _series(estimate: EffectEstimate, level: float) -> ChartSeries | None:
    """Observed and expected outcome of the units that were treated, by period."""
    if estimate.of != "cell":
        return None
    design, counted = estimate.recipe.design, _counted(estimate)
    values = design.incidents if counted and design.incidents is not None else design.y
    mine = values[design.ever_treated]
    seen = np.isfinite(mine).sum(axis=0)
    whole = counted and bool((seen == len(mine)).all())
    divisor = np.where(seen > 0, 1.0 if whole else seen, np.nan)
    observed = np.nansum(mine, axis=0) / divisor
    change = estimate.averted(by="period") if counted else estimate.by_period()
    at = change.labels["period"].to_numpy()
    in_programme = (design.treated & np.isfinite(values))[design.ever_treated].sum(axis=0)
    scaled = -1 / divisor[at] if counted else (in_programme / np.maximum(seen, 1))[at]
    low, high = change.uncertainty.interval(change.effect, level)
    gaps = [scaled * part for part in (change.effect, low, high)]
    lines = [np.full(design.n_periods, np.nan) for _ in gaps]
    for line, gap in zip(lines, gaps, strict=True):
        line[at] = observed[at] - gap
    if counted:
        # Where some treated units have no estimate, what was expected of all is not known.
        covered = np.zeros(design.n_periods)
        covered[at] = change.diagnostics["unit_periods"]
        lines = [np.where(covered < in_programme, np.nan, line) for line in lines]
    if design.measure == "log" and not counted:
        observed, lines = np.exp(observed), [np.exp(line) for line in lines]
    starts, counts = np.unique(design.cohort[design.ever_treated], return_counts=True)
    ends = np.sort(np.stack(lines[1:]), axis=0)
    unit: Literal["incidents", "mean"] = "incidents" if whole else "mean"
    return ChartSeries(
        unit=unit,
        labels=list(design.panel.periods.labels),
        observed=_numbers(observed),
        expected=_numbers(lines[0]),
        expected_low=_numbers(ends[0]),
        expected_high=_numbers(ends[1]),
        starts=[int(start) for start in starts],
        starts_count=[int(count) for count in counts],
        gaps=not (seen == len(mine)).all(),
    )


def _finding(finding: Finding) -> FindingFacts:
    table = finding.table
    return FindingFacts(
        check=finding.check,
        verdict=finding.verdict,
        sentence=Sentence.of(finding.message),
        columns=[str(column) for column in table.columns],
        rows=[[_cell(value) for value in row] for row in table.itertuples(index=False)],
    )


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _numbers(values: Array) -> list[float | None]:
    return [_number(value) for value in values]


def _cell(value: Any) -> str | float | int | None:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _number(value)
    return None if value is None or value is pd.NaT else str(value)


def _plain(values: Any) -> dict[str, Any]:
    """Numbers and texts of a mapping; nested mappings are flattened, the rest is left out."""
    plain: dict[str, Any] = {}
    for name, value in dict(values).items():
        if isinstance(value, dict):
            plain |= {f"{name}.{key}": inner for key, inner in _plain(value).items()}
        elif value is None or isinstance(value, (str, bool, int, float, np.integer, np.floating)):
            plain[str(name)] = _cell(value)
    return plain
