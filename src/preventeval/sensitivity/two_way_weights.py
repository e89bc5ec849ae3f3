"""Can a two-way fixed-effects regression be trusted here? What its one coefficient is made of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import DesignError, PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.recipe import require_design, require_estimate
from preventeval.sensitivity.finding import Finding, Verdict, could_not_run
from preventeval.words import Message, Values

__all__ = ["TwoWayWeights", "goodman_bacon", "treated_weights", "two_way_weights"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: Comparisons with units already in the programme may weigh this much, and negative weights
#: may sum to this much, before the regression counts as mixed.
_MOST_LATER, _MOST_NEGATIVE = 0.10, 0.01
#: Weights sum to 1 over the treated cells: one this small is rounding.
_ROUNDING = 1e-10
_KINDS = ("treated against never treated", "earlier against later", "later against earlier")
#: The note with which an estimator says that it is such a regression.
_OWN_NOTE = "note-twfe-comparison"


def goodman_bacon(design: StudyDesign) -> pd.DataFrame:
    """Take the static two-way fixed-effects coefficient apart into two-by-two comparisons.

    The coefficient of one treatment indicator beside unit and period effects is a weighted
    average of all comparisons of two cohorts over the periods in which only one of them
    changes its treatment. Where the later cohort of two changes, the earlier one, which is in
    the programme already, serves as its comparison: what the effect of the earlier cohort does
    meanwhile is subtracted.

    Parameters
    ----------
    design
        Who was treated when, and what is measured. Sampling weights enter as weights of the
        units.

    Returns
    -------
    DataFrame
        One row per comparison: ``treated`` and ``compared_with`` (label of the first treated
        period, or ``"never treated"``: not within the periods of the design), ``kind``
        (``"treated against never treated"``, ``"earlier against later"`` or
        ``"later against earlier"``), ``weight``, ``estimate`` on ``scale``. Weights sum to 1,
        and ``weight`` times ``estimate`` to the coefficient.

    Raises
    ------
    DesignError
        A unit-period is missing or left out (anticipation), or a covariate varies within
        units: the theorem does not hold then.

    References
    ----------
    Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing.
    Journal of Econometrics 225, 254-277. https://doi.org/10.1016/j.jeconom.2021.03.014,
    Theorem 1, equations 10a to 10g.

    Examples
    --------
    >>> import preventeval as pe
    >>> table = pe.sensitivity.goodman_bacon(pe.example_design())
    >>> table.groupby("kind")["weight"].sum().round(3).to_dict()
    {'earlier against later': 0.069, 'later against earlier': 0.069, 'treated against never treated': 0.862}
    """
    require_design(design, "goodman_bacon()")
    problem = _obstacle(design)
    if problem is not None:
        raise DesignError(
            f"the coefficient cannot be taken apart into two-by-two comparisons: {problem}",
            hint="treated_weights() works on such designs too",
        )
    weighed = design.weights > 0
    weights = design.weights[weighed]
    starts, code = np.unique(np.minimum(design.cohort[weighed], design.n_periods), return_inverse=True)
    share = np.bincount(code, weights) / weights.sum()
    y = design.y[weighed]
    members = [code == number for number in range(len(starts))]
    means = np.stack([np.average(y[own], axis=0, weights=weights[own]) for own in members])
    pairs, weight, estimate = _comparisons(means, starts, share)
    label = {int(start): design.panel.periods.label(int(start)) for start in starts}
    label[design.n_periods] = "never treated"
    kinds = np.where(pairs[:, 1] == design.n_periods, 0, np.where(pairs[:, 0] < pairs[:, 1], 1, 2))
    table = pd.DataFrame(
        {
            "treated": [label[start] for start in pairs[:, 0]],
            "compared_with": [label[start] for start in pairs[:, 1]],
            "kind": np.array(_KINDS)[kinds],
            "weight": weight,
            "estimate": estimate,
            "scale": design.scale.name,
        }
    )
    return table.iloc[np.lexsort((pairs[:, 1], pairs[:, 0], kinds))].reset_index(drop=True)


def _comparisons(means: Array, starts: Index, share: Array) -> tuple[Index, Array, Array]:
    """All two-by-two comparisons of cohorts.

    A cohort with share n and start g is treated for a fraction D of the T periods; the never
    treated have g = T and D = 0, and are then the later of two. Of an earlier cohort k and a
    later l, the weights are n_k n_l (D_k - D_l) times 1 - D_k where k is the treated one and
    D_l where l is, over the sum of all (equations 10e to 10g, multiplied out).

    Parameters
    ----------
    means
        Mean outcome of each cohort in each period, shape (C, T).
    starts
        First treated position, ascending, T for never, shape (C,).
    share
        Share of each cohort in the units, shape (C,).

    Returns
    -------
    pairs : ndarray, shape (m, 2)
        Starts of the treated cohort and of the one it is compared with.
    weight, estimate : ndarray, shape (m,)
    """
    n_periods = means.shape[1]
    fraction = 1 - starts / n_periods
    pairs, weight, estimate = [], [], []
    for k, l in combinations(range(len(starts)), 2):  # noqa: E741  k and l as in the paper
        both = share[k] * share[l] * (fraction[k] - fraction[l])
        apart, begin, end = means[k] - means[l], starts[k], starts[l]
        pairs.append((begin, end))
        weight.append(both * (1 - fraction[k]))
        estimate.append(apart[begin:end].mean() - apart[:begin].mean())
        if end < n_periods:
            pairs.append((end, begin))
            weight.append(both * fraction[l])
            estimate.append(apart[begin:end].mean() - apart[end:].mean())
    return np.array(pairs), np.array(weight) / np.sum(weight), np.array(estimate)


def _obstacle(design: StudyDesign) -> str | None:
    """Why the theorem does not hold for a design; None where it does."""
    weighed = design.weights > 0
    missing = np.isnan(design.y) & weighed[:, None]
    if missing.any():
        return f"{design.panel.named(missing)} have no value"
    if design.anticipation:
        return f"the regression leaves out the {design.anticipation} periods before each start"
    varying = [name for name, x in design.panel.covariates.items() if not (x == x[:, :1]).all()]
    if varying:
        return f"covariates vary within units ({', '.join(varying)})"
    return None


@dataclass(frozen=True, eq=False)
class TwoWayWeights:
    """What the static two-way fixed-effects coefficient makes of each treated cell.

    Parameters
    ----------
    cells
        One row per cohort and treated period: ``cohort``, ``period``, ``unit_periods``,
        ``share`` (of all treated unit-periods, by sampling weight) and ``weight`` (of the
        cell's average effect in the coefficient). Shares and weights both sum to 1.
    coefficient
        The coefficient.
    """

    cells: pd.DataFrame
    coefficient: float

    @property
    def negative(self) -> pd.DataFrame:
        """The cells whose effect counts with a negative weight."""
        return self.cells[self.cells["weight"] < -_ROUNDING]

    @property
    def negative_sum(self) -> float:
        """Sum of the negative weights, 0 or less."""
        return float(self.negative["weight"].sum())

    @property
    def smallest_spread(self) -> float:
        """Smallest standard deviation of effects that allows their average to be zero.

        Over the treated cells, in the unit of the coefficient: with effects at least this
        different, the true average may have the opposite sign. Infinity where all cells
        weigh as much as their share, so that the coefficient is the average.
        """
        share = self.cells["share"].to_numpy()
        uneven = float(np.sqrt(np.sum((self.cells["weight"].to_numpy() - share) ** 2 / share)))
        return abs(self.coefficient) / uneven if uneven > _ROUNDING else np.inf


def treated_weights(design: StudyDesign) -> TwoWayWeights:
    """Weights that the static two-way fixed-effects coefficient puts on treated cells.

    If trends are parallel, the coefficient is a weighted sum of the effects in the treated
    cells. Each unit-period weighs as its treatment less what unit and period effects explain
    of it; where they explain more than there is, its effect counts with the opposite sign.
    Panels with gaps and sampling weights are as good as any. Covariates are not taken into
    account, and unit-periods in which anticipation is allowed are left out.

    Parameters
    ----------
    design
        Who was treated when, and what is measured.

    Returns
    -------
    TwoWayWeights

    Raises
    ------
    DesignError
        Unit and period effects explain all of the treatment.

    References
    ----------
    de Chaisemartin, C. and D'Haultfoeuille, X. (2020). Two-way fixed effects estimators with
    heterogeneous treatment effects. American Economic Review 110(9), 2964-2996.
    https://doi.org/10.1257/aer.20181169, Theorem 1; Corollary 1 (i) for ``smallest_spread``.

    Examples
    --------
    >>> import preventeval as pe
    >>> weights = pe.sensitivity.treated_weights(pe.example_design())
    >>> len(weights.cells), len(weights.negative)
    (54, 0)
    """
    require_design(design, "treated_weights()")
    periods = np.arange(design.n_periods)
    cohort = np.where(design.ever_treated, design.cohort, design.n_periods)[:, None]
    expecting = (periods < cohort) & (periods >= cohort - design.anticipation) & design.ever_treated[:, None]
    mass = np.where(np.isfinite(design.y) & ~expecting, design.weights[:, None], 0.0)
    treated = design.treated & (mass > 0)
    left = mass * _two_way_residual(treated.astype(np.float64), mass)
    total = float(left[treated].sum())
    if not total > _ROUNDING * mass[treated].sum():
        raise DesignError(
            "unit and period effects explain who is treated when: a two-way fixed-effects regression "
            "has no coefficient here"
        )
    unit, period = np.nonzero(treated)
    rows = pd.DataFrame(
        {
            "cohort": design.cohort[unit],
            "period": period,
            "unit_periods": 1,
            "share": mass[treated] / mass[treated].sum(),
            "weight": left[treated] / total,
        }
    )
    cells = rows.groupby(["cohort", "period"], as_index=False).sum()
    for column in ("cohort", "period"):
        cells[column] = [design.panel.periods.label(int(position)) for position in cells[column]]
    return TwoWayWeights(cells, float(np.sum(left * np.nan_to_num(design.y)) / total))


def _two_way_residual(x: Array, mass: Array) -> Array:
    """What weighted unit and period effects leave of x: exact, with gaps as without.

    Parameters
    ----------
    x
        Shape (units, periods).
    mass
        Weight of each unit-period, 0 for those that are left out, shape (units, periods).

    Returns
    -------
    ndarray, shape (units, periods)
    """
    of_unit = mass.sum(axis=1, keepdims=True)
    within = np.divide(mass, of_unit, out=np.zeros_like(mass), where=of_unit > 0)
    left = x - (within * x).sum(axis=1, keepdims=True)
    # Normal equations of the period effects, once the unit effects are gone.
    normal = np.diag(mass.sum(axis=0)) - mass.T @ within
    # They leave one level free, and as many more as the panel falls into parts: eigenvalues that are
    # zero but for rounding, which the default limit would take for real.
    effects = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ (mass * left).sum(axis=0)
    left = left - effects
    return np.asarray(left - (within * left).sum(axis=1, keepdims=True))


def two_way_weights(estimate: EffectEstimate, level: float = 0.95) -> Finding:
    """Ask whether a two-way fixed-effects regression can be trusted on this design.

    It cannot where comparisons with units already in the programme have more than a tenth of
    the weight (:func:`goodman_bacon`), or negative weights of treated cells sum to more than a
    hundredth (:func:`treated_weights`). Both depend on the starts and on what is observed, not
    on the estimate, and both are of the static regression; with one effect per event time, the
    same comparisons mix the effects of different event times.

    Parameters
    ----------
    estimate
        Any estimate.
    level
        Not used: weights are known, not estimated.

    Returns
    -------
    Finding
        Of an estimate that is such a regression: weakens where it cannot be trusted, and
        supports where it can. Not informative of any other. The table is that of
        :func:`goodman_bacon`, or where it is not defined the cells of :func:`treated_weights`.

    References
    ----------
    See :func:`goodman_bacon` and :func:`treated_weights`.

    Examples
    --------
    >>> import preventeval as pe
    >>> design = pe.example_design(treated=20, areas=24)
    >>> pe.sensitivity.two_way_weights(pe.TwoWayFixedEffects().fit(design)).verdict
    'weakens'
    """
    require_estimate(estimate, "two_way_weights()")
    design = estimate.recipe.design
    try:
        weights = treated_weights(design)
    except PreventEvalError as error:
        return could_not_run("two_way_weights", error)
    complete = _obstacle(design) is None
    table = goodman_bacon(design) if complete else weights.cells
    later = float(table.loc[table["kind"] == _KINDS[2], "weight"].sum()) if complete else 0.0
    mixes = later > _MOST_LATER or -weights.negative_sum > _MOST_NEGATIVE
    own = any(note.key == _OWN_NOTE for note in estimate.notes)
    values: Values = {
        "complete": "yes" if complete else "no",
        "later": round(100 * later),
        "negative": int(weights.negative["unit_periods"].sum()),
        "cells": int(weights.cells["unit_periods"].sum()),
        "sum": round(100 * weights.negative_sum, 1),
        "own": "yes" if own else "no",
    }
    verdict: Verdict = "not_informative"
    if own:
        verdict = "weakens" if mixes else "supports"
    if not mixes:
        clean = Message("finding-two-way-weights-clean", {**values, "starts": len(design.cohorts)})
        return Finding("two_way_weights", verdict, clean, table)
    spread: Values = {"spread": float(f"{weights.smallest_spread:.2g}"), "scale": design.scale.name}
    mixed = Message("finding-two-way-weights-mixes", {**values, **spread, "per": design.scale.per or 1})
    return Finding("two_way_weights", verdict, mixed, table)
