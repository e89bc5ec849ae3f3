"""What is wrong with a spec, one plain line for each problem."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from preventeval.errors import SpecError
from preventeval.spec.places import Key, Places

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["Problem", "known_name", "problems_of", "refuse", "unknown_key", "wrong_value"]

#: Kinds of problems with a value, as pydantic calls them, and what was expected.
_EXPECTED: Mapping[str, str] = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "missing": "a longer list",  # of the values of an option; keys that are missing are said elsewhere
    "dict_type": "a table",
    "model_type": "a table",
    "dataclass_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt:,g}",
    "greater_than_equal": "{ge:,g} or more",
    "less_than": "a number below {lt:,g}",
    "less_than_equal": "{le:,g} or less",
    "string_too_short": "a text that is not empty",
    "too_short": "at least {min_length} entries",
    "too_long": "no more than {max_length} entries",
}


@dataclass(frozen=True)
class Problem:
    """A key, and what is wrong with it or its value."""

    key: Key
    what: str


def refuse(problems: Iterable[Problem], places: Places) -> None:
    """Raise one error for all problems, in the order of the file, if there are any.

    Raises
    ------
    SpecError
        One line per problem: file, line, key, what was expected and what was found.
    """
    ordered = sorted(problems, key=lambda problem: places.line(problem.key) or 0)
    if ordered:
        raise SpecError("\n".join(f"{places.at(p.key)}: {p.what}" for p in ordered))


def known_name(name: str, known: Collection[str], *, what: str) -> str:
    """A name that must be one of some; ValueError, with the likeliest, if it is not."""
    if name not in known:
        raise ValueError(f"unknown {what} '{name}'{_likeliest(name, known)}")
    return name


def unknown_key(name: str, known: Collection[str], elsewhere: Mapping[str, str] | None = None) -> str:
    """What to say of a key that does not belong where it stands.

    Parameters
    ----------
    name
        The key.
    known
        Keys that belong there.
    elsewhere
        Keys of other tables, and the table that each belongs to.
    """
    there = None if _closest(name, known) else _closest(name, elsewhere or {})
    if elsewhere and there == name:
        return f"unknown key; it belongs in [{elsewhere[there]}]"
    if elsewhere and there:
        return f"unknown key; did you mean '{there}'? It belongs in [{elsewhere[there]}]"
    return f"unknown key{_likeliest(name, known)}"


def problems_of(error: ValidationError, document: type[BaseModel]) -> list[Problem]:
    """Restate what pydantic found in a whole spec.

    Parameters
    ----------
    error
        What pydantic raised.
    document
        The model that was asked for, whose field names and descriptions messages use.
    """
    problems = []
    for one in error.errors(include_url=False):
        *parents, name = one["loc"] or ("",)
        model = _model_at(document, parents)
        if one["type"] == "missing":
            what = _missing(str(name), model)
        elif one["type"] == "extra_forbidden":
            what = unknown_key(str(name), list(model.model_fields) if model else [], _homes(document))
        else:
            what = wrong_value(one)
        problems.append(Problem(one["loc"], what))
    return problems


def wrong_value(error: ErrorDetails) -> str:
    """What was expected of a value, and what was found."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    found = _shown(error["input"])
    if kind == "too_short" and not error["input"]:
        return "the list is empty"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind].format(**context)}, found {found}"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}, found {found}"


def _missing(name: str, model: type[BaseModel] | None) -> str:
    field = None if model is None else model.model_fields.get(name)
    if field is None:
        return "missing"
    if _inner_model(field.annotation) is not None:
        many = field.annotation not in (_inner_model(field.annotation),)
        return f"missing: expected a table {f'[[{name}]]' if many else f'[{name}]'}"
    if field.description is None:
        return "missing"
    return f"missing: {field.description[0].lower()}{field.description[1:].rstrip('.')}"


def _model_at(document: type[BaseModel], key: Sequence[str | int]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = document
    for part in key:
        if model is None:
            return None
        if isinstance(part, str):
            field = model.model_fields.get(part)
            model = None if field is None else _inner_model(field.annotation)
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as ``Model``, ``Model | None`` or ``tuple[Model, ...]``."""
    candidates = (annotation, *get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and hasattr(c, "model_fields")), None)


def _homes(document: type[BaseModel], table: str = "") -> dict[str, str]:
    """Each key of each table, and the name of the table; the first where several have it."""
    homes: dict[str, str] = {}
    for name, field in document.model_fields.items():
        inner = _inner_model(field.annotation)
        if inner is not None:
            path = f"{table}.{name}".lstrip(".")
            homes = {**dict.fromkeys(inner.model_fields, path), **_homes(inner, path), **homes}
    return homes


def _likeliest(name: str, known: Collection[str]) -> str:
    close = _closest(name, known)
    return f"; did you mean '{close}'?" if close else f"; expected one of: {', '.join(known)}"


def _closest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like a name, capitals and underscores aside; None if none is."""
    folded = {other.casefold().replace("_", ""): other for other in known}
    plain = name.casefold().replace("_", "")
    close = difflib.get_close_matches(plain, folded, n=1)
    close = close or [other for other in folded if len(plain) > 2 and other.startswith(plain)]
    return folded[close[0]] if close else None


def _shown(value: object) -> str:
    """A value as it stands in a spec, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…'"
