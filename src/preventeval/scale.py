"""What a number measures, and how it may be restated.

Effects are estimated on a *base* scale (incidents, a rate, a logarithm, the outcome's own
unit). Some base scales can be shown in another way, by a monotone change that carries the
ends of an interval with it: a log rate ratio can be shown as a ratio or in per cent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["AVERTED", "INCIDENTS", "LOG_POINTS", "LOG_RATE_RATIO", "VALUE", "Scale", "rate"]

Base = Literal["incidents", "rate", "value", "log_points", "log_rate_ratio", "averted"]
#: How errors call what cannot be restated.
_WORDS = {
    "incidents": "incidents",
    "rate": "a rate",
    "value": "the outcome's own unit",
    "averted": "incidents averted",
}
Shown = Literal["base", "ratio", "percent"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of an effect.

    Parameters
    ----------
    base
        What is estimated: ``"incidents"`` (a difference in incidents per unit and period),
        ``"rate"`` (a difference in incidents per ``per`` of exposure), ``"value"`` (a
        difference in the outcome's own unit), ``"log_points"`` (a difference of logarithms),
        ``"log_rate_ratio"`` (the logarithm of a ratio of expected counts) or ``"averted"``
        (incidents that did not happen: positive is fewer).
    per
        Exposure that a rate is given for, such as 100,000 residents.
    shown
        ``"base"``, or ``"ratio"`` and ``"percent"`` for the two logarithmic scales.

    Examples
    --------
    >>> LOG_RATE_RATIO.as_percent().show(np.log([0.8]))
    array([-20.])
    """

    base: Base
    per: float | None = None
    shown: Shown = "base"

    @property
    def is_log(self) -> bool:
        """Whether the effect is estimated as a difference of logarithms."""
        return self.base in ("log_points", "log_rate_ratio")

    @property
    def null(self) -> float:
        """The shown value that means "no change"."""
        return 1.0 if self.shown == "ratio" else 0.0

    @property
    def name(self) -> str:
        """Key of the scale in tables and message catalogues."""
        return {"base": self.base, "ratio": "rate_ratio", "percent": "percent"}[self.shown]

    def as_percent(self) -> Scale:
        """The same effects in per cent of what was expected."""
        return self._restated("percent")

    def as_ratio(self) -> Scale:
        """The same effects as a ratio of observed to expected."""
        return self._restated("ratio")

    def show(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Restate base values as they are shown; monotone, any shape."""
        if self.shown == "ratio":
            return np.exp(values)
        return 100.0 * np.expm1(values) if self.shown == "percent" else values

    def slope(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of :meth:`show` at base values, for delta-method standard errors."""
        if self.shown == "ratio":
            return np.exp(values)
        return 100.0 * np.exp(values) if self.shown == "percent" else np.ones_like(values)

    def _restated(self, shown: Shown) -> Scale:
        if not self.is_log:
            raise EstimationError(
                f"an effect in {_WORDS[self.base]} cannot be restated as a {shown}",
                hint="a percentage of incidents comes with the incidents averted; "
                "or analyse the outcome with measure='log' or measure='log_rate'",
            )
        return replace(self, shown=shown)


INCIDENTS = Scale("incidents")
VALUE = Scale("value")
LOG_POINTS = Scale("log_points")
LOG_RATE_RATIO = Scale("log_rate_ratio")
AVERTED = Scale("averted")


def rate(per: float = 100_000) -> Scale:
    """Incidents per ``per`` of exposure.

    Parameters
    ----------
    per
        Exposure (residents, say) that the rate is given for.

    Returns
    -------
    Scale
    """
    return Scale("rate", per=per)
