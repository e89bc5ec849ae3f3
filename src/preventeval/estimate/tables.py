"""Effects as tables and text: one set of columns for every estimator."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from preventeval.design import StudyDesign
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["html_table", "summary_text", "term_names", "tidy_table"]

#: Labels that a row of effects can carry, in the order in which tables show them.
_LABELS = ("unit", "cohort", "period", "event_time")


def term_names(labels: pd.DataFrame, design: StudyDesign) -> list[str]:
    """Name each row of effects by its labels.

    Parameters
    ----------
    labels
        Positions, one row per effect.
    design
        Knows what units and periods are called.
    """
    names = []
    for row in labels.to_dict("records"):
        # A cohort and a period say the event time already.
        shown = [n for n in _LABELS if n in row and not (n == "event_time" and len(row) > 1)]
        parts = [f"{n.replace('_', ' ')} {_called(design, n, row[n])}" for n in shown]
        names.append(", ".join(parts) or "overall")
    return names


def tidy_table(estimate: EffectEstimate, ends: pd.DataFrame, level: float, kind: str) -> pd.DataFrame:
    """One row per effect; see :meth:`EffectEstimate.tidy`.

    Parameters
    ----------
    estimate
        The effects.
    ends
        Columns ``lower`` and ``upper``.
    level, kind
        Probability and kind of the intervals.
    """
    table = pd.DataFrame({"term": estimate.terms})
    for name in estimate.labels.columns:
        table[name] = [_called(estimate.recipe.design, name, value) for value in estimate.labels[name]]
    return table.assign(
        estimate=estimate.params.to_numpy(),
        std_error=estimate.std_errors.to_numpy(),
        conf_low=ends["lower"].to_numpy(),
        conf_high=ends["upper"].to_numpy(),
        p_value=estimate.pvalues.to_numpy(),
        conf_level=level,
        interval_kind=kind,
        scale=estimate.scale.name,
        method=estimate.method,
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
        f"{estimate.method}: {estimate.of} effects on {design.outcome} ({estimate.scale.name})",
        f"{int(design.ever_treated.sum())} treated and {int((~design.ever_treated).sum())} never treated "
        f"units, {design.n_periods} periods, {estimate.nobs} unit-periods, {design.comparison} comparison",
        f"{level:.0%} {estimate.interval_kind} intervals, pointwise",
        table.to_string(index=False, float_format=lambda x: f"{x:.4f}", na_rep=""),
    ]
    return "\n".join([*lines, *(f"Note: {note}" for note in (*design.notes, *estimate.notes))])


def html_table(estimate: EffectEstimate) -> str:
    """The estimate as a table for notebooks; texts of the user are escaped."""
    caption = escape(f"{estimate.method}: {estimate.of} effects, {estimate.scale.name}")
    table = estimate.tidy().to_html(index=False, escape=True, float_format=lambda x: f"{x:.4g}")
    return f"<p>{caption}</p>{table}"


def _called(design: StudyDesign, name: str, value: Any) -> Any:
    if name == "unit":
        return design.panel.units[value]
    return int(value) if name == "event_time" else design.panel.periods.label(int(value))
