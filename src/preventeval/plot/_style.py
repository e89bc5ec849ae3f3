"""Colours and frames that all charts share; no setting outlives the drawing of a chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from preventeval.report.charts import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ACCENT",
    "BAND",
    "DARK",
    "EARLY",
    "EARLY_BAND",
    "GREEN",
    "TEXT",
    "label_periods",
    "new_axes",
    "style",
]

#: Told apart by readers with any colour vision, and by their lightness in black and white.
DARK, ACCENT, GREEN, EARLY = "#12436d", "#801650", "#28a197", "#8a949c"
BAND, EARLY_BAND, TEXT = "#e6d0dc", "#e6e9eb", "#2b2f33"


@contextmanager
def style() -> Iterator[None]:
    """Settings in force while a chart is drawn; decorates the functions that draw."""
    from matplotlib import rc_context

    with rc_context(
        {
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.titleweight": "bold",
            "legend.frameon": False,
        }
    ):
        yield


def new_axes(ax: Axes | None, height: float = 4.5) -> Axes:
    """The Axes given, as they are, or those of a new figure of some height, in inches."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    _, new = plt.subplots(figsize=(7.2, height), layout="constrained")
    return new


def label_periods(ax: Axes, labels: Sequence[str]) -> None:
    """Label positions 0, 1, … of the horizontal axis, as many as fit."""
    width = ax.get_window_extent().width / max(1, len(labels))
    shown = thinned(labels, width * 72 / ax.figure.get_dpi())
    ax.set_xticks([position for position, _ in shown], [label for _, label in shown])
