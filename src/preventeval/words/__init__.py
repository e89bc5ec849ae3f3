"""Sentences: whole templates in message catalogues, one per language.

Code never glues words together. It makes a :class:`Message`, a key and the values that
go with it, and a catalogue (Project Fluent, ``en.ftl``) turns that into a sentence, with
the plural forms and number formats of the language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from preventeval.errors import OutputError

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

__all__ = ["Message", "Values", "languages", "render"]

type Value = str | int | float | Message
#: What a template is filled with.
type Values = Mapping[str, Value]
#: Languages that are written from right to left need numbers isolated from the text.
_RIGHT_TO_LEFT = frozenset({"ar"})
#: A hyphen that stands for a minus: before a digit, and not within a date or a range.
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that has not been written yet.

    Parameters
    ----------
    key
        Name of the template in the catalogues.
    values
        What the template needs: numbers already rounded for the reader, texts, and further
        messages (a number with its interval and unit, say), written in the same language.

    Examples
    --------
    >>> str(Message("note-always-treated", {"count": 2, "units": "A, B"}))
    '2 units were already in the programme in the first period and are left out: A, B.'
    """

    key: str
    values: Values = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return render(self)


def render(message: Message, language: str = "en") -> str:
    """Write a message in a language.

    Parameters
    ----------
    message
        The message.
    language
        A language that there is a catalogue for.

    Returns
    -------
    str

    Raises
    ------
    OutputError
        No such language or template, or a value that the template needs is missing.
    """
    bundle = _bundle(language)
    if not bundle.has_message(message.key):
        raise OutputError(f"no sentence '{message.key}' in the {language} catalogue")
    pattern = bundle.get_message(message.key).value
    assert pattern is not None, "every template has a text of its own"
    values = {k: render(v, language) if isinstance(v, Message) else v for k, v in message.values.items()}
    text, problems = bundle.format_pattern(pattern, values)
    if problems:
        raise OutputError(f"sentence '{message.key}' ({language}): {problems[0]}")
    return _MINUS.sub("\N{MINUS SIGN}", str(text))


def languages() -> tuple[str, ...]:
    """Languages that there is a catalogue for."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(f.name.removesuffix(".ftl") for f in files if f.name.endswith(".ftl")))


@cache
def _bundle(language: str) -> FluentBundle:
    from fluent.runtime import FluentBundle, FluentResource
    from fluent.syntax.ast import Junk

    if language not in languages():
        raise OutputError(f"no catalogue for language '{language}': there is {', '.join(languages())}")
    text = resources.files(__package__).joinpath(f"{language}.ftl").read_text(encoding="utf-8")
    resource = FluentResource(text)
    unread = [entry.content for entry in resource.body if isinstance(entry, Junk)]
    if unread:
        raise OutputError(f"the {language} catalogue cannot be read at: {str(unread[0])[:80]!r}")
    bundle = FluentBundle([language], use_isolating=language in _RIGHT_TO_LEFT)
    bundle.add_resource(resource)
    return bundle
