"""What an estimate was made of, so that it can be made again from other data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from preventeval.design import StudyDesign

if TYPE_CHECKING:
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["Estimator", "EstimatorWithLeads", "Recipe"]


@runtime_checkable
class Estimator(Protocol):
    """A frozen set of options with one verb."""

    #: What the method is called in specs and tables.
    name: ClassVar[str]
    #: Publications to cite, as one line each with a DOI.
    references: ClassVar[tuple[str, ...]]

    def fit(self, design: StudyDesign) -> EffectEstimate:
        """Estimate the effects of a design."""


@runtime_checkable
class EstimatorWithLeads(Estimator, Protocol):
    """An estimator that gives effects before the start only when asked.

    To offer ``with_leads`` is optional. The check of earlier trends fits what it returns where an
    estimate has no effects before the start, so that this question is asked of every method that
    can answer it; the estimate itself stays as it was fitted.
    """

    def with_leads(self, design: StudyDesign) -> Estimator:
        """The same estimator, with as many effects before the start as suit the design."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What an estimate was made of, so that it can be made again from other data."""

    design: StudyDesign
    estimator: Estimator
