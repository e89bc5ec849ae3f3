"""Effects by the columns that a design declares as subgroups, and whether groups differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate
from preventeval.estimate.groups import Fits, fit_groups, joined
from preventeval.sensitivity import failed_gates, of_counts
from preventeval.sensitivity.finding import few_treated

__all__ = ["Difference", "Subgroups", "differ", "fit_subgroups"]

Differ = Literal["yes", "unclear", "unknown"]
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Subgroups:
    """One declared column: the fit of every group, and their effects side by side.

    Parameters
    ----------
    fits
        What was fitted in each group, or why nothing was.
    effects
        One row per group; None where no group has an effect.
    """

    fits: Fits
    effects: EffectEstimate | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Whether groups differ.

    Parameters
    ----------
    differ
        ``"yes"``, ``"unclear"`` (they may or may not), or ``"unknown"`` (not tested).
    p_value
        Of a joint test that all are alike; None for credible intervals and where it is not known.
    reason
        Why it was not tested, if it was not.
    """

    differ: Differ
    p_value: float | None = None
    reason: str | None = None


def fit_subgroups(estimate: EffectEstimate, column: str) -> Subgroups:
    """Fit an estimate's recipe again in each group of a declared column.

    A group whose computation does not pass its own check counts as one without an effect.
    """
    fits = fit_groups(estimate, column)
    unsound = [name for name, part in fits.parts.items() if failed_gates(part)]
    if unsound:
        why = "the computation did not pass its own check"
        fits = replace(
            fits,
            parts={name: part for name, part in fits.parts.items() if name not in unsound},
            failed={**fits.failed, **dict.fromkeys(unsound, why)},
        )
    try:
        return Subgroups(fits, joined(estimate, fits, "in_total" if of_counts(estimate) else "overall"))
    except EstimationError:  # that no group has an effect is said group by group
        return Subgroups(fits, None)


def differ(subgroups: Subgroups) -> Difference:
    """Whether the groups of a column differ, as far as the data can tell.

    Their intervals do not say so: the effects of all groups are tested jointly for being alike (by
    the simultaneous band of their differences where intervals are credible). Nothing is tested
    where a group has fewer than four treated clusters, whose interval says nothing.
    """
    if subgroups.effects is None:
        return Difference("unknown", reason="no group has an effect")
    few = [name for name, part in subgroups.fits.parts.items() if few_treated(part.recipe.design)]
    if few:
        return Difference("unknown", reason=f"there are too few treated areas in {', '.join(few)}")
    try:
        apart = subgroups.effects.difference()
        if apart.interval_kind == "credible":
            band = apart.conf_int(_LEVEL, simultaneous=True).to_numpy()
            clear = bool(((band[:, 0] > 0) | (band[:, 1] < 0)).any())
            return Difference("yes" if clear else "unclear")
        p = apart.joint_test().p_value
    except EstimationError as error:
        return Difference("unknown", reason=error.message)
    if not np.isfinite(p):
        return Difference("unknown", reason="there are too few treated areas for the number of groups")
    return Difference("yes" if p < 1 - _LEVEL else "unclear", p)
