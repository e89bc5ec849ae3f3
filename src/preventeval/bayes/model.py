"""The hierarchical model of counts, as a PyMC model that can be read and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from preventeval.bayes.cells import CountCells
from preventeval.bayes.priors import Priors

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["build"]


def build(cells: CountCells, priors: Priors) -> pm.Model:
    """Write the model of counts down, without sampling it.

    A count y of unit i in period t is negative binomial with mean mu and variance
    mu + mu²/phi, where ``log mu = log exposure + baseline + unit_level[i] + period_level[t]
    + effect[i]``; the last only while i is in the programme. Unit levels and period levels
    sum to zero, and effects are normal about ``mean_effect``.

    What the data say much about (unit and period levels) is centred; what they say little
    about (effects) is not, because a centred effect makes the sampler fail where the effects
    hardly differ (Betancourt & Girolami 2015).

    Parameters
    ----------
    cells
        Counts and what each belongs to.
    priors
        Beliefs before the data.

    Returns
    -------
    pymc.Model
        With ``baseline``, ``sd_unit``, ``unit_level``, ``period_level``, ``mean_effect``,
        ``sd_effect``, ``effect`` and ``overdispersion`` (1/phi).

    References
    ----------
    Betancourt, M., & Girolami, M. (2015). Hamiltonian Monte Carlo for hierarchical models.
    In Current Trends in Bayesian Methodology with Applications, ch. 4.
    https://doi.org/10.48550/arXiv.1312.0906

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> from preventeval.bayes import Priors, build, count_cells
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": ["A"] * 3 + ["B"] * 3,
    ...         "year": [2019, 2020, 2021] * 2,
    ...         "robbery": [9, 8, 5, 7, 7, 8],
    ...         "start": [2020] * 3 + [None] * 3,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"])
    >>> design = pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    >>> model = build(count_cells(design), Priors())
    >>> [variable.name for variable in model.deterministics]
    ['effect']
    """
    import pymc as pm

    coords: dict[str, Any] = {"unit": cells.units, "period": cells.periods, "site": cells.sites}
    overall = float(np.log(cells.counts.sum() / cells.exposure.sum()))
    with pm.Model(coords=coords) as model:
        baseline = pm.Normal("baseline", overall, priors.baseline_sd)
        sd_unit = pm.HalfNormal("sd_unit", priors.sd_unit)
        unit_level = pm.ZeroSumNormal("unit_level", sd_unit, dims="unit")
        period_level = pm.ZeroSumNormal("period_level", priors.sd_period, dims="period")
        mean_effect = pm.Normal("mean_effect", priors.mean_effect, priors.mean_effect_sd)
        sd_effect = pm.HalfNormal("sd_effect", priors.sd_effect)
        z_effect = pm.Normal("z_effect", 0.0, 1.0, dims="site")
        effect = pm.Deterministic("effect", mean_effect + sd_effect * z_effect, dims="site")
        overdispersion = pm.Exponential("overdispersion", scale=priors.overdispersion)
        log_mean = np.log(cells.exposure) + baseline + unit_level[cells.unit] + period_level[cells.period]
        # Looking the effect up, with 0 in front for the untreated, compiles faster than a product.
        log_mean += pm.math.concatenate([[0.0], effect])[cells.site]
        pm.NegativeBinomial(
            "count", mu=pm.math.exp(log_mean), alpha=1 / overdispersion, observed=cells.counts
        )
    return model
