"""Does the answer hang on how the start of the programme is dated?"""

from __future__ import annotations

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
    effect_message,
    few_treated,
    overall_of,
    refitted,
)
from preventeval.words import Message, Values

__all__ = ["start_date"]


def start_date(estimate: EffectEstimate, level: float = 0.95) -> Finding:
    """Fit again with every start dated one period earlier and one period later.

    Laws take effect in the middle of a year and programmes open in the middle of a month;
    which period counts as the first can be a choice. If the answer changes with it, the reader
    has to know. Use this where the dating is in doubt: where it is not, a sharp effect moves
    with its dating all the same, since a treated period then serves as the base.

    Parameters
    ----------
    estimate
        Any estimate.
    level
        Probability of the intervals.

    Returns
    -------
    Finding
        Weakens where a move of one period changes the effect by more than its standard error
        and changes what the interval says: a fall, a rise, or either. Not informative where
        fewer than four clusters are treated: there is no answer that could change.

    Examples
    --------
    >>> import preventeval as pe
    >>> finding = pe.sensitivity.start_date(pe.CallawaySantAnna().fit(pe.example_design()))
    >>> finding.table["starts_moved_by"].tolist()
    [-1, 0, 1]
    """
    require_estimate(estimate, "start_date()")
    design = estimate.recipe.design
    moved: dict[int, EffectEstimate] = {}
    problem: PreventEvalError | None = None
    try:
        whole = overall_of(as_fitted(estimate))
    except PreventEvalError as error:
        return could_not_run("start_date", error)
    for by in (-1, 1):
        try:
            moved[by] = refitted(estimate, design.with_starts_moved(by))
        except PreventEvalError as error:
            problem = error
    if problem is not None and not moved:
        return could_not_run("start_date", problem)
    every = {0: whole, **moved}
    table = pd.concat([one.tidy(level).assign(starts_moved_by=by) for by, one in sorted(every.items())])
    columns = ["starts_moved_by", "estimate", "std_error", "conf_low", "conf_high", "scale"]
    table = table[columns].reset_index(drop=True)
    answers = {by: conclusion(one, level) for by, one in every.items()}
    if answers[0] is None or all(answers[by] is None for by in moved):
        message = Message("finding-no-interval", {"effect": effect_message(whole, level)})
        return Finding("start_date", "not_informative", message, table)
    if few_treated(design):
        return Finding("start_date", "not_informative", Message("finding-too-few"), table)
    noise = float(np.sqrt(whole.uncertainty.cov[0, 0]))
    changed = [
        by
        for by, one in moved.items()
        if answers[by] != answers[0] and abs(one.effect[0] - whole.effect[0]) > noise
    ]
    # Later first: dating a start too early, in a period only partly treated, is the commoner error.
    shown = max(changed or moved)
    values: Values = {
        "frequency": design.panel.periods.noun,
        "direction": "later" if shown > 0 else "earlier",
        "effect": effect_message(moved[shown], level),
        "original": effect_message(whole, level),
    }
    key = "finding-start-date-hangs" if changed else "finding-start-date-stable"
    return Finding("start_date", "weakens" if changed else "supports", Message(key, values), table)
