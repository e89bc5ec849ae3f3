"""Does the answer hang on one unit?"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from preventeval.errors import PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.sensitivity.finding import (
    Finding,
    as_fitted,
    conclusion,
    could_not_run,
    effect_message,
    overall_of,
    refitted,
)
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
        Weakens where leaving out one unit changes what the interval says (a fall, a rise, or
        either), or leaves no estimate. The table has a row for each unit.

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
    without: dict[str, EffectEstimate] = {}
    impossible: list[str] = []
    try:
        whole = overall_of(as_fitted(estimate))
    except PreventEvalError as error:
        return could_not_run("leave_one_out", error)
    answer = conclusion(whole, level)
    if answer is None:
        message = Message("finding-no-interval", {"effect": effect_message(whole, level)})
        return Finding("leave_one_out", "not_informative", message)
    started = time.monotonic()
    for number, unit in enumerate(units, start=1):
        try:
            without[str(unit)] = refitted(estimate, design.without_units([unit]))
        except PreventEvalError:  # that there is no answer without a unit is what was asked
            impossible.append(str(unit))
        minutes = (time.monotonic() - started) * len(units) / number / 60
        if number == 1 and minutes * 60 > time_limit:
            message = Message("finding-too-slow", {"count": len(units), "minutes": round(minutes)})
            return Finding("leave_one_out", "could_not_run", message)
    rows = [one.tidy(level).assign(left_out=unit) for unit, one in without.items()]
    rows += [pd.DataFrame({"left_out": [unit]}) for unit in impossible]
    columns = ["left_out", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    table = pd.concat(rows, ignore_index=True).reindex(columns=columns)
    changed = impossible + [unit for unit, one in without.items() if conclusion(one, level) != answer]
    if not without:
        return Finding(
            "leave_one_out", "weakens", Message("finding-leave-one-out-none", {"count": len(units)}), table
        )
    ordered = sorted(without.values(), key=lambda one: float(one.effect[0]))
    low, high = ordered[0], ordered[-1]
    values: Values = {
        "count": len(units),
        "low": effect_message(low, level),
        "high": effect_message(high, level),
    }
    if not changed:
        return Finding("leave_one_out", "supports", Message("finding-leave-one-out-stable", values), table)
    named = ", ".join(changed[:5]) + (", …" if len(changed) > 5 else "")
    message = Message("finding-leave-one-out-hangs", {**values, "units": named, "changed": len(changed)})
    return Finding("leave_one_out", "weakens", message, table)
