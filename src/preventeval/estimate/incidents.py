"""Effects as incidents: in all, as a running total, and per 100,000 of exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import EstimationError
from preventeval.estimate.arithmetic import (
    Acting,
    averted,
    averted_slopes,
    cell_sums,
    total_ratio,
    total_ratio_slopes,
)
from preventeval.scale import AVERTED, LOG_RATE_RATIO, Scale, rate

if TYPE_CHECKING:
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["change_in_total", "incidents_averted", "per_exposure"]

Array = NDArray[np.float64]
_RUNNING = ("event_time", "period")


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """Treated cells with an estimate, and what is known of each: shape (k,) each.

    Where nothing was counted in a cell, its effect on the logarithm is minus infinity here.
    """

    estimate: EffectEstimate
    effect: Array
    observed: Array
    base: Array
    acting: Acting
    exposure: Array | None
    seen: Array


def incidents_averted(estimate: EffectEstimate, by: str, *, cumulative: bool) -> EffectEstimate:
    """Incidents that did not happen; see :meth:`EffectEstimate.averted`.

    Parameters
    ----------
    estimate
        Effects of cells.
    by
        What they are summed by.
    cumulative
        Whether each row is the total up to it.
    """
    if cumulative and by not in _RUNNING:
        raise EstimationError(
            f"{estimate.method}: a running total goes over time, and by={by!r} does not",
            hint="use by='event_time' or by='period'",
        )
    cells = _treated_cells(estimate, exposed=False)
    member, labels = _grouped(cells.estimate, by)
    if cumulative:
        member = np.cumsum(member, axis=0)
    of = f"cumulative_{by}" if cumulative else by
    made = _summed(cells, member, labels, of, np.ones(len(member)), AVERTED)
    expected = member @ cells.base if cells.acting == "expected" else made.effect + member @ cells.observed
    return replace(made, diagnostics=_counts(cells, member, expected))


def per_exposure(estimate: EffectEstimate, by: str, per: float) -> EffectEstimate:
    """Change in incidents per exposure; see :meth:`EffectEstimate.per_100k`.

    Parameters
    ----------
    estimate
        Effects of cells.
    by
        What they are summed by.
    per
        Exposure that the change is given for.
    """
    if estimate.recipe.design.panel.exposure is None:
        raise EstimationError(
            f"{estimate.method}: incidents per {per:,.0f} need an exposure (residents, say), and this panel "
            "has none",
            hint="name the column: Panel(..., exposure='residents'); averted() needs none",
        )
    cells = _treated_cells(estimate, exposed=True)
    assert cells.exposure is not None
    member, labels = _grouped(cells.estimate, by)
    exposure = member @ cells.exposure
    made = _summed(cells, member, labels, by, -per / exposure, rate(per))
    expected = member @ cells.observed - made.effect * exposure / per
    counts = _counts(cells, member, member @ cells.base if cells.acting == "expected" else expected)
    return replace(made, diagnostics=MappingProxyType({**counts, "exposure": tuple(exposure.tolist())}))


def change_in_total(estimate: EffectEstimate, by: str) -> EffectEstimate:
    """Rate ratio of all incidents together; see :meth:`EffectEstimate.in_total`.

    Parameters
    ----------
    estimate
        Effects of cells, as logarithms of rate ratios.
    by
        What incidents are summed by.
    """
    estimate._need(
        estimate.scale.base == LOG_RATE_RATIO.base,
        "a rate ratio of all incidents together is made of rate ratios, and these effects are not: "
        "averted() has the change of the total, beside what was expected",
    )
    cells = _treated_cells(estimate, exposed=False, early=by == "event_time")
    member, labels = _grouped(cells.estimate, by)
    k = len(cells.effect)
    # Effects that are pooled over cohorts have no incidents of their own, and are alone in their row.
    base = np.where(cells.base > 0, cells.base, 1.0)
    estimated = cells.acting == "expected"
    in_effect, in_base = total_ratio_slopes(cells.effect, base, cells.acting, member)
    jacobian = np.zeros((len(member), cells.estimate.uncertainty.size))
    jacobian[:, :k] = in_effect
    if estimated:
        jacobian[:, -k:] = in_base

    def ratio(values: Array) -> Array:
        return total_ratio(values[..., :k], values[..., -k:] if estimated else base, cells.acting, member)

    spread = cells.estimate.uncertainty.through(ratio, jacobian)
    post = labels["event_time"] >= 0 if by == "event_time" else np.ones(len(member), dtype=bool)
    plug_in = total_ratio(cells.effect, base, cells.acting, member)
    return cells.estimate._with(plug_in, labels, spread, of=by, post=post, scale=estimate.scale)


def _summed(
    cells: _Cells, member: Array, labels: dict[str, NDArray[np.int64]], of: str, factor: Array, scale: Scale
) -> EffectEstimate:
    """Sums of incidents averted over cells, times a factor, with their joint uncertainty."""
    estimate, k = cells.estimate, len(cells.effect)
    estimated = cells.acting == "expected"
    summing = member * factor[:, None]
    in_effect, in_base = averted_slopes(cells.effect, cells.base, cells.acting)
    jacobian = np.zeros((len(member), estimate.uncertainty.size))
    jacobian[:, :k] = summing * in_effect
    if estimated:
        jacobian[:, -k:] = summing * in_base

    def total(values: Array) -> Array:
        base = values[..., -k:] if estimated else cells.base
        return np.asarray(averted(values[..., :k], base, cells.acting) @ summing.T)

    plug_in = averted(cells.effect, cells.base, cells.acting) @ summing.T
    spread = estimate.uncertainty.through(total, jacobian)
    return estimate._with(plug_in, labels, spread, of=of, post=np.ones(len(member), dtype=bool), scale=scale)


def _counts(cells: _Cells, member: Array, expected: Array) -> MappingProxyType[str, tuple[float, ...]]:
    parts = {"observed": member @ cells.observed, "expected": expected, "unit_periods": member @ cells.seen}
    return MappingProxyType({name: tuple(values.tolist()) for name, values in parts.items()})


def _grouped(estimate: EffectEstimate, by: str) -> tuple[Array, dict[str, NDArray[np.int64]]]:
    """Which cells each row sums, shape (m, k), and what the rows are labelled with."""
    if by == "overall":
        return np.ones((1, len(estimate.effect))), {}
    values, codes = np.unique(estimate._need_label(by), return_inverse=True)
    return (codes == np.arange(len(values))[:, None]).astype(np.float64), {by: values}


def _treated_cells(estimate: EffectEstimate, *, exposed: bool, early: bool = False) -> _Cells:
    """Treated cells with an estimate, with what was observed in them (where exposure is known too).

    ``early``: cells before the start too.
    """
    design = estimate.recipe.design
    estimate._need(
        estimate.of == "cell", "incidents averted are summed over cells: ask the estimate as it was fitted"
    )
    estimate._need(
        estimate.scale.base != "value",
        f"outcome '{design.outcome}' is analysed in a unit of its own, which does not "
        "say how many incidents an effect is; use measure='rate', 'count' or 'log'",
    )
    incidents = design.incidents
    estimate._need(
        incidents is not None,
        f"outcome '{design.outcome}' has no incidents behind it; name them with counts='…' in the design",
    )
    fitted = _weighing_as_in_total(estimate)
    known = np.isfinite(fitted.effect)
    if fitted.expected.size:
        known |= fitted.expected > 0
    post = fitted._rows((fitted.post | early) & known)
    design = fitted.recipe.design
    incidents, exposure = design.incidents, design.panel.exposure
    assert incidents is not None
    whole = np.isfinite(incidents) & (design.weights > 0)[:, None]
    if fitted.used is not None:
        whole &= fitted.used
    if exposed or fitted.scale.base == "rate":
        assert exposure is not None
        whole &= np.isfinite(exposure)
    seen = np.where(whole, 1.0, np.nan)
    n_seen, observed = _over_units(post, seen), _over_units(post, incidents * seen)
    at_risk = None if exposure is None else _over_units(post, exposure * seen)
    acting: Acting = "at_risk"
    effect, base = post.effect, n_seen
    if post.expected.size:
        effect, base, acting = np.where(np.isnan(effect), -np.inf, effect), post.expected, "expected"
    elif fitted.scale.is_log:
        base, acting = observed, "observed"
    elif fitted.scale.base == "rate":
        assert at_risk is not None
        base = at_risk / float(fitted.scale.per or 1)
    return _Cells(post, effect, observed, base, acting, at_risk, n_seen)


def _over_units(estimate: EffectEstimate, grid: Array) -> Array:
    """Sum of a grid over the units of each cell, shape (k,)."""
    period = estimate._columns["period"]
    if "unit" in estimate._columns:
        return np.asarray(np.nan_to_num(grid[estimate._columns["unit"], period]))
    return cell_sums(grid, estimate.recipe.design.cohort, estimate._columns["cohort"], period)


def _weighing_as_in_total(estimate: EffectEstimate) -> EffectEstimate:
    """The same cells, with units weighing in them as they do in the total of incidents."""
    design = estimate.recipe.design
    # A ratio of expected counts already weighs units by their incidents.
    if "unit" in estimate._columns or estimate.scale.base == LOG_RATE_RATIO.base:
        return estimate
    other = design.weighing_as_in_total()
    if other.n_units == design.n_units and np.allclose(other.weights, design.weights):
        return estimate
    again = estimate.refit(other)
    columns = list(estimate._columns)
    wanted = pd.MultiIndex.from_frame(estimate.labels[np.isfinite(estimate.effect)])
    return again._rows(pd.MultiIndex.from_frame(again.labels[columns]).isin(wanted))
