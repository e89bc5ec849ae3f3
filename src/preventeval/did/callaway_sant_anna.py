"""Group-time average treatment effects (Callaway & Sant'Anna 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._adjustment import Method
from preventeval.did._blocks import Sample, adjusted_effects
from preventeval.did._cell_data import CellData, Shares
from preventeval.did._cells import BasePeriod, Cell, plan_cells
from preventeval.did._degrees import degrees_of_freedom, lone_comparison
from preventeval.did._group_time import GroupTime, linear_effects, sort_starts
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.estimate.recipe import require_design
from preventeval.uncertainty import Influence
from preventeval.words import Message, Values

__all__ = ["CallawaySantAnna"]

Index = NDArray[np.int64]
#: What a user is told of cells whose covariates could not be adjusted for.
_NOTE_OF = {
    "separated": Message("note-cells-separated"),
    "collinear": Message("note-cells-collinear"),
    "too_few": Message("note-cells-too-few"),
}


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
    are treated or, if fewer, comparison clusters; with a single treated cluster there is none.

    Parameters
    ----------
    method
        How covariates are used: ``"doubly_robust"``, ``"regression"`` (of the outcome) or
        ``"inverse_probability"`` (weighting, with weights that sum to one). By name there are
        also ``"doubly_robust_improved"`` (Sant'Anna & Zhao's locally efficient estimator whose
        interval is doubly robust as well) and ``"horvitz_thompson"`` (weights as they come).
        Without covariates all are the same.
    base_period
        ``"varying"``: effects before the start are changes from one period to the next.
        ``"universal"``: they are changes from the same base period as the effects after it.
    sample
        ``"pairwise"``: a cell uses the units that are observed in both of its periods.
        ``"all_rows"``: it uses everything that is known in either, as in repeated
        cross-sections, where each respondent is a unit that is seen once (R's ``did`` does so
        in panels with gaps too).

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
    sample: Sample = "pairwise"
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
            ("sample", self.sample, get_args(Sample)),
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
            One row per cohort and period. Cells without a base period, without anyone to compare
            with, or whose covariates cannot be adjusted for are left out and named in ``notes``.
            ``diagnostics["rows_lost"]`` has, by row, how many unit-periods of its cohort and its
            comparison units are known in its two periods, but not used.

        Raises
        ------
        EstimationError
            No effect after a start can be estimated.
        """
        require_design(design, f"{self.name}().fit()")
        used = design.weights > 0
        _require_spread(used)
        starts, code = sort_starts(_of(design.cohort, used), design.n_periods + design.anticipation)
        cells, impossible = plan_cells(
            starts,
            design.n_periods,
            comparison=design.comparison,
            base_period=self.base_period,
            anticipation=design.anticipation,
        )
        if not any(cell.period >= cell.cohort for cell in cells):
            raise self._no_cell()
        estimated = np.searchsorted(starts, sorted({cell.cohort for cell in cells}))
        shares = Shares(starts, code, estimated, _of(design.weights, used), _of(design.clusters, used))
        fitted = self._estimate(design, used, shares, cells)
        left_out = sorted(impossible + [(cell.cohort, cell.period) for cell in fitted.empty])
        cohorts, periods = fitted.cohort, fitted.period
        if not (periods >= cohorts).any():
            raise self._nothing(fitted)
        lost = _rows_lost(fitted)
        return EffectEstimate(
            effect=fitted.effect,
            labels=pd.DataFrame({"cohort": cohorts, "period": periods, "event_time": periods - cohorts}),
            uncertainty=Influence(
                fitted.source, np.eye(fitted.source.size), df=degrees_of_freedom(design, used)
            ),
            scale=design.scale,
            recipe=Recipe(design, self),
            post=periods >= cohorts,
            sizes=shares.sizes,
            size_of=np.searchsorted(shares.starts[shares.estimated], cohorts).astype(np.int64),
            notes=_notes(design, fitted, left_out, lost),
            diagnostics=_diagnostics(fitted, len(left_out), lost),
        )

    def _estimate(
        self, design: StudyDesign, used: NDArray[np.bool_], shares: Shares, cells: list[Cell]
    ) -> GroupTime:
        names = tuple(design.panel.covariates)
        grids = tuple(_of(grid, used) for grid in design.panel.covariates.values())
        # Side by side in memory: units are taken out of it many times.
        data = CellData(np.ascontiguousarray(_of(design.y, used)), grids, shares)
        if not names and (data.complete or self.sample == "all_rows"):
            return linear_effects(data, cells)
        label = design.panel.periods.label

        def describe(some: list[Cell]) -> str:
            first, last = label(some[0].period), label(some[-1].period)
            until = f" to {last}" if len(some) > 1 else ""
            return f"cohort {label(some[0].cohort)} in {first}{until}"

        return adjusted_effects(
            data, cells, method=self.method, sample=self.sample, names=names, describe=describe
        )

    def _nothing(self, fitted: GroupTime) -> EstimationError:
        """Why there is no effect after a start."""
        if fitted.failed:
            problem = fitted.failed[0][1]
            return EstimationError(f"{self.name}: {problem.message}", hint=problem.hint)
        data = fitted.source.data
        if self.sample == "pairwise" and not data.complete and data.seen.sum(axis=0).max() < 2:
            return EstimationError(
                f"{self.name}: every unit is observed in one period only, as in repeated cross-sections, so "
                "that there is no change within a unit to compare",
                hint="use sample='all_rows', or average the respondents by area and period",
            )
        return self._no_cell()

    def _no_cell(self) -> EstimationError:
        return EstimationError(
            f"{self.name}: no effect can be estimated: in every period after a start, either the base "
            "period or the comparison group is missing",
            hint="check the dates, or the comparison= of the design",
        )


