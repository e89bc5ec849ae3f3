"""Group-time average treatment effects (Callaway & Sant'Anna 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._adjustment import Method
from preventeval.did._cells import BasePeriod, Cell, plan_cells
from preventeval.did._group_time import GroupTime, adjusted_effects, linear_effects, shares_of
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.uncertainty import Influence
from preventeval.words import Message

__all__ = ["CallawaySantAnna"]


@dataclass(frozen=True)
class CallawaySantAnna:
    """Effects of each cohort in each period, against units that are not treated then.

    The effect of the programme on cohort g in period t is the change in its outcome since
    its base period, less the change of the comparison group that the design names. It
    stands on parallel trends: without the programme both would have changed alike (given the
    covariates of the panel, where it has any, at their value in the earlier period).

    Standard errors come from influence functions, summed within the clusters of the design,
    without a small-sample factor. They charge averages for the estimated shares of the
    cohorts. Intervals refer to the t distribution with one degree of freedom less than there
    are treated clusters; with a single treated cluster there is none.

    Parameters
    ----------
    method
        How covariates are used: ``"doubly_robust"``, ``"regression"`` (of the outcome) or
        ``"inverse_probability"`` (weighting). Without covariates all three are the same.
    base_period
        ``"varying"``: effects before the start are changes from one period to the next.
        ``"universal"``: they are changes from the same base period as the effects after it.

    Raises
    ------
    EstimationError
        An option that is not known.

    References
    ----------
    Callaway, B. & Sant'Anna, P. H. C. (2021), https://doi.org/10.1016/j.jeconom.2020.12.001.
    Sant'Anna, P. H. C. & Zhao, J. (2020), https://doi.org/10.1016/j.jeconom.2020.06.003.

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
    >>> pe.CallawaySantAnna().fit(design).overall()
    EffectEstimate(CallawaySantAnna, overall, incidents: overall -3 [-4.656, -1.344])
    """

    method: Method = "doubly_robust"
    base_period: BasePeriod = "varying"
    name: ClassVar[str] = "CallawaySantAnna"
    references: ClassVar[tuple[str, ...]] = (
        "Callaway, B. & Sant'Anna, P. H. C. (2021). Difference-in-differences with multiple time periods. "
        "Journal of Econometrics 225, 200–230. https://doi.org/10.1016/j.jeconom.2020.12.001",
        "Sant'Anna, P. H. C. & Zhao, J. (2020). Doubly robust difference-in-differences estimators. "
        "Journal of Econometrics 219, 101–122. https://doi.org/10.1016/j.jeconom.2020.06.003",
    )

    def __post_init__(self) -> None:
        for option, value, known in (
            ("method", self.method, get_args(Method)),
            ("base_period", self.base_period, get_args(BasePeriod)),
        ):
            if value not in known:
                choices = ", ".join(repr(choice) for choice in known)
                raise EstimationError(
                    f"{self.name}: {option}={value!r} is not known: choose one of {choices}"
                )

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, against whom, and what is measured.

        Returns
        -------
        EffectEstimate
            One row per cohort and period. Cells without a base period, or without anyone to
            compare with, are left out and named in ``notes``.

        Raises
        ------
        EstimationError
            No cell can be estimated, or the covariates cannot be adjusted for.
        """
        used = design.weights > 0
        cohort = design.cohort[used]
        cells, impossible = plan_cells(
            np.unique(cohort),
            design.n_periods,
            comparison=design.comparison,
            base_period=self.base_period,
            anticipation=design.anticipation,
        )
        fitted, empty = self._estimate(design, used, cells)
        left_out = sorted(impossible + [(cell.cohort, cell.period) for cell in empty])
        if not (fitted.period >= fitted.cohort).any():
            raise EstimationError(
                f"{self.name}: no effect can be estimated: in every period after a start, either the base "
                "period or the comparison group is missing",
                hint="check the dates, or the comparison= of the design",
            )
        shares = fitted.source.shares
        return EffectEstimate(
            effect=fitted.effect,
            labels=pd.DataFrame(
                {
                    "cohort": fitted.cohort,
                    "period": fitted.period,
                    "event_time": fitted.period - fitted.cohort,
                }
            ),
            uncertainty=Influence(fitted.source, np.eye(fitted.source.size), df=_degrees_of_freedom(design)),
            scale=design.scale,
            recipe=Recipe(design, self),
            post=fitted.period >= fitted.cohort,
            sizes=shares.sizes,
            size_of=np.searchsorted(shares.starts[shares.estimated], fitted.cohort).astype(np.int64),
            notes=_notes(design, left_out),
            diagnostics=_diagnostics(fitted, len(left_out)),
        )

    def _estimate(
        self, design: StudyDesign, used: NDArray[np.bool_], cells: list[Cell]
    ) -> tuple[GroupTime, list[Cell]]:
        y = design.y if used.all() else design.y[used]
        names = tuple(design.panel.covariates)
        shares = shares_of(design.cohort[used], cells, design.weights[used], design.clusters[used])
        if not names and np.isfinite(y).all():
            return linear_effects(y, shares, cells), []
        label = design.panel.periods.label
        return adjusted_effects(
            y,
            design.covariates[used],
            shares,
            cells,
            method=self.method,
            names=names,
            describe=lambda cell: f"cohort {label(cell.cohort)} in {label(cell.period)}",
        )


def _notes(design: StudyDesign, left_out: list[tuple[int, int]]) -> tuple[Message, ...]:
    """Name the cells that have no estimate, and the cohorts whose own intervals are too narrow."""
    label = design.panel.periods.label
    notes = []
    clusters = [len(np.unique(design.clusters[design.cohort == start])) for start in design.cohorts]
    lone = [label(int(s)) for s, number in zip(design.cohorts, clusters, strict=True) if number == 1]
    if lone:
        notes.append(Message("note-lone-cohorts", {"count": len(lone), "cohorts": ", ".join(lone)}))
    if not left_out:
        return tuple(notes)
    named = [f"{label(cohort)} in {label(period)}" for cohort, period in left_out[:4]]
    more = f", … ({len(left_out)})" if len(left_out) > len(named) else ""
    cells = ", ".join(named) + more
    return (*notes, Message("note-cells-left-out", {"count": len(left_out), "cells": cells}))


def _degrees_of_freedom(design: StudyDesign) -> float:
    """Treated clusters less one: with few of them the normal distribution promises too much."""
    return float(len(np.unique(design.clusters[design.ever_treated])) - 1)


def _diagnostics(fitted: GroupTime, left_out: int) -> MappingProxyType[str, Any]:
    compared = fitted.comparison[fitted.period != [cell.base for cell in fitted.cells]]
    return MappingProxyType(
        {
            "fewest_treated_units": int(fitted.treated.min()),
            "most_treated_units": int(fitted.treated.max()),
            "fewest_comparison_units": int(compared.min()),
            "most_comparison_units": int(compared.max()),
            "cells": len(fitted.cells),
            "cells_left_out": left_out,
            "largest_propensity": fitted.largest_propensity,
        }
    )
