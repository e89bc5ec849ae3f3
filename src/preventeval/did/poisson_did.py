"""Extended two-way Poisson regression with exposure (Wooldridge 2023)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from preventeval.design import StudyDesign
from preventeval.did._extended import Covariates, Levels, check_options, fit_extended
from preventeval.estimate import EffectEstimate

__all__ = ["PoissonDiD"]


@dataclass(frozen=True)
class PoissonDiD:
    """Rate ratios of each cohort in each period, by a Poisson regression with exposure.

    The logarithm of the expected incidents of a unit is its own level, plus an effect of the
    period that all share, plus the logarithm of its exposure and, once it is in the programme,
    an effect of its cohort in that period. It stands on parallel trends in ratios: without
    the programme the rates of all cohorts would have changed by the same factor. The counts need
    not follow a Poisson distribution: only the mean has to be right, and overdispersion is taken
    up by the standard errors.

    Effects are logarithms of rate ratios; ``as_percent()`` restates them, and ``averted()``
    sums over cells what was expected without the programme less what was expected with it
    (Wooldridge's average partial effect, times unit-periods), with the uncertainty of both.
    Averages weigh cells by their unit-periods and take those as given.

    Standard errors are clustered by the clusters of the design, with the factor
    G / (G − 1) · (n − 1) / (n − K) for G clusters, n unit-periods and K coefficients, effects of
    units aside: the default of R's fixest. Intervals refer to the t distribution with one
    degree of freedom less than there are treated or, if fewer, comparison clusters; with one there is none.

    Parameters
    ----------
    levels
        ``"unit"``: every unit has a level of its own. ``"cohort"``: every cohort has, as in the
        paper and in R's etwfe; units of a cohort then differ by exposure (and covariates) alone.
    regions
        Column with one value per unit: each region has period effects of its own.
    season_effects
        Each unit has a level for each month (or quarter) of the year in place of one.
    covariates
        Covariates that do not vary over time are multiplied with period effects (``"by_period"``:
        biased where effects differ with a covariate) or, as deviations from the mean of the cohort,
        with the effects of cells too (``"full"``, as in the paper; it needs several areas with
        incidents in every cell). The effect of a cell is then the logarithm of what is expected in
        it with the programme over what is expected without, summed over its units. Covariates that
        vary over time enter as they are.
    leads
        Periods before the start, all but the last before the start and the anticipation (in each
        season, where units have a level for each), get an effect too. Effects after the start change
        by it: they are then measured against that one period in place of all earlier ones, as by
        SunAbraham, and intervals of averages are often two to four times as wide. To look at earlier
        trends leave it off: the check of earlier trends fits its own. Always so where the
        comparison of the design is not ``"not_yet_treated"``.
    likelihood
        ``"poisson"``, or ``"negative_binomial"``: by maximum likelihood, more precise if the
        variance is as it says, but not robust to effects of units: with few periods it is biased.

    Raises
    ------
    EstimationError
        An option that is not known.

    References
    ----------
    Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel
    data. The Econometrics Journal 26, C31–C66. https://doi.org/10.1093/ectj/utad016

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": [area for area in "ABCDEF" for _ in range(3)],
    ...         "year": [2019, 2020, 2021] * 6,
    ...         "robbery": [9, 8, 5, 7, 7, 4, 6, 6, 4, 7, 7, 8, 5, 6, 6, 9, 8, 8],
    ...         "residents": 1000,
    ...         "start": [2021] * 9 + [None] * 9,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"], exposure="residents")
    >>> design = pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    >>> pe.PoissonDiD().fit(design).overall().as_percent().params.round(1).to_dict()
    {'overall': -42.3}
    """

    levels: Levels = "unit"
    regions: str | None = None
    season_effects: bool = False
    covariates: Covariates = "by_period"
    leads: bool = False
    likelihood: Literal["poisson", "negative_binomial"] = "poisson"
    name: ClassVar[str] = "PoissonDiD"
    references: ClassVar[tuple[str, ...]] = (
        "Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel data. "
        "The Econometrics Journal 26, C31–C66. https://doi.org/10.1093/ectj/utad016",
    )

    def __post_init__(self) -> None:
        check_options(self, likelihood=Literal["poisson", "negative_binomial"])

    def with_leads(self, design: StudyDesign) -> PoissonDiD:
        """The same regression with effects before the start, for the check of earlier trends."""
        del design  # every period that can have one gets one
        return replace(self, leads=True)

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, against whom, and what is counted. The exposure of the panel,
            where it has one, is used whatever the ``measure`` of the design is.

        Returns
        -------
        EffectEstimate
            One row per cohort and period, on the scale of log rate ratios. Cells that cannot be
            estimated are left out and named in ``notes``, with the reason.

        Raises
        ------
        EstimationError
            The outcome is no number of incidents, no cell can be estimated, or a covariate cannot
            be adjusted for.
        """
        return fit_extended(self, design, self.likelihood)
