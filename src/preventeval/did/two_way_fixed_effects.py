"""Two-way fixed effects: the regression that most published evaluations report."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.design.starts import names_of
from preventeval.did._covariates import varying_covariates
from preventeval.did._fixed_effects import (
    Data,
    Likelihood,
    by_group,
    fit,
    known_options,
    read,
    require_known,
    seen_twice,
    with_events,
)
from preventeval.did._sandwich import BiasReduced, SmallSample, Vcov, uncertainty_of
from preventeval.did._saturated import period_effects
from preventeval.did._terms import Terms
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.words import Message

__all__ = ["TwoWayFixedEffects"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
_DETERMINED = (
    "where every unit is treated in the end, an event study needs more event times as reference=(…); "
    "otherwise leave the covariate out"
)


@dataclass(frozen=True)
class TwoWayFixedEffects:
    """A regression on unit effects, period effects and an indicator of treatment.

    Kept for comparison with published work: where starts differ between units and effects
    differ between cohorts or over time, its coefficients mix comparisons that no one asked
    for (Goodman-Bacon 2021), and a note says so.

    Standard errors are those of R's fixest. The clustered covariance is multiplied by
    G / (G − 1) × (n − 1) / (n − K) with G clusters, n unit-periods and K coefficients, where
    unit effects do not count (they are nested in the clusters) and period effects do; intervals
    refer to t with G − 1 degrees of freedom, for counts too. For ``"robust"`` and
    ``"unadjusted"`` the factor is n / (n − K), K counts unit effects too, and t has n − K.

    Parameters
    ----------
    event_study
        One effect per event time in place of a single one.
    reference
        Event times that effects are measured against, less the anticipation of the design;
        never treated units belong to them. Where every unit is treated in the end, one is
        not enough.
    window
        First and last event time with an effect of its own, for event studies: what lies
        beyond is pooled into them. None for no limit.
    likelihood
        ``"linear"``: least squares of the outcome as the design analyses it. ``"poisson"`` and
        ``"negative_binomial"``: regressions of the incidents with logarithmic link, with the
        exposure of the panel (where it has one) as offset; the effect is the logarithm of a rate
        ratio. The negative binomial (variance μ + μ²/θ, θ estimated too) needs its variance to be
        right, and with an effect for every unit it is biased in short panels; a note says so.
    vcov
        ``"clustered"`` by the clusters of the design, ``"two_way"`` (by clusters and by periods),
        ``"robust"`` (to heteroskedasticity alone) or ``"unadjusted"``. For least squares whose
        sampling weights do not differ also ``"CR0"``, ``"CR1"``, ``"CR1p"``, ``"CR1S"``, ``"CR2"`` and
        ``"CR3"``, clustered and named as in R's clubSandwich, with Satterthwaite degrees of
        freedom (in an event study the fewest of all event times): CR2 and CR3 adjust residuals
        for their leverage, which matters where clusters are few.
    small_sample
        What K counts: ``"nested"`` as above (with ``"two_way"`` neither unit nor period effects),
        ``"full"`` all coefficients, ``"none"`` for no factor at all.

    Raises
    ------
    EstimationError
        An option that is not known, or that does not go with the others.

    References
    ----------
    Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing.
    Journal of Econometrics 225, 254–277. https://doi.org/10.1016/j.jeconom.2021.03.014
    Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust variance
    estimation and hypothesis testing in fixed effects models. Journal of Business & Economic
    Statistics 36, 672–683. https://doi.org/10.1080/07350015.2016.1247004

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
    >>> pe.TwoWayFixedEffects().fit(design).params.round(3).to_dict()
    {'overall': -3.167}
    >>> counts = pe.TwoWayFixedEffects(likelihood="poisson").fit(design)
    >>> counts.as_percent().params.round(1).to_dict()
    {'overall': -42.3}
    """

    event_study: bool = False
    reference: Sequence[int] = (-1,)
    window: tuple[int, int] | None = None
    likelihood: Likelihood = "linear"
    vcov: Vcov = "clustered"
    small_sample: SmallSample = "nested"
    name: ClassVar[str] = "TwoWayFixedEffects"
    references: ClassVar[tuple[str, ...]] = (
        "Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing. "
        "Journal of Econometrics 225, 254–277. https://doi.org/10.1016/j.jeconom.2021.03.014",
    )

    def __post_init__(self) -> None:
        known_options(
            self, event_study=Literal[True, False], likelihood=Likelihood, vcov=Vcov, small_sample=SmallSample
        )
        times = _whole(self.reference)
        if not times:
            raise EstimationError(
                f"{self.name}: reference={self.reference!r}: expected event times, such as (-1,)"
            )
        object.__setattr__(self, "reference", times)
        if self.window is not None:
            window = _whole(self.window)
            if len(window) != 2 or not window[0] <= min(times) <= max(times) <= window[1]:
                raise EstimationError(
                    f"{self.name}: window={self.window!r}: expected a first and a last event time around "
                    f"the reference, such as (-8, 8)"
                )
            if not self.event_study:
                raise EstimationError(f"{self.name}: window= goes with event_study=True")
            object.__setattr__(self, "window", window)
        plain = self.likelihood == "linear" and self.small_sample == "nested"
        if self.vcov in get_args(BiasReduced) and not plain:
            raise EstimationError(
                f"{self.name}: vcov={self.vcov!r} is for least squares and has a small-sample factor of its "
                "own: it goes with likelihood='linear' and without small_sample="
            )
        if self.likelihood == "negative_binomial" and self.vcov not in ("clustered", "unadjusted"):
            raise EstimationError(
                f"{self.name}: likelihood='negative_binomial' goes with vcov='clustered' or 'unadjusted'"
            )

    def with_leads(self, design: StudyDesign) -> TwoWayFixedEffects:
        """The event study of the same regression, for the check of earlier trends."""
        del design  # every event time that can have an effect gets one
        return replace(self, event_study=True)

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, and what is measured.

        Returns
        -------
        EffectEstimate
            One row, or one per event time; the reference is among them as 0.

        Raises
        ------
        EstimationError
            An effect that the unit and period effects already determine, a likelihood for counts
            without counts, or too little data.
        """
        data = read(design, self.likelihood, self.name)
        study = _Study.of(design, self)
        data = study.sample(data)
        if self.likelihood != "linear":
            data = study.with_events(data)
        shown, estimated, column = study.columns(data)
        if not len(estimated):
            raise EstimationError(
                f"{self.name}: no effect can be estimated: every event time is in reference={self.reference} "
                "or left out (for counts, because no incident, or none to compare with, lies in it)",
                hint="name fewer event times as reference=(…), or look at the incidents of treated units",
            )
        covariates, own, absorbed = varying_covariates(design, data.used)
        n_base, k = design.n_periods - 1, len(estimated)
        shared = np.zeros((*column.shape, n_base + k))
        shared[:, :, :n_base] = period_effects(design.n_periods, None)
        group, period = np.nonzero(column >= 0)
        shared[group, period, n_base + column[group, period]] = 1.0
        terms = Terms(
            study.code,
            shared,
            np.zeros((design.n_units, 0)),
            np.full(n_base + k, -1),
            own,
            np.zeros(design.n_periods, dtype=np.int64),
        )
        names = [f"event time {time}" if self.event_study else "the programme" for time in estimated]
        names += [f"covariate '{name}'" for name in covariates]
        effects = np.arange(n_base, n_base + k)
        model, scatter = fit(data, design, terms, effects, likelihood=self.likelihood, what=self.name)
        require_known(model, np.arange(n_base, terms.size), names, what=self.name, hint=_DETERMINED)
        spread, numbers, repaired = uncertainty_of(model, self.vcov, self.small_sample, what=self.name)
        # Zeros for the reference, the coefficients of the programme at their place.
        place = (shown[:, None] == estimated).astype(np.float64)
        return EffectEstimate(
            effect=place @ model.fit.coefficients[model.columns],
            labels=pd.DataFrame({"event_time": shown}) if self.event_study else pd.DataFrame(index=[0]),
            uncertainty=spread.through(lambda effects: effects @ place.T, place),
            scale=design.scale if self.likelihood == "linear" else LOG_RATE_RATIO,
            recipe=Recipe(design, self),
            of="event_time" if self.event_study else "overall",
            post=shown >= 0,
            notes=(*study.notes(absorbed), *data.notes, *repaired),
            diagnostics=MappingProxyType({**numbers, **scatter}),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Study:
    """Units by their start: each start date is a group whose units share their regressors.

    Parameters
    ----------
    design, options
        What is estimated, and how.
    code
        Group of each unit, shape (n,).
    times
        Event time of each group and period, shape (G, T); of the never treated, periods.
    ever
        Groups that start, shape (G, 1).
    """

    design: StudyDesign
    options: TwoWayFixedEffects
    code: Index
    times: Index
    ever: Flags

    @staticmethod
    def of(design: StudyDesign, options: TwoWayFixedEffects) -> _Study:
        starts, code = np.unique(design.cohort, return_inverse=True)
        ever = (starts < design.n_periods)[:, None]
        times = np.arange(design.n_periods) - np.where(ever, starts[:, None], 0)
        return _Study(design, options, code.astype(np.int64), times, ever)

    def sample(self, data: Data) -> Data:
        """Leave out the time just before a start from a static regression, and units seen once."""
        early = self.ever & (self.times < 0) & (self.times >= -self.design.anticipation)
        if early.any() and not self.options.event_study:
            out = early[self.code] & data.used
            data = data.without(out, Message("note-twfe-anticipation", {"count": int(out.sum())}))
        return seen_twice(data, self.design)

    def columns(self, data: Data) -> tuple[Index, Index, Index]:
        """Event times with a row and those with a coefficient (0 if static), and whose it is.

        Returns
        -------
        shown, estimated : ndarray
        column : ndarray, shape (G, T)
            Which coefficient a group has in a period; -1 for none.
        """
        static = np.zeros(1, dtype=np.int64)
        if not self.options.event_study:
            return static, static, np.where(self.ever & (self.times >= 0), 0, -1)
        pooled = self._pool(self.times)
        seen = np.broadcast_to(self.ever, pooled.shape)
        if not data.complete:
            seen = seen & (by_group(data.used, self.code) > 0)
        shown = np.unique(pooled[seen])
        reference = self._pool(np.array(self.options.reference) - self.design.anticipation)
        estimated = shown[~np.isin(shown, reference)]
        own = self.ever & np.isin(pooled, estimated)
        return shown, estimated, np.where(own, np.searchsorted(estimated, pooled), -1)

    def _pool(self, times: Index) -> Index:
        """Event times with those beyond the window pooled into its ends."""
        window = self.options.window
        return times if window is None else np.clip(times, *window)

    def with_events(self, data: Data) -> Data:
        """Leave out what a regression of counts learns nothing from, and say so."""
        _, estimated, column = self.columns(data)
        used, silent = with_events(data, self.code, column, len(estimated))
        if not self.options.event_study and silent.effects.any():
            raise EstimationError(
                f"{self.options.name}: not one incident in the programme's unit-periods (or none anywhere "
                "else in those periods): the logarithm of a rate ratio would be minus infinity",
                hint="likelihood='linear' with measure='rate' can estimate a difference",
            )
        panel, label = self.design.panel, self.design.panel.periods.label
        left_out = {
            "units": panel.units[silent.units],
            "periods": np.array([label(int(t)) for t in np.flatnonzero(silent.periods)]),
            "times": estimated[silent.effects],
        }
        notes = [
            Message(f"note-counts-silent-{kind}", {"count": len(labels), "named": names_of(labels)})
            for kind, labels in left_out.items()
            if len(labels)
        ]
        return data.without(~used, *notes)

    def notes(self, absorbed: list[str]) -> list[Message]:
        """What the method does that a reader should know."""
        notes, cohorts = [Message("note-twfe-comparison")], int(self.ever.sum())
        if cohorts > 1:
            notes.insert(0, Message("note-twfe-mixes", {"cohorts": cohorts}))
        if absorbed:
            notes.append(Message("note-twfe-absorbed", {"covariates": ", ".join(absorbed)}))
        window, times = self.options.window, self.times[np.broadcast_to(self.ever, self.times.shape)]
        if window is not None and (times != self._pool(times)).any():
            notes.append(Message("note-twfe-window", {"first": window[0], "last": window[1]}))
        if self.options.likelihood == "negative_binomial":
            notes.append(Message("note-counts-negative-binomial"))
        return notes


def _whole(values: object) -> tuple[int, ...]:
    """Whole numbers as a tuple; empty where they are something else."""
    try:
        return tuple(operator.index(value) for value in values)  # type: ignore[attr-defined]
    except TypeError:
        return ()
