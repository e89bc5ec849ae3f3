"""Does the answer hang on one unit?"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from preventeval.errors import PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.sensitivity.finding import Finding, could_not_run, effect_message, excludes_null
from preventeval.words import Message, Values

__all__ = ["leave_one_out"]

#: Beyond this many units no single one carries a result, and refits only cost time.
_MOST = 300


def leave_one_out(estimate: EffectEstimate, level: float = 0.95, *, time_limit: float = 300.0) -> Finding:
    """Fit again without each unit in turn.

    Parameters
    ----------
    estimate
        Any estimate. Where there are more than 300 units, only the treated ones are left
        out in turn.
    level
        Probability of the intervals.
    time_limit
        Seconds that all refits may take, judged from the first; beyond it the check does
        not run and says so.

    Returns
    -------
    Finding
        Weakens where leaving out one unit turns the sign, or changes whether the interval
        lies on one side of zero. The table has a row for each unit.

    Examples
    --------
    >>> import preventeval as pe
    >>> len(pe.sensitivity.leave_one_out(pe.CallawaySantAnna().fit(pe.example_design())).table)
    30
    """
    design = estimate.recipe.design
    chosen = np.ones(design.n_units, dtype=bool) if design.n_units <= _MOST else design.ever_treated
    units = design.panel.units[chosen]
    if len(units) > _MOST:
        return Finding(
            "leave_one_out", "not_informative", Message("finding-leave-one-out-many", {"count": len(units)})
        )
    try:
        whole = estimate.overall() if estimate.of != "overall" else estimate
        started = time.monotonic()
        without: dict[object, EffectEstimate] = {}
        for unit in units:
            without[unit] = estimate.refit(design.without_units([unit])).overall()
            minutes = (time.monotonic() - started) * len(units) / len(without) / 60
            if len(without) == 1 and minutes * 60 > time_limit:
                message = Message("finding-too-slow", {"count": len(units), "minutes": round(minutes)})
                return Finding("leave_one_out", "could_not_run", message)
    except PreventEvalError as error:
        return could_not_run("leave_one_out", error)
    rows = [one.tidy(level).assign(left_out=str(unit)) for unit, one in without.items()]
    table = pd.concat(rows)[
        ["left_out", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    ].reset_index(drop=True)
    clear = excludes_null(whole, level)
    changed = [
        unit
        for unit, one in without.items()
        if excludes_null(one, level) != clear or np.sign(one.effect[0]) != np.sign(whole.effect[0])
    ]
    ordered = sorted(without.values(), key=lambda one: float(one.effect[0]))
    low, high = ordered[0], ordered[-1]
    values: Values = {
        "count": len(without),
        "low": effect_message(low, level),
        "high": effect_message(high, level),
    }
    if not changed:
        return Finding("leave_one_out", "supports", Message("finding-leave-one-out-stable", values), table)
    named = ", ".join(str(unit) for unit in changed[:5]) + (", …" if len(changed) > 5 else "")
    message = Message("finding-leave-one-out-hangs", {**values, "units": named, "changed": len(changed)})
    return Finding("leave_one_out", "weakens", message, table)
