"""What imputation left out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.design.starts import names_of
from preventeval.did._counts import Counted
from preventeval.did._extended_notes import named_cells, notes_of
from preventeval.did._fixed_effects import Data, Likelihood
from preventeval.did._imputed import Imputed
from preventeval.words import Message, Values

__all__ = ["notes_of_imputation"]

Flags = NDArray[np.bool_]
Index = NDArray[np.int64]


def notes_of_imputation(
    design: StudyDesign,
    data: Data,
    imputed: Imputed,
    left_out: Mapping[str, Flags],
    units: Index,
    leads: Index,
    diagnostics: Mapping[str, Any],
) -> tuple[Message, ...]:
    """Name what was left out.

    Parameters
    ----------
    design
        Names units and periods.
    data
        What was used, with notes of its own.
    imputed
        What was imputed.
    left_out
        Cells without an estimate, shape (G, T), by reason.
    units
        Where each unit of the sample is in the design, shape (n,).
    leads
        Event times before the start that could not be estimated.
    diagnostics
        Of the fit.

    Returns
    -------
    tuple of Message
    """
    starts = imputed.sample.starts
    cells = {
        reason: [(int(starts[group]), int(period)) for group, period in np.argwhere(which)]
        for reason, which in left_out.items()
    }
    counted: Counted | None = None
    likelihood: Likelihood = "linear"
    if imputed.sample.counts:
        silent = np.sort(units[imputed.silent])
        nowhere = np.zeros(0, dtype=np.int64)
        counted = Counted(data.used.astype(np.float64), [], [], cells["uncompared"], silent, nowhere)
        likelihood = "poisson"
    notes = [*notes_of(design, data, cells["impossible"], counted, likelihood, diagnostics)]
    if imputed.lost.any():
        lost = np.sort(units[imputed.lost])
        values: Values = {"count": len(lost), "units": names_of(design.panel.units[lost])}
        notes.append(Message("note-imputation-units", values))
    if cells["empty"]:
        expected = round(diagnostics["expected_in_empty_cells"], 1)
        values = {**named_cells(design, cells["empty"]), "expected": expected}
        notes.append(Message("note-counts-empty-cells", values))
    if len(leads):
        times = ", ".join(str(time) for time in leads.tolist())
        if len(leads) > 2 and leads[-1] - leads[0] == len(leads) - 1:
            times = f"{leads[0]} to {leads[-1]}"
        notes.append(Message("note-imputation-leads", {"count": len(leads), "times": times}))
    return tuple(notes)
