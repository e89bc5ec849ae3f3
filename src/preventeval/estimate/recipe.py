"""What an estimate was made of, so that it can be made again from other data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from preventeval.design import StudyDesign
from preventeval.errors import DesignError, EstimationError

if TYPE_CHECKING:
    from preventeval.estimate.effect import EffectEstimate

__all__ = [
    "Estimator",
    "EstimatorWithLeads",
    "Recipe",
    "require_design",
    "require_estimate",
    "require_estimator",
]


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


def require_design(given: object, who: str) -> None:
    """Refuse what is no design, and say how to get one.

    Parameters
    ----------
    given
        What was given for one.
    who
        What asked for it, for the message.

    Raises
    ------
    DesignError
        It is something else.
    """
    if isinstance(given, StudyDesign):
        return
    hint = "make one first: panel = Panel(frame, …), design = StudyDesign(panel, outcome=…, treated_from=…)"
    if hasattr(given, "recipe"):
        hint = "an estimate has the design it was made from: estimate.recipe.design"
    raise DesignError(f"{who} takes a StudyDesign, and was given {_kind_of(given)}", hint=hint)


def require_estimate(given: object, who: str) -> None:
    """Refuse what is no estimate, and say how to get one.

    Parameters
    ----------
    given, who
        As for :func:`require_design`.

    Raises
    ------
    EstimationError
        It is something else.
    """
    from preventeval.estimate.effect import EffectEstimate

    if not isinstance(given, EffectEstimate):
        raise EstimationError(
            f"{who} takes an estimate, and was given {_kind_of(given)}",
            hint="fit one first, such as CallawaySantAnna().fit(design)",
        )


def require_estimator(given: object, option: str) -> None:
    """Refuse what is no estimator with its options.

    Parameters
    ----------
    given
        What was given for one.
    option
        What it was given as, for the message.

    Raises
    ------
    EstimationError
        It is something else.
    """
    if isinstance(given, type) and hasattr(given, "fit"):
        raise EstimationError(
            f"{option} is the class {given.__name__}: expected an estimator with its options",
            hint=f"add brackets: {given.__name__}()",
        )
    if not isinstance(given, Estimator):
        raise EstimationError(
            f"{option} is {_kind_of(given)}: expected an estimator, such as PoissonDiD()",
            hint="names of estimators, as text, are for specs" if isinstance(given, str) else None,
        )


def _kind_of(given: object) -> str:
    """What something is, in a sentence."""
    if isinstance(given, str):
        return f"the text {given!r}"
    name = type(given).__name__
    article = "an" if name[0] in "AEIOUaeiou" else "a"
    return f"the class {given.__name__}" if isinstance(given, type) else f"{article} {name}"
