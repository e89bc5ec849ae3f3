"""The estimators that a spec can name."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from preventeval.estimate import Estimator

__all__ = ["estimator_classes", "takes_counts"]

_PACKAGES = ("preventeval.did", "preventeval.bayes")


@cache
def estimator_classes() -> Mapping[str, type[Any]]:
    """Every estimator by its name, in the order of the registries.

    Returns
    -------
    mapping of str to type
        The public classes of the estimator packages that have a ``fit``.

    Examples
    --------
    >>> "CallawaySantAnna" in estimator_classes()
    True
    """
    modules = [import_module(package) for package in _PACKAGES]
    public = {name: getattr(module, name) for module in modules for name in module.__all__}
    return MappingProxyType(
        {name: thing for name, thing in public.items() if inspect.isclass(thing) and hasattr(thing, "fit")}
    )


def takes_counts(estimator: Estimator) -> bool:
    """Whether a method takes numbers of incidents, and not the outcome as it is analysed.

    Parameters
    ----------
    estimator
        A method with its options.

    Examples
    --------
    >>> takes_counts(estimator_classes()["PoissonDiD"]())
    True
    >>> takes_counts(estimator_classes()["SunAbraham"]())
    False
    """
    # Models of whole numbers have no option for it: their package holds nothing else.
    whole = type(estimator).__module__.startswith("preventeval.bayes")
    return whole or getattr(estimator, "likelihood", "linear") != "linear"
