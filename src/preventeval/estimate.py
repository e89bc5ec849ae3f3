"""The one result type: a labelled vector of effects, how sure we are of it, and its scale.

Every estimator of both schools returns an :class:`EffectEstimate` of its finest effects
(cohort by period, or unit by period). Averages of them, changes of scale and incidents
averted are made here, once, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.scale import AVERTED, Scale
from preventeval.uncertainty import Kind, Uncertainty
from preventeval.words import Message

__all__ = ["EffectEstimate", "Estimator", "Recipe"]

Array = NDArray[np.float64]
#: Labels that a row of effects can carry, in the order in which tables show them.
_LABELS = ("unit", "cohort", "period", "event_time")
_BAND_SEED = 20_130_419
#: Standard errors below this share of a typical outcome are rounding.
_ROUNDING = 1e-8


@runtime_checkable
class Estimator(Protocol):
    """A frozen set of options with one verb."""

    #: What the method is called in specs and tables.
    name: ClassVar[str]
    #: Publications to cite, as one line each with a DOI.
    references: ClassVar[tuple[str, ...]]

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What an estimate was made of, so that it can be made again from other data."""

    design: StudyDesign
    estimator: Estimator


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
        from html import escape

        caption = escape(f"{self.method}: {self.of} effects, {self.scale.name}")
        table = self.tidy().to_html(index=False, escape=True, float_format=lambda x: f"{x:.4g}")
        return f"<p>{caption}</p>{table}"

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
        return [self._term(row) for row in self.labels.to_dict("records")]

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

        Returns
        -------
        DataFrame
            ``term``, the labels that apply, ``estimate``, ``std_error``, ``conf_low``,
            ``conf_high``, ``p_value``, ``conf_level``, ``interval_kind``, ``scale``, ``method``.
        """
        ends = self.conf_int(level, simultaneous=simultaneous)
        table = pd.DataFrame({"term": self.terms})
        for name in self.labels.columns:
            table[name] = [self._label(name, value) for value in self.labels[name]]
        return table.assign(
            estimate=self.params.to_numpy(),
            std_error=self.std_errors.to_numpy(),
            conf_low=ends["lower"].to_numpy(),
            conf_high=ends["upper"].to_numpy(),
            p_value=self.pvalues.to_numpy(),
            conf_level=level,
            interval_kind=f"{'simultaneous ' if simultaneous else ''}{self.interval_kind}",
            scale=self.scale.name,
            method=self.method,
        )

    def summary(self, level: float = 0.95) -> str:
        """The estimate as text, in the manner of statsmodels."""
        design = self.recipe.design
        table = self.tidy(level)[["term", "estimate", "std_error", "conf_low", "conf_high", "p_value"]]
        lines = [
            f"{self.method}: {self.of} effects on {design.outcome} ({self.scale.name})",
            f"{int(design.ever_treated.sum())} treated and {int((~design.ever_treated).sum())} never treated "
            f"units, {design.n_periods} periods, {self.nobs} unit-periods, {design.comparison} comparison",
            f"{level:.0%} {self.interval_kind} intervals, pointwise",
            table.to_string(index=False, float_format=lambda x: f"{x:.4f}", na_rep=""),
        ]
        return "\n".join([*lines, *(f"Note: {note}" for note in (*design.notes, *self.notes))])

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

    # Scales -----------------------------------------------------------------------------

    def as_percent(self) -> EffectEstimate:
        """The same effects in per cent of what was expected, intervals carried over."""
        return replace(self, scale=self.scale.as_percent())

    def as_ratio(self) -> EffectEstimate:
        """The same effects as ratios of observed to expected, intervals carried over."""
        return replace(self, scale=self.scale.as_ratio())

    def averted(self, by: str = "overall") -> EffectEstimate:
        """Incidents that did not happen because of the programme; negative: that were added.

        The effect of each cell is applied to the incidents (for logarithmic scales) or to
        the exposure and units (for rates and counts) that were observed in it, and summed.
        What was observed is taken as given: the interval is that of the effect.

        Parameters
        ----------
        by
            ``"overall"``, ``"period"``, ``"cohort"``, ``"event_time"`` or ``"unit"``.

        Returns
        -------
        EffectEstimate
            On the scale of incidents averted. ``overall()`` of it is not defined: sum with
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
        post = self._rows(self.post & np.isfinite(self.effect))
        observed, at_risk = post._observed()
        if self.scale.is_log:
            function: Callable[[Array], Array] = lambda a: observed * np.expm1(-a)  # noqa: E731
            slope = -observed * np.exp(-post.effect)
        else:
            function = lambda a: -at_risk * a  # noqa: E731
            slope = -at_risk
        labels = pd.DataFrame(index=[0]) if by == "overall" else post._need_labels(by)
        codes = np.zeros(len(post.effect), dtype=np.int64)
        if by != "overall":
            codes, values = pd.factorize(labels[by], sort=True)
            labels = pd.DataFrame({by: values})
        member = (codes == np.arange(len(labels))[:, None]).astype(np.float64)
        k = len(post.effect)
        jacobian = np.zeros((len(labels), post.uncertainty.size))
        jacobian[:, :k] = member * slope
        total = post.uncertainty.through(lambda a: function(a[..., :k]) @ member.T, jacobian)
        return replace(
            post,
            effect=total.center(member @ function(post.effect)),
            labels=labels,
            uncertainty=total,
            scale=AVERTED,
            of=by,
            post=np.ones(len(labels), dtype=bool),
            sizes=np.zeros(0),
            size_of=np.zeros(0, dtype=np.int64),
        )

    # Doing it again ---------------------------------------------------------------------

    def refit(self, design: StudyDesign | None = None) -> EffectEstimate:
        """Fit the same estimator again, on another design or the same."""
        return self.recipe.estimator.fit(self.recipe.design if design is None else design)

    # Inside -----------------------------------------------------------------------------

    @property
    def _own(self) -> Uncertainty:
        """Uncertainty of the effects alone, without the sizes behind them."""
        k, size = len(self.effect), self.uncertainty.size
        if size == k:
            return self.uncertainty
        return self.uncertainty.through(lambda a: a[..., :k], np.eye(k, size))

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
        """Average rows into groups; group -1 is left out.

        With sizes s, the average of group j is sum(s a) / sum(s). Its derivative in the
        sizes, (a - average) / sum(s), carries the sampling error of the cohort shares.
        """
        k, n_sizes = len(self.effect), self.uncertainty.size - len(self.effect)
        weigh_by_size = bool(self.sizes.size)
        size = self.sizes[self.size_of] if weigh_by_size else np.ones(k)
        member = (groups == np.arange(len(labels))[:, None]) & np.isfinite(self.effect)
        total = (member * size).sum(axis=1, keepdims=True)
        weights = member * size / total
        average = weights @ np.nan_to_num(self.effect)
        jacobian = np.hstack([weights, np.zeros((len(labels), n_sizes))])
        for column in range(n_sizes):
            distance = np.nan_to_num(self.effect) - average[:, None]
            jacobian[:, k + column] = (member * (self.size_of == column) * distance).sum(axis=1) / total[:, 0]
        keep_sizes = of == "cohort" and weigh_by_size
        if keep_sizes and n_sizes:
            jacobian = np.vstack([jacobian, np.eye(n_sizes, jacobian.shape[1], k)])
        spread = self.uncertainty.through(lambda a: np.nan_to_num(a[..., :k]) @ weights.T, jacobian)
        first_of = [int(np.flatnonzero(row)[0]) for row in member] if keep_sizes else []
        return replace(
            self,
            effect=spread.center(average),
            labels=labels,
            uncertainty=spread,
            of=of,
            post=post,
            sizes=self.sizes if keep_sizes else np.zeros(0),
            size_of=self.size_of[first_of] if keep_sizes else np.zeros(0, dtype=np.int64),
        )

    def _balanced(self, until: int) -> NDArray[np.bool_]:
        """Rows of cohorts that are observed until an event time, up to that event time."""
        self._need_labels("cohort")
        cohort, times = self.labels["cohort"].to_numpy(), self.labels["event_time"].to_numpy()
        n_periods = self.recipe.design.n_periods
        return np.asarray((n_periods - 1 - cohort >= until) & (times <= until) & (times > until - n_periods))

    def _observed(self) -> tuple[Array, Array]:
        """Incidents and exposure (in units of the scale) seen in each cell, shape (k,) each."""
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
        seen = np.where(np.isfinite(incidents), 1.0, 0.0)
        grids = np.nan_to_num(incidents), seen * np.nan_to_num(at_risk)
        period = self.labels["period"].to_numpy()
        if "unit" in self.labels:
            unit = self.labels["unit"].to_numpy()
            return grids[0][unit, period], grids[1][unit, period]
        cohorts, row = np.unique(self.labels["cohort"].to_numpy(), return_inverse=True)
        sums = [np.stack([grid[design.cohort == g].sum(axis=0) for g in cohorts]) for grid in grids]
        return sums[0][row, period], sums[1][row, period]

    def _label(self, name: str, value: Any) -> Any:
        design = self.recipe.design
        if name == "unit":
            return design.panel.units[value]
        return int(value) if name == "event_time" else design.panel.periods.label(int(value))

    def _term(self, row: Mapping[Hashable, Any]) -> str:
        if not row:
            return "overall"
        shown = {"event_time": "event time"}
        named = [n for n in _LABELS if n in row and not (n == "event_time" and len(row) > 1)]
        return ", ".join(f"{shown.get(n, n)} {self._label(n, row[n])}" for n in named)
