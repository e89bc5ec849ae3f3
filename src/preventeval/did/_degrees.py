"""How many clusters stand behind an interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.words import Message

__all__ = ["degrees_of_freedom", "lone_comparison"]

Flags = NDArray[np.bool_]


def degrees_of_freedom(design: StudyDesign, used: Flags, *, only_never: bool = False) -> float:
    """Clusters on the smaller side, treated or comparison, less one.

    A side of one cluster is fitted exactly and shows no variation of its own: with it, there is
    no interval.

    Parameters
    ----------
    design
        Who is compared with whom.
    used
        Units that are used, shape (n_units,).
    only_never
        Whether units that start later do not serve as comparison, whatever the design says.
    """
    treated, compared = _sides(design, used, only_never=only_never)
    return float(min(treated, compared) - 1)


def lone_comparison(design: StudyDesign, used: Flags, *, only_never: bool = False) -> list[Message]:
    """Say so where a single cluster is all that there is to compare with."""
    lone = _sides(design, used, only_never=only_never)[1] == 1
    return [Message("note-lone-comparison")] if lone else []


def _sides(design: StudyDesign, used: Flags, *, only_never: bool) -> tuple[int, int]:
    """Number of treated and of comparison clusters."""
    treated = design.ever_treated & used
    compared = used & ~design.ever_treated
    if design.comparison == "not_yet_treated" and not only_never and treated.any():
        compared = used & (design.cohort > design.cohort[treated].min())
    first, second = (np.count_nonzero(np.bincount(design.clusters[side])) for side in (treated, compared))
    return int(first), int(second)
