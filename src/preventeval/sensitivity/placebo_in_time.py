"""Does the method find an effect at a time when there was no programme?"""

from __future__ import annotations

from preventeval.errors import PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.recipe import require_estimate
from preventeval.sensitivity.finding import (
    Finding,
    Verdict,
    as_fitted,
    conclusion,
    could_not_run,
    effect_message,
    refitted,
)
from preventeval.words import Message, Values

__all__ = ["placebo_in_time"]


def placebo_in_time(estimate: EffectEstimate, level: float = 0.95, *, pretend: int | None = None) -> Finding:
    """Fit again on untreated observations only, with starts that never happened.

    Parameters
    ----------
    estimate
        Any estimate.
    level
        Probability of the interval.
    pretend
        How many periods before the real start the pretended one lies. Left out, half the
        periods that the earliest cohort has before its start, and at least one.

    Returns
    -------
    Finding
        Weakens where the interval of the pretended effect lies on one side of zero.

    Examples
    --------
    >>> import preventeval as pe
    >>> pe.sensitivity.placebo_in_time(pe.CallawaySantAnna().fit(pe.example_design())).verdict
    'supports'
    """
    require_estimate(estimate, "placebo_in_time()")
    design = estimate.recipe.design
    before = int(design.cohorts.min()) - design.anticipation
    moved = max(1, before // 2) if pretend is None else pretend
    try:
        placebo = refitted(as_fitted(estimate), design.before_programme(moved))
    except PreventEvalError as error:
        return could_not_run("placebo_in_time", error)
    found = conclusion(placebo, level)
    values: Values = {
        "effect": effect_message(placebo, level),
        "moved": moved,
        "frequency": design.panel.periods.noun,
    }
    if found is None:
        message = Message("finding-no-interval", values)
        return Finding("placebo_in_time", "not_informative", message, placebo.tidy(level))
    key = "finding-placebo-in-time-effect" if found else "finding-placebo-in-time-clear"
    verdict: Verdict = "weakens" if found else "supports"
    return Finding("placebo_in_time", verdict, Message(key, values), placebo.tidy(level))
