"""Who is there to study and to compare with: in the whole design, by weight, and in every subgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import DesignError, some_of
from preventeval.panel import Panel

if TYPE_CHECKING:
    from preventeval.design.study import StudyDesign


def groups_of_units(panel: Panel, column: str) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Groups of units by a column that has one value per unit.

    Parameters
    ----------
    panel
        The data.
    column
        Any column of its table that was not a period or an outcome.

    Returns
    -------
    codes : ndarray of int64, shape (n_units,)
    names : ndarray of str
        Names of the groups, in order of the values.

    Raises
    ------
    DesignError
        The column is not there, varies within a unit, or is empty for some.
    """
    codes, values = panel.codes_by_unit(column)
    if (codes < 0).any():
        raise DesignError(f"column '{column}' is empty for units {some_of(panel.units[codes < 0])}")
    try:
        ordered = sorted(values)
    except TypeError:  # values of several types have no order of their own
        ordered = sorted(values, key=str)
    names = list(dict.fromkeys(str(value) for value in ordered))
    place = {name: position for position, name in enumerate(names)}
    return np.array([place[str(value)] for value in values], dtype=np.int64)[codes], np.array(names)


def check_groups(design: StudyDesign) -> None:
    """There must be someone to study, someone to compare with, and a time before."""
    ever_treated = design.ever_treated
    if not ever_treated.any():
        left_out = any(note.key == "note-always-treated" for note in design.notes)
        early = "; units that start in or before the first are left out"
        raise DesignError(
            f"no unit starts within the panel's periods ({design.panel.periods.label(0)} to "
            f"{design.panel.periods.label(max(design.n_periods - 1, 0))}){early if left_out else ''}",
            hint=f"check column '{design.treated_from}'",
        )
    if not ever_treated.all():
        return
    if design.comparison == "never_treated":
        raise DesignError(
            "comparison='never_treated', but every unit is treated in the end",
            hint="use 'not_yet_treated', or 'last_treated' to compare with the units that start last",
        )
    if len(design.cohorts) == 1:
        raise DesignError(
            "every unit starts in the same period: there is no one to compare with",
            hint="add units without the programme; a single series needs another method",
        )


def check_weights(design: StudyDesign) -> None:
    """Those who are left when units without weight are taken away must still have someone to compare with."""
    weighed = design.weights > 0
    if weighed.all():
        return
    lacking = _lacking(design, weighed)
    if lacking:
        units = design.ever_treated if lacking == "treated" else ~weighed
        raise DesignError(
            f"the sampling weights of all {lacking} units are 0 ({some_of(design.panel.units[units])}): "
            "there is no one to study or to compare with"
        )


def check_subgroups(design: StudyDesign) -> None:
    """Every subgroup that was declared must have someone to study and someone to compare with."""
    for column in design.subgroups:
        codes, names = groups_of_units(design.panel, column)
        for position, name in enumerate(names):
            lacking = _lacking(design, (codes == position) & (design.weights > 0))
            if lacking:
                raise DesignError(
                    f"subgroup '{name}' of column '{column}' has no {lacking} unit",
                    hint="join it with another subgroup in a column of your own, or leave the column out of "
                    "subgroups=",
                )


def _lacking(design: StudyDesign, among: NDArray[np.bool_]) -> str | None:
    """What there is none of among some units: ``"treated"`` or ``"comparison"`` units, or neither."""
    treated = design.ever_treated
    starts = np.unique(design.cohort[among & treated])
    if not len(starts):
        return "treated"
    later_starts_compare = design.comparison == "not_yet_treated" and len(starts) > 1
    return None if later_starts_compare or (among & ~treated).any() else "comparison"
