"""The one result type: a labelled vector of effects, how sure we are of it, and its scale.

Every estimator of both schools returns an :class:`EffectEstimate` of its finest effects
(cohort by period, or unit by period). Averages of them, changes of scale and incidents
averted are made here, once, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate.arithmetic import averted, cell_sums, group_averages
from preventeval.estimate.recipe import Recipe
from preventeval.estimate.tables import html_table, summary_text, term_names, tidy_table
from preventeval.scale import AVERTED, Scale
from preventeval.uncertainty import Kind, Uncertainty
from preventeval.words import Message

__all__ = ["EffectEstimate"]

Array = NDArray[np.float64]
_BAND_SEED = 20_130_419
#: Standard errors below this share of a typical outcome are rounding.
_ROUNDING = 1e-8


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimate:
    """Effects, their joint uncertainty and their scale.

    Parameters
    ----------
    effect
        Effects on the base of the scale, shape (k,).
    labels
        What each effect is of: any of the columns ``unit``, ``cohort``, ``period`` and
        ``event_time``, as positions (event times as they are); k rows.
    uncertainty
        Of the effects and, behind them, of the ``sizes`` that averages weigh with.
    scale
        What the numbers measure.
    recipe
        The design and the estimator.
    of
        What a row is: ``"cell"``, ``"event_time"``, ``"cohort"``, ``"period"``, ``"unit"``,
        ``"overall"``.
    post
        Rows that averages over treated time are taken of, shape (k,).
    sizes
        Share of each cohort that averages weigh with, shape (number of cohorts,); empty
        where all rows weigh the same.
    size_of
        Which of the sizes belongs to each row, shape (k,); empty where ``sizes`` is.
    aggregated
        Whether the rows are averages or sums made of what the estimator gave.
    notes
        What the estimator decided or could not do.
    diagnostics
        Numbers and texts about the fit itself.
    """

    effect: Array
    labels: pd.DataFrame
    uncertainty: Uncertainty
    scale: Scale
    recipe: Recipe
    of: str = "cell"
    post: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    sizes: Array = field(default_factory=lambda: np.zeros(0))
    size_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    aggregated: bool = False
    notes: tuple[Message, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        rows = len(self.effect)
        spread = self.uncertainty.size in (rows, rows + len(self.sizes))
        if not (len(self.labels) == len(self.post) == rows and spread):
            raise EstimationError(
                f"an estimate of {rows} effects came with labels or spread of another length"
            )
        # Sums over data of this size are exact to about 1e-16 of its square: a standard error
        # that small beside them says that there was too little data for one.
        typical = 1.0 if self.scale.is_log else self.recipe.design.typical_size
        object.__setattr__(self, "uncertainty", self.uncertainty.known_to(_ROUNDING * typical))

    def __repr__(self) -> str:
        first, *rest = self.tidy().itertuples(index=False)
        more = f" and {len(rest)} more" if rest else ""
        return (
            f"EffectEstimate({self.method}, {self.of}, {self.scale.name}: {first.term} {first.estimate:.4g} "
            f"[{first.conf_low:.4g}, {first.conf_high:.4g}]{more})"
        )

    def _repr_html_(self) -> str:
        return html_table(self)

    # What it is -------------------------------------------------------------------------

    @property
    def method(self) -> str:
        """Name of the estimator."""
        return self.recipe.estimator.name

    @property
    def nobs(self) -> int:
        """Number of unit-periods with a value in the design."""
        return int(np.isfinite(self.recipe.design.y).sum())

    @property
    def interval_kind(self) -> Kind:
        """Whether intervals are confidence or credible intervals."""
        return self.uncertainty.kind

    @property
    def terms(self) -> list[str]:
        """Name of each row."""
        return term_names(self.labels, self.recipe.design)

    @property
    def params(self) -> pd.Series[float]:
        """Effects as they are shown, by term."""
        return pd.Series(self.scale.show(self.effect), index=self.terms, name=self.scale.name)

    @property
    def std_errors(self) -> pd.Series[float]:
        """Standard errors (or posterior standard deviations) of the shown effects.

        Delta method where the scale is restated; NaN where an effect is known by
        construction.
        """
        shown = self._own.std_errors * self.scale.slope(self.effect)
        return pd.Series(shown, index=self.terms, name="std_error")

    @property
    def cov(self) -> pd.DataFrame:
        """Joint covariance of the shown effects (delta method where the scale is restated)."""
        rows = len(self.effect)
        slope = self.scale.slope(self.effect)
        return pd.DataFrame(
            self.uncertainty.cov[:rows, :rows] * np.outer(slope, slope), index=self.terms, columns=self.terms
        )

    @property
    def pvalues(self) -> pd.Series[float]:
        """Two-sided p-values of "no change"; NaN for posteriors, which have none."""
        return pd.Series(self._own.pvalues(self.effect), index=self.terms, name="p_value")

    def conf_int(self, level: float = 0.95, *, simultaneous: bool = False) -> pd.DataFrame:
        """Intervals of the shown effects.

        Parameters
        ----------
        level
            Probability of the interval.
        simultaneous
            Whether all rows are to be covered at once (a band).

        Returns
        -------
        DataFrame
            Columns ``lower`` and ``upper``, one row per effect.
        """
        own = self._own
        if simultaneous:
            low, high = own.band(self.effect, level, _BAND_SEED)
        else:
            low, high = own.interval(self.effect, level)
        ends = {"lower": self.scale.show(low), "upper": self.scale.show(high)}
        return pd.DataFrame(ends, index=pd.Index(self.terms))

    def probability_below(self, threshold: float) -> pd.Series[float]:
        """Posterior probability that each shown effect lies below a threshold; else NaN."""
        if self.scale.shown != "base":
            ratio = 1 + threshold / 100 if self.scale.shown == "percent" else threshold
            threshold = float(np.log(ratio)) if ratio > 0 else -np.inf
        return pd.Series(self._own.below(self.effect, threshold), index=self.terms, name="probability")

    def tidy(self, level: float = 0.95, *, simultaneous: bool = False) -> pd.DataFrame:
        """One row per effect, the same columns for every estimator.

        Parameters
        ----------
        level
            Probability of the intervals.
        simultaneous
            Whether all rows are to be covered at once.

        Returns
        -------
        DataFrame
            ``term``, the labels that apply, ``estimate``, ``std_error``, ``conf_low``,
            ``conf_high``, ``p_value``, ``conf_level``, ``interval_kind``, ``scale``, ``method``.
        """
        ends = self.conf_int(level, simultaneous=simultaneous)
        kind = f"{'simultaneous ' if simultaneous else ''}{self.interval_kind}"
        return tidy_table(self, ends, level, kind)

    def summary(self, level: float = 0.95) -> str:
        """The estimate as text, in the manner of statsmodels."""
        return summary_text(self, level)

    # Averages ---------------------------------------------------------------------------

    def overall(self) -> EffectEstimate:
        """The average over treated time; one row.

        Of cells: all treated unit-periods weigh the same (R did's "simple"). Of event times
        and of periods: the plain average over those after the start. Of cohorts: cohorts
        weigh by their size. These are the overall effects of Callaway & Sant'Anna (2021),
        https://doi.org/10.1016/j.jeconom.2020.12.001, section 3.

        Returns
        -------
        EffectEstimate
        """
        self._need(
            self.scale != AVERTED,
            "incidents averted are summed, not averaged: ask the estimate as it was fitted for averted()",
        )
        self._need(
            (self.post & np.isfinite(self.effect)).any(), "there is no effect after a start to average"
        )
        groups = np.where(self.post, 0, -1)
        return self._averaged(groups, pd.DataFrame(index=[0]), "overall", post=np.array([True]))

    def by_event_time(self, *, balanced: int | None = None) -> EffectEstimate:
        """Averages by time since the start, over cohorts weighed by their size.

        Parameters
        ----------
        balanced
            Keep only cohorts that are observed to this event time, and event times up to it,
            so that the same cohorts stand behind every effect after the start.

        Returns
        -------
        EffectEstimate
            Rows by ``event_time``; its ``overall()`` is the plain average from event time 0 on.
        """
        kept = self if balanced is None else self._rows(self._balanced(balanced))
        return kept._by("event_time", lambda times: times >= 0)

    def by_cohort(self) -> EffectEstimate:
        """Averages over treated time, by first treated period."""
        return self._rows(self.post)._by("cohort", lambda cohorts: np.ones(len(cohorts), dtype=bool))

    def by_period(self) -> EffectEstimate:
        """Averages over the cohorts that are treated in each period, weighed by their size."""
        return self._rows(self.post)._by("period", lambda periods: np.ones(len(periods), dtype=bool))

    def by_unit(self) -> EffectEstimate:
        """Averages over treated time, by unit; only for methods that estimate unit effects."""
        return self._rows(self.post)._by("unit", lambda units: np.ones(len(units), dtype=bool))

    def within(self, earliest: int | None = None, latest: int | None = None) -> EffectEstimate:
        """The effects from one event time to another.

        Parameters
        ----------
        earliest, latest
            First and last event time to keep; None for no limit.

        Returns
        -------
        EffectEstimate
        """
        self._need("event_time" in self.labels, "its effects carry no event time")
        times = self.labels["event_time"].to_numpy()
        low = times.min() if earliest is None else earliest
        high = times.max() if latest is None else latest
        return self._rows((times >= low) & (times <= high))

    def treated_units(self) -> pd.Series[int]:
        """Number of treated units that the effect at each event time rests on.

        Returns
        -------
        Series
            By event time. For effects that are averages over cohorts already, the units that
            are observed at that time.
        """
        labels = self._need_labels("event_time")[np.isfinite(self.effect)]
        cohort = self.recipe.design.cohort
        if "cohort" in labels:
            units = (cohort == labels["cohort"].to_numpy()[:, None]).sum(axis=1)
            return pd.Series(units).groupby(labels["event_time"].to_numpy()).sum()
        times = labels["event_time"].to_numpy()
        at = cohort[self.recipe.design.ever_treated] + times[:, None]
        seen = (at >= 0) & (at < self.recipe.design.n_periods)
        return pd.Series(seen.sum(axis=1), index=times)

    # Scales -----------------------------------------------------------------------------

    def as_percent(self) -> EffectEstimate:
        """The same effects in per cent of what was expected, intervals carried over."""
        return replace(self, scale=self.scale.as_percent())

    def as_estimated(self) -> EffectEstimate:
        """The same effects on the scale on which they were estimated."""
        return replace(self, scale=replace(self.scale, shown="base"))

    def as_ratio(self) -> EffectEstimate:
        """The same effects as ratios of observed to expected, intervals carried over."""
        return replace(self, scale=self.scale.as_ratio())

    def averted(self, by: str = "overall") -> EffectEstimate:
        """Incidents that did not happen because of the programme; negative: that were added.

        The effect of each cell is applied to the incidents (for logarithmic scales) or to
        the exposure or units (for rates and counts) that were observed in it, and summed.
        Effects that are averages over units are first fitted again with units weighing as
        they do in the total (:meth:`StudyDesign.weighing_as_in_total`): the average unit's
        effect times all units is not the total where large and small units fare differently.
        What was observed is taken as given: the interval is that of the effect.

        Parameters
        ----------
        by
            ``"overall"``, ``"period"``, ``"cohort"``, ``"event_time"`` or ``"unit"``.

        Returns
        -------
        EffectEstimate
            On the scale of incidents averted. Its diagnostics hold, by row, the incidents that
            were ``observed`` in the cells summed, and their number of ``unit_periods``; cells
            without an estimate are in neither. ``overall()`` of it is not defined: sum with
            ``by="overall"``.

        Raises
        ------
        EstimationError
            The outcome has no incidents behind it, or these effects are averages already.
        """
        self._need(
            self.of == "cell", "incidents averted are summed over cells: ask the estimate as it was fitted"
        )
        self._need(
            self.scale.base != "value",
            f"outcome '{self.recipe.design.outcome}' is analysed in a unit of its own, which does not "
            "say how many incidents an effect is; use measure='rate', 'count' or 'log'",
        )
        fitted = self._weighing_as_in_total()
        post = fitted._rows(fitted.post & np.isfinite(fitted.effect))
        observed, at_risk, seen = post._observed()
        taken = averted(observed, at_risk, log=self.scale.is_log)
        slope = -observed * np.exp(-post.effect) if self.scale.is_log else -at_risk
        k, labels = len(post.effect), pd.DataFrame(index=[0])
        codes = np.zeros(k, dtype=np.int64)
        if by != "overall":
            codes, values = pd.factorize(post._need_labels(by)[by], sort=True)
            labels = pd.DataFrame({by: values})
        member = (codes == np.arange(len(labels))[:, None]).astype(np.float64)
        jacobian = np.zeros((len(labels), post.uncertainty.size))
        jacobian[:, :k] = member * slope
        total = post.uncertainty.through(lambda a: taken(a[..., :k]) @ member.T, jacobian)
        known = np.ones(len(labels), dtype=bool)
        made = post._with(member @ taken(post.effect), labels, total, of=by, post=known, scale=AVERTED)
        counts = {
            name: tuple((member @ of).tolist())
            for name, of in (("observed", observed), ("unit_periods", seen))
        }
        return replace(made, diagnostics=MappingProxyType(counts))

    def _weighing_as_in_total(self) -> EffectEstimate:
        """The same cells, with units weighing in them as they do in the total of incidents."""
        design = self.recipe.design
        if "unit" in self.labels or design.incidents is None:
            return self
        other = design.weighing_as_in_total()
        if other.n_units == design.n_units and np.allclose(other.weights, design.weights):
            return self
        again = self.refit(other)
        wanted = pd.MultiIndex.from_frame(self.labels[np.isfinite(self.effect)])
        return again._rows(pd.MultiIndex.from_frame(again.labels).isin(wanted))

    # Doing it again ---------------------------------------------------------------------

    def refit(self, design: StudyDesign | None = None) -> EffectEstimate:
        """Fit the same estimator again, on another design or the same."""
        return self.recipe.estimator.fit(self.recipe.design if design is None else design)

    # Inside -----------------------------------------------------------------------------

    @property
    def _own(self) -> Uncertainty:
        """Uncertainty of the effects alone, without the sizes behind them."""
        k, size = len(self.effect), self.uncertainty.size
        return self.uncertainty if size == k else _first(self.uncertainty, k)

    def _need(self, condition: object, problem: str) -> None:
        if not condition:
            raise EstimationError(f"{self.method}: {problem}")

    def _need_labels(self, name: str) -> pd.DataFrame:
        self._need(name in self.labels, f"its effects are not by {name.replace('_', ' ')}")
        return self.labels

    def _rows(self, keep: NDArray[np.bool_]) -> EffectEstimate:
        """Some of the effects, with the sizes behind them."""
        self._need(keep.any(), "it has no effects of the kind that was asked for")
        if keep.all():
            return self
        k = len(self.effect)
        whole = np.concatenate([keep, np.ones(self.uncertainty.size - k, dtype=bool)])
        chosen = self.uncertainty.through(lambda a: a[..., whole], np.eye(len(whole))[whole])
        return replace(
            self,
            effect=self.effect[keep],
            labels=self.labels[keep].reset_index(drop=True),
            uncertainty=chosen,
            post=self.post[keep],
            size_of=self.size_of[keep] if self.size_of.size else self.size_of,
        )

    def _by(self, name: str, post: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> EffectEstimate:
        """Average over all rows that share a label; rows without an estimate are left out."""
        kept = self._rows(np.isfinite(self.effect))
        groups, values = pd.factorize(kept._need_labels(name)[name], sort=True)
        labels = pd.DataFrame({name: values})
        return kept._averaged(groups.astype(np.int64), labels, name, post=post(np.asarray(values)))

    def _averaged(
        self, groups: NDArray[np.int64], labels: pd.DataFrame, of: str, *, post: NDArray[np.bool_]
    ) -> EffectEstimate:
        """Average rows into groups; group -1 is left out."""
        k, n_estimated = len(self.effect), self.uncertainty.size - len(self.effect)
        average, weights, jacobian = group_averages(
            self.effect, groups, len(labels), self.sizes, self.size_of, n_estimated
        )
        keep_sizes = of == "cohort" and bool(self.sizes.size)
        if keep_sizes:
            jacobian = np.vstack([jacobian, np.eye(n_estimated, k + n_estimated, k)])
        spread = self.uncertainty.through(lambda a: np.nan_to_num(a[..., :k]) @ weights.T, jacobian)
        made = self._with(average, labels, spread, of=of, post=post, scale=self.scale, keep_sizes=keep_sizes)
        if not keep_sizes:
            return made
        first_of = np.array([np.flatnonzero(row)[0] for row in weights > 0])
        return replace(made, size_of=self.size_of[first_of])

    def _with(
        self,
        plug_in: Array,
        labels: pd.DataFrame,
        uncertainty: Uncertainty,
        *,
        of: str,
        post: NDArray[np.bool_],
        scale: Scale,
        keep_sizes: bool = False,
    ) -> EffectEstimate:
        """Other effects made from these."""
        k = len(labels)
        own = uncertainty if uncertainty.size == k else _first(uncertainty, k)
        return replace(
            self,
            effect=own.center(plug_in),
            labels=labels,
            uncertainty=uncertainty,
            scale=scale,
            of=of,
            post=post,
            aggregated=True,
            sizes=self.sizes if keep_sizes else np.zeros(0),
            size_of=np.zeros(0, dtype=np.int64),
        )

    def _balanced(self, until: int) -> NDArray[np.bool_]:
        """Rows of cohorts that are observed until an event time, up to that event time."""
        self._need_labels("cohort")
        cohort, times = self.labels["cohort"].to_numpy(), self.labels["event_time"].to_numpy()
        n_periods = self.recipe.design.n_periods
        return np.asarray((n_periods - 1 - cohort >= until) & (times <= until) & (times > until - n_periods))

    def _observed(self) -> tuple[Array, Array, Array]:
        """Incidents, exposure (in units of the scale) and unit-periods of each cell, shape (k,) each."""
        design = self.recipe.design
        incidents = design.incidents
        self._need(
            incidents is not None,
            f"outcome '{design.outcome}' has no incidents behind it; name them with counts='…' in the design",
        )
        assert incidents is not None
        at_risk = np.ones_like(incidents)
        if self.scale.base == "rate":
            assert design.panel.exposure is not None
            at_risk = design.panel.exposure / float(self.scale.per or 1)
        seen = np.where(np.isfinite(incidents) & np.isfinite(at_risk), 1.0, np.nan)
        period, grids = self.labels["period"].to_numpy(), (incidents * seen, at_risk * seen, seen)
        if "unit" in self.labels:
            unit = self.labels["unit"].to_numpy()
            first, second, third = (np.nan_to_num(grid[unit, period]) for grid in grids)
        else:
            cohort = self.labels["cohort"].to_numpy()
            first, second, third = (cell_sums(grid, design.cohort, cohort, period) for grid in grids)
        return first, second, third


def _first(uncertainty: Uncertainty, k: int) -> Uncertainty:
    """Uncertainty of the first k of several quantities."""
    return uncertainty.through(lambda a: a[..., :k], np.eye(k, uncertainty.size))
