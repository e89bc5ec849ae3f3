"""The one result type: a labelled vector of effects, how sure we are of it, and its scale.

Every estimator of both schools returns an :class:`EffectEstimate` of its finest effects
(cohort by period, or unit by period). Averages of them, changes of scale and incidents
averted are made here, once, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate import groups, incidents, regression_table
from preventeval.estimate.arithmetic import group_averages
from preventeval.estimate.labels import Columns, LabelField, event_time, no_such_label, term_names
from preventeval.estimate.recipe import Recipe
from preventeval.estimate.tables import html_table, summary_text, tidy_table
from preventeval.estimate.wald import WaldTest, wald_test
from preventeval.scale import AVERTED, Scale
from preventeval.uncertainty import Kind, Multipliers, Uncertainty
from preventeval.words import Message

__all__ = ["EffectEstimate"]

Array = NDArray[np.float64]
_BAND_SEED = 20_130_419
#: Standard errors below this share of a typical outcome are rounding.
_ROUNDING = 1e-8


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimate:
    """Effects, their joint uncertainty and their scale.

    Goes as it is into the tables of maketables, beside regressions of other packages:
    ``maketables.ETable([estimate], coef_fmt="b [ci95l, ci95u]")`` shows intervals.

    Parameters
    ----------
    effect
        Effects on the base of the scale, shape (k,).
    labels
        What each effect is of: any of the columns ``unit``, ``cohort`` and ``period`` (as
        positions; -1 for all cohorts or periods together), ``event_time`` and ``group`` (as they
        are); k rows. Reading it gives a table of its own.
    uncertainty
        Of the effects and, behind them, of the ``sizes`` that averages weigh with and of the
        ``expected`` incidents.
    scale
        What the numbers measure.
    recipe
        The design and the estimator.
    of
        What a row is: ``"cell"``, ``"event_time"``, ``"cohort"``, ``"period"``, ``"unit"``,
        ``"group"``, ``"difference"`` (between groups), ``"cumulative_period"``,
        ``"cumulative_event_time"`` or ``"overall"``.
    post
        Rows that averages over treated time are taken of, shape (k,).
    sizes
        Share of each cohort that averages weigh with, shape (number of cohorts,); empty
        where all rows weigh the same.
    size_of
        Which of the sizes belongs to each row, shape (k,); empty where ``sizes`` is.
    expected
        Incidents expected without the programme behind each row, for estimators of counts, shape
        (k,); else empty, and observed incidents are taken as given where effects are turned
        into incidents. Where they are known and the effect is NaN, nothing was counted.
    used
        Unit-periods that the effects say something about, shape (n_units, n_periods), for sums
        over them; None for all that were observed.
    aggregated
        Whether the rows are averages or sums made of what the estimator gave.
    notes
        What the estimator decided or could not do.
    diagnostics
        Numbers and texts about the fit itself.
    """

    effect: Array
    _: KW_ONLY
    labels: LabelField = LabelField()  # noqa: RUF009  (a descriptor, and no value)
    uncertainty: Uncertainty
    scale: Scale
    recipe: Recipe
    of: str = "cell"
    post: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    sizes: Array = field(default_factory=lambda: np.zeros(0))
    size_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    expected: Array = field(default_factory=lambda: np.zeros(0))
    used: NDArray[np.bool_] | None = None
    aggregated: bool = False
    notes: tuple[Message, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        rows, size = len(self.effect), self.uncertainty.size
        spread = size in (rows, rows + len(self.sizes))
        if self.expected.size:
            if not self.scale.is_log:
                raise EstimationError(
                    f"an effect in {self.scale.base} came with expected incidents behind it: expected= is "
                    "for logarithmic effects"
                )
            spread = len(self.expected) == rows and size in (2 * rows, 2 * rows + len(self.sizes))
        labelled = all(len(column) == rows for column in self._columns.values())
        if not (labelled and len(self.post) == rows and spread):
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
        return term_names(self._columns, self.recipe.design, len(self.effect), self.of)

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
        slope, terms = self.scale.slope(self.effect), self.terms
        return pd.DataFrame(self._own.cov * np.outer(slope, slope), index=terms, columns=terms)

    @property
    def pvalues(self) -> pd.Series[float]:
        """Two-sided p-values of "no change"; NaN for posteriors, which have none."""
        return pd.Series(self._own.pvalues(self.effect), index=self.terms, name="p_value")

    def conf_int(
        self,
        level: float = 0.95,
        *,
        simultaneous: bool = False,
        multipliers: Multipliers = "gaussian",
        draws: int | None = None,
        seed: int = _BAND_SEED,
    ) -> pd.DataFrame:
        """Intervals of the shown effects.

        A simultaneous band is the estimate and a multiple of its standard error: a quantile of
        the largest |t|. By default it comes from the joint covariance, which is what a bootstrap
        with Gaussian multipliers gives (Callaway & Sant'Anna 2021, section 4.1), and is good to
        about 0.01 (one Monte Carlo standard error at 95 %). Strict multipliers are
        drawn for each cluster, and the value is good to about 0.04 with 1,999 draws; their
        standard errors stay those of the estimate.

        Parameters
        ----------
        level
            Probability of the interval.
        simultaneous
            Whether all rows are to be covered at once (a band).
        multipliers
            ``"gaussian"``, ``"rademacher"``, ``"mammen"`` or ``"webb"`` (for few clusters); of
            a confidence band.
        draws
            Number of draws behind a confidence band; None for 5,000 from the covariance or
            1,999 of multipliers.
        seed
            Of a confidence band.

        Returns
        -------
        DataFrame
            Columns ``lower`` and ``upper``, one row per effect.

        References
        ----------
        Callaway, B. & Sant'Anna, P. H. C. (2021), https://doi.org/10.1016/j.jeconom.2020.12.001.
        """
        own = self._own
        if simultaneous:
            ends = own.band(self.effect, level, seed, multipliers=multipliers, draws=draws)
        elif multipliers != "gaussian" or draws is not None:
            raise EstimationError(
                "multipliers= and draws= are for bands: ask conf_int(simultaneous=True, …), or leave them out"
            )
        else:
            ends = own.interval(self.effect, level)
        low, high = (self.scale.show(end) for end in ends)
        return pd.DataFrame({"lower": low, "upper": high}, index=pd.Index(self.terms))

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
        own = self._own
        ends = own.band(self.effect, level, _BAND_SEED) if simultaneous else own.interval(self.effect, level)
        shown = self.scale.show(ends[0]), self.scale.show(ends[1])
        kind = f"{'simultaneous ' if simultaneous else ''}{self.interval_kind}"
        return tidy_table(self, shown, level, kind)

    def summary(self, level: float = 0.95) -> str:
        """The estimate as text, in the manner of statsmodels."""
        return summary_text(self, level)

    # Tests ------------------------------------------------------------------------------

    def joint_test(self) -> WaldTest:
        """Test that all effects of the estimate are 0 together.

        Effects that are known by construction (a base period) take no part. Where intervals
        refer to a t distribution, the statistic refers to Hotelling's with the same degrees of
        freedom (the fewest, where effects differ in them): with one effect it is the t test.

        Returns
        -------
        WaldTest

        Raises
        ------
        EstimationError
            Credible intervals, which have no p-values, or a singular covariance.

        Examples
        --------
        >>> import preventeval as pe
        >>> path = pe.CallawaySantAnna().fit(pe.example_design()).by_event_time()
        >>> print(path.within(-3, -2).joint_test())
        W = 2.4430, Hotelling T2(2, 11), p = 0.3668
        """
        return self._wald(np.ones(len(self.effect), dtype=bool), "", few_clusters=True)

    def pre_test(self) -> WaldTest:
        """Test that all effects before the start (less the anticipation) are 0, as R's did prints it.

        The statistic refers to chi-squared, as if the covariance were known. With few clusters
        it is not, and the test then finds drifts that are not there; nor does passing it show
        that there is none. :func:`preventeval.sensitivity.pre_trends` allows for both.

        Returns
        -------
        WaldTest

        Raises
        ------
        EstimationError
            No effects before the start, more of them than clusters, or credible intervals.

        References
        ----------
        Callaway, B. & Sant'Anna, P. H. C. (2021), https://doi.org/10.1016/j.jeconom.2020.12.001.
        Roth, J. (2022). Pretest with Caution. AER: Insights 4(3), 305-322.
        https://doi.org/10.1257/aeri.20210236
        """
        early = self._need_label("event_time") < -self.recipe.design.anticipation
        return self._wald(early, "before the start ", few_clusters=False)

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
            self.of not in ("group", "difference"),
            "effects of groups are not averaged: ask the estimate as it was fitted for overall()",
        )
        self._need(
            (self.post & np.isfinite(self.effect)).any(), "there is no effect after a start to average"
        )
        return self._averaged(np.where(self.post, 0, -1), 1, {}, "overall", post=np.array([True]))

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
        kept = self if balanced is None else self._rows(self._balanced(event_time(balanced, "balanced")))
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
        times = self._need_label("event_time")
        low = times.min() if earliest is None else event_time(earliest, "earliest")
        high = times.max() if latest is None else event_time(latest, "latest")
        keep = (times >= low) & (times <= high)
        self._need(
            keep.any(),
            f"its event times go from {times.min()} to {times.max()}: none is from {low} to {high}",
        )
        return self._rows(keep)

    def treated_units(self) -> pd.Series[int]:
        """Number of treated units that the effect at each event time rests on.

        Returns
        -------
        Series
            By event time. For effects that are of all cohorts together, the units that are
            observed at that time.
        """
        known, cohort = np.isfinite(self.effect), self.recipe.design.cohort
        times = self._need_label("event_time")[known]
        at = cohort[self.recipe.design.ever_treated] + times[:, None]
        units = ((at >= 0) & (at < self.recipe.design.n_periods)).sum(axis=1)
        if "cohort" in self._columns:
            own = self._columns["cohort"][known]
            units = np.where(own < 0, units, (cohort == own[:, None]).sum(axis=1))
        return pd.Series(units).groupby(times).sum()

    # Groups -----------------------------------------------------------------------------

    def by_group(self, column: str, quantity: groups.Quantity = "overall") -> EffectEstimate:
        """The effect in each subgroup of units, fitted group by group.

        Each subgroup's treated units are compared with its own comparison units. The joint
        uncertainty knows which clusters groups share: influence values are put side by side,
        cluster by cluster. Each group keeps its own degrees of freedom. Ask ``difference()`` of
        the result for what sets the groups apart, and ``difference().joint_test()`` for whether
        anything does: that one group's interval leaves out 0 and another's does not, does not
        show a difference.

        Parameters
        ----------
        column
            One of the columns that the design declares as ``subgroups``, before the results
            were seen.
        quantity
            What is said of each group: its ``"overall"`` effect, the rate ratio ``"in_total"``,
            incidents ``"averted"``, or the change ``"per_100k"``.

        Returns
        -------
        EffectEstimate
            One row per ``group``. A group that has no estimate is left out and named in ``notes``.

        Raises
        ------
        EstimationError
            No group has an estimate.

        Examples
        --------
        Compare programme effects by a column that was declared before::

            design = pe.StudyDesign(panel, …, subgroups=["district_type"])
            groups = pe.CallawaySantAnna().fit(design).by_group("district_type")
            groups.difference().summary()
        """
        return groups.by_group(self, column, quantity)

    def difference(self, reference: str | None = None) -> EffectEstimate:
        """Effects of groups less the effect of one of them, from their joint uncertainty.

        Two independent groups are compared by Welch's t test; groups that share clusters have the
        fewest degrees of freedom of any of them. On logarithmic scales a difference is the
        logarithm of a ratio of rate ratios, which ``as_percent()`` shows as such.

        Parameters
        ----------
        reference
            The group that is taken off; None for the first.

        Returns
        -------
        EffectEstimate
            One row per other group; its ``joint_test()`` asks whether all groups are alike.

        Raises
        ------
        EstimationError
            These are not effects of groups, there is only one, or groups share clusters and the
            method does not say how their errors go together.
        """
        return groups.difference(self, reference)

    # Scales -----------------------------------------------------------------------------

    def as_percent(self) -> EffectEstimate:
        """The same effects in per cent of what was expected, intervals carried over."""
        return replace(self, scale=self.scale.as_percent(), labels=self._columns)

    def as_estimated(self) -> EffectEstimate:
        """The same effects on the scale on which they were estimated."""
        return replace(self, scale=replace(self.scale, shown="base"), labels=self._columns)

    def as_ratio(self) -> EffectEstimate:
        """The same effects as ratios of observed to expected, intervals carried over."""
        return replace(self, scale=self.scale.as_ratio(), labels=self._columns)

    def averted(self, by: str = "overall", *, cumulative: bool = False) -> EffectEstimate:
        """Incidents that did not happen because of the programme; negative: that were added.

        Expected incidents without the programme less those with it, over the treated
        unit-periods. Estimators of counts carry the expected incidents with the programme,
        M, beside each log rate ratio a, and each cell averts M (exp(-a) - 1): the interval is
        by the delta method in both (the imputation route of Wooldridge 2023). For other
        estimators the effect of each cell is applied to the incidents (for logarithmic scales)
        or to the exposure or units (for rates and counts) that were observed in it; what was
        observed is taken as given, and the interval is that of the effect. Effects that are
        averages over units are first fitted again with units weighing as they do in the total
        (:meth:`StudyDesign.weighing_as_in_total`): the average unit's effect times all units is
        not the total where large and small units fare differently.

        Parameters
        ----------
        by
            ``"overall"``, ``"period"``, ``"cohort"``, ``"event_time"`` or ``"unit"``.
        cumulative
            Whether each row is the total up to it; by event time or period.

        Returns
        -------
        EffectEstimate
            On the scale of incidents averted. Its diagnostics hold, by row, the incidents that
            were ``observed`` in the cells summed, those ``expected`` without the programme, and
            the number of ``unit_periods``; cells without an estimate are in none. ``overall()``
            of it is not defined: sum with ``by="overall"``.

        Raises
        ------
        EstimationError
            The outcome has no incidents behind it, or these effects are averages already.

        References
        ----------
        Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel
        data. The Econometrics Journal 26, C31-C66. https://doi.org/10.1093/ectj/utad016
        """
        return incidents.incidents_averted(self, by, cumulative=cumulative)

    def in_total(self, by: str = "overall") -> EffectEstimate:
        """The rate ratio of all incidents together, for estimators of counts.

        Incidents with the programme, summed over cells, over those expected without it: what
        :meth:`averted` says as a number, said as a ratio (``as_percent()``), with an interval
        formed on the log scale. The average of the logarithms of many small ratios, which
        ``overall()`` gives, is lower than that where cells hold few incidents (the logarithm of a
        count with mean m lies about 1 / (2 m) below log m); reports therefore give this number.

        Parameters
        ----------
        by
            ``"overall"``, ``"period"``, ``"cohort"``, ``"event_time"`` (with the effects before the
            start, where there are any) or ``"unit"``.

        Returns
        -------
        EffectEstimate

        Raises
        ------
        EstimationError
            The effects are not logarithms of rate ratios, or are averages already.

        Examples
        --------
        >>> import preventeval as pe
        >>> estimate = pe.PoissonDiD().fit(pe.example_design())
        >>> estimate.in_total().as_percent().params.round(1).to_dict()
        {'overall': -19.2}
        """
        return incidents.change_in_total(self, by)

    def per_100k(self, by: str = "overall") -> EffectEstimate:
        """The change in incidents per 100,000 of exposure and period among the treated.

        Incidents averted, with the sign of a change (fewer is negative), over the exposure of
        the same unit-periods: the uncertainty is that of :meth:`averted`.

        Parameters
        ----------
        by
            ``"overall"``, ``"period"``, ``"cohort"``, ``"event_time"`` or ``"unit"``.

        Returns
        -------
        EffectEstimate
            On the scale of a rate per 100,000. Its diagnostics are those of :meth:`averted`, and
            the ``exposure``.

        Raises
        ------
        EstimationError
            The panel has no exposure, the outcome has no incidents behind it, or these effects
            are averages already.
        """
        return incidents.per_exposure(self, by, 100_000.0)

    # Doing it again ---------------------------------------------------------------------

    def refit(self, design: StudyDesign | None = None) -> EffectEstimate:
        """Fit the same estimator again, on another design or the same."""
        return self.recipe.estimator.fit(self.recipe.design if design is None else design)

    # For maketables ---------------------------------------------------------------------

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        return regression_table.coefficient_table(self)

    def __maketables_stat__(self, key: str) -> Any:
        return regression_table.statistic(self, key)

    @property
    def __maketables_depvar__(self) -> str:
        return self.recipe.design.outcome

    @property
    def __maketables_vcov_info__(self) -> dict[str, str]:
        return regression_table.vcov_info(self)

    @property
    def __maketables_stat_labels__(self) -> dict[str, str]:
        return dict(regression_table.STATISTICS)

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(regression_table.STATISTICS)

    # Inside -----------------------------------------------------------------------------

    @property
    def _columns(self) -> Columns:
        """The labels as arrays."""
        columns: Columns = self.__dict__["labels"]
        return columns

    @property
    def _own(self) -> Uncertainty:
        """Uncertainty of the effects alone, without what stands behind them."""
        k, size = len(self.effect), self.uncertainty.size
        return self.uncertainty if size == k else _first(self.uncertainty, k)

    def _need(self, condition: object, problem: str) -> None:
        if not condition:
            raise EstimationError(f"{self.method}: {problem}")

    def _need_label(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            raise no_such_label(self, name)
        return self._columns[name]

    def _wald(self, wanted: NDArray[np.bool_], when: str, *, few_clusters: bool) -> WaldTest:
        self._need(
            self.interval_kind == "confidence",
            "credible intervals have no p-values: ask for probability_below()",
        )
        own = self._own
        tested = wanted & np.isfinite(self.effect) & np.isfinite(own.std_errors)
        self._need(tested.any(), f"it has no effects {when}that could be tested")
        df = getattr(own, "df", None) if few_clusters else None
        fewest = None if df is None else float(np.broadcast_to(df, tested.shape)[tested].min())
        return wald_test(self.effect[tested], own.cov[np.ix_(tested, tested)], fewest)

    def _rows(self, keep: NDArray[np.bool_]) -> EffectEstimate:
        """Some of the effects, with what stands behind them."""
        self._need(keep.any(), "it has no effects of the kind that was asked for")
        if keep.all():
            return self
        expected = self.expected[keep] if self.expected.size else self.expected
        n_sizes = self.uncertainty.size - len(keep) - len(self.expected)
        whole = np.concatenate([keep, np.ones(n_sizes, dtype=bool), keep if expected.size else []]).astype(
            bool
        )
        chosen = self.uncertainty.through(lambda a: a[..., whole], np.eye(len(whole))[whole])
        return replace(
            self,
            effect=self.effect[keep],
            labels={name: column[keep] for name, column in self._columns.items()},
            uncertainty=chosen,
            post=self.post[keep],
            size_of=self.size_of[keep] if self.size_of.size else self.size_of,
            expected=expected,
        )

    def _by(self, name: str, post: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> EffectEstimate:
        """Average over all rows that share a label; rows without an estimate are left out."""
        kept = self._rows(np.isfinite(self.effect))
        values, codes = np.unique(kept._need_label(name), return_inverse=True)
        return kept._averaged(codes, len(values), {name: values}, name, post=post(values))

    def _averaged(
        self,
        codes: NDArray[np.int64],
        n_groups: int,
        labels: Columns,
        of: str,
        *,
        post: NDArray[np.bool_],
    ) -> EffectEstimate:
        """Average rows into groups; group -1 is left out. What is expected in all is not averaged."""
        k, n_expected = len(self.effect), len(self.expected)
        n_sizes = self.uncertainty.size - k - n_expected
        average, weights, jacobian = group_averages(
            self.effect, codes, n_groups, self.sizes, self.size_of, n_sizes
        )
        keep_sizes = of == "cohort" and bool(self.sizes.size)
        if keep_sizes:
            jacobian = np.vstack([jacobian, np.eye(n_sizes, k + n_sizes, k)])
        if n_expected:
            jacobian = np.hstack([jacobian, np.zeros((len(jacobian), n_expected))])
        spread = self.uncertainty.through(lambda a: np.nan_to_num(a[..., :k]) @ weights.T, jacobian)
        made = self._with(average, labels, spread, of=of, post=post, scale=self.scale)
        if not keep_sizes:
            return made
        first_of = np.array([np.flatnonzero(row)[0] for row in weights > 0])
        return replace(
            made, labels=labels, uncertainty=spread, sizes=self.sizes, size_of=self.size_of[first_of]
        )

    def _with(
        self,
        plug_in: Array,
        labels: Columns,
        uncertainty: Uncertainty,
        *,
        of: str,
        post: NDArray[np.bool_],
        scale: Scale,
    ) -> EffectEstimate:
        """Other effects made from these, without sizes or expected incidents behind them."""
        own = uncertainty if uncertainty.size == len(post) else _first(uncertainty, len(post))
        return replace(
            self,
            effect=own.center(plug_in),
            labels=labels,
            uncertainty=own,
            scale=scale,
            of=of,
            post=post,
            aggregated=True,
            sizes=np.zeros(0),
            size_of=np.zeros(0, dtype=np.int64),
            expected=np.zeros(0),
        )

    def _balanced(self, until: int) -> NDArray[np.bool_]:
        """Rows of cohorts that are observed until an event time, up to that event time.

        Rows that pool all cohorts are of none.
        """
        cohort, times = self._need_label("cohort"), self._need_label("event_time")
        n_periods = self.recipe.design.n_periods
        last = n_periods - 1 - int(cohort.min(where=cohort >= 0, initial=n_periods - 1))
        self._need(until <= last, f"no cohort is observed to event time {until}: the last is {last}")
        observed = (cohort >= 0) & (n_periods - 1 - cohort >= until)
        return np.asarray(observed & (times <= until) & (times > until - n_periods))


def _first(uncertainty: Uncertainty, k: int) -> Uncertainty:
    """Uncertainty of the first k of several quantities."""
    return uncertainty.through(lambda a: a[..., :k], np.eye(k, uncertainty.size))
