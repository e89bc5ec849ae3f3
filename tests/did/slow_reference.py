"""Group-time effects one cell at a time, as the papers write them; influence by differentiation.

Every effect is a smooth function of the sampling weights. The influence of a unit is what a
little more of its weight does to it: with the weight moved along the imaginary axis by 1e-30,
the imaginary part of the effect is that derivative to the last digit (no step to choose).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def regress(x: Array, z: Array, w: Array) -> Array:
    return np.linalg.solve((x.T * w) @ x, x.T @ (w * z))


def odds(x: Array, d: Array, w: Array, *, tilting: bool) -> Array:
    b = np.zeros(x.shape[1], dtype=complex)
    for step in range(40):
        q = np.exp(x @ b)
        if tilting and step > 15:
            b = b + np.linalg.solve((x.T * (w * (1 - d) * q)) @ x, x.T @ (w * (d - (1 - d) * q)))
        else:
            p = q / (1 + q)
            b = b + np.linalg.solve((x.T * (w * p * (1 - p))) @ x, x.T @ (w * (d - p)))
    return np.exp(x @ b)


def mean(z: Array, w: Array) -> Any:
    return (w @ z) / w.sum()


def of_changes(z: Array, x: Array, w: Array, d: Array, method: str) -> Any:
    """Sant'Anna & Zhao (2020) for panels."""
    one, other = w * d, w * (1 - d)
    q = 1 if method == "regression" else odds(x, d, w, tilting=method == "doubly_robust_improved")
    fit = 0 * x[0]
    if method == "doubly_robust_improved":
        fit = regress(x, z, other * q)
    elif method in ("doubly_robust", "regression"):
        fit = regress(x, z, other)
    r = z - x @ fit
    if method == "regression":
        return mean(r, one)
    if method == "horvitz_thompson":
        return mean(r, one) - (other * q) @ r / one.sum()
    return mean(r, one) - mean(r, other * q)


def of_rows(z: Array, x: Array, w: Array, d: Array, late: Array, method: str) -> Any:
    """The same for repeated cross-sections; the doubly robust one is locally efficient."""
    q = 1 if method == "regression" else odds(x, d, w, tilting=method == "doubly_robust_improved")
    total: Any = 0
    for sign, now in ((1, late), (-1, 1 - late)):
        one, other = w * d * now, w * (1 - d) * now
        if method == "regression":
            part = mean(z, one) - mean(x @ regress(x, z, other), w * d)
        elif method == "inverse_probability":
            part = mean(z, one) - mean(z, other * q)
        elif method == "horvitz_thompson":
            part = (one @ z - (other * q) @ z) * w.sum() / (w @ d) / (w @ now)
        else:
            fit = regress(x, z, other * q if method == "doubly_robust_improved" else other)
            part = mean(x @ (regress(x, z, one) - fit), w * d) - mean(z - x @ fit, other * q)
        total = total + sign * part
    return total


def effect(
    y: Array, x: Array, w: Array, own: Array, others: Array, cell: Any, method: str, sample: str
) -> Any:
    """One cell; y is (n, T), x is (n, T, p) with the intercept first."""
    t, b = cell.period, cell.base
    ours, d = own | others, own.astype(float)
    known = np.isfinite(y) & np.isfinite(x).all(axis=2)
    if sample == "pairwise":
        early = min(t, b)
        use = ours & np.isfinite(y[:, t]) & np.isfinite(y[:, b]) & np.isfinite(x[:, early]).all(axis=1)
        return of_changes((y[:, t] - y[:, b])[use], x[use, early], w[use], d[use], method)
    rows = [(unit, time) for time in (t, b) for unit in np.flatnonzero(ours & known[:, time])]
    unit, time = np.array(rows).T
    return of_rows(y[unit, time], x[unit, time], w[unit], d[unit], (time == t) * 1.0, method)


def influence(function: Any, w: Array) -> Array:
    """Derivative in each weight times the weight, shape (n, …)."""
    step = 1e-30
    moved = [function(w + 1j * step * (np.arange(len(w)) == unit)) for unit in range(len(w))]
    return np.array([np.imag(value) / step * weight for value, weight in zip(moved, w, strict=True)])
