"""How sure we are of a vector of effects, jointly.

Every kind of uncertainty answers the same questions (:class:`Uncertainty`), so that
aggregation, restating and reporting are written once. Whether an interval is a confidence
or a credible interval is a property of the object, never a question asked elsewhere.
"""

from preventeval.uncertainty.bands import Multipliers, directions, exceedance
from preventeval.uncertainty.confidence import (
    Covariance,
    Influence,
    InfluenceRows,
    InfluenceSource,
    aligned,
)
from preventeval.uncertainty.posterior import Posterior
from preventeval.uncertainty.protocol import Kind, Uncertainty

__all__ = [
    "Covariance",
    "Influence",
    "InfluenceRows",
    "InfluenceSource",
    "Kind",
    "Multipliers",
    "Posterior",
    "Uncertainty",
    "aligned",
    "directions",
    "exceedance",
]
