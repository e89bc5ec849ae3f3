"""What an extended two-way regression left out, and what its reader should know of the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.design.starts import names_of
from preventeval.did._counts import Counted
from preventeval.did._degrees import lone_comparison
from preventeval.did._fixed_effects import Data, Likelihood
from preventeval.did._parts import in_chunks
from preventeval.words import Message, Values

__all__ = ["named_cells", "notes_of"]

#: With a larger share of zeros areas or periods are too small to say much on their own.
_MANY_ZEROS = 0.8
#: With a larger share of the incidents of treated units one of them decides the ratio.
_DOMINATES = 0.5


def notes_of(
    design: StudyDesign,
    data: Data,
    left_out: Sequence[tuple[int, int]],
    counted: Counted | None,
    likelihood: Likelihood,
    diagnostics: Mapping[str, Any],
) -> tuple[Message, ...]:
    """Name what was left out, and what makes the numbers less certain than they look.

    Parameters
    ----------
    design
        Names units and periods.
    data
        What was used, with notes of its own.
    left_out
        Cells (cohort, period) without an estimate, other than those that ``counted`` names.
    counted
        What counts left nothing to learn from; None for least squares.
    likelihood
        Of the regression.
    diagnostics
        Of the fit.

    Returns
    -------
    tuple of Message
    """
    notes = [*data.notes, *lone_comparison(design, data.used.any(axis=1))]
    label = design.panel.periods.label
    cohorts = np.flatnonzero(np.bincount(design.cohort[design.ever_treated]))
    clusters = [np.count_nonzero(np.bincount(design.clusters[design.cohort == start])) for start in cohorts]
    lone = [label(int(s)) for s, number in zip(cohorts, clusters, strict=True) if number == 1]
    if lone:
        notes.append(Message("note-lone-cohorts", {"count": len(lone), "cohorts": ", ".join(lone)}))
    if left_out:
        notes.append(Message("note-cells-left-out", named_cells(design, left_out)))
    if counted is None:
        return tuple(notes)
    if counted.silent_units.size:
        units = names_of(design.panel.units[counted.silent_units])
        values: Values = {"count": len(counted.silent_units), "named": units}
        notes.append(Message("note-counts-silent-units", values))
    if counted.uncompared_cells:
        notes.append(Message("note-counts-uncompared-cells", named_cells(design, counted.uncompared_cells)))
    if counted.empty_cells:
        expected = diagnostics.get("expected_in_empty_cells")
        named = named_cells(design, counted.empty_cells)
        key = "note-counts-empty-left-out" if expected is None else "note-counts-empty-cells"
        notes.append(Message(key, {**named, "expected": round(expected or 0.0, 1)}))
    if diagnostics["share_of_zeros"] > _MANY_ZEROS:
        notes.append(Message("note-counts-zeros", {"share": round(100 * diagnostics["share_of_zeros"])}))
    notes += _dominated(design, data.y, counted.weights > 0)
    if likelihood == "negative_binomial":
        notes.append(Message("note-counts-negative-binomial"))
    return tuple(notes)


def named_cells(design: StudyDesign, cells: Sequence[tuple[int, int]]) -> Values:
    """How many cells there are, and the first of them, for a message.

    Parameters
    ----------
    design
        Names periods.
    cells
        Cohort and period of each.

    Returns
    -------
    dict
        ``count`` and ``cells``.
    """
    label = design.panel.periods.label
    named = [f"{label(cohort)} in {label(period)}" for cohort, period in cells[:4]]
    more = f", … ({len(cells)})" if len(cells) > len(named) else ""
    return {"count": len(cells), "cells": ", ".join(named) + more}


def _dominated(design: StudyDesign, y: NDArray[np.float64], used: NDArray[np.bool_]) -> list[Message]:
    """Say where one treated unit has most of the incidents."""
    of_unit = np.zeros(len(y))
    for rows in in_chunks(*y.shape):
        of_unit[rows] = np.where(used[rows], y[rows], 0.0).sum(axis=1)
    of_unit[~design.ever_treated] = 0.0
    largest, number = int(of_unit.argmax()), int((of_unit > 0).sum())
    share = of_unit[largest] / of_unit.sum()
    if number < 3 or share <= _DOMINATES:
        return []
    unit = str(design.panel.units[largest])
    return [Message("note-counts-dominated", {"unit": unit, "share": round(100 * share), "units": number})]
