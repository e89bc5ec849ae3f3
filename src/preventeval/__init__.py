"""Did this city's crime- or violence-prevention programme work?

The way data goes::

    records → count_incidents → Panel → StudyDesign → Estimator.fit → EffectEstimate
            → checks → evaluate → Evaluation → brief and technical report
"""

from __future__ import annotations

import copyreg
import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives. Names are loaded when they are first used, so that
#: importing the package costs little and loads no estimation library.
_HOMES = {
    "Panel": "panel",
    "StudyDesign": "design",
    "EffectEstimate": "estimate",
    "Estimator": "estimate",
    "WaldTest": "estimate",
    "adjust_family": "estimate",
    "Covariance": "uncertainty",
    "Influence": "uncertainty",
    "Posterior": "uncertainty",
    "Scale": "scale",
    "Finding": "sensitivity",
    "CallawaySantAnna": "did",
    "ImputationDiD": "did",
    "LinearDiD": "did",
    "PoissonDiD": "did",
    "SunAbraham": "did",
    "TwoWayFixedEffects": "did",
    "HierarchicalCounts": "bayes",
    "count_incidents": "intake",
    "evaluate": "evaluation",
    "Evaluation": "evaluation",
    "Facts": "report",
    "load_facts": "report",
    "load_spec": "spec",
    "simulate_programme": "simulate",
    "simulate_incidents": "simulate",
    "example_design": "simulate",
    "PreventEvalError": "errors",
    "DataError": "errors",
    "DesignError": "errors",
    "EstimationError": "errors",
    "SpecError": "errors",
    "OutputError": "errors",
    "PreventEvalWarning": "errors",
}
_MODULES = ("plot", "sensitivity")

__all__ = ["__version__", *_HOMES, *_MODULES]


def _read_only(items: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(items)  # pickle cannot name the type itself


# Python does not say how a read-only dictionary is pickled or copied. Said once for all parts that
# hold one, so that panels, designs and estimates can be stored and sent to other processes.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"preventeval.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"preventeval.{name}")
    raise AttributeError(f"module 'preventeval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:
    from preventeval import plot, sensitivity
    from preventeval.bayes import HierarchicalCounts
    from preventeval.design import StudyDesign
    from preventeval.did import (
        CallawaySantAnna,
        ImputationDiD,
        LinearDiD,
        PoissonDiD,
        SunAbraham,
        TwoWayFixedEffects,
    )
    from preventeval.errors import (
        DataError,
        DesignError,
        EstimationError,
        OutputError,
        PreventEvalError,
        PreventEvalWarning,
        SpecError,
    )
    from preventeval.estimate import EffectEstimate, Estimator, WaldTest, adjust_family
    from preventeval.evaluation import Evaluation, evaluate
    from preventeval.intake import count_incidents
    from preventeval.panel import Panel
    from preventeval.report import Facts, load_facts
    from preventeval.scale import Scale
    from preventeval.sensitivity import Finding
    from preventeval.simulate import example_design, simulate_incidents, simulate_programme
    from preventeval.spec import load_spec
    from preventeval.uncertainty import Covariance, Influence, Posterior
