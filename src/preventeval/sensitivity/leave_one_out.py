"""Does the answer hang on one unit?"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
import pandas as pd

from preventeval.errors import PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.recipe import require_estimate
from preventeval.sensitivity.finding import (
    Finding,
    as_fitted,
    conclusion,
    could_not_run,
    direction,
    effect_message,
    few_treated,
    overall_of,
    require_gates,
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
        Weakens where leaving out one unit changes the direction that the interval is clear in (a
        fall, a rise, or neither), or where without any one unit there is no estimate. Where fewer
        than four clusters are treated there is no answer that could change, and nothing is
        refitted. The table has a row for each unit.

    Examples
    --------
    >>> import preventeval as pe
    >>> len(pe.sensitivity.leave_one_out(pe.CallawaySantAnna().fit(pe.example_design())).table)
    30
    """
    require_estimate(estimate, "leave_one_out()")
    design = estimate.recipe.design
    chosen = np.ones(design.n_units, dtype=bool) if design.n_units <= _MOST else design.ever_treated
    units = design.panel.units[chosen]
    if len(units) > _MOST:
        return Finding(
            "leave_one_out", "not_informative", Message("finding-leave-one-out-many", {"count": len(units)})
        )
    try:
        whole = overall_of(as_fitted(estimate))
        if conclusion(whole, level) is None:
            message = Message("finding-no-interval", {"effect": effect_message(whole, level)})
            return Finding("leave_one_out", "not_informative", message)
        if few_treated(design):
            return Finding("leave_one_out", "not_informative", Message("finding-too-few"))
        without = _refits(estimate, units, time_limit)
    except PreventEvalError as error:
        return could_not_run("leave_one_out", error)
    if isinstance(without, int):
        message = Message("finding-too-slow", {"count": len(units), "minutes": without})
        return Finding("leave_one_out", "could_not_run", message)
    return _judged(whole, without, level)


def _refits(
    estimate: EffectEstimate, units: Iterable[object], time_limit: float
) -> dict[str, EffectEstimate | None] | int:
    """The overall effect without each unit; None for a unit without which there is none.

    Minutes that all would take, in place of the effects, where the first says it is too long.

    Raises
    ------
    EstimationError
        The computation of a refit failed its own check: that says nothing of the unit.
    """
    without: dict[str, EffectEstimate | None] = {}
    every, started = list(units), time.monotonic()
    for unit in every:
        try:
            again = estimate.refit(estimate.recipe.design.without_units([unit]))
            without[str(unit)] = overall_of(again)
        except PreventEvalError:  # that there is no answer without a unit is what was asked
            without[str(unit)] = None
        else:
            require_gates(again)
        seconds = (time.monotonic() - started) * len(every)
        if len(without) == 1 and seconds > time_limit:
            return round(seconds / 60)
    return without


def _judged(whole: EffectEstimate, without: dict[str, EffectEstimate | None], level: float) -> Finding:
    """Whether any of the refits says something else than the whole."""
    fitted = {unit: one for unit, one in without.items() if one is not None}
    rows = [one.tidy(level).assign(left_out=unit) for unit, one in fitted.items()]
    rows += [pd.DataFrame({"left_out": [unit]}) for unit, one in without.items() if one is None]
    columns = ["left_out", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    table = pd.concat(rows, ignore_index=True).reindex(columns=columns)
    if not fitted:
        message = Message("finding-leave-one-out-none", {"count": len(without)})
        return Finding("leave_one_out", "weakens", message, table)
    answer = direction(whole, level)
    changed = [unit for unit, one in without.items() if direction(one, level) != answer]
    ordered = sorted(fitted.values(), key=lambda one: float(one.effect[0]))
    values: Values = {
        "count": len(without),
        "low": effect_message(ordered[0], level),
        "high": effect_message(ordered[-1], level),
    }
    if not changed:
        return Finding("leave_one_out", "supports", Message("finding-leave-one-out-stable", values), table)
    named = ", ".join(changed[:5]) + (", …" if len(changed) > 5 else "")
    message = Message("finding-leave-one-out-hangs", {**values, "units": named, "changed": len(changed)})
    return Finding("leave_one_out", "weakens", message, table)
