"""P-values of several outcomes, adjusted for having looked at all of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import EstimationError, PreventEvalWarning
from preventeval.estimate.effect import EffectEstimate
from preventeval.estimate.recipe import require_estimate
from preventeval.uncertainty import Influence, aligned, directions, exceedance

__all__ = ["FamilyMethod", "adjust_family"]

Array = NDArray[np.float64]
FamilyMethod = Literal["romano_wolf", "holm"]


def adjust_family(
    estimates: EffectEstimate | Sequence[EffectEstimate],
    method: FamilyMethod = "romano_wolf",
    *,
    draws: int = 10_000,
    seed: int = 20_130_419,
) -> pd.DataFrame:
    """Adjust p-values for the number of outcomes (or effects) that were tested.

    The chance of even one false finding in the family stays below the level that adjusted
    p-values are held against. Holm's method needs nothing but the p-values. The method of
    Romano and Wolf also uses how the estimates go together: the largest of correlated
    statistics is smaller than that of independent ones, and perfectly correlated outcomes pay
    nothing. Its reference distribution is the Gaussian multiplier bootstrap of the influence
    values (normal draws with their joint covariance, cluster by cluster), with each statistic
    first brought to the normal scale by its own p-value, so that outcomes with few clusters
    keep their t distribution. Adjusted p-values lie between the p-value itself and Holm's.

    Parameters
    ----------
    estimates
        Estimates with one effect each, such as the ``overall()`` of each outcome; or a single
        estimate, all of whose effects are the family. Name the family before looking.
    method
        ``"romano_wolf"`` or ``"holm"``.
    draws
        Number of random directions behind the joint distribution.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        ``outcome``, ``term``, ``estimate``, ``p_value``, ``p_adjusted`` and ``method``, which
        is the method that was used.

    Raises
    ------
    EstimationError
        No estimates, estimates with several effects, or credible ones, which have no p-values.

    Warns
    -----
    PreventEvalWarning
        How the estimates go together is not known (a method without influence values, or
        outcomes with different clusters): Holm's method was used.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian
    Journal of Statistics 6, 65-70. https://www.jstor.org/stable/4615733
    Romano, J. P. & Wolf, M. (2005). Stepwise multiple testing as formalized data snooping.
    Econometrica 73, 1237-1282. https://doi.org/10.1111/j.1468-0262.2005.00615.x
    Romano, J. P. & Wolf, M. (2016). Efficient computation of adjusted p-values for
    resampling-based stepdown multiple testing. Statistics & Probability Letters 113, 38-40.
    https://doi.org/10.1016/j.spl.2016.02.012

    Examples
    --------
    >>> import preventeval as pe
    >>> path = pe.CallawaySantAnna().fit(pe.example_design()).by_event_time().within(0, 2)
    >>> table = adjust_family(path)
    >>> bool((table["p_adjusted"] >= table["p_value"]).all())
    True
    """
    if method not in get_args(FamilyMethod):
        choices = ", ".join(repr(choice) for choice in get_args(FamilyMethod))
        raise EstimationError(f"method={method!r} is not known: choose one of {choices}")
    family = _family(estimates)
    p = np.concatenate([one.pvalues.to_numpy() for one in family])
    known = np.isfinite(p)
    adjusted = np.full(len(p), np.nan)
    adjusted[known] = holm(p[known])
    if method == "romano_wolf" and known.any():
        joint = _correlation(family, known)
        if isinstance(joint, str):
            warnings.warn(f"Holm's adjustment was used: {joint}", PreventEvalWarning, stacklevel=2)
            method = "holm"
        else:
            stepped = romano_wolf(p[known], joint, draws, seed)
            adjusted[known] = np.clip(stepped, p[known], adjusted[known])
    return pd.DataFrame(
        {
            "outcome": [one.recipe.design.outcome for one in family for _ in one.terms],
            "term": [term for one in family for term in one.terms],
            "estimate": np.concatenate([one.params.to_numpy() for one in family]),
            "p_value": p,
            "p_adjusted": adjusted,
            "method": method,
        }
    )


def holm(p: Array) -> Array:
    """Holm's adjusted p-values.

    Parameters
    ----------
    p
        P-values, shape (m,).

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def romano_wolf(p: Array, correlation: Array, draws: int, seed: int) -> Array:
    """Step-down adjusted p-values from the joint distribution of the statistics.

    Parameters
    ----------
    p
        P-values, shape (m,).
    correlation
        Of the statistics, shape (m, m).
    draws
        Number of random directions; the length of the normal vector is integrated out.
    seed
        Of the random numbers.

    Returns
    -------
    ndarray, shape (m,)
        Romano & Wolf (2016), equations 2.5 to 2.7.
    """
    from scipy import special

    order = np.argsort(p, kind="stable")
    statistic = -special.ndtri(p[order] / 2)
    projections, rank = directions(correlation[np.ix_(order, order)], draws, seed)
    # The largest among a hypothesis and all that are less clear than it.
    largest = np.maximum.accumulate(projections[::-1], axis=0)[::-1]
    exceeded = exceedance(statistic[:, None], largest, rank).mean(axis=1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(exceeded)
    return adjusted


def _family(estimates: EffectEstimate | Sequence[EffectEstimate]) -> list[EffectEstimate]:
    family = list(estimates) if isinstance(estimates, Sequence) else [estimates]
    for one in family:
        require_estimate(one, "adjust_family()")
    if not family:
        raise EstimationError("a family of outcomes needs at least one estimate, and there is none")
    several = [one for one in family if len(one.effect) > 1]
    if several and len(family) > 1:
        raise EstimationError(
            f"{several[0].method} on outcome '{several[0].recipe.design.outcome}' has "
            f"{len(several[0].effect)} effects: a family takes one of each outcome",
            hint="take overall() of each, or hand over a single estimate with all its effects",
        )
    credible = [one for one in family if one.interval_kind != "confidence"]
    if credible:
        raise EstimationError(
            f"{credible[0].method} gives credible intervals, and there is no p-value to adjust",
            hint="partial pooling of outcomes is the Bayesian answer to looking at many of them",
        )
    return family


def _correlation(family: list[EffectEstimate], known: NDArray[np.bool_]) -> Array | str:
    """Joint correlation of the effects that are known, or why there is none."""
    own = [one._own for one in family]
    influences = [one for one in own if isinstance(one, Influence)]
    if len(own) == 1:
        cov = own[0].cov
    elif len(influences) < len(own):
        lacking = next(o for o, u in zip(family, own, strict=True) if not isinstance(u, Influence))
        return f"{lacking.method} gives no influence values, so how outcomes go together is not known"
    elif len({one.recipe.design.cluster for one in family}) > 1:
        return "the outcomes have different clusters, so how they go together is not known"
    else:
        labels = [
            part.recipe.design.cluster_labels[one.source.codes]
            for one, part in zip(influences, family, strict=True)
        ]
        values, _ = aligned(influences, labels)
        cov = values.T @ values
    cov = cov[np.ix_(known, known)]
    if np.isnan(cov).any():
        return "how some of the effects go together is not known"
    scale = np.sqrt(np.diag(cov))
    return np.asarray(cov / np.outer(scale, scale))
