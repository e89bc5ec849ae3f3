"""Estimators made from the options that a spec gives them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from preventeval.errors import PreventEvalError, SpecError
from preventeval.estimate import Estimator
from preventeval.spec.places import Key
from preventeval.spec.problems import Problem, known_name, unknown_key, wrong_value
from preventeval.spec.registry import estimator_classes

if TYPE_CHECKING:
    from preventeval.spec.model import Spec

__all__ = ["make_estimator", "option_problems"]


def make_estimator(
    name: str, options: Mapping[str, Any] | None = None, spec: Spec | None = None
) -> Estimator:
    """Make an estimator from its name and options.

    Parameters
    ----------
    name
        Name of its class, such as ``"CallawaySantAnna"``.
    options
        Its options by name; a group of options is a mapping of its own.
    spec
        The spec whose seed it takes, where it has a seed and the options do not name one.

    Returns
    -------
    Estimator

    Raises
    ------
    SpecError
        No such estimator, no such option, or a value that an option cannot take.

    Examples
    --------
    >>> make_estimator("CallawaySantAnna", {"base_period": "universal"}).base_period
    'universal'
    """
    try:
        known_name(name, estimator_classes(), what="estimator")
    except ValueError as error:
        raise SpecError(str(error)) from None
    cls = estimator_classes()[name]
    values, problems = _read(cls, dict(options or {}), ())
    if problems:
        where = _key(name)
        lines = [(spec.at(*where, *p.key) if spec else ".".join(map(str, (name, *p.key)))) for p in problems]
        raise SpecError("\n".join(f"{line}: {p.what}" for line, p in zip(lines, problems, strict=True)))
    if (
        spec is not None
        and "seed" not in values
        and "seed" in {field.name for field in dataclasses.fields(cls)}
    ):
        values["seed"] = spec.estimation.seed
    made: Estimator = cls(**values)
    return made


def option_problems(name: str, options: Mapping[str, Any], estimation: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the options of one estimator.

    Parameters
    ----------
    name
        The table's name: that of an estimator, if the spec is right.
    options
        What stands in the table.
    estimation
        What stands in the table around it.
    """
    where = _key(name)
    try:
        known_name(name, estimator_classes(), what="estimator")
    except ValueError as error:
        return [Problem(where, str(error))]
    also = estimation.get("also")
    used = [estimation.get("estimator", "CallawaySantAnna"), *(also if isinstance(also, list) else [])]
    if name not in used:
        return [Problem(where, "options of a method that neither 'estimator' nor 'also' names")]
    cls = estimator_classes()[name]
    values, problems = _read(cls, options, where)
    if problems:
        return problems
    try:
        cls(**values)
    except PreventEvalError as error:
        return [Problem(where, error.message)]
    return []


def _key(name: str) -> Key:
    return ("estimation", "options", name)


def _read(cls: type[Any], options: Mapping[str, Any], where: Key) -> tuple[dict[str, Any], list[Problem]]:
    """Options as the values that a dataclass takes, and what is wrong with them."""
    hints = get_type_hints(cls)
    known = {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in options.items():
        key = (*where, name)
        if name not in known:
            problems.append(Problem(key, unknown_key(name, known)))
        elif dataclasses.is_dataclass(known[name]) and isinstance(value, Mapping):
            inner, found = _read(known[name], value, key)
            problems += found
            values[name] = known[name](**inner) if not found else None
        else:
            adapter = TypeAdapter(known[name], config=ConfigDict(strict=True))
            try:
                values[name] = adapter.validate_json(json.dumps(value, default=str))
            except ValidationError as error:
                problems.append(Problem(key, wrong_value(error.errors(include_url=False)[0])))
    return values, problems
