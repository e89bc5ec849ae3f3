"""Counts in many units, with a programme effect that is partially pooled over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.bayes.cells import CountCells, anticipated, count_cells
from preventeval.bayes.model import build
from preventeval.bayes.priors import Priors
from preventeval.bayes.sampling import Convergence, convergence, sample
from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Posterior
from preventeval.words import Message

if TYPE_CHECKING:
    from xarray import DataTree

__all__ = ["HierarchicalCounts"]

Array = NDArray[np.float64]
#: Most numbers that the draws of the effects may hold (160 MB); beyond, draws are thinned.
_MOST_NUMBERS = 20_000_000
_LEVEL = 0.95


@dataclass(frozen=True)
class HierarchicalCounts:
    """Negative binomial counts with exposure, and effects partially pooled over treated units.

    Every treated unit has an effect of its own, a log rate ratio that holds from its start
    on; the effects of all units are drawn towards their mean as far as the data do not speak
    against it. Units and periods have levels of their own, so that trends and seasons that
    all units share are taken out; see :func:`preventeval.bayes.build`. Without
    the programme, the *ratio* of rates between treated and other units is assumed to have
    stayed the same.

    ``overall()`` is the average over the treated unit-periods of these units. The mean effect
    of the programme (``mean_effect``) and the effect to expect in one more unit
    (``next_unit``), which is less certain, are in the diagnostics of the result, as are the
    whole ``posterior``, and ``gates``: checks of the computation, green, amber or red.

    Parameters
    ----------
    draws, tune
        Draws to keep and to tune with, per chain.
    chains
        Number of chains, 2 or more.
    target_accept
        Acceptance rate that step sizes are tuned for. Where an integration diverges, the
        model is sampled once more with 0.95.
    seed
        The same seed gives the same draws from the same compiled model. A fresh compilation,
        or another machine, may add in another order, and then draws differ within their
        Monte Carlo error.
    priors
        Beliefs before the data.

    Raises
    ------
    EstimationError
        An option out of its range.

    References
    ----------
    Gelman, A., Carlin, J. B., Stern, H. S., Dunson, D. B., Vehtari, A., & Rubin, D. B.
    (2013). Bayesian Data Analysis, 3rd ed., ch. 5. https://doi.org/10.1201/b16018

    Examples
    --------
    >>> import preventeval as pe
    >>> from preventeval.bayes import Priors
    >>> sceptical = pe.HierarchicalCounts(priors=Priors(mean_effect_sd=0.15))
    >>> estimate = sceptical.fit(design)  # doctest: +SKIP
    >>> estimate.as_percent().overall()  # doctest: +SKIP
    """

    draws: int = 1500
    tune: int = 500
    chains: int = 4
    target_accept: float = 0.9
    seed: int = 20_130_419
    priors: Priors = field(default_factory=Priors)
    name: ClassVar[str] = "HierarchicalCounts"
    references: ClassVar[tuple[str, ...]] = (
        "Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed. https://doi.org/10.1201/b16018",
        "Abril-Pla, O. et al. (2023). PyMC: a modern, and comprehensive probabilistic programming framework "
        "in Python. PeerJ Computer Science 9, e1516. https://doi.org/10.7717/peerj-cs.1516",
        "Vehtari, A. et al. (2021). Rank-normalization, folding, and localization: an improved R-hat. "
        "Bayesian Analysis 16, 667–718. https://doi.org/10.1214/20-BA1221",
    )

    def __post_init__(self) -> None:
        for option, least in (("draws", 10), ("tune", 50), ("chains", 2), ("seed", 0)):
            value = getattr(self, option)
            if type(value) is not int or value < least:
                raise EstimationError(
                    f"{self.name}: {option}={value!r}: expected a whole number of {least} or more"
                )
        if not 0.5 <= self.target_accept < 1:
            raise EstimationError(
                f"{self.name}: target_accept={self.target_accept!r}: expected 0.5 to below 1"
            )

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, and what is measured; with numbers of incidents.

        Returns
        -------
        EffectEstimate
            Log rate ratios by unit and period, the same in all treated periods of a unit.

        Raises
        ------
        DesignError
            The outcome has no incidents behind it, or they are not whole numbers.
        EstimationError
            No incident at all, or nothing that treated unit-periods could be compared with.
        """
        cells = count_cells(design)
        tree = sample(
            build(cells, self.priors),
            draws=self.draws,
            tune=self.tune,
            chains=self.chains,
            target_accept=self.target_accept,
            seed=self.seed,
        )
        checked = convergence(tree)
        labels = _labels(cells, design)
        draws = _thinned(_flat(tree, "effect"), len(labels))[:, cells.site[cells.site > 0] - 1]
        return EffectEstimate(
            effect=np.median(draws, axis=0),
            labels=labels,
            uncertainty=Posterior(draws),
            scale=LOG_RATE_RATIO,
            recipe=Recipe(design, self),
            post=np.ones(len(labels), dtype=bool),
            notes=(*_decided(cells, design), *_warned(checked)),
            diagnostics=self._diagnostics(cells, tree, checked),
        )

    def _diagnostics(self, cells: CountCells, tree: DataTree, checked: Convergence) -> Mapping[str, Any]:
        mean, spread = _flat(tree, "mean_effect")[:, 0], _flat(tree, "sd_effect")[:, 0]
        one_more = mean + spread * np.random.default_rng(self.seed).standard_normal(len(mean))
        return MappingProxyType(
            {
                "sampler": "NUTS of nutpie, low-rank metric",
                "target_accept": float(tree.attrs["target_accept"]),
                "tune": self.tune,
                "seed": self.seed,
                "cells": len(cells.counts),
                **checked.as_dict(),
                "mean_effect": _described(mean),
                "next_unit": _described(one_more),
                "sd_effect": _described(spread),
                "overdispersion": _described(_flat(tree, "overdispersion")[:, 0]),
                "posterior": tree,
            }
        )


