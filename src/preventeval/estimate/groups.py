"""Effects of subgroups, side by side, and whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DesignError, EstimationError
from preventeval.uncertainty import Covariance, Influence, InfluenceRows, Posterior, Uncertainty, aligned
from preventeval.words import Message

if TYPE_CHECKING:
    from preventeval.design import StudyDesign
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["Fits", "Quantity", "by_group", "difference", "fit_groups", "joined"]

Array = NDArray[np.float64]
Quantity = Literal["overall", "in_total", "averted", "per_100k"]
#: Fixed, so that the same estimate always gives the same pairs of draws.
_PAIRING_SEED = 20_130_419


@dataclass(frozen=True, eq=False, slots=True)
class Fits:
    """The estimator of an estimate, fitted in each subgroup.

    Parameters
    ----------
    column
        What the groups are groups by.
    names
        All groups, in the order of their values.
    parts
        What was fitted, by group.
    failed
        Why a group has no estimate, by group.
    """

    column: str
    names: tuple[str, ...]
    parts: Mapping[str, EffectEstimate]
    failed: Mapping[str, str]


def fit_groups(estimate: EffectEstimate, column: str) -> Fits:
    """Fit the estimator again in each subgroup.

    Parameters
    ----------
    estimate
        The estimate whose recipe is followed.
    column
        Column that the design declares as subgroups.

    Returns
    -------
    Fits
    """
    parts: dict[str, EffectEstimate] = {}
    failed: dict[str, str] = {}
    designs = estimate.recipe.design.split(column)
    for name, design in designs.items():
        try:
            parts[name] = estimate.refit(design)
        except (DesignError, EstimationError) as error:
            failed[name] = error.message
    return Fits(column, tuple(designs), parts, failed)


def by_group(estimate: EffectEstimate, column: str, quantity: Quantity) -> EffectEstimate:
    """Effects of each subgroup; see :meth:`EffectEstimate.by_group`.

    Parameters
    ----------
    estimate
        The estimate whose recipe is followed in each subgroup.
    column
        Column that the design declares as subgroups.
    quantity
        What is said of each group.
    """
    if quantity not in get_args(Quantity):
        choices = ", ".join(repr(choice) for choice in get_args(Quantity))
        raise EstimationError(f"quantity={quantity!r} is not known: choose one of {choices}")
    return joined(estimate, fit_groups(estimate, column), quantity)


def joined(estimate: EffectEstimate, fits: Fits, quantity: Quantity) -> EffectEstimate:
    """Effects of subgroups that have been fitted, side by side.

    Parameters
    ----------
    estimate
        The estimate whose recipe was followed.
    fits
        From :func:`fit_groups`.
    quantity
        What is said of each group.

    Returns
    -------
    EffectEstimate
        One row per ``group``, with joint uncertainty.

    Raises
    ------
    EstimationError
        No group has an effect.
    """
    parts: dict[str, EffectEstimate] = {}
    notes = [
        Message("note-group-left-out", {"group": name, "reason": why}) for name, why in fits.failed.items()
    ]
    for name, fitted in fits.parts.items():
        try:
            parts[name] = getattr(fitted, quantity)()
        except (DesignError, EstimationError) as error:
            notes.append(Message("note-group-left-out", {"group": name, "reason": error.message}))
            continue
        own = (*fitted.recipe.design.notes, *fitted.notes)
        notes += [Message("note-in-group", {"group": name, "note": note}) for note in own]
    if not parts:
        reasons = "; ".join(str(note) for note in notes)
        raise EstimationError(f"{estimate.method}: no group of '{fits.column}' has an effect. {reasons}")
    each = list(parts.values())
    uncertainty = _joint(each, estimate.recipe.design)
    if isinstance(uncertainty, Posterior):
        notes.append(Message("note-groups-drawn-apart"))
    shown = estimate.scale.shown if quantity in ("overall", "in_total") else "base"
    designs = [part.recipe.design for part in each]
    return replace(
        estimate,
        effect=np.concatenate([part.effect for part in each]),
        labels={"group": np.array(list(parts), dtype=object)},
        uncertainty=uncertainty,
        scale=replace(each[0].scale, shown=shown),
        of="group",
        post=np.ones(len(each), dtype=bool),
        sizes=np.zeros(0),
        size_of=np.zeros(0, dtype=np.int64),
        expected=np.zeros(0),
        aggregated=True,
        notes=tuple(notes),
        diagnostics=MappingProxyType(
            {
                "column": fits.column,
                "treated_units": tuple(int(d.ever_treated.sum()) for d in designs),
                "untreated_units": tuple(int((~d.ever_treated).sum()) for d in designs),
            }
        ),
    )


def difference(estimate: EffectEstimate, reference: str | None) -> EffectEstimate:
    """Effects of groups less that of one of them; see :meth:`EffectEstimate.difference`.

    Parameters
    ----------
    estimate
        Effects by group.
    reference
        The group that is taken off; None for the first.
    """
    estimate._need(estimate.of == "group", "differences are between groups: ask by_group(column) first")
    groups = estimate._columns["group"].tolist()
    reference = groups[0] if reference is None else reference
    estimate._need(reference in groups, f"there is no group '{reference}': there is {', '.join(groups)}")
    estimate._need(len(groups) > 1, f"only group '{reference}' has an effect: there is nothing to compare")
    if np.isnan(estimate.uncertainty.cov).any():
        raise EstimationError(
            f"{estimate.method}: whether groups differ cannot be said: they share clusters, and this method "
            "does not say how their errors then go together",
            hint="the effects of the groups stand; use an estimator with influence values "
            "(CallawaySantAnna), or clusters that lie within groups",
        )
    base = groups.index(reference)
    others = [at for at in range(len(groups)) if at != base]
    contrast = np.eye(len(groups))[others] - np.eye(len(groups))[base]
    spread = estimate.uncertainty.through(lambda values: values @ contrast.T, contrast)
    names = np.array([f"{groups[at]} less {reference}" for at in others], dtype=object)
    return estimate._with(
        contrast @ estimate.effect,
        {"group": names},
        spread,
        of="difference",
        post=np.ones(len(others), dtype=bool),
        scale=replace(estimate.scale, shown="base"),
    )


def _joint(parts: Sequence[EffectEstimate], design: StudyDesign) -> Uncertainty:
    """Joint uncertainty of one effect of each group."""
    own = [part.uncertainty for part in parts]
    if all(isinstance(one, Influence) for one in own):
        return _by_cluster([one for one in own if isinstance(one, Influence)], parts, design)
    if all(isinstance(one, Posterior) for one in own):
        return _paired([one.draws for one in own if isinstance(one, Posterior)])
    return _blocks(parts)


def _by_cluster(own: Sequence[Influence], parts: Sequence[EffectEstimate], design: StudyDesign) -> Influence:
    """Influence values side by side: groups that share clusters go together as their data do."""
    labels = [
        part.recipe.design.cluster_labels[one.source.codes] for one, part in zip(own, parts, strict=True)
    ]
    values, names = aligned(own, labels)
    codes = pd.Index(design.cluster_labels).get_indexer(pd.Index(names))
    return Influence(
        InfluenceRows(values, codes.astype(np.int64)), np.eye(len(own)), df=_each([one.df for one in own])
    )


def _blocks(parts: Sequence[EffectEstimate]) -> Covariance:
    """Variances alone: independent where no cluster is shared, and unknown where one is."""
    matrix = np.diag([float(part.uncertainty.cov[0, 0]) for part in parts])
    clusters = [set(part.recipe.design.cluster_labels.tolist()) for part in parts]
    for one in range(len(parts)):
        for other in range(one):
            if clusters[one] & clusters[other]:
                matrix[one, other] = matrix[other, one] = np.nan
    return Covariance(matrix, df=_each([getattr(part.uncertainty, "df", None) for part in parts]))


def _paired(draws: Sequence[Array]) -> Posterior:
    """Independent draws, paired at random: fits with the same seed must not go in step."""
    rng = np.random.default_rng(_PAIRING_SEED)
    fewest = min(len(own) for own in draws)
    return Posterior(np.hstack([own[rng.permutation(len(own))[:fewest]] for own in draws]))


def _each(df: Sequence[float | Array | None]) -> Array | None:
    """Degrees of freedom of each group, shape (number of groups,); None where intervals are normal."""
    if all(own is None for own in df):
        return None
    return np.array([np.inf if own is None else float(np.min(own)) for own in df])
