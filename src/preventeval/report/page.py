"""What every page has in common: its template and the words in it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from preventeval.report.facts import Sentence
from preventeval.words import Message, Value, render

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["fill"]


def fill(template: str, language: str, **values: Any) -> str:
    """Fill a page template.

    Parameters
    ----------
    template
        Name of the file in ``templates``.
    language
        Language of the page. In the template, ``t(key, …)`` writes a sentence of the
        catalogue and the filter ``say`` a message or a text as it is.
    **values
        What the template names. Texts are escaped; only charts, which this package draws
        and escapes itself, are marked as safe there.

    Returns
    -------
    str
    """

    def t(key: str, **parts: Value) -> str:
        return render(Message(key, parts), language)

    def say(words: Message | Sentence | str) -> str:
        if isinstance(words, Sentence):
            return render(words.message, language)
        return words if isinstance(words, str) else render(words, language)

    return _environment().get_template(template).render(t=t, say=say, language=language, **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("preventeval.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
