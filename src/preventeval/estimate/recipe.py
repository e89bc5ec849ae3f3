"""What an estimate was made of, so that it can be made again from other data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from preventeval.design import StudyDesign

if TYPE_CHECKING:
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["Estimator", "Recipe"]


@runtime_checkable
class Estimator(Protocol):
    """A frozen set of options with one verb."""

    #: What the method is called in specs and tables.
    name: ClassVar[str]
    #: Publications to cite, as one line each with a DOI.
    references: ClassVar[tuple[str, ...]]

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What an estimate was made of, so that it can be made again from other data."""

    design: StudyDesign
    estimator: Estimator
