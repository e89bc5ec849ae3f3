"""From a design to a fitted regression with unit and period effects.

Shapes: n units, T periods, G groups, k effects of interest, p covariates that vary over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.design.starts import names_of
from preventeval.did._counts import scatter_of_counts
from preventeval.did._negative_binomial import fit_negative_binomial
from preventeval.did._parts import in_chunks
from preventeval.did._sandwich import Regression
from preventeval.did._terms import Terms
from preventeval.did._within import Linear, Poisson, UnsettledError, Weights, regress
from preventeval.errors import EstimationError, some_of
from preventeval.estimate.recipe import require_design
from preventeval.words import Message, Values

__all__ = [
    "Data",
    "Likelihood",
    "by_group",
    "clusters_among",
    "fit",
    "known_options",
    "read",
    "require_known",
    "require_several",
    "seen_twice",
    "still_moving",
    "with_events",
]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
Likelihood = Literal["linear", "poisson", "negative_binomial"]
#: How many effects an error message looks at.
_MOST_NAMED = 4


@dataclass(frozen=True, eq=False, slots=True)
class Data:
    """Outcomes as a likelihood sees them.

    Parameters
    ----------
    y
        Values or numbers of incidents, shape (n, T); anything where not used.
    exposure
        Of counts, shape (n, T); None where there is none.
    used
        Unit-periods that can enter, shape (n, T).
    notes
        What was left out.
    """

    y: Array
    exposure: Array | None
    used: Flags
    notes: tuple[Message, ...] = ()

    @property
    def offset(self) -> Array | float:
        """Logarithm of the exposure, shape (n, T), or 0."""
        return 0.0 if self.exposure is None else np.log(self.exposure)

    @property
    def complete(self) -> bool:
        """Whether every unit-period is used."""
        return bool(self.used.all())

    def weights(self, of_units: Array) -> Weights:
        """Weight of each unit-period, shape (n, T), 0 where not used, given those of units, shape (n,)."""
        if self.complete:
            return np.broadcast_to(of_units[:, None], self.y.shape)
        return self.used if (of_units == 1).all() else np.where(self.used, of_units[:, None], 0.0)

    def without(self, out: Flags, *notes: Message) -> Data:
        """The same without some unit-periods, shape (n, T) or broadcast to it."""
        return replace(self, used=self.used & ~out, notes=(*self.notes, *notes))


def read(design: StudyDesign, likelihood: Likelihood, name: str) -> Data:
    """Outcome and exposure of a design, and which unit-periods can be used.

    Parameters
    ----------
    design
        The design.
    likelihood
        ``"linear"`` takes the outcome as it is analysed, the others the incidents behind it,
        with the exposure of the panel (if it has one) as offset.
    name
        Of the estimator, for error messages.

    Returns
    -------
    Data

    Raises
    ------
    EstimationError
        A likelihood for counts, and an outcome without incidents behind it.
    """
    require_design(design, f"{name}().fit()")
    if likelihood == "linear":
        y = design.y
    elif design.incidents is not None:
        y = design.incidents
    else:
        raise EstimationError(
            f"{name}: likelihood={likelihood!r} is for numbers of incidents, and outcome "
            f"'{design.outcome}' has none behind it",
            hint="use measure='rate' or 'count' for numbers of incidents, or name them with counts='…'",
        )
    used = np.isfinite(y)
    for grid in design.panel.covariates.values():
        used &= np.isfinite(grid)
    if (design.weights == 0).any():
        used &= (design.weights > 0)[:, None]
    notes = _hide_anticipated(design, used)
    exposure = design.panel.exposure
    if likelihood == "linear" or exposure is None:
        return Data(y, None, used, tuple(notes))
    lost = used & np.isnan(exposure)
    if not lost.any():
        return Data(y, exposure, used, tuple(notes))
    if design.measure not in ("rate", "log_rate"):  # of a rate the design says so
        notes.append(Message("note-no-exposure", {"count": int(lost.sum())}))
    return Data(y, exposure, used & ~lost, tuple(notes))


def _hide_anticipated(design: StudyDesign, used: Flags) -> list[Message]:
    """Hide, and say so, periods in which units may anticipate a start after the end of the panel."""
    late = (design.cohort >= design.n_periods) & (design.cohort < design.n_periods + design.anticipation)
    if not late.any():
        return []
    begins = design.cohort[late, None] - design.anticipation
    used[late] &= np.arange(design.n_periods) < begins
    return [Message("note-anticipated-after-end", {"count": int(late.sum())})]


def seen_twice(data: Data, design: StudyDesign) -> Data:
    """Leave out units that are observed only once: their own level is all that they say.

    Parameters
    ----------
    data
        What is used so far.
    design
        Names the units.

    Returns
    -------
    Data
    """
    single = np.zeros(len(data.used), dtype=bool)
    if not data.complete or data.used.shape[1] == 1:
        single = data.used.sum(axis=1) == 1
    if not single.any():
        return data
    named: Values = {"count": int(single.sum()), "units": names_of(design.panel.units[single])}
    return data.without(single[:, None], Message("note-twfe-single", named))


@dataclass(frozen=True, eq=False, slots=True)
class Silent:
    """Where nothing ever happened.

    Parameters
    ----------
    units, periods, effects
        Flags, shapes (n,), (T,) and (k,).
    """

    units: Flags
    periods: Flags
    effects: Flags


def with_events(data: Data, code: Index, column: Index, n_effects: int) -> tuple[Flags, Silent]:
    """Take out what a regression of counts learns nothing from, until nothing changes.

    The level of a unit, of a period or the effect that unit-periods share would be minus infinity
    where there is no event.

    Parameters
    ----------
    data
        Counts.
    code
        Group of each unit, shape (n,).
    column
        Effect of each group in each period, shape (G, T); -1 for none.
    n_effects
        Number of effects, k.

    Returns
    -------
    used : ndarray of bool, shape (n, T)
    silent : Silent
    """
    n, n_periods = data.y.shape
    used, effects = data.used, np.zeros(n_effects, dtype=bool)
    units, periods = np.zeros(n, dtype=bool), np.zeros(n_periods, dtype=bool)
    while True:
        happened = used & (data.y > 0)
        events, rows = by_group(happened, code), by_group(used, code)
        none = [
            np.bincount(column.ravel() + 1, grid.ravel(), n_effects + 1)[1:] == 0 for grid in (events, rows)
        ]
        quiet_unit, quiet_period = ~happened.any(axis=1), events.sum(axis=0) == 0
        quiet_cell = np.append(none[0], False)[column] | quiet_period
        if not (quiet_unit.any() or quiet_cell.any()):
            return used, Silent(units, periods, effects)
        empty = used & (quiet_unit[:, None] | quiet_cell[code])
        if not empty.any():
            return used, Silent(units, periods, effects)
        units |= quiet_unit & used.any(axis=1)
        periods |= quiet_period & (rows.sum(axis=0) > 0)
        effects |= none[0] & ~none[1]
        used = used & ~empty


def by_group(grid: NDArray[Any], code: Index, used: Flags | None = None) -> Array:
    """Sums over the units of each group, shape (G, T).

    Parameters
    ----------
    grid
        Numbers or flags, shape (n, T).
    code
        Group of each unit, shape (n,).
    used
        Which of them count, shape (n, T); None for all.

    Returns
    -------
    ndarray, shape (G, T)
    """
    total, groups = np.zeros((int(code.max()) + 1, grid.shape[1])), np.arange(int(code.max()) + 1)[:, None]
    for rows in in_chunks(*grid.shape):
        part = grid[rows] if used is None else np.where(used[rows], grid[rows], 0.0)
        total += (code[rows] == groups).astype(np.float64) @ part.astype(np.float64, copy=False)
    return total


def clusters_among(design: StudyDesign, units: Flags) -> int:
    """How many clusters some units are in, flagged in shape (n,)."""
    return int(np.count_nonzero(np.bincount(design.clusters[units])))


def known_options(options: Any, **choices: Any) -> None:
    """Refuse options that are not among their choices.

    Parameters
    ----------
    options
        An estimator.
    **choices
        For each option the ``Literal`` that lists its choices.

    Raises
    ------
    EstimationError
        An option that is not known.
    """
    for option, literal in choices.items():
        value, known = getattr(options, option), get_args(literal)
        if value not in known:
            listed = ", ".join(repr(choice) for choice in known)
            raise EstimationError(f"{options.name}: {option}={value!r} is not known: choose one of {listed}")


def fit(
    data: Data, design: StudyDesign, terms: Terms, effects: Index, *, likelihood: Likelihood, what: str
) -> tuple[Regression, dict[str, Any]]:
    """Fit a regression.

    Parameters
    ----------
    data
        Outcomes, and what is used of them.
    design
        Has sampling weights and clusters.
    terms
        Regressors: period effects, then effects of interest, then own ones.
    effects
        Columns of the effects of interest, shape (k,).
    likelihood
        Of the outcomes.
    what
        Name of the estimator, for error messages.

    Returns
    -------
    model : Regression
        Of the effects that the data determine.
    diagnostics : dict
        Dispersion of counts; empty for least squares.

    Raises
    ------
    EstimationError
        No finite best value of a coefficient, or one treated and one comparison unit.
    """
    require_several(data, design, what)
    weights, theta, nuisance = data.weights(design.weights), {}, None
    try:
        if likelihood == "negative_binomial":
            fitted, theta["theta"], nuisance = fit_negative_binomial(
                data.y, weights, data.exposure, terms, effects, what=what
            )
        else:
            fitted = regress(
                data.y,
                weights=weights,
                exposure=data.exposure,
                terms=terms,
                family=Linear() if likelihood == "linear" else Poisson(),
                what=what,
            )
    except UnsettledError as problem:
        varying = list(design.panel.covariates) if terms.own.shape[2] else []
        raise still_moving(problem, terms, design, varying) from problem
    known = np.isfinite(fitted.coefficients[effects])
    if nuisance is not None:
        nuisance = nuisance[0], nuisance[1][known]
    k = int(known.sum()) + terms.own.shape[2]
    model = Regression(
        fitted, data.used, terms, effects[known], k, design.clusters, likelihood == "linear", nuisance
    )
    if likelihood == "linear":
        return model, {}
    degrees = model.rows - terms.size - int(model.units.sum())
    return model, {**scatter_of_counts(data.y, fitted.scatter, degrees), **theta}


def require_known(model: Regression, columns: Index, names: Sequence[str], *, what: str, hint: str) -> None:
    """Refuse coefficients that the other regressors determine.

    Parameters
    ----------
    model
        The regression.
    columns
        Coefficients, shape (m,).
    names
        What they are of.
    what
        Name of the estimator, for error messages.
    hint
        What to do about it.

    Raises
    ------
    EstimationError
        A coefficient that the data do not tell apart from the others.
    """
    unknown = np.isnan(model.fit.coefficients[columns])
    if unknown.any():
        named = ", ".join(name for name, out in zip(names, unknown, strict=True) if out)
        raise EstimationError(
            f"{what}: {named} cannot be told apart from unit effects, period effects and each other",
            hint=hint,
        )


def require_several(data: Data, design: StudyDesign, what: str) -> None:
    """Refuse one treated against one comparison unit.

    Parameters
    ----------
    data
        What is used.
    design
        Says who is treated.
    what
        Name of the estimator, for error messages.

    Raises
    ------
    EstimationError
        One treated and one comparison unit with data, or fewer.
    """
    seen = data.used.any(axis=1)
    treated = int((seen & design.ever_treated).sum())
    if treated <= 1 and int(seen.sum()) - treated <= 1:
        raise EstimationError(
            f"{what}: {treated} treated and {int(seen.sum()) - treated} comparison units with data in two "
            "periods or more are too few: a panel estimator judges the spread by differences between units",
            hint="totals before and after, in one treated and one comparison area, need the methods for "
            "totals (weighted displacement difference, relative incident rate ratio), which are not panel "
            "estimators",
        )


def still_moving(
    problem: UnsettledError, terms: Terms, design: StudyDesign, covariates: Sequence[str]
) -> EstimationError:
    """Say in the words of a design which effects have no finite best value.

    Parameters
    ----------
    problem
        What went wrong.
    terms
        What was regressed on.
    design
        Names units and periods.
    covariates
        Names of the covariates in the regression.

    Returns
    -------
    EstimationError
        To be raised.
    """
    if covariates:
        return EstimationError(
            f"{problem.message}, with covariates {some_of(covariates)} in it",
            hint="leave covariates out one at a time: where one separates unit-periods with incidents from "
            "those without, no finite effect of it fits best",
        )
    places = dict[str, None]()
    for column in problem.columns[:_MOST_NAMED].tolist():
        concerned = terms.shared[:, :, column] != 0
        groups, periods = np.flatnonzero(concerned.any(axis=1)), np.flatnonzero(concerned.any(axis=0))
        starts = np.unique(design.cohort[np.isin(terms.code, groups)])
        first, when = (
            names_of(
                np.array([design.panel.periods.label(at) for at in of.tolist() if at < design.n_periods])
            )
            for of in (starts, periods)
        )
        whose = "everyone" if len(groups) == len(concerned) else f"units that start in {first}"
        places[f"{whose} in {when}"] = None
    return EstimationError(
        f"{problem.message}; effects still move for {'; '.join(places)}",
        hint="look at the incidents (and the exposure) there: an effect has no finite best value where one "
        "side of its comparison has no incident",
    )
