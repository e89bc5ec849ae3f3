"""Did treated and comparison units move alike before the programme?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from preventeval.errors import EstimationError, PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.sensitivity.finding import Finding, could_not_run
from preventeval.words import Message, Values

__all__ = ["pre_trends"]

_LIMIT = 0.05
#: An effect that rests on fewer treated units has a standard error that leaves out most of
#: the variation between treated units, and would decide a joint test by itself.
_FEWEST_UNITS = 5


def pre_trends(estimate: EffectEstimate, level: float = 0.95) -> Finding:
    """Test jointly that there is no effect before the start (less the anticipation).

    A Wald test of the event-time effects before the start, with Hotelling's correction for
    the number of treated clusters m: W (m - q) / (q (m - 1)) refers to F(q, m - q). The q
    event times nearest to the start are tested, at most m / 3 of them: a covariance estimated
    from few clusters makes a test of many effects reject far too often (with 10 of 24 areas
    treated and 17 effects, 58 per cent of the time where 5 are meant). Effects that rest on
    fewer than five treated units are shown but not tested. What size of drift the test could
    have missed is not computed here, and the finding says so.

    Parameters
    ----------
    estimate
        Any estimate with effects before the start.
    level
        Probability of the intervals in the table.

    Returns
    -------
    Finding
        Weakens where the joint p-value is below 0.05.

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
    try:
        path = _path(estimate)
    except PreventEvalError as error:
        return could_not_run("pre_trends", error)
    design = estimate.recipe.design
    table = path.tidy(level)
    times = path.labels["event_time"].to_numpy()
    behind = estimate.treated_units().reindex(times, fill_value=0).to_numpy()
    table["treated_units"] = behind
    early = (times < -design.anticipation) & np.isfinite(table["std_error"].to_numpy())
    clusters = len(np.unique(design.clusters[design.ever_treated]))
    nearest = np.flatnonzero(early & (behind >= _FEWEST_UNITS))[::-1][: clusters // 3]
    tested = np.isin(np.arange(len(times)), nearest)
    q = int(tested.sum())
    values: Values = {"count": q, "left_out": int(early.sum()) - q}
    if q == 0:
        return Finding("pre_trends", "not_informative", Message("finding-pre-trends-too-little", values))
    cov = path.cov.to_numpy()[np.ix_(tested, tested)]
    statistic = float(path.effect[tested] @ np.linalg.pinv(cov, hermitian=True) @ path.effect[tested])
    p_value = _upper_tail(statistic * (clusters - q) / (q * (clusters - 1)), q, clusters - q)
    columns = ["event_time", "treated_units", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    kept = table.loc[early, columns].assign(tested=tested[early])
    joint = pd.DataFrame(
        {"event_time": ["joint test"], "statistic": [statistic], "df": [q], "p_value": [p_value]}
    )
    weakens = p_value < _LIMIT
    return Finding(
        "pre_trends",
        "weakens" if weakens else "supports",
        Message("finding-pre-trends-drift" if weakens else "finding-pre-trends-alike", values),
        pd.concat([kept.astype({"event_time": object}), joint], ignore_index=True),
    )


def _path(estimate: EffectEstimate) -> EffectEstimate:
    """Effects by event time; only where the method estimates any before the start."""
    path = estimate if estimate.of == "event_time" else estimate.by_event_time()
    if not (path.labels["event_time"] < 0).any():
        raise EstimationError(f"{estimate.method} estimates no effects before the start")
    return path


def _upper_tail(statistic: float, df1: int, df2: int) -> float:
    from scipy import special

    return float(special.fdtrc(df1, df2, statistic))
