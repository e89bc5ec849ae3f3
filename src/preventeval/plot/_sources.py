"""What charts are drawn from."""

from __future__ import annotations

from preventeval.errors import OutputError
from preventeval.report import Facts, OutcomeFacts

__all__ = ["outcome_of"]


def outcome_of(source: OutcomeFacts | Facts, who: str) -> OutcomeFacts:
    """The outcome to draw: of Facts, the primary one.

    Parameters
    ----------
    source
        Facts, or those of one outcome.
    who
        The function that draws, for the message.

    Raises
    ------
    OutputError
        It is something else.
    """
    if isinstance(source, Facts):
        return source.primary
    if not isinstance(source, OutcomeFacts):
        raise OutputError(
            f"plot.{who}() cannot draw a {type(source).__name__}",
            hint="give it what fit() returned, or the facts of evaluate(): evaluation.facts",
        )
    return source
