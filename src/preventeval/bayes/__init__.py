"""Hierarchical models of counts, fitted by Markov chain Monte Carlo.

``__all__`` is the registry that specs, docs and the contract tests read: a new estimator
is its file and one line here. The parts that an academic may want to look into are served
as well: ``Priors``, ``count_cells``, ``build`` and ``sample``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from preventeval.bayes.hierarchical_counts import HierarchicalCounts

__all__ = ["HierarchicalCounts"]

_WHERE = {
    "HierarchicalCounts": "hierarchical_counts",
    "Priors": "priors",
    "build": "model",
    "count_cells": "cells",
    "sample": "sampling",
}


def __getattr__(name: str) -> Any:
    """Load a part, and what it needs, when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
