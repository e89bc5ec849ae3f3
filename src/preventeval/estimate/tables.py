"""Effects as tables and text: one set of columns for every estimator."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from preventeval.errors import EstimationError
from preventeval.estimate.labels import named_columns
from preventeval.words import Message, render

if TYPE_CHECKING:
    from preventeval.estimate.effect import Array, EffectEstimate

__all__ = ["html_table", "summary_text", "tidy_table"]


def tidy_table(estimate: EffectEstimate, ends: tuple[Array, Array], level: float, kind: str) -> pd.DataFrame:
    """One row per effect; see :meth:`EffectEstimate.tidy`.

    Parameters
    ----------
    estimate
        The effects.
    ends
        Lower and upper ends of intervals as they are shown, each of shape (k,).
    level, kind
        Probability and kind of the intervals.
    """
    own, scale = estimate._own, estimate.scale
    return pd.DataFrame(
        {
            "term": estimate.terms,
            **named_columns(estimate._columns, estimate.recipe.design),
            "estimate": scale.show(estimate.effect),
            "std_error": own.std_errors * scale.slope(estimate.effect),
            "conf_low": ends[0],
            "conf_high": ends[1],
            "p_value": own.pvalues(estimate.effect),
            "conf_level": level,
            "interval_kind": kind,
            "scale": scale.name,
            "method": estimate.method,
        }
    )


def summary_text(estimate: EffectEstimate, level: float) -> str:
    """The estimate as text, with what was decided on the way.

    Parameters
    ----------
    estimate
        The effects.
    level
        Probability of the intervals.
    """
    design = estimate.recipe.design
    table = estimate.tidy(level)[["term", "estimate", "std_error", "conf_low", "conf_high", "p_value"]]
    lines = [
        f"{estimate.method}: {_kind(estimate)} on {design.outcome} ({_scale(estimate)})",
        f"{int(design.ever_treated.sum())} treated and {int((~design.ever_treated).sum())} never treated "
        f"units, {design.n_periods} periods, {estimate.nobs} unit-periods, {design.comparison} comparison",
        f"{level:.0%} {estimate.interval_kind} intervals, pointwise",
        table.to_string(
            index=False, float_format=lambda x: f"{x:.4f}", formatters={"p_value": _p_value}, na_rep=""
        ),
    ]
    if estimate.of == "difference" and estimate.interval_kind == "confidence":
        lines.append(_joint_line(estimate))
    return "\n".join([*lines, *(f"Note: {note}" for note in (*design.notes, *estimate.notes))])


def html_table(estimate: EffectEstimate) -> str:
    """The estimate as a table for notebooks; texts of the user are escaped."""
    caption = escape(f"{estimate.method}: {_kind(estimate)}, {_scale(estimate)}")
    table = estimate.tidy().to_html(index=False, escape=True, float_format=lambda x: f"{x:.4g}")
    return f"<p>{caption}</p>{table}"


def _kind(estimate: EffectEstimate) -> str:
    """What the rows are, such as event time effects."""
    return f"{estimate.of.replace('_', ' ')} effect{'s' if len(estimate.effect) > 1 else ''}"


def _scale(estimate: EffectEstimate) -> str:
    """What the numbers measure, in words."""
    return render(Message("summary-scale", {"scale": estimate.scale.name, "per": estimate.scale.per or 1}))


def _p_value(p: float) -> str:
    """A p-value as text; none below what four decimals show is 0."""
    if np.isnan(p):
        return ""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def _joint_line(estimate: EffectEstimate) -> str:
    """Whether groups differ at all, or why that cannot be tested."""
    try:
        return f"Joint test that all groups are alike: {estimate.joint_test()}"
    except EstimationError as error:
        return f"Joint test that all groups are alike: not possible ({error.message})"
