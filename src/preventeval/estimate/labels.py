"""Labels of the rows of an estimate: arrays within, tables and texts for whoever asks."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import EstimationError

if TYPE_CHECKING:
    from preventeval.design import StudyDesign
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["Columns", "LabelField", "event_time", "named_columns", "no_such_label", "term_names"]

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


def event_time(given: object, option: str) -> int:
    """A time since the start, in periods.

    Parameters
    ----------
    given
        What was given for one.
    option
        What it was given as, for the message.

    Raises
    ------
    EstimationError
        It is no whole number.
    """
    try:
        return operator.index(given)  # type: ignore[arg-type]  # which is what is asked here
    except TypeError:
        raise EstimationError(
            f"{option}={given!r}: expected a whole number of periods since the start, such as {option}=3"
        ) from None


def no_such_label(estimate: EffectEstimate, name: str) -> EstimationError:
    """Say that effects are not by what was asked for, and what they are by.

    Parameters
    ----------
    estimate
        The effects.
    name
        What was asked for.
    """
    own = [repr(known) for known in _LABELS if known in estimate._columns]
    hint = "ask the estimate as it was fitted"
    if own and not estimate.aggregated:
        hint = f"they are by {', '.join(own)}; sums and totals also take 'overall'"
    problem = f"{estimate.method}: its effects are not by {name.replace('_', ' ')}"
    return EstimationError(problem, hint=hint)


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
