"""Prior beliefs of the count models, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields

from preventeval.errors import EstimationError

__all__ = ["Priors"]


@dataclass(frozen=True)
class Priors:
    """What is believed before the data are seen, on the scale of log rate ratios.

    Parameters
    ----------
    mean_effect, mean_effect_sd
        Normal prior of the mean effect of the programme. The default, 0 and 0.35, holds rate
        ratios of 0.50 to 1.98 with probability 95 %. Reviews of place-based prevention find
        reductions of 10 to 20 %; it is centred on no change, because programmes can do harm.
        A sceptical reader may take 0 and 0.15; one who believes the reviews -0.10 and 0.20.
    sd_effect
        Scale of the half-normal prior of the standard deviation of effects between treated
        units. 0.15 has its median at 0.10: units of one programme differ less than studies
        of different programmes do, for which 0.30 is a better choice.
    sd_period
        Standard deviation of the normal prior of each period's level, which all units share.
        Fixed and wide: 0.50 lets a period lie up to 2.7 times above or below the mean, so the
        data alone decide on trends and seasons.
    sd_unit
        Scale of the half-normal prior of the standard deviation of unit levels.
    baseline_sd
        Standard deviation of the normal prior of the common level, which is centred on the
        logarithm of the overall rate in the data.
    overdispersion
        Mean of the exponential prior of the overdispersion 1/phi, where the variance of a
        count with mean mu is mu + mu²/phi. It shrinks towards Poisson.

    Raises
    ------
    EstimationError
        A scale that is not above 0.

    Examples
    --------
    >>> Priors(mean_effect_sd=0.15).mean_effect_sd
    0.15
    """

    mean_effect: float = 0.0
    mean_effect_sd: float = 0.35
    sd_effect: float = 0.15
    sd_period: float = 0.50
    sd_unit: float = 1.0
    baseline_sd: float = 1.0
    overdispersion: float = 0.10

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name != "mean_effect"):
            if not getattr(self, name) > 0:
                raise EstimationError(f"Priors: {name}={getattr(self, name)!r}: expected a number above 0")
