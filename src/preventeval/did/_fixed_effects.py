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
from preventeval.did._counts import dispersion
from preventeval.did._negative_binomial import fit_negative_binomial
from preventeval.did._sandwich import Regression
from preventeval.did._within import Fit, Linear, Poisson, Terms, regress
from preventeval.errors import EstimationError
from preventeval.words import Message, Values

__all__ = [
    "Data",
    "Likelihood",
    "by_group",
    "fit",
    "known_options",
    "read",
    "require_known",
    "seen_twice",
    "varying_covariates",
    "with_events",
]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
Likelihood = Literal["linear", "poisson", "negative_binomial"]


@dataclass(frozen=True, eq=False, slots=True)
class Data:
    """Outcomes as a likelihood sees them.

    Parameters
    ----------
    y
        Values or numbers of incidents, shape (n, T); anything where not used.
    offset
        Logarithm of the exposure, shape (n, T), or 0.
    used
        Unit-periods that can enter, shape (n, T).
    notes
        What was left out.
    """

    y: Array
    offset: Array | float
    used: Flags
    notes: tuple[Message, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every unit-period is used."""
        return bool(self.used.all())

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
    y, exposure = design.y, design.panel.exposure
    if likelihood != "linear":
        if design.incidents is None:
            raise EstimationError(
                f"{name}: likelihood={likelihood!r} is for numbers of incidents, and outcome "
                f"'{design.outcome}' has none behind it",
                hint="use measure='rate' or 'count' for numbers of incidents, or name them with counts='…'",
            )
        y = design.incidents
    used = np.isfinite(y)
    if design.panel.covariates:
        used &= np.isfinite(design.covariates).all(axis=2)
    if (design.weights == 0).any():
        used &= (design.weights > 0)[:, None]
    if likelihood == "linear" or exposure is None:
        return Data(y, 0.0, used)
    lost, notes = used & ~np.isfinite(exposure), list[Message]()
    if lost.any() and design.measure not in ("rate", "log_rate"):  # of a rate the design says so
        notes.append(Message("note-no-exposure", {"count": int(lost.sum())}))
    with np.errstate(invalid="ignore"):
        return Data(y, np.log(exposure), used & ~lost, tuple(notes))


def varying_covariates(design: StudyDesign, used: Flags) -> tuple[list[str], Array, list[str]]:
    """Covariates that vary over time within some unit, less their mean in each unit.

    Parameters
    ----------
    design
        Has the covariates.
    used
        Unit-periods that enter, shape (n, T).

    Returns
    -------
    names : list of str
    values : ndarray, shape (n, T, p)
        With mean 0 in each unit and mean square 1; 0 where not used.
    constant : list of str
        Covariates that do not vary over time: unit effects take them up.
    """
    names, grids, constant = list[str](), list[Array](), list[str]()
    counts = np.maximum(used.sum(axis=1, keepdims=True), 1)
    for name, grid in design.panel.covariates.items():
        first = np.take_along_axis(grid, used.argmax(axis=1)[:, None], axis=1)
        moved = np.where(used, grid - first, 0.0)
        if not moved.any():
            constant.append(name)
            continue
        moved = np.where(used, moved - moved.sum(axis=1, keepdims=True) / counts, 0.0)
        names.append(name)
        grids.append(moved / np.sqrt((moved**2).sum() / used.sum()))
    values = np.stack(grids, axis=2) if grids else np.zeros((*used.shape, 0))
    return names, values, constant


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
    counts = np.where(used, data.y, 0.0)
    while True:
        events, rows = by_group(counts, code), by_group(used, code)
        none = [
            np.bincount(column.ravel() + 1, grid.ravel(), n_effects + 1)[1:] == 0 for grid in (events, rows)
        ]
        quiet_unit, quiet_period = counts.sum(axis=1) == 0, events.sum(axis=0) == 0
        quiet_cell = np.append(none[0], False)[column] | quiet_period
        empty = used & (quiet_unit[:, None] | quiet_cell[code])
        if not empty.any():
            return used, Silent(units, periods, effects)
        units |= quiet_unit & used.any(axis=1)
        periods |= quiet_period & (rows.sum(axis=0) > 0)
        effects |= none[0] & ~none[1]
        used = used & ~empty
        counts = np.where(used, counts, 0.0)


def by_group(grid: NDArray[Any], code: Index) -> Array:
    """Sums over the units of each group, shape (G, T)."""
    return np.stack([grid[code == group].sum(axis=0) for group in range(int(code.max()) + 1)]).astype(float)


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
    _require_several(data, design, what)
    weight = np.broadcast_to(design.weights[:, None], data.y.shape)
    if not data.complete:
        weight = np.where(data.used, weight, 0.0)
    nuisance, theta = None, {}
    if likelihood == "negative_binomial":
        fitted, theta["theta"], nuisance = fit_negative_binomial(
            data.y, weight, data.offset, terms, effects, what=what
        )
    elif likelihood == "linear" and not terms.own.shape[2] and data.complete:
        fitted = _folded(data.y, design.weights, terms, what)
    else:
        family = Linear() if likelihood == "linear" else Poisson()
        fitted = regress(data.y, weights=weight, offset=data.offset, terms=terms, family=family, what=what)
    known = np.isfinite(fitted.coefficients[effects])
    if nuisance is not None:
        nuisance = nuisance[0], nuisance[1][known]
    k = int(known.sum()) + terms.own.shape[2]
    model = Regression(fitted, terms, effects[known], k, design.clusters, likelihood == "linear", nuisance)
    if likelihood == "linear":
        return model, {}
    mean = np.ones(data.y.shape)
    mean[data.used] = np.exp(fitted.eta[data.used])
    levels = int(data.used.any(axis=1).sum())
    return model, {**dispersion(data.y, mean, weight, terms.size + levels), **theta}


def _folded(y: Array, weights: Array, terms: Terms, what: str) -> Fit:
    """Least squares where nothing is missing: of the mean of each group, which has the same coefficients.

    Units of a group share their regressors, and one weight per unit leaves unit effects and period
    means to be taken out of the mean of the group in place of each of its units.
    """
    groups, n_periods = terms.shared.shape[:2]
    total = np.bincount(terms.code, weights, groups)
    alike = bool((weights == weights[0]).all())
    sums = by_group(y, terms.code) * weights[0] if alike else by_group(y * weights[:, None], terms.code)
    folded = replace(
        terms, code=np.arange(groups), factors=np.zeros((groups, 0)), own=np.zeros((groups, n_periods, 0))
    )
    weight = np.repeat(total[:, None], n_periods, axis=1)
    fit = regress(sums / total[:, None], weights=weight, offset=0.0, terms=folded, family=Linear(), what=what)
    residual = y - (fit.eta - fit.levels)[terms.code]
    levels = residual.mean(axis=1, keepdims=True)
    residual -= levels
    eta = y - residual
    if not alike:
        residual *= weights[:, None]
    return replace(
        fit, levels=levels, eta=eta, residual=residual, curvature=np.broadcast_to(weights[:, None], y.shape)
    )


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


def _require_several(data: Data, design: StudyDesign, what: str) -> None:
    """Refuse one treated against one comparison unit."""
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
