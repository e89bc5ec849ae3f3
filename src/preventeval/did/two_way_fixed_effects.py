"""Two-way fixed effects: the regression that most published evaluations report."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.uncertainty import Covariance
from preventeval.words import Message

__all__ = ["TwoWayFixedEffects", "Vcov"]

Array = NDArray[np.float64]
Vcov = Literal["clustered", "robust", "unadjusted"]


@dataclass(frozen=True)
class TwoWayFixedEffects:
    """A regression on unit effects, period effects and an indicator of treatment.

    Kept for comparison with published work: where starts differ between units and effects
    differ between cohorts or over time, its coefficients mix comparisons that no one asked
    for (Goodman-Bacon 2021), and a note says so.

    The covariance is multiplied by G / (G − 1) × (n − 1) / (n − K) with G clusters, n
    unit-periods and K coefficients, where unit effects do not count (they are nested in the
    clusters) and period effects do; intervals refer to t with G − 1 degrees of freedom. For
    ``"robust"`` and ``"unadjusted"`` the factor is n / (n − K), K counts unit effects too, and
    t has n − K. These are the defaults of R's fixest.

    Parameters
    ----------
    event_study
        One effect per event time in place of a single one.
    reference
        Event times that effects are measured against, less the anticipation of the design;
        never treated units belong to them. Where every unit is treated in the end, one is
        not enough.
    vcov
        ``"clustered"`` by the clusters of the design, ``"robust"`` (to heteroskedasticity
        alone) or ``"unadjusted"``.

    Raises
    ------
    EstimationError
        An option that is not known.

    References
    ----------
    Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing.
    Journal of Econometrics 225, 254–277. https://doi.org/10.1016/j.jeconom.2021.03.014

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
    """

    event_study: bool = False
    reference: Sequence[int] = (-1,)
    vcov: Vcov = "clustered"
    name: ClassVar[str] = "TwoWayFixedEffects"
    references: ClassVar[tuple[str, ...]] = (
        "Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing. "
        "Journal of Econometrics 225, 254–277. https://doi.org/10.1016/j.jeconom.2021.03.014",
    )

    def __post_init__(self) -> None:
        if self.vcov not in get_args(Vcov):
            choices = ", ".join(repr(choice) for choice in get_args(Vcov))
            raise EstimationError(f"{self.name}: vcov={self.vcov!r} is not known: choose one of {choices}")
        try:
            times = tuple(operator.index(time) for time in self.reference)
        except TypeError:
            times = ()
        if not times:
            raise EstimationError(
                f"{self.name}: reference={self.reference!r}: expected event times, such as (-1,)"
            )
        object.__setattr__(self, "reference", times)

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
            An effect that the unit and period effects already determine.
        """
        ever = np.broadcast_to(design.ever_treated[:, None], design.y.shape)
        times = np.arange(design.n_periods) - np.where(ever, design.cohort[:, None], 0)
        used, notes = self._sample(design, times, ever)
        shown, estimated = self._event_times(design, times[used & ever])
        programme = ((times == estimated[:, None, None]) if self.event_study else (times >= 0)[None]) & ever
        varying = {name: x for name, x in design.panel.covariates.items() if _varies(x, used)}
        absorbed = [name for name in design.panel.covariates if name not in varying]
        if absorbed:
            notes.append(Message("note-twfe-absorbed", {"covariates": ", ".join(absorbed)}))
        names = [f"event time {time}" if self.event_study else "the programme" for time in estimated]
        rows = _Rows.of(design, used, np.stack([*programme.astype(np.float64), *varying.values()], axis=2))
        rows.require_identified([*names, *(f"covariate '{name}'" for name in varying)])
        coefficients, cov, df = rows.regress(self.vcov)
        # Zeros for the reference, the coefficients of the programme at their place.
        place = (shown[:, None] == estimated).astype(np.float64)
        k = len(estimated)
        return EffectEstimate(
            effect=place @ coefficients[:k],
            labels=pd.DataFrame({"event_time": shown}) if self.event_study else pd.DataFrame(index=[0]),
            uncertainty=Covariance(place @ cov[:k, :k] @ place.T, df),
            scale=design.scale,
            recipe=Recipe(design, self),
            of="event_time" if self.event_study else "overall",
            post=shown >= 0,
            notes=tuple(notes),
            diagnostics=rows.diagnostics(df),
        )

    def _event_times(
        self, design: StudyDesign, times: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Event times that get a row, and those that get a coefficient; 0 alone if static."""
        if not self.event_study:
            return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
        shown = np.unique(times)
        return shown, shown[~np.isin(shown, np.array(self.reference) - design.anticipation)]

    def _sample(
        self, design: StudyDesign, times: NDArray[np.int64], ever: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], list[Message]]:
        """Unit-periods that enter, shape (n_units, n_periods), and notes on what does not."""
        used = np.isfinite(design.y) & np.isfinite(design.covariates).all(axis=2)
        used &= (design.weights > 0)[:, None]
        notes = [Message("note-twfe-comparison")]
        if len(design.cohorts) > 1:
            notes.insert(0, Message("note-twfe-mixes", {"cohorts": len(design.cohorts)}))
        early = used & ever & (times < 0) & (times >= -design.anticipation)
        if early.any() and not self.event_study:
            notes.append(Message("note-twfe-anticipation", {"count": int(early.sum())}))
            used &= ~early
        single = used.sum(axis=1) == 1
        if single.any():
            units = ", ".join(str(unit) for unit in design.panel.units[single][:6])
            notes.append(Message("note-twfe-single", {"count": int(single.sum()), "units": units}))
            used[single] = False
        return used, notes


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """The regression's rows: one per unit and period that enters."""

    unit: NDArray[np.int64]
    period: NDArray[np.int64]
    y: Array
    x: Array
    weights: Array
    clusters: NDArray[np.int64]

    @staticmethod
    def of(design: StudyDesign, used: NDArray[np.bool_], x: Array) -> _Rows:
        unit, period = np.nonzero(used)
        return _Rows(unit, period, design.y[used], x[used], design.weights[unit], design.clusters[unit])

    def require_identified(self, names: list[str]) -> None:
        """Refuse a regressor that unit effects, period effects and the others determine."""
        k, clusters = self.coefficients("unadjusted"), len(np.unique(self.clusters))
        if len(self.y) <= k or clusters < 2:
            raise EstimationError(
                f"TwoWayFixedEffects: {len(self.y)} unit-periods in {clusters} clusters are too few for "
                f"{k} coefficients, unit and period effects among them"
            )
        left = _without_effects(self.x, self.unit, self.period)
        triangle = np.linalg.qr(left, mode="r")
        size = np.linalg.norm(self.x - self.x.mean(axis=0), axis=0)
        for column, name in enumerate(names):
            if column >= len(triangle) or abs(triangle[column, column]) <= 1e-8 * max(size[column], 1e-300):
                raise EstimationError(
                    f"TwoWayFixedEffects: {name} cannot be told apart from unit effects, period effects and "
                    "the regressors before it",
                    hint="where every unit is treated in the end, an event study needs more event times as "
                    "reference=(…); otherwise leave the covariate out",
                )

    def regress(self, vcov: Vcov) -> tuple[Array, Array, float]:
        """Coefficients, shape (k,), their covariance, shape (k, k), and degrees of freedom."""
        from linearmodels.panel import PanelOLS

        index = pd.MultiIndex.from_arrays([self.unit, self.period], names=["unit", "period"])
        model = PanelOLS(
            pd.Series(self.y, index=index, name="y"),
            pd.DataFrame(self.x, index=index, columns=[f"x{j}" for j in range(self.x.shape[1])]),
            entity_effects=True,
            time_effects=True,
            weights=pd.Series(self.weights, index=index, name="weights"),
            check_rank=False,
        )
        n, k, clusters = len(self.y), self.coefficients(vcov), len(np.unique(self.clusters))
        # The library's own small-sample factor counts the unit effects, which are nested in
        # the clusters; it is turned off and the stated one is applied.
        options: dict[str, Any] = {"debiased": False, "auto_df": False, "count_effects": False}
        factor, df = n / (n - k), n - k
        if vcov == "clustered":
            options["clusters"] = pd.DataFrame({"cluster": self.clusters}, index=index)
            factor, df = clusters / (clusters - 1) * (n - 1) / (n - k), clusters - 1
        result = model.fit(cov_type=vcov, **options)
        return result.params.to_numpy(), result.cov.to_numpy() * factor, float(df)

    def coefficients(self, vcov: Vcov) -> int:
        """How many coefficients the small-sample factor counts."""
        counted = int(self.x.shape[1]) + len(np.unique(self.period))
        return counted if vcov == "clustered" else counted + len(np.unique(self.unit)) - 1

    def diagnostics(self, df: float) -> MappingProxyType[str, Any]:
        return MappingProxyType(
            {
                "unit_periods": len(self.y),
                "units": len(np.unique(self.unit)),
                "clusters": len(np.unique(self.clusters)),
                "df": df,
            }
        )


def _varies(x: Array, used: NDArray[np.bool_]) -> bool:
    """Whether a covariate varies over time within some unit, where it is used."""
    seen = np.where(used, x, np.nan)
    rows = seen[used.any(axis=1)]
    return bool((np.nanmax(rows, axis=1) > np.nanmin(rows, axis=1)).any())


def _without_effects(x: Array, unit: NDArray[np.int64], period: NDArray[np.int64]) -> Array:
    """What unit and period effects leave of regressors, shape (n, k): exact, gaps or not."""
    units, periods = (np.unique(codes, return_inverse=True)[1] for codes in (unit, period))
    seen = np.zeros((units.max() + 1, periods.max() + 1))
    seen[units, periods] = 1.0
    per_unit = seen.sum(axis=1)
    within = np.diag(seen.sum(axis=0)) - seen.T @ (seen / per_unit[:, None])
    solve = np.linalg.pinv(within, hermitian=True)
    result = np.empty_like(x)
    for column in range(x.shape[1]):
        own = x[:, column]
        left = own - (np.bincount(units, own) / per_unit)[units]
        left = own - (solve @ np.bincount(periods, left))[periods]
        result[:, column] = left - (np.bincount(units, left) / per_unit)[units]
    return result