def _labels(cells: CountCells, design: StudyDesign) -> pd.DataFrame:
    """What each treated and observed unit-period is, in the order of the cells.

    Not its event time: an effect that is constant over treated time by assumption says nothing
    of how effects develop, and averages by event time would only show which units are left.
    """
    treated = cells.site > 0
    unit, period = cells.unit[treated], cells.period[treated]
    return pd.DataFrame({"unit": unit, "cohort": design.cohort[unit], "period": period})


def _flat(tree: DataTree, name: str) -> Array:
    """All draws of a variable, chain after chain, shape (draws, its size)."""
    values = np.asarray(tree["posterior"][name], dtype=np.float64)
    return values.reshape(values.shape[0] * values.shape[1], -1)


def _thinned(draws: Array, columns: int) -> Array:
    """Every so manieth draw, so that ``columns`` of them fit into memory."""
    return draws[:: max(1, -(-len(draws) * columns // _MOST_NUMBERS))]


def _described(draws: Array) -> dict[str, float]:
    """Posterior mean, standard deviation and equal-tailed interval of one quantity."""
    low, high = np.quantile(draws, [0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2])
    numbers = {"mean": draws.mean(), "sd": draws.std(ddof=1), "low": low, "high": high, "level": _LEVEL}
    return {name: float(value) for name, value in numbers.items()}


def _decided(cells: CountCells, design: StudyDesign) -> list[Message]:
    """What the reader should know about how the design was read."""
    panel, notes = design.panel, []
    left_out = int((anticipated(design) & np.isfinite(design.y)).sum())
    if left_out:
        notes.append(Message("note-hierarchical-anticipation", {"count": left_out}))
    if panel.exposure is not None and design.incidents is not None:
        count = int((np.isfinite(design.incidents) & np.isnan(panel.exposure)).sum())
        if count:
            notes.append(Message("note-hierarchical-no-exposure", {"count": count}))
    if design.comparison == "never_treated":
        notes.append(Message("note-hierarchical-comparison"))
    unused = (
        ("weights", panel.weights is not None),
        ("covariates", bool(panel.covariates)),
        ("clusters", design.cluster is not None and design.cluster != panel.unit),
    )
    notes += [Message(f"note-hierarchical-no-{what}") for what, given in unused if given]
    if len(cells.sites) == 1:
        notes.append(Message("note-hierarchical-one-treated"))
    starters = np.flatnonzero(design.ever_treated)
    after = starters[~np.isin(starters, cells.site_units)]
    before = cells.site_units[~np.isin(cells.site_units, cells.unit[cells.site == 0])]
    for when, unseen in (("after", after), ("before", before)):
        if unseen.size:
            names = ", ".join(str(label) for label in panel.units[unseen])
            notes.append(Message(f"note-hierarchical-unseen-{when}", {"count": unseen.size, "units": names}))
    treated, untreated = cells.period[cells.site > 0], cells.period[cells.site == 0]
    alone = len(np.setdiff1d(treated, untreated))
    if alone:
        notes.append(Message("note-hierarchical-all-treated", {"count": alone}))
    return notes


def _warned(checked: Convergence) -> list[Message]:
    """Checks of the computation that are not green."""
    return [
        Message(
            "note-hierarchical-gate",
            {
                "name": gate.name,
                "verdict": gate.verdict,
                "value": f"{gate.value:.4g}",
                "limit": f"{gate.limit:g}",
            },
        )
        for gate in checked.gates
        if gate.verdict != "green"
    ]
