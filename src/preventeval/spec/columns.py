"""Which columns a spec names, and with which of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preventeval.spec.places import Key

if TYPE_CHECKING:
    from preventeval.spec.model import Spec

__all__ = ["numeric_columns", "unit_columns"]


def numeric_columns(spec: Spec) -> list[tuple[Key, str]]:
    """Columns that hold numbers, with the keys that name them."""
    named: list[tuple[Key, str]] = []
    for i, outcome in enumerate(spec.outcomes):
        named += [(("outcomes", i, "name"), outcome.name), (("outcomes", i, "counts"), outcome.counts)]
    named += [(("data", "covariates", i), column) for i, column in enumerate(spec.data.covariates)]
    named += [(("data", "exposure"), spec.data.exposure), (("data", "weights"), spec.data.weights)]
    return [(key, column) for key, column in named if column]


def unit_columns(spec: Spec) -> list[tuple[Key, str]]:
    """Columns with one value per unit, with the keys that name them."""
    named: list[tuple[Key, str]] = [
        (("design", "treated_from"), spec.design.treated_from),
        (("design", "cluster"), spec.design.cluster),
        *((("design", "subgroups", i), column) for i, column in enumerate(spec.design.subgroups)),
    ]
    for method, options in spec.estimation.options.items():
        if isinstance(column := options.get("regions"), str):  # the one option that names a column
            named.append((("estimation", "options", method, "regions"), column))
    return [(key, column) for key, column in named if column]
