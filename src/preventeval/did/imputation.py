"""Effects by imputation of untreated outcomes (Borusyak, Jaravel & Spiess 2024), counts included."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._counts import dispersion
from preventeval.did._covariates import adjusted_for
from preventeval.did._degrees import degrees_of_freedom
from preventeval.did._fixed_effects import Data, known_options, read, require_several
from preventeval.did._imputation import Sample, first_stage
from preventeval.did._imputation_notes import notes_of_imputation
from preventeval.did._imputed import (
    Effects,
    Imputed,
    Residuals,
    cell_effects,
    impute,
    lead_effects,
    sort_cells,
)
from preventeval.did._scores import ScoreSource
from preventeval.errors import EstimationError, some_of
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Influence

__all__ = ["ImputationDiD"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Likelihood = Literal["linear", "poisson"]


@dataclass(frozen=True)
class ImputationDiD:
    """Treated outcomes against what untreated ones say would have happened.

    Unit effects, period effects and covariates are fitted on untreated observations only: those
    of never treated units, and those of others before their start (less the anticipation of the
    design). They say what each treated unit would have had in each period, and the effect on
    cohort g in period t is how far its units are off that. Where the model holds and errors are
    alike, no other linear unbiased estimator is more precise.

    With ``likelihood="poisson"`` the outcome is the number of incidents, its mean without the
    programme exposure × exp(unit effect + period effect), and the effect the logarithm of
    incidents counted over incidents expected. It can be said in per cent and as incidents averted.
    A unit without an incident before its start is expected to have none after it: to leave it
    out would select on chance.

    Covariates of the panel that vary over time enter as regressors; those that do not are
    multiplied with periods. With ``comparison="never_treated"`` period effects and coefficients
    come from never treated units alone, and a treated unit's own earlier periods give its level.
    Gaps are allowed: a unit needs one usable period before its start.

    Standard errors are sums over clusters of each unit's influence, without a small-sample
    factor. They are conservative: effects that differ between the units of a cohort count as
    noise. Intervals refer to t with one degree of freedom less than there are treated or, if fewer,
    comparison clusters. Averages weigh by unit-periods (and sampling weights), which are taken as given.

    Parameters
    ----------
    likelihood
        ``"linear"`` (least squares on the outcome as the design analyses it) or ``"poisson"``
        (incidents, with the exposure of the panel, if it has one).
    leads
        Number of periods before the start that get an effect of their own, for a test of earlier
        trends: coefficients, pooled over cohorts, of a second regression on all untreated
        observations, measured against the periods before them. Of more than there are, those are
        kept that can be estimated, and a note names the rest. Effects after the start do not
        change by it.
    treated_residuals
        Whose mean effect is taken off treated observations for standard errors.
        ``"cohort_period"``: that of the cohort in the period, as Borusyak, Jaravel & Spiess
        propose. ``"event_time"`` and ``"overall"``: that of all cohorts at the same time since
        the start, or of all; then standard errors by event time, or of the overall effect, are
        those of a two-stage regression (Gardner 2022), and larger where cohorts differ.
    leave_out
        Whether each cluster is left out of the mean that is taken off its own observations: with
        few units in a cohort the mean follows each of them, and standard errors are too small
        otherwise. A single cluster stays in its own mean. R's didimputation does without.

    Raises
    ------
    EstimationError
        An option that is not known, or two that do not go together.

    References
    ----------
    Borusyak, K., Jaravel, X. & Spiess, J. (2024), https://doi.org/10.1093/restud/rdae007.
    Wooldridge, J. M. (2023), https://doi.org/10.1093/ectj/utad016, for counts.
    Gardner, J. (2022), https://doi.org/10.48550/arXiv.2207.05943.

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": [area for area in "ABCDEF" for _ in range(3)],
    ...         "year": [2019, 2020, 2021] * 6,
    ...         "robbery": [9, 8, 5, 7, 7, 4, 6, 6, 4, 7, 7, 8, 5, 6, 6, 9, 8, 8],
    ...         "start": [2021] * 9 + [None] * 9,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"])
    >>> design = pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    >>> pe.ImputationDiD().fit(design).overall().params.round(3).to_dict()
    {'overall': -3.167}
    >>> pe.ImputationDiD(likelihood="poisson").fit(design).as_percent().params.round(1).to_dict()
    {'cohort 2021, period 2021': -42.3}
    """

    likelihood: Likelihood = "linear"
    leads: int = 0
    treated_residuals: Residuals = "cohort_period"
    leave_out: bool = True
    name: ClassVar[str] = "ImputationDiD"
    references: ClassVar[tuple[str, ...]] = (
        "Borusyak, K., Jaravel, X. & Spiess, J. (2024). Revisiting event-study designs: robust and efficient "
        "estimation. Review of Economic Studies 91, 3253–3285. https://doi.org/10.1093/restud/rdae007",
        "Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel data. "
        "Econometrics Journal 26, C31–C66. https://doi.org/10.1093/ectj/utad016",
        "Gardner, J. (2022). Two-stage differences in differences. https://doi.org/10.48550/arXiv.2207.05943",
    )

    def __post_init__(self) -> None:
        known_options(
            self, likelihood=Likelihood, treated_residuals=Residuals, leave_out=Literal[True, False]
        )
        try:
            leads = -1 if isinstance(self.leads, bool) else operator.index(self.leads)
        except TypeError:
            leads = -1
        if leads < 0:
            raise EstimationError(f"{self.name}: leads={self.leads!r}: expected a whole number, 0 or more")
        object.__setattr__(self, "leads", leads)
        if self.treated_residuals != "cohort_period" and (self.leave_out or self.likelihood == "poisson"):
            raise EstimationError(
                f"{self.name}: treated_residuals={self.treated_residuals!r} goes with likelihood='linear' "
                "and leave_out=False only",
                hint="add leave_out=False",
            )

    def with_leads(self, design: StudyDesign) -> ImputationDiD:
        """The same estimator with leads, for the check of earlier trends.

        As many as half the periods that the median treated unit has before its start (less the
        anticipation), at least one: the other half is what they are compared with.

        Parameters
        ----------
        design
            What it is to be fitted on.

        Returns
        -------
        ImputationDiD
        """
        before = design.cohort[design.ever_treated] - design.anticipation
        return replace(self, leads=max(1, int(np.median(before)) // 2))

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, against whom, and what is measured.

        Returns
        -------
        EffectEstimate
            One row per cohort and period, behind those of the leads. Cells that cannot be
            imputed are left out and named in ``notes``.

        Raises
        ------
        EstimationError
            No cell can be imputed, or a covariate cannot be adjusted for.
        """
        data = read(design, self.likelihood, self.name)
        require_several(data, design, self.name)
        sample, units, names = self._sample(design, data)
        only_never = design.comparison != "not_yet_treated"
        stage = first_stage(sample, only_never=only_never, leads=np.zeros(0, dtype=np.int64), what=self.name)
        self._refuse_collinear(stage.coefficients[stage.shared.shape[2] :], names)
        imputed = impute(sample, stage)
        keep, left_out = sort_cells(imputed)
        cohort, period = sample.starts[np.nonzero(keep)[0]], np.nonzero(keep)[1]
        if not (period >= cohort).any():
            raise EstimationError(
                f"{self.name}: no effect can be estimated: for every period after a start, either the "
                "treated units have no usable value before it or no untreated unit has one in it (or, for "
                "counts, there are no incidents)",
                hint="check the dates, or the comparison= of the design",
            )
        effects = cell_effects(imputed, keep, residuals=self.treated_residuals, leave_out=self.leave_out)
        times, dropped = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        if self.leads:
            times, dropped, before = self._leads(sample, imputed)
            effects = effects.behind(before) if len(times) else effects
        all_of = np.full(len(times), -1)
        labels = {
            "cohort": np.concatenate([all_of, cohort]),
            "period": np.concatenate([all_of, period]),
            "event_time": np.concatenate([-times - design.anticipation, period - cohort]),
        }
        source = ScoreSource(effects.features, sample.code, effects.maps, sample.clusters)
        studied = np.zeros(design.n_units, dtype=bool)
        studied[units[~imputed.lost]] = True
        used = None
        if stage.data is sample:  # else every observation of every unit is
            used = np.zeros(data.y.shape, dtype=bool)
            used[units] = imputed.known | (imputed.silent[:, None] & np.isfinite(sample.y))
        diagnostics = _diagnostics(imputed, keep, left_out)
        dropped = -dropped - design.anticipation
        return EffectEstimate(
            effect=effects.effect,
            labels=labels,
            uncertainty=Influence(source, np.eye(source.size), df=degrees_of_freedom(design, studied)),
            scale=LOG_RATE_RATIO if sample.counts else design.scale,
            recipe=Recipe(design, self),
            post=(labels["cohort"] >= 0) & (labels["event_time"] >= 0),
            sizes=effects.size,
            size_of=np.arange(len(effects.effect)),
            expected=effects.expected if sample.counts else np.zeros(0),
            used=used,
            notes=notes_of_imputation(design, data, imputed, left_out, units, dropped, diagnostics),
            diagnostics=MappingProxyType(diagnostics),
        )

    def _sample(self, design: StudyDesign, data: Data) -> tuple[Sample, Index, list[str]]:
        """Units in the order of their start, where each is in the panel, and names of own covariates."""
        adjusted = adjusted_for(design, data.used)
        n_periods = design.n_periods
        place = np.minimum(design.cohort, n_periods)
        units = np.argsort(place.astype(np.min_scalar_type(n_periods)), kind="stable")
        units = units[design.weights[units] > 0]
        whole = np.array_equal(units, np.arange(design.n_units))

        def of(values: NDArray[Any]) -> NDArray[Any]:
            return values if whole else values[units]

        complete = bool(data.used.all() if whole else data.used[units].all())
        y, offset = of(data.y), None
        if self.likelihood == "poisson":
            offset = of(np.broadcast_to(data.offset, data.y.shape))
        sizes = np.bincount(place[units], minlength=n_periods + 1)
        starts = np.flatnonzero(sizes)
        sizes = sizes[starts]
        sample = Sample(
            y=y if complete else np.where(of(data.used), y, np.nan),
            log_exposure=offset,
            weights=design.weights[units],
            starts=starts,
            code=np.repeat(np.arange(len(starts)), sizes),
            first=np.where(starts < n_periods, np.maximum(starts - design.anticipation, 0), n_periods),
            ends=np.cumsum(sizes),
            clusters=design.clusters[units],
            factors=of(adjusted.factors),
            own=of(adjusted.own),
            complete=complete,
        )
        return sample, units, adjusted.varying

    def _refuse_collinear(self, own: Array, names: list[str]) -> None:
        unknown = [name for name, value in zip(names, own, strict=True) if np.isnan(value)]
        if unknown:
            raise EstimationError(
                f"{self.name}: among untreated observations, covariates {some_of(unknown)} cannot be told "
                "apart from unit effects, period effects and each other",
                hint="leave one of them out",
            )

    def _leads(self, sample: Sample, imputed: Imputed) -> tuple[Index, Index, Effects]:
        """Leads with an estimate and those without, as periods before the first treated one; effects."""
        first = sample.first[sample.first < sample.n_periods]
        leads = np.arange(min(self.leads, int(first.max())), 0, -1)
        ever = (sample.first < sample.n_periods)[:, None, None]
        until = np.arange(sample.n_periods) - sample.first[:, None]
        member = (until[:, :, None] == -leads) & ever
        if sample.counts:  # nothing happened: the logarithm would be minus infinity
            silent = np.einsum("gt,gtl->l", imputed.outcome, member) <= 0
            if silent.any():
                hidden = member[:, :, silent].any(axis=2)[sample.code]
                sample = replace(sample, y=np.where(hidden, np.nan, sample.y), complete=False)
                leads = leads[~silent]
        while True:
            stage = first_stage(sample, only_never=False, leads=leads, what=self.name)
            effects = lead_effects(sample, stage, leads)
            known = np.isfinite(effects.effect)
            if known.any() or len(leads) < 2:
                break
            leads = leads[1:]  # leads need an earlier period to be measured against
        dropped = np.setdiff1d(np.arange(1, self.leads + 1), leads[known])[::-1]
        return leads[known], dropped, effects.rows(known)


def _diagnostics(imputed: Imputed, keep: Flags, left_out: Mapping[str, Flags]) -> dict[str, Any]:
    sample, stage = imputed.sample, imputed.stage
    values: dict[str, Any] = {
        "untreated_unit_periods": stage.observations(sample),
        "imputed_unit_periods": int(imputed.units[keep].sum()),
        "fewest_treated_units": int(imputed.units[keep].min()),
        "most_treated_units": int(imputed.units[keep].max()),
        "units_left_out": int(imputed.lost.sum()),
        "cells": int(keep.sum()),
        "cells_left_out": int(sum(which.sum() for reason, which in left_out.items() if reason != "empty")),
    }
    if sample.counts:
        levels = (stage.weights > 0).any(axis=1).sum()
        n_coefficients = int(np.isfinite(stage.coefficients).sum() + levels)
        values |= dispersion(sample.y, imputed.expected, stage.weights, n_coefficients)
        values["expected_in_empty_cells"] = float(imputed.weighted_base[left_out["empty"]].sum())
    return values
