"""Did treated and comparison units move alike before the programme?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import EstimationError, PreventEvalError
from preventeval.estimate import EffectEstimate, EstimatorWithLeads
from preventeval.estimate.recipe import require_estimate
from preventeval.sensitivity.finding import Finding, could_not_run
from preventeval.words import Message, Values

__all__ = ["pre_trends"]

Array = NDArray[np.float64]
_LIMIT = 0.05
#: An effect that rests on fewer treated units has a standard error that leaves out most of
#: the variation between treated units, and would decide a joint test by itself.
_FEWEST_UNITS = 5


def pre_trends(estimate: EffectEstimate, level: float = 0.95) -> Finding:
    """Test jointly that there is no effect before the start (less the anticipation).

    Two tests, at half the level each. A Wald test of the event-time effects nearest to the
    start, with Hotelling's correction for the number of treated clusters m: with q effects,
    W (m - q) / (q (m - 1)) refers to F(q, m - q), and q is at most m / 3, because a covariance
    estimated from few clusters makes a test of many effects reject far too often. And a t test
    (m - 1 degrees of freedom) of the mean of all effects before the start, which sees a steady
    drift that is small from each period to the next. Effects that rest on fewer than five
    treated units are shown but not tested. What size of drift both could have missed is not
    computed here, and the finding says so.

    Parameters
    ----------
    estimate
        Any estimate. Where it has no effects before the start and its estimator can give them
        (:class:`~preventeval.estimate.EstimatorWithLeads`), they come from a second fit that has
        them, and the finding says so.
    level
        Probability of the intervals in the table.

    Returns
    -------
    Finding
        Weakens where either p-value is below 0.025.

    References
    ----------
    Roth, J. (2022). Pretest with Caution. AER: Insights 4(3), 305-322.
    https://doi.org/10.1257/aeri.20210236 (why passing such a test proves little).

    Examples
    --------
    >>> import preventeval as pe
    >>> pe.sensitivity.pre_trends(pe.CallawaySantAnna().fit(pe.example_design())).verdict
    'supports'
    """
    require_estimate(estimate, "pre_trends()")
    try:
        fitted = _with_early(estimate)
        path = fitted.as_estimated()
        path = path if path.of == "event_time" else path.by_event_time()
    except PreventEvalError as error:
        return could_not_run("pre_trends", error)
    design = estimate.recipe.design
    table = path.tidy(level)
    times = path.labels["event_time"].to_numpy()
    behind = fitted.treated_units().reindex(times, fill_value=0).to_numpy()
    table["treated_units"] = behind
    early = (times < -design.anticipation) & np.isfinite(table["std_error"].to_numpy())
    clusters = len(np.unique(design.clusters[design.ever_treated]))
    enough = early & (behind >= _FEWEST_UNITS)
    nearest = np.isin(np.arange(len(times)), np.flatnonzero(enough)[::-1][: clusters // 3])
    values: Values = {"count": int(enough.sum()), "left_out": int(early.sum() - enough.sum())}
    if not nearest.any():
        little = _said("finding-pre-trends-too-little", values, again=fitted is not estimate)
        return Finding("pre_trends", "not_informative", little)
    cov = path.cov.to_numpy()
    tests = pd.DataFrame(
        [
            ("joint test", *_joint_test(path.effect[nearest], cov[np.ix_(nearest, nearest)], clusters)),
            ("mean", *_mean_test(path.effect[enough], cov[np.ix_(enough, enough)], clusters)),
        ],
        columns=["event_time", "statistic", "df", "p_value"],
    )
    columns = ["event_time", "treated_units", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    kept = table.loc[early, columns].assign(tested=enough[early]).astype({"event_time": object})
    weakens = bool((tests["p_value"] < _LIMIT / len(tests)).any())
    return Finding(
        "pre_trends",
        "weakens" if weakens else "supports",
        _said(f"finding-pre-trends-{'drift' if weakens else 'alike'}", values, again=fitted is not estimate),
        pd.concat([kept, tests], ignore_index=True),
    )


def _joint_test(effect: Array, cov: Array, clusters: int) -> tuple[float, int, float]:
    """Wald statistic of q effects, q, and its p-value by Hotelling's distribution."""
    from scipy import special

    q = len(effect)
    wald = float(effect @ np.linalg.pinv(cov, hermitian=True) @ effect)
    scaled = wald * (clusters - q) / (q * (clusters - 1))
    return wald, q, float(special.fdtrc(q, clusters - q, scaled))


def _mean_test(effect: Array, cov: Array, clusters: int) -> tuple[float, int, float]:
    """The t statistic of the mean effect, its degrees of freedom, and the two-sided p-value."""
    from scipy import special

    ratio = float(effect.sum() / np.sqrt(cov.sum()))
    return ratio, clusters - 1, float(2 * special.stdtr(clusters - 1, -abs(ratio)))


def _said(key: str, values: Values, *, again: bool) -> Message:
    """What was found, and that it comes from a second fit where it does."""
    found = Message(key, values)
    return Message("finding-pre-trends-again", {"finding": found}) if again else found


def _with_early(estimate: EffectEstimate) -> EffectEstimate:
    """The estimate, or a second fit of its estimator, with effects before the start."""
    if _looks_back(estimate):
        return estimate
    estimator, design = estimate.recipe.estimator, estimate.recipe.design
    if isinstance(estimator, EstimatorWithLeads) and not estimate.aggregated:
        again = estimator.with_leads(design).fit(design)
        if _looks_back(again):
            return again
    raise EstimationError(f"{estimate.method} estimates no effects before the start")


def _looks_back(estimate: EffectEstimate) -> bool:
    labels = estimate.labels
    return "event_time" in labels and bool((labels["event_time"] < 0).any())
