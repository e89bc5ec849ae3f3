"""Errors of panels and designs, told as errors of the spec that they were made from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from preventeval.design import COMPARISONS, MEASURES
from preventeval.errors import PreventEvalError, SpecError
from preventeval.spec.columns import numeric_columns, unit_columns
from preventeval.spec.places import Key
from preventeval.spec.registry import takes_counts

if TYPE_CHECKING:
    from preventeval.estimate import Estimator
    from preventeval.spec.model import OutcomeSpec, Spec

__all__ = ["blamed", "require_counts"]

#: What a message is about, by words that stand in it, and the key of the design that decides it.
_OF_DESIGN: Final[tuple[tuple[str, Key], ...]] = (
    ("comparison=", ("design", "comparison")),
    ("subgroup '", ("design", "subgroups")),
    ("sampling weights", ("data", "weights")),
    ("no unit starts", ("design", "treated_from")),
    ("every unit starts", ("design", "treated_from")),
)
#: Words of a message about what an outcome is, the key that decides it, and what to do in a spec.
_OF_OUTCOME: Final[tuple[tuple[str, str, str | None], ...]] = (
    (
        "needs an exposure",
        "measure",
        'name its column in [data], such as exposure = "residents", or say measure = "count"',
    ),
    (
        "has no logarithm",
        "measure",
        'for numbers of incidents say measure = "rate" (or "count") with estimator = "PoissonDiD" in '
        "[estimation]; adding a small number to zeros would decide the result",
    ),
    ("say what it is", "name", None),
    ("expects numbers of incidents", "measure", None),
    ("outcome '", "name", None),
)


def blamed(error: PreventEvalError, spec: Spec, outcome: OutcomeSpec | None = None) -> PreventEvalError:
    """The same error with the place in the spec that it is about, in the words of specs.

    Parameters
    ----------
    error
        What a panel or a design could not be made for.
    spec
        What they were made from.
    outcome
        The outcome of the design.

    Returns
    -------
    PreventEvalError
        Of the same kind.
    """
    key, hint = _place(error.message, spec, outcome)
    hint = _in_spec_words(error.hint) if hint is None and error.hint is not None else hint
    return type(error)(f"{spec.at(*key)}: {_in_spec_words(error.message)}", hint=hint)


def require_counts(spec: Spec, outcome: OutcomeSpec, estimator: Estimator) -> None:
    """Refuse a method for numbers of incidents where an outcome has none behind it.

    Parameters
    ----------
    spec
        From :func:`~preventeval.spec.load_spec`.
    outcome
        One of its outcomes.
    estimator
        The method that is to give the answer.

    Raises
    ------
    SpecError
        The method takes numbers of incidents, and the spec names none.
    """
    if outcome.measure in ("value", "log") and not outcome.counts and takes_counts(estimator):
        where = ("outcomes", spec.outcomes.index(outcome), "measure")
        measure = f'measure = "{outcome.measure}"'
        raise SpecError(
            f"{spec.at(*where)}: {estimator.name}, as it is set up here, takes numbers of incidents, and "
            f"outcome '{outcome.name}' with {measure} has none behind it",
            hint='name their column with counts = "…" in this table; if the outcome is itself such a '
            'number, say measure = "rate" or "count"; or take another estimator in [estimation], such as '
            "CallawaySantAnna",
        )


def _place(message: str, spec: Spec, outcome: OutcomeSpec | None) -> tuple[Key, str | None]:
    """Key that a message is about, and what to do, where a spec says that in other words."""
    for words, key in _OF_DESIGN:
        if words in message:
            return key, None
    table: Key = ("data",) if outcome is None else ("outcomes", spec.outcomes.index(outcome))
    for words, name, hint in _OF_OUTCOME if outcome is not None else ():
        if words in message:
            return (*table, name), hint
    for key, column in (*unit_columns(spec), *numeric_columns(spec)):
        if f"'{column}'" in message:
            return key, None
    if "start of the programme" in message:
        return ("design", "treated_from"), None
    return (("data",) if outcome is None else ("design",)), None


def _in_spec_words(text: str) -> str:
    """Names and values as they are written in a spec, in place of those of Python."""
    text = re.sub(r"Panel\([^,)]*, ([^)]*)\)", r"\1 in [data]", text)
    text = re.sub(r"\b([a-z_]+)='([^']*)'", r'\1 = "\2"', text)
    text = re.sub(r"\b([a-z_]+)=(?=[\s;,.)]|$)", r"'\1'", text)
    values = "|".join((*MEASURES, *COMPARISONS))
    return re.sub(rf"'({values})'", r'"\1"', text)
