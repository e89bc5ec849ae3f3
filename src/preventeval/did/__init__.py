"""Difference-in-differences: one file per estimator.

``__all__`` is the registry that specs, docs and the contract tests read: a new estimator
is its file and one line here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from preventeval.did.callaway_sant_anna import CallawaySantAnna
    from preventeval.did.imputation import ImputationDiD
    from preventeval.did.linear_did import LinearDiD
    from preventeval.did.poisson_did import PoissonDiD
    from preventeval.did.sun_abraham import SunAbraham
    from preventeval.did.two_way_fixed_effects import TwoWayFixedEffects

__all__ = ["CallawaySantAnna", "ImputationDiD", "LinearDiD", "PoissonDiD", "SunAbraham", "TwoWayFixedEffects"]

_WHERE = {
    "CallawaySantAnna": "callaway_sant_anna",
    "ImputationDiD": "imputation",
    "LinearDiD": "linear_did",
    "PoissonDiD": "poisson_did",
    "SunAbraham": "sun_abraham",
    "TwoWayFixedEffects": "two_way_fixed_effects",
}


def __getattr__(name: str) -> Any:
    """Load an estimator, and the libraries that it needs, when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
