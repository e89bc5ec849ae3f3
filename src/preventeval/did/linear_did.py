"""Extended two-way fixed effects by least squares (Wooldridge 2021, 2025)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from preventeval.design import StudyDesign
from preventeval.did._extended import Covariates, Levels, check_options, fit_extended
from preventeval.estimate import EffectEstimate

__all__ = ["LinearDiD"]


@dataclass(frozen=True)
class LinearDiD:
    """Effects of each cohort in each period, by one saturated least-squares regression.

    The outcome of a unit is its own level, plus an effect of the period that all share and, once
    it is in the programme, an effect of its cohort in that period. Unlike two-way fixed effects
    with a single coefficient it never takes treated units for a comparison. It stands on
    parallel trends and uses all untreated periods for them: more precise than comparisons with
    a single base period where errors are independent over time, and the same as imputation
    (without gaps and covariates).

    Standard errors are clustered by the clusters of the design, with the factor
    G / (G − 1) · (n − 1) / (n − K) for G clusters, n unit-periods and K coefficients, effects of
    units aside: the default of R's fixest. Averages weigh cells by their unit-periods and take
    those as given. Intervals refer to the t distribution with one degree of freedom less than
    there are treated or, if fewer, comparison clusters; with one there is none.

    Parameters
    ----------
    levels
        ``"unit"``: every unit has a level of its own. ``"cohort"``: every cohort has, as in the
        paper and in R's etwfe; without gaps and covariates effects are the same.
    regions
        Column with one value per unit: each region has period effects of its own.
    season_effects
        Each unit has a level for each month (or quarter) of the year in place of one.
    covariates
        Covariates that do not vary over time are multiplied with period effects and, as
        deviations from the mean of the cohort, with the effects of cells (``"full"``, as in the
        paper; the effect of a cell is the mean over its unit-periods), or with period effects
        alone (``"by_period"``). Covariates that vary over time enter as they are.
    leads
        Periods before the start, all but the last before the start and the anticipation (in each
        season, where units have a level for each), get an effect too. Effects after the start change
        by it: they are then measured against that one period in place of all earlier ones, as by
        SunAbraham, and intervals of averages are often two to four times as wide. To look at earlier
        trends leave it off: the check of earlier trends fits its own. Always so where the
        comparison of the design is not ``"not_yet_treated"``.

    Raises
    ------
    EstimationError
        An option that is not known.

    References
    ----------
    Wooldridge, J. M. (2025). Two-way fixed effects, the two-way Mundlak regression, and
    difference-in-differences estimators. Empirical Economics 69, 2545–2587.
    https://doi.org/10.1007/s00181-025-02807-z.

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": [area for area in "ABCDEF" for _ in range(3)],
    ...         "year": [2019, 2020, 2021] * 6,
    ...         "robbery": [9, 8, 5, 7, 7, 4, 6, 6, 4, 7, 7, 8, 5, 6, 6, 9, 8, 8],
    ...         "start": [2021] * 9 + [None] * 9,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"])
    >>> design = pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    >>> pe.LinearDiD().fit(design).overall().params.round(3).to_dict()
    {'overall': -3.167}
    """

    levels: Levels = "unit"
    regions: str | None = None
    season_effects: bool = False
    covariates: Covariates = "full"
    leads: bool = False
    name: ClassVar[str] = "LinearDiD"
    references: ClassVar[tuple[str, ...]] = (
        "Wooldridge, J. M. (2025). Two-way fixed effects, the two-way Mundlak regression, and "
        "difference-in-differences estimators. Empirical Economics 69, 2545–2587. "
        "https://doi.org/10.1007/s00181-025-02807-z",
    )

    def __post_init__(self) -> None:
        check_options(self)

    def with_leads(self, design: StudyDesign) -> LinearDiD:
        """The same regression with effects before the start, for the check of earlier trends."""
        del design  # every period that can have one gets one
        return replace(self, leads=True)

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design.

        Parameters
        ----------
        design
            Who was treated when, against whom, and what is measured.

        Returns
        -------
        EffectEstimate
            One row per cohort and period, on the scale of the design. Cells that cannot be
            estimated are left out and named in ``notes``.

        Raises
        ------
        EstimationError
            No cell can be estimated, or a covariate cannot be adjusted for.
        """
        return fit_extended(self, design, "linear")
