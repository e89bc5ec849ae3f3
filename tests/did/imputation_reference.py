"""Imputation the slow way: one row per observation, a column of dummies per unit and period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Observations; those with `untreated` are fitted, the others imputed; `w` are sampling weights."""

    y: Array
    exposure: Array
    w: Array
    unit: NDArray[np.int64]
    cluster: NDArray[np.int64]
    period: NDArray[np.int64]
    cell: NDArray[np.int64]  # of treated observations, numbered from 0
    untreated: NDArray[np.bool_]
    fitted: NDArray[np.bool_]  # untreated observations that period effects may come from
    x: Array  # covariates, and products of covariates with periods, (rows, p)


def first_stage(rows: Rows, *, poisson: bool) -> tuple[Array, Array, Array]:
    """Regressors, inverse information and expected outcomes, from dummies and lstsq."""
    periods = (rows.period[:, None] == np.unique(rows.period[rows.fitted])[1:]).astype(float)
    units = (rows.unit[:, None] == np.unique(rows.unit)).astype(float)
    z = np.hstack([units, periods, rows.x])
    f, mean = rows.fitted, np.where(rows.fitted, rows.y + 0.5, 1.0)
    for _ in range(50 if poisson else 1):
        curve = rows.w * (mean if poisson else 1.0)
        offset = np.log(rows.exposure)
        target = np.log(mean) - offset + (rows.y - mean) / mean if poisson else rows.y
        root = np.sqrt(curve[f])[:, None]
        theta = np.linalg.lstsq(z[f] * root, target[f] * root[:, 0], rcond=1e-12)[0]
        mean = np.exp(np.clip(offset + z @ theta, -30, 30)) if poisson else z @ theta
    bread = np.linalg.pinv(z[f].T @ (z[f] * (rows.w * (mean if poisson else 1.0))[f, None]), rcond=1e-12)
    if (rows.fitted != rows.untreated).any():  # the level of the others comes from their own rows
        partial = np.exp(offset) * np.exp(z[:, units.shape[1] :] @ theta[units.shape[1] :])
        if not poisson:
            partial = z[:, units.shape[1] :] @ theta[units.shape[1] :]
        for unit in np.unique(rows.unit[rows.untreated & ~rows.fitted]):
            mine = rows.unit == unit
            before = mine & rows.untreated
            if poisson:
                mean[mine] = partial[mine] * rows.y[before].sum() / partial[before].sum()
            else:
                mean[mine] = partial[mine] + (rows.y - partial)[before].mean()
    return z, bread, mean


def effects(rows: Rows, *, poisson: bool) -> Array:
    """Mean difference, or log ratio, of each cell."""
    _, _, mean = first_stage(rows, poisson=poisson)
    treated, number = ~rows.untreated, int(rows.cell.max()) + 1
    above, below, size = (
        np.bincount(rows.cell[treated], (rows.w * part)[treated], minlength=number)
        for part in (rows.y, mean, np.ones_like(mean))
    )
    return np.log(above / below) if poisson else (above - below) / size


def linear_cov(rows: Rows, *, leave_out: bool) -> Array:
    """Covariance of cell effects by influence weights v, equation by equation (least squares only)."""
    z, bread, mean = first_stage(rows, poisson=False)
    apart, number = rows.y - mean, int(rows.cell.max()) + 1
    for unit in np.unique(rows.unit[rows.untreated & ~rows.fitted]):
        z[rows.unit == unit] -= z[(rows.unit == unit) & rows.untreated].mean(axis=0)
    clusters = np.unique(rows.cluster)
    scores = np.zeros((len(clusters), number))
    for cell in range(number):
        mine = ~rows.untreated & (rows.cell == cell)
        share = np.where(mine, rows.w, 0.0) / rows.w[mine].sum()
        v = np.where(rows.fitted, -(z * rows.w[:, None]) @ bread @ (z.T @ share), share)
        for place, cluster in enumerate(clusters):
            own = rows.cluster == cluster
            others = mine & ~own
            among = others if leave_out and others.any() else mine
            centre = (v**2 * apart)[among].sum() / (v**2)[among].sum()
            scores[place, cell] = (v * (apart - np.where(mine, centre, 0.0)))[own].sum()
    return scores.T @ scores
