"""Labels of the rows of an estimate: arrays within, tables and texts for whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from preventeval.design import StudyDesign
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["Columns", "LabelField", "named_columns", "term_names"]

type Columns = Mapping[str, NDArray[Any]]
#: Labels that a row of effects can carry, in the order in which names of rows show them.
_LABELS = ("group", "unit", "cohort", "period", "event_time")


class LabelField:
    """A field that keeps arrays, and gives a data frame of its own to everyone who reads it.

    Nobody can change an estimate by changing its labels, and averages need not build tables.
    """

    def __get__(self, instance: EffectEstimate | None, owner: type) -> pd.DataFrame:
        if instance is None:
            raise AttributeError("labels")  # tells the dataclass that there is no default
        return pd.DataFrame(dict(instance._columns), index=pd.RangeIndex(len(instance.effect)))

    def __set__(self, instance: EffectEstimate, value: pd.DataFrame | Columns) -> None:
        columns = {str(name): np.array(column) for name, column in value.items()}
        for column in columns.values():
            column.flags.writeable = False
        instance.__dict__["labels"] = columns


def named_columns(columns: Columns, design: StudyDesign) -> dict[str, list[Any]]:
    """What the labels are called; -1 for a cohort or period is ``"all"``.

    Parameters
    ----------
    columns
        Positions (event times and groups as they are), k of each.
    design
        Knows what units and periods are called.
    """
    named: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if name in ("cohort", "period"):
            labels = {at: design.panel.periods.label(at) for at in set(values.tolist()) - {-1}}
            labels[-1] = "all"
            named[name] = [labels[at] for at in values.tolist()]
        else:
            named[name] = design.panel.units[values].tolist() if name == "unit" else values.tolist()
    return named


def term_names(columns: Columns, design: StudyDesign, rows: int, of: str) -> list[str]:
    """Name each row of effects by its labels.

    Parameters
    ----------
    columns, design
        As for :func:`named_columns`.
    rows
        Number of effects, k.
    of
        What a row is; running totals are named by where they run to.
    """
    named = named_columns(columns, design)
    until = "until " if of.startswith("cumulative") else ""
    texts = {
        name: [f"{until}{name.replace('_', ' ')} {value}" for value in named[name]]
        for name in _LABELS
        if name in named
    }
    pooled = {name: columns[name] == -1 for name in ("cohort", "period") if name in columns}
    terms = []
    for row in range(rows):
        shown = [name for name in texts if not (name in pooled and pooled[name][row])]
        # A period says the event time already, of a cohort or a unit.
        if "period" in shown and ("cohort" in shown or "unit" in shown):
            shown = [name for name in shown if name != "event_time"]
        terms.append(", ".join(texts[name][row] for name in shown) or "overall")
    return terms
