"""Tables for spreadsheets: the number of each method on one line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from preventeval.estimate import EffectEstimate
from preventeval.evaluation.outcome import OutcomeEvaluation
from preventeval.sensitivity import overall_of

__all__ = ["overall_table"]

_COLUMNS = (
    "method",
    "main",
    "scale",
    "estimate",
    "conf_low",
    "conf_high",
    "percent",
    "percent_low",
    "percent_high",
    "averted",
    "averted_low",
    "averted_high",
    "expected",
    "observed",
    "per_100k",
    "per_100k_low",
    "per_100k_high",
    "conf_level",
    "interval_kind",
    "no_estimate",
)


def overall_table(outcome: OutcomeEvaluation, level: float) -> pd.DataFrame:
    """The overall effect by every method that was run, the main one first.

    Parameters
    ----------
    outcome
        What became of an outcome.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        One row per method. ``estimate`` is on ``scale``; ``percent`` is the change in per cent
        (effects that are logarithms only); ``averted`` are incidents, with those ``expected``
        without the programme and ``observed`` with it in the same unit-periods; ``per_100k`` is
        the change in incidents per 100,000 of exposure and period. Empty where a method does not
        give it; ``no_estimate`` says why a method gave nothing.
    """
    rows = [{**_row(outcome.estimate, level), "main": True}]
    for attempt in outcome.others:
        row = {"method": attempt.method, "no_estimate": attempt.failed}
        rows.append({**(row if attempt.estimate is None else _row(attempt.estimate, level)), "main": False})
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _row(estimate: EffectEstimate, level: float) -> dict[str, Any]:
    """The numbers of one method."""
    overall = overall_of(estimate)
    row: dict[str, Any] = {
        "method": estimate.method,
        "scale": overall.scale.name,
        "conf_level": level,
        "interval_kind": estimate.interval_kind,
        **_interval(overall, ("estimate", "conf_low", "conf_high"), level),
    }
    if overall.scale.is_log:
        row |= _interval(overall.as_percent(), ("percent", "percent_low", "percent_high"), level)
    design = estimate.recipe.design
    if design.incidents is None or estimate.of != "cell" or estimate.scale.base == "value":
        return row
    total = estimate.averted()
    row |= _interval(total, ("averted", "averted_low", "averted_high"), level)
    row |= {name: total.diagnostics[name][0] for name in ("expected", "observed")}
    if design.panel.exposure is not None:
        row |= _interval(estimate.per_100k(), ("per_100k", "per_100k_low", "per_100k_high"), level)
    return row


def _interval(estimate: EffectEstimate, names: tuple[str, str, str], level: float) -> dict[str, float]:
    """The number of a one-row estimate and the ends of its interval, under their names."""
    return dict(zip(names, (estimate.params.iloc[0], *estimate.conf_int(level).iloc[0]), strict=True))