def _of(values: NDArray[Any], used: NDArray[np.bool_]) -> NDArray[Any]:
    """Values of the units that are used, without a copy where all are."""
    return values if used.all() else values[used]


def _require_spread(used: NDArray[np.bool_]) -> None:
    """Refuse one treated and one comparison unit: nothing says how much a unit varies by itself."""
    if int(used.sum()) > 2:
        return
    raise EstimationError(
        "CallawaySantAnna: one treated and one comparison unit leave nothing to judge the spread of "
        "units by: an estimator for panels needs several of each",
        hint="totals before and after in two places need a method for totals, which takes its spread from "
        "the counts themselves: the weighted displacement difference, or the relative incident rate ratio",
    )


def _rows_lost(fitted: GroupTime) -> Index:
    """Rows of each cell's units that are known but not used, shape (k,)."""
    data = fitted.source.data
    counts, starts = data.counts, data.shares.starts
    lost = np.zeros(len(fitted.cells), dtype=np.int64)
    if data.complete:
        return lost
    for position, cell in enumerate(fitted.cells):
        if cell.period != cell.base:
            group = cell.comparison | (starts == cell.cohort)
            known = counts[group][:, [cell.period, cell.base]].sum()
            lost[position] = known - fitted.rows[position]
    return lost


def _notes(
    design: StudyDesign, fitted: GroupTime, left_out: list[tuple[int, int]], lost: Index
) -> tuple[Message, ...]:
    """Name the cells that have no estimate, and the cohorts whose own intervals are too narrow."""
    label = design.panel.periods.label
    notes = lone_comparison(design, design.weights > 0)
    shares = fitted.source.shares
    lone = [
        label(int(shares.starts[code]))
        for code in shares.estimated
        if _distinct(shares.clusters[shares.members[code]]) == 1
    ]
    if lone:
        notes.append(Message("note-lone-cohorts", {"count": len(lone), "cohorts": ", ".join(lone)}))
    if left_out:
        values: Values = {"count": len(left_out), "cells": _named(design, left_out)}
        notes.append(Message("note-cells-left-out", values))
    for reason, message in _NOTE_OF.items():
        of_reason = [(cells, problem) for cells, problem in fitted.failed if problem.reason == reason]
        if of_reason:
            failed = sorted((cell.cohort, cell.period) for cells, _ in of_reason for cell in cells)
            named = dict.fromkeys(name for _, problem in of_reason for name in problem.covariates)
            values = {"count": len(failed), "cells": _named(design, failed), "covariates": ", ".join(named)}
            notes.append(replace(message, values=values))
    if lost.any():
        worst = int(lost.argmax())
        cell = fitted.cells[worst]
        values = {
            "count": int((lost > 0).sum()),
            "most": int(lost[worst]),
            "rows": int(lost[worst] + fitted.rows[worst]),
            "cell": _named(design, [(cell.cohort, cell.period)]),
        }
        notes.append(Message("note-rows-lost", values))
    return tuple(notes)


def _named(design: StudyDesign, cells: list[tuple[int, int]]) -> str:
    """The first few of many cells."""
    label = design.panel.periods.label
    named = [f"{label(cohort)} in {label(period)}" for cohort, period in cells[:4]]
    return ", ".join(named) + (f", … ({len(cells)})" if len(cells) > len(named) else "")


def _distinct(codes: Index) -> int:
    """How many clusters there are among these."""
    return int(np.count_nonzero(np.bincount(codes)))


def _diagnostics(fitted: GroupTime, left_out: int, lost: Index) -> MappingProxyType[str, Any]:
    compared = fitted.comparison[fitted.period != [cell.base for cell in fitted.cells]]
    failed = sum(len(cells) for cells, _ in fitted.failed)
    return MappingProxyType(
        {
            "fewest_treated_units": int(fitted.treated.min()),
            "most_treated_units": int(fitted.treated.max()),
            "fewest_comparison_units": int(compared.min()),
            "most_comparison_units": int(compared.max()),
            "cells": len(fitted.cells),
            "cells_left_out": left_out + failed,
            "rows_lost": tuple(lost.tolist()),
            "largest_propensity": fitted.largest_propensity,
        }
    )
