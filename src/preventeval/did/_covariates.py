"""Covariates that vary over time, and those that do not.

Shapes: n units, T periods, q covariates that do not vary over time and p that do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign

__all__ = ["Adjusted", "adjusted_for", "varying_covariates"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Adjusted:
    """Covariates with mean 0 and variance 1.

    Parameters
    ----------
    constant, factors
        Names of those that do not vary over time, and their values, shape (n, q).
    varying, own
        Names of those that do, and their values, shape (n, T, p).
    """

    constant: list[str]
    factors: Array
    varying: list[str]
    own: Array


def adjusted_for(design: StudyDesign, used: Flags) -> Adjusted:
    """Sort the covariates of a design into those that vary over time and those that do not.

    Parameters
    ----------
    design
        Has the covariates.
    used
        Unit-periods that enter, shape (n, T).

    Returns
    -------
    Adjusted
    """
    constant, varying = dict[str, Array](), dict[str, Array]()
    for name, grid in design.panel.covariates.items():
        first = np.take_along_axis(grid, used.argmax(axis=1)[:, None], axis=1)
        mean, spread = grid[used].mean(), grid[used].std() or 1.0
        if (used & (grid != first)).any():
            varying[name] = np.where(used, (grid - mean) / spread, 0.0)
        else:
            constant[name] = np.where(used.any(axis=1), (first[:, 0] - mean) / spread, 0.0)
    n, n_periods = used.shape
    return Adjusted(
        list(constant),
        np.stack(list(constant.values()), axis=1) if constant else np.zeros((n, 0)),
        list(varying),
        np.stack(list(varying.values()), axis=2) if varying else np.zeros((n, n_periods, 0)),
    )


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
