"""What a two-way fixed-effects coefficient is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preventeval.errors import OutputError
from preventeval.plot._style import ACCENT, DARK, GREEN, TEXT, new_axes, style
from preventeval.words import Message, Values, render

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["goodman_bacon"]

#: Marker and colour of each kind of comparison.
_SIGNS = {
    "treated against never treated": ("o", DARK),
    "earlier against later": ("^", GREEN),
    "later against earlier": ("X", ACCENT),
}


@style()
def goodman_bacon(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the weight of each two-by-two comparison against its estimate.

    Parameters
    ----------
    table
        As :func:`preventeval.sensitivity.goodman_bacon` gives it.
    ax
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes that were drawn on.

    Raises
    ------
    OutputError
        It is no such table.
    """
    if not {"kind", "weight", "estimate", "scale"} <= set(getattr(table, "columns", ())):
        raise OutputError(
            f"plot.goodman_bacon() draws a table of comparisons, and was given a {type(table).__name__}",
            hint="make it first: table = sensitivity.goodman_bacon(design)",
        )
    ax = new_axes(ax)
    ax.axhline(0, color=TEXT, linewidth=1)
    whole = float((table["weight"] * table["estimate"]).sum())
    ax.axhline(
        whole, color=TEXT, linewidth=1.2, linestyle="--", label=render(Message("plot-comparisons-whole"))
    )
    for kind, (marker, colour) in _SIGNS.items():
        rows = table[table["kind"] == kind]
        if rows.empty:
            continue
        about: Values = {"kind": kind, "share": round(100 * float(rows["weight"].sum()))}
        label = render(Message("plot-comparisons-kind", about))
        ax.scatter(rows["weight"], rows["estimate"], marker=marker, color=colour, s=42, label=label, zorder=3)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}")
    ax.set_xlabel(render(Message("plot-comparisons-x")))
    ax.set_ylabel(render(Message("plot-comparisons-y", {"scale": str(table["scale"].iloc[0])})))
    ax.set_title(render(Message("plot-comparisons-title")), wrap=True)
    title = render(Message("plot-comparisons-legend"))
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2, title=title, alignment="left")
    return ax
